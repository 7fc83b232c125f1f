"""Changes to report files, in each format, that verification must find."""

import re
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pyarrow as pa
from pyarrow import parquet

from reporting_pipeline.exports.parquet_format import MANIFEST_KEY
from reporting_pipeline_tests.exports.xlsx.packages import DATA, edited, replaced

Tamper = Callable[[Path], None]


def change_text(old: str, new: str) -> Tamper:
    """Replace the first `old` in a text file by `new`."""

    def tamper(path: Path) -> None:
        content = path.read_bytes()
        assert old.encode() in content
        path.write_bytes(content.replace(old.encode(), new.encode(), 1))

    return tamper


def drop_line(number: int) -> Tamper:
    """Remove a line, counted from 1."""

    def tamper(path: Path) -> None:
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join([*lines[: number - 1], *lines[number:]]))

    return tamper


def double_line(number: int) -> Tamper:
    """Write a line twice."""

    def tamper(path: Path) -> None:
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join([*lines[:number], *lines[number - 1 :]]))

    return tamper


def change_cell(path: Path) -> None:
    """Change one digit on the first sheet, and nothing else."""
    edited(path, DATA, replaced("<v>20.02</v>", "<v>20.03</v>"))


def drop_sheet_row(path: Path) -> None:
    """Delete row 7 of the first sheet as a person does: the rows below move up."""
    book = openpyxl.load_workbook(path)
    book.worksheets[0].delete_rows(7)
    book.save(path)


def clear_sheet_row(path: Path) -> None:
    """Remove the cells of row 7 of the first sheet; the rows below stay."""
    edited(path, DATA, lambda content: re.sub(rb'<row r="7">.*?</row>', b"", content))


def double_sheet_row(path: Path) -> None:
    """Write row 7 of the first sheet twice."""

    def edit(content: bytes) -> bytes:
        rows = re.findall(rb"<row .*?</row>", content)
        place = next(at for at, row in enumerate(rows) if row.startswith(b'<row r="7"'))
        below = (_numbered(row, at) for at, row in enumerate(rows[place:], start=8))
        again = [*rows[: place + 1], *below]
        before, after = content.split(rows[0])[0], content.split(rows[-1])[1]
        return before + b"".join(again) + after

    edited(path, DATA, edit)


def drop_sheet(name: str) -> Tamper:
    """Remove a sheet."""

    def tamper(path: Path) -> None:
        book = openpyxl.load_workbook(path)
        del book[name]
        book.save(path)

    return tamper


def change_total(path: Path) -> None:
    """Change the total on the second sheet."""
    edited(path, "xl/worksheets/sheet2.xml", replaced("<v>210.21</v>", "<v>210.22</v>"))


def copy_sheet(source: Path, target: Path, number: int) -> None:
    """Replace a sheet of one workbook by that of another."""
    member = f"xl/worksheets/sheet{number}.xml"
    with ZipFile(source) as archive:
        content = archive.read(member)
    edited(target, member, lambda _: content)


def with_metadata(path: Path, manifest: str) -> None:
    """Put another manifest into a Parquet file."""
    table = parquet.read_table(path)
    parquet.write_table(table.replace_schema_metadata({MANIFEST_KEY: manifest}), path)


def tampered_table(change: Callable[[pa.Table], pa.Table]) -> Tamper:
    """Change the rows of a Parquet file; its metadata stays."""

    def tamper(path: Path) -> None:
        table = parquet.read_table(path)
        parquet.write_table(change(table).replace_schema_metadata(table.schema.metadata), path)

    return tamper


def change_figure(table: pa.Table) -> pa.Table:
    """Change one digit of the second row."""
    index = table.schema.get_field_index("gross_minor")
    values = table.column(index).to_pylist()
    values[1] += 1
    return table.set_column(index, table.field(index), pa.array(values, pa.int64()))


def drop_row(table: pa.Table) -> pa.Table:
    """Remove the second row."""
    return pa.concat_tables([table.slice(0, 1), table.slice(2)])


def double_row(table: pa.Table) -> pa.Table:
    """Write the second row twice."""
    return pa.concat_tables([table.slice(0, 2), table.slice(1)])


def _numbered(row: bytes, number: int) -> bytes:
    row = re.sub(rb'<row r="\d+"', b'<row r="%d"' % number, row)
    return re.sub(rb'(<c r="[A-Z]+)\d+"', rb'\g<1>%d"' % number, row)
