"""The spool: the rows of one report, read once from one snapshot, for all formats.

A spool is a file of canonical rows that PostgreSQL itself writes with COPY:

    one line per row, LF; columns in the report's order, no header
    quoting   RFC 4180: only where needed, quotes doubled; null is empty, an empty text is ""
    encoding  UTF-8 without a byte order mark
    numbers   plain digits; ratios with six decimals; money in minor units
    dates     2026-02-28; instants 2026-02-28T19:30:00.000000Z, always UTC
    others    true and false; uuids in lower case; lists of them joined by one space

A manifest's `rows_sha256` is the SHA-256 of these bytes: the same rows have the same digest in
every format.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg import Connection
from sqlalchemy import ColumnElement, case, cast, func, types
from sqlalchemy.dialects import postgresql
from typing_extensions import Buffer

from reporting_pipeline.errors import ExportIncomplete, RenderFailed
from reporting_pipeline.exports.canonical_rows import csv_batches
from reporting_pipeline.registry.columns import ColumnType
from reporting_pipeline.report_definitions.compile import CompiledReport, ReportColumn
from reporting_pipeline.report_definitions.conditions import Query

if TYPE_CHECKING:
    import pyarrow as pa

_FIXED_FORMATS = """
    select
        set_config('DateStyle', 'ISO, YMD', true),
        set_config('TimeZone', 'UTC', true),
        set_config('extra_float_digits', '1', true)
"""

_CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSpool:
    """The canonical rows of a report in a local file.

    Attributes:
        columns: The columns of the report, in the order of the file.
        sha256: The digest of the file's bytes.
    """

    path: Path
    columns: tuple[ReportColumn, ...]
    row_count: int
    byte_count: int
    sha256: str

    def batches(self) -> "Iterator[pa.RecordBatch]":
        """The rows with their types, in batches of about 1 MiB; memory is flat.

        Types: int64 for bigint, decimal128(12, 6) for ratios, date32, timestamp[us, UTC], bool,
        string for all others. Columns have their names. No rows give no batches.

        Raises:
            RenderFailed: A value is not of its type, for example a date after the year 9999.
        """
        if self.row_count == 0:
            return
        import pyarrow as pa

        names = [column.name for column in self.columns]
        types = [arrow_type(each.column.type) for each in self.columns]
        try:
            for batch in csv_batches(self.path, types, keeps_mark=True):
                yield pa.RecordBatch.from_arrays(batch.columns, names=names)
        except pa.ArrowInvalid as error:
            raise RenderFailed(f"the rows of {self.path.name} cannot be read: {error}") from error


def spool_rows(connection: Connection, report: CompiledReport, path: Path) -> RowSpool:
    """Read a report's rows into a new file `path`, and count them again in the same snapshot.

    The connection must be in a transaction that reads one snapshot; this sets its output formats
    until the transaction ends. Memory is flat for any number of rows.

    Raises:
        ExportIncomplete: The number of rows is not the snapshot's; the file must not be used.
    """
    connection.execute(_FIXED_FORMATS)
    digest = hashlib.sha256()
    statement, parameters = psycopg_statement(canonical(report))
    copy_statement = f"copy ({statement}) to stdout (format csv, encoding 'UTF8')"
    with connection.cursor() as cursor, path.open("wb") as file:
        with cursor.copy(copy_statement.encode(), parameters) as copy:
            for chunk in _chunks(copy):
                digest.update(chunk)
                file.write(chunk)
        row_count, byte_count = cursor.rowcount, file.tell()
    count_statement, parameters = psycopg_statement(report.count)
    counted = connection.execute(count_statement.encode(), parameters).fetchone()
    if counted != (row_count,):
        message = f"the report has {row_count} rows, its snapshot counts {counted}; not published"
        raise ExportIncomplete(message)
    return RowSpool(
        path=path,
        columns=report.columns,
        row_count=row_count,
        byte_count=byte_count,
        sha256=digest.hexdigest(),
    )


def canonical(report: CompiledReport) -> Query:
    """The query of a report's rows with each value as its canonical text, in the same order."""
    values = [
        _canonical_value(element, column)
        for element, column in zip(report.rows.selected_columns, report.columns, strict=True)
    ]
    return report.rows.with_only_columns(*values)


def psycopg_statement(statement: Query) -> tuple[str, dict[str, object]]:
    """A statement of SQLAlchemy in psycopg's form: text with placeholders, and their values."""
    compiled = statement.compile(
        dialect=postgresql.dialect(paramstyle="pyformat"),  # type: ignore[no-untyped-call]
        compile_kwargs={"render_postcompile": True},
    )
    return str(compiled), dict(compiled.params)


def arrow_type(type_: ColumnType) -> "pa.DataType":
    """The Arrow type of a column."""
    import pyarrow as pa

    match type_:
        case ColumnType.BIGINT:
            return pa.int64()
        case ColumnType.BOOLEAN:
            return pa.bool_()
        case ColumnType.DATE:
            return pa.date32()
        case ColumnType.INSTANT:
            return pa.timestamp("us", tz="UTC")
        case ColumnType.RATIO:
            return pa.decimal128(12, 6)
        case _:
            return pa.string()


def _chunks(lines: Iterable[Buffer]) -> Iterator[bytearray]:
    # COPY returns one row at a time; hashing and writing single rows takes half as long again.
    chunk = bytearray()
    for line in lines:
        chunk += line
        if len(chunk) >= _CHUNK_BYTES:
            yield chunk
            chunk.clear()
    yield chunk


def _canonical_value(element: ColumnElement[Any], column: ReportColumn) -> ColumnElement[Any]:
    match column.column.type:
        case ColumnType.BOOLEAN:
            # COPY writes t and f.
            return case((element, "true"), (~element, "false"))
        case ColumnType.INSTANT:
            in_utc = func.timezone("UTC", element)
            return func.to_char(in_utc, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        case ColumnType.UUIDS:
            return func.array_to_string(element, " ")
        case ColumnType.RATIO:
            return cast(element, types.Numeric(12, 6))
        case _:
            return element
