"""The measured cases, one per process: `python -m reporting_pipeline_tests.bench.cases NAME`.

A case reads its rows from the database and writes one file. It prints as JSON the number of rows
and bytes, and the CPU time of its connection on the server. `measurement` measures memory and time
from outside.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal
from zipfile import ZipFile

import psycopg

from reporting_pipeline.exports import row_spool
from reporting_pipeline.exports.formats import FORMATS
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline_tests.bench.entries import COLUMNS, report
from reporting_pipeline_tests.exports.documents import document_of

# Excel's limit, without the header.
_SHEET_ROWS = 1_048_575
_FETCHED_ROWS = 10_000


@dataclass(frozen=True, kw_only=True)
class CaseInput:
    """The input of a case: an address, a number of rows, and a folder."""

    address: str
    row_count: int
    folder: Path


@dataclass(frozen=True, kw_only=True)
class CaseResult:
    """The result of a case."""

    row_count: int
    byte_count: int
    server_cpu_seconds: float
    sheet_count: int


@dataclass(frozen=True, kw_only=True)
class _Work:
    case: CaseInput
    connection: psycopg.Connection

    @property
    def query(self) -> tuple[str, dict[str, object]]:
        return row_spool.psycopg_statement(row_spool.canonical(report(self.case.row_count)))


def _server_copy(work: _Work, target: Path) -> int:
    statement, parameters = work.query
    with psycopg.ClientCursor(work.connection) as cursor:
        inner = cursor.mogrify(statement, parameters)
        cursor.execute(f"copy ({inner}) to '{target}' (format csv, encoding 'UTF8')".encode())
        return cursor.rowcount


def _copy_to_nowhere(work: _Work) -> tuple[int, int]:
    return _server_copy(work, Path("/dev/null")), 0


def _copy_to_file(work: _Work) -> tuple[int, int]:
    # The server's account writes the file, so it must be able to write to the folder.
    [(folder,)] = work.connection.execute("show data_directory").fetchall()
    target = Path(folder) / "copied.csv"
    row_count = _server_copy(work, target)
    byte_count = target.stat().st_size
    target.unlink()
    return row_count, byte_count


def _copy_to_client(work: _Work) -> tuple[int, int]:
    statement, parameters = work.query
    copy_statement = f"copy ({statement}) to stdout (format csv, encoding 'UTF8')".encode()
    byte_count = 0
    with work.connection.cursor() as cursor:
        with cursor.copy(copy_statement, parameters) as copy:
            for data in copy:
                byte_count += len(data)
        return cursor.rowcount, byte_count


def _spool(work: _Work) -> tuple[int, int]:
    spool = row_spool.spool_rows(
        work.connection, report(work.case.row_count), work.case.folder / "rows"
    )
    return spool.row_count, spool.byte_count


def _written(
    format_: ReportFormat, profile: Literal["machine", "spreadsheet"] = "machine"
) -> Callable[[_Work], tuple[int, int]]:
    def write(work: _Work) -> tuple[int, int]:
        path, target = work.case.folder / "rows", work.case.folder / f"report.{format_}"
        spool = row_spool.spool_rows(work.connection, report(work.case.row_count), path)
        document = document_of(spool, profile=profile)
        FORMATS[format_].refuse(document)
        FORMATS[format_].write(document, target)
        return spool.row_count, target.stat().st_size

    return write


def _openpyxl(work: _Work) -> tuple[int, int]:
    """The same rows in a simple script: typed values, money as minor units."""
    from openpyxl import Workbook

    workbook = Workbook(write_only=True)
    sheet, row_count = None, 0
    statement, parameters = row_spool.psycopg_statement(report(work.case.row_count).rows)
    with work.connection.cursor("rows") as cursor:
        cursor.itersize = _FETCHED_ROWS
        for row in cursor.execute(statement.encode(), parameters):
            if row_count % _SHEET_ROWS == 0:
                sheet = workbook.create_sheet()
                sheet.append([column.header for column in COLUMNS])
            assert sheet is not None
            entry, transaction, day, posted, *others = row
            sheet.append([str(entry), str(transaction), day, posted.replace(tzinfo=None), *others])
            row_count += 1
    target = work.case.folder / "openpyxl.xlsx"
    workbook.save(target)
    return row_count, target.stat().st_size


CASES = MappingProxyType(
    {
        "COPY to /dev/null, by the server": _copy_to_nowhere,
        "COPY to a file, by the server": _copy_to_file,
        "COPY to this process, dropped": _copy_to_client,
        "spool": _spool,
        "CSV machine": _written(ReportFormat.CSV),
        "CSV spreadsheet": _written(ReportFormat.CSV, "spreadsheet"),
        "JSON Lines": _written(ReportFormat.JSONL),
        "Parquet": _written(ReportFormat.PARQUET),
        "XLSX": _written(ReportFormat.XLSX),
        "XLSX by openpyxl, write-only": _openpyxl,
    }
)
"""All cases by name; a case that writes a report first spools its rows, as a real report does."""


def run(name: str, case: CaseInput) -> CaseResult:
    """Run one case."""
    with psycopg.connect(case.address) as connection, _server_cpu(connection) as cpu_seconds:
        connection.execute("set transaction isolation level repeatable read, read only")
        row_count, byte_count = CASES[name](_Work(case=case, connection=connection))
        seconds = cpu_seconds()
    return CaseResult(
        row_count=row_count,
        byte_count=byte_count,
        server_cpu_seconds=seconds,
        sheet_count=sum(map(_sheet_count, case.folder.glob("*.xlsx"))),
    )


def _sheet_count(path: Path) -> int:
    with ZipFile(path) as archive:
        return sum(name.startswith("xl/worksheets/sheet") for name in archive.namelist())


@contextmanager
def _server_cpu(connection: psycopg.Connection) -> Iterator[Callable[[], float]]:
    process = Path(f"/proc/{connection.info.backend_pid}/stat")

    def spent() -> float:
        fields = process.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    before = spent()
    yield lambda: spent() - before


if __name__ == "__main__":
    received = json.load(sys.stdin)
    done = run(sys.argv[1], CaseInput(**{**received, "folder": Path(received["folder"])}))
    json.dump(asdict(done), sys.stdout)
