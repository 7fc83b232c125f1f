"""Rows of a report table as CSV, written by PostgreSQL itself and streamed at flat memory.

The form, the same for every session setting, locale and machine:

    first line   the column names; columns in the order of the registry
    rows         one organisation, one report day, ordered by the table's key in bytes, nulls last
    quoting      RFC 4180: only where needed, quotes doubled
    line ends    LF, which is what PostgreSQL writes; RFC 4180 says CRLF, its readers take both
    encoding     UTF-8 without a byte order mark
    dates        2026-02-28; booleans true and false
    numbers      plain digits; ratios with six decimals; money in minor units, currency beside it
    null         nothing between the commas; an empty text is ""

What belongs here: the statement and its bytes. What does not: which files exist and where they go
(`delivery`), and guarding text against spreadsheets: the daily tables hold no free text.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.sql import SQL, Composable, Composed, Identifier

from reporting_pipeline.errors import ExportIncomplete
from reporting_pipeline.reports.tables import SCHEMA
from reporting_pipeline.reports.tables.report_table import Column, ColumnType, ReportTable

# Large enough that neither the store nor the hash notices the calls, small enough not to matter.
_CHUNK_BYTES = 1024 * 1024

_FIXED_FORMATS = """
    select
        set_config('DateStyle', 'ISO, YMD', true),
        set_config('TimeZone', 'UTC', true),
        set_config('extra_float_digits', '1', true)
"""

_ROW_COUNTS = """
    select organization_id, date as day, count(*) as row_count
    from {table}
    where date = any(%s)
    group by organization_id, date
    order by date, organization_id
"""

_ROWS = """
    copy (
        select {columns}
        from {table}
        where organization_id = %s and date = %s
        order by {order}
    ) to stdout (format csv, header true, encoding 'UTF8')
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationDay:
    """How many rows a table holds of one organisation and report day; never 0."""

    organization_id: UUID
    day: date
    row_count: int


def organization_days(
    connection: Connection, table: ReportTable, days: Collection[date]
) -> list[OrganizationDay]:
    """Which organisations have rows on which of `days`, ordered by day, then organisation."""
    statement = SQL(_ROW_COUNTS).format(table=_qualified(table))
    with connection.cursor(row_factory=class_row(OrganizationDay)) as cursor:
        return cursor.execute(statement, (list(days),)).fetchall()


def csv_chunks(
    connection: Connection, table: ReportTable, part: OrganizationDay
) -> Iterator[bytes]:
    """One organisation's rows of one day as CSV, in chunks of about a mebibyte.

    Memory stays flat whatever the number of rows. The session's formats are set for the rest of
    its transaction. A consumer that stops early must not use the transaction further.

    Raises:
        ExportIncomplete: Other than `part.row_count` rows came; raised before the last chunk, so
            that no store takes the stream for whole.
    """
    connection.execute(_FIXED_FORMATS)
    chunk = bytearray()
    with connection.cursor() as cursor:
        with cursor.copy(_copy_statement(table), (part.organization_id, part.day)) as copy:
            for line in copy:
                chunk += line
                if len(chunk) >= _CHUNK_BYTES:
                    yield bytes(chunk)
                    chunk.clear()
        _require_all_rows(table, part, cursor.rowcount)
    if chunk:
        yield bytes(chunk)


def _require_all_rows(table: ReportTable, part: OrganizationDay, row_count: int) -> None:
    if row_count != part.row_count:
        message = (
            f"the export of {table.name} of organisation {part.organization_id} on {part.day} "
            f"has {row_count} rows, the table {part.row_count}; nothing was published"
        )
        raise ExportIncomplete(message)


def _copy_statement(table: ReportTable) -> Composed:
    by_name = {column.name: column for column in table.columns}
    return SQL(_ROWS).format(
        columns=SQL(", ").join(_value(column) for column in table.columns),
        table=_qualified(table),
        order=SQL(", ").join(_sort_key(by_name[name]) for name in table.key),
    )


def _value(column: Column) -> Composable:
    if column.type is ColumnType.BOOLEAN:
        # COPY writes t and f; the cast gives the words.
        return SQL("{0}::text as {0}").format(Identifier(column.name))
    return Identifier(column.name)


def _sort_key(column: Column) -> Composable:
    if column.type in {ColumnType.TEXT, ColumnType.CURRENCY}:
        return SQL('{} collate "C" nulls last').format(Identifier(column.name))
    return SQL("{} nulls last").format(Identifier(column.name))


def _qualified(table: ReportTable) -> Identifier:
    return Identifier(SCHEMA, table.name)
