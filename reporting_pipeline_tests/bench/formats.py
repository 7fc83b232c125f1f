"""Cases of writing files: reports of many rows beside COPY, DuckDB and libraries of Python.

A writer is a process of its own, `python -m reporting_pipeline_tests.bench.formats NAME`. It reads
its rows from PostgreSQL and writes one file. A report first spools its rows, as a real report does.
"""

import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import psycopg

from reporting_pipeline.exports import row_spool
from reporting_pipeline.exports.formats import FORMATS
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline_tests.bench.case import Aim, Case, Measured, Size
from reporting_pipeline_tests.bench.entries import COLUMNS, entries, report
from reporting_pipeline_tests.bench.measurement import turns
from reporting_pipeline_tests.exports.documents import document_of

if TYPE_CHECKING:
    import duckdb
    import polars

# Excel's limit, without the header.
_SHEET_ROWS = 1_048_575
_FETCHED_ROWS = 10_000
_ROUNDS = 3
_ROWS = {Size.SMALL: 500_000, Size.LARGE: 10_000_000}
_XLSX_ROWS = {Size.SMALL: 100_000, Size.LARGE: 1_000_000}


@dataclass(frozen=True, kw_only=True)
class _Work:
    """The input of a writer: an address, a number of rows, a folder, and a connection."""

    address: str
    row_count: int
    folder: Path
    connection: psycopg.Connection

    @property
    def query(self) -> tuple[str, dict[str, object]]:
        return row_spool.psycopg_statement(row_spool.canonical(report(self.row_count)))

    @property
    def copy_statement(self) -> str:
        """A COPY of the canonical rows as CSV, with its parameters inserted."""
        statement, parameters = self.query
        with psycopg.ClientCursor(self.connection) as cursor:
            inner = cursor.mogrify(statement, parameters)
        return f"copy ({inner}) to stdout (format csv, encoding 'UTF8')"


def _copy(work: _Work) -> None:
    """COPY to this process, and into a file."""
    with (
        work.connection.cursor() as cursor,
        (work.folder / "copied.csv").open("wb") as target,
        cursor.copy(work.copy_statement.encode()) as copy,
    ):
        for data in copy:
            target.write(data)


def _written(
    format_: ReportFormat, profile: Literal["machine", "spreadsheet"] = "machine"
) -> Callable[[_Work], None]:
    def write(work: _Work) -> None:
        path, target = work.folder / "rows", work.folder / f"report.{format_}"
        spool = row_spool.spool_rows(work.connection, report(work.row_count), path)
        document = document_of(spool, profile=profile)
        FORMATS[format_].refuse(document)
        FORMATS[format_].write(document, target)

    return write


def _by_duckdb(options: str) -> Callable[[_Work], None]:
    def write(work: _Work) -> None:
        import duckdb

        # Its extension for PostgreSQL is no part of its wheel: the rows come through a pipe.
        with subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", __spec__.name, "copy to stdout"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as reader:
            assert reader.stdin is not None
            assert reader.stdout is not None
            with reader.stdin as question:
                question.write(_input(work.address, work.row_count, work.folder))
            with duckdb.connect() as database:
                _write_from(database, reader.stdout.fileno(), work.folder / "duckdb", options)

    return write


def _write_from(
    database: "duckdb.DuckDBPyConnection", descriptor: int, target: Path, options: str
) -> None:
    types = ", ".join(
        f"'{each.name}': '{_DUCKDB_TYPES.get(each.name, 'VARCHAR')}'" for each in COLUMNS
    )
    rows = f"read_csv('/dev/fd/{descriptor}', header = false, columns = {{{types}}})"
    database.execute("set threads = 2")
    statement = f"copy (select * from {rows}) to '{target}' ({options})"  # noqa: S608 - our own
    database.execute(statement)


# The types that our own files have.
_DUCKDB_TYPES = {
    "date": "DATE",
    "posted_at": "TIMESTAMPTZ",
    "amount_minor": "BIGINT",
    "fee_rate": "DECIMAL(12, 6)",
}


def _copy_to_stdout(work: _Work) -> None:
    with work.connection.cursor() as cursor, cursor.copy(work.copy_statement.encode()) as copy:
        for data in copy:
            sys.stdout.buffer.write(data)
    sys.stdout.flush()


def _typed_rows(work: _Work) -> Iterator[list[object]]:
    """The rows as a simple script has them: typed values, money as minor units."""
    statement, parameters = row_spool.psycopg_statement(report(work.row_count).rows)
    with work.connection.cursor("rows") as cursor:
        cursor.itersize = _FETCHED_ROWS
        for row in cursor.execute(statement.encode(), parameters):
            entry, transaction, day, posted, *others = row
            yield [str(entry), str(transaction), day, posted.replace(tzinfo=None), *others]


def _openpyxl(work: _Work) -> None:
    from openpyxl import Workbook

    workbook = Workbook(write_only=True)
    sheet = None
    for number, row in enumerate(_typed_rows(work)):
        if number % _SHEET_ROWS == 0:
            sheet = workbook.create_sheet()
            sheet.append([column.header for column in COLUMNS])
        assert sheet is not None
        sheet.append(row)
    workbook.save(work.folder / "openpyxl.xlsx")


def _xlsxwriter(work: _Work) -> None:
    from xlsxwriter import Workbook

    options = {"constant_memory": True, "default_date_format": "yyyy-mm-dd"}
    with Workbook(work.folder / "xlsxwriter.xlsx", options) as workbook:
        sheet = workbook.add_worksheet()
        for number, row in enumerate(_typed_rows(work)):
            sheet.write_row(number % _SHEET_ROWS, 0, row)
            if number % _SHEET_ROWS == _SHEET_ROWS - 1:
                sheet = workbook.add_worksheet()


def _pandas(work: _Work) -> None:
    import pandas as pd

    names = [column.name for column in COLUMNS]
    frame = pd.DataFrame(_typed_rows(work), columns=names)
    frame.to_excel(work.folder / "pandas.xlsx", index=False)


def _by_polars(write: Callable[["polars.DataFrame", Path], object]) -> Callable[[_Work], None]:
    """All rows in memory, as polars writes them."""

    def written(work: _Work) -> None:
        import polars as pl

        types: dict[str, polars.DataType | type[polars.DataType]] = {
            "date": pl.Date(),
            "amount_minor": pl.Int64(),
            "fee_rate": pl.Decimal(12, 6),
        }
        schema = {each.name: types.get(each.name, pl.String()) for each in COLUMNS}
        with work.connection.cursor() as cursor, cursor.copy(work.copy_statement.encode()) as copy:
            rows = io.BytesIO(b"".join(copy))
        write(pl.read_csv(rows, has_header=False, schema=schema), work.folder / "polars")

    return written


_WRITERS = MappingProxyType(
    {
        "copy": _copy,
        "copy to stdout": _copy_to_stdout,
        "csv": _written(ReportFormat.CSV),
        "csv for spreadsheets": _written(ReportFormat.CSV, "spreadsheet"),
        "jsonl": _written(ReportFormat.JSONL),
        "parquet": _written(ReportFormat.PARQUET),
        "xlsx": _written(ReportFormat.XLSX),
        "csv by duckdb": _by_duckdb("format csv"),
        "jsonl by duckdb": _by_duckdb("format json"),
        "parquet by duckdb": _by_duckdb("format parquet, compression zstd"),
        "openpyxl": _openpyxl,
        "xlsxwriter": _xlsxwriter,
        "xlsx by pandas": _pandas,
        "csv by polars": _by_polars(lambda frame, path: frame.write_csv(path)),
        "jsonl by polars": _by_polars(lambda frame, path: frame.write_ndjson(path)),
        "parquet by polars": _by_polars(lambda frame, path: frame.write_parquet(path)),
        "xlsx by polars": _by_polars(lambda frame, path: frame.write_excel(path)),
    }
)


def _input(address: str, row_count: int, folder: Path) -> bytes:
    return json.dumps({"address": address, "row_count": row_count, "folder": str(folder)}).encode()


def _run(name: str, address: str, row_count: int, folder: Path) -> None:
    """Run a writer as a process of its own; its files are deleted afterwards."""
    inner = folder / name.replace(" ", "_")
    inner.mkdir()
    argv = [sys.executable, "-m", __spec__.name, name]
    subprocess.run(argv, input=_input(address, row_count, inner), check=True)  # noqa: S603
    for path in inner.iterdir():
        path.unlink()
    inner.rmdir()


def _compared(
    ours: str, theirs: str, size: Size, folder: Path, *, rows: dict[Size, int]
) -> Measured:
    with entries(rows[size]) as address:
        run = partial(_run, address=address, row_count=rows[size], folder=folder)
        measured = turns(lambda: run(ours), lambda: run(theirs), rounds=_ROUNDS)
    return Measured(turns=measured)


def _case(name: str, ours: str, theirs: str, yardstick: str, aim: Aim) -> Case:
    rows = _XLSX_ROWS if ours == "xlsx" else _ROWS
    return Case(
        name=name,
        yardstick=yardstick,
        sizes={size: f"{count:,} rows of {len(COLUMNS)}" for size, count in rows.items()},
        aim=aim,
        run=partial(_compared, ours, theirs, rows=rows),
        bound=_BOUNDS.get(ours, ""),
    )


_BOUNDS = {
    "xlsx": (
        "the start of the process is a third of the time at 100,000 rows; at 1 million rows it was "
        "6.7 times, on 30 November 2026"
    ),
}
_AHEAD = Aim(limit=1.0, is_least=True)
_AHEAD_OF_CPU = Aim(limit=1.0, is_least=True, by="cpu")
CASES = (
    _case(
        "CSV for machines",
        "csv",
        "copy",
        "COPY of the same rows, to a file",
        Aim(limit=0.75, is_least=True),
    ),
    _case(
        "CSV for spreadsheets",
        "csv for spreadsheets",
        "csv by duckdb",
        "COPY piped into DuckDB, as CSV",
        _AHEAD,
    ),
    _case("JSON Lines", "jsonl", "jsonl by duckdb", "COPY piped into DuckDB, as JSON", _AHEAD),
    _case("Parquet", "parquet", "parquet by duckdb", "COPY piped into DuckDB, as Parquet", _AHEAD),
    _case(
        "XLSX", "xlsx", "openpyxl", "openpyxl, write-only", Aim(limit=5.0, is_least=True, by="cpu")
    ),
    _case(
        "XLSX, by another library",
        "xlsx",
        "xlsxwriter",
        "XlsxWriter, constant memory",
        _AHEAD_OF_CPU,
    ),
    _case("XLSX, by pandas", "xlsx", "xlsx by pandas", "pandas, in memory", _AHEAD_OF_CPU),
    *(
        _case(
            f"{name}, by polars",
            ours,
            f"{ours.split()[0]} by polars",
            "polars, in memory",
            _AHEAD_OF_CPU,
        )
        for name, ours in (
            ("CSV for spreadsheets", "csv for spreadsheets"),
            ("JSON Lines", "jsonl"),
            ("Parquet", "parquet"),
            ("XLSX", "xlsx"),
        )
    ),
)
"""The cases of writing files."""


@contextmanager
def _work(received: dict[str, object]) -> Iterator[_Work]:
    address = str(received["address"])
    with psycopg.connect(address) as connection:
        connection.execute("set transaction isolation level repeatable read, read only")
        yield _Work(
            address=address,
            row_count=int(str(received["row_count"])),
            folder=Path(str(received["folder"])),
            connection=connection,
        )


if __name__ == "__main__":
    with _work(json.load(sys.stdin)) as work:
        _WRITERS[sys.argv[1]](work)
