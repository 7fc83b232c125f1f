"""The daily files: one CSV per organisation, daily table and report day, in the store.

    {organization_id}/{table}/{day}/{table}_{day}.csv

The same rows give the same bytes under the same key, whoever exports them and when. Where a table
has no rows any more, no file stays.

What belongs here: which files exist, and that they equal their table. What does not: the bytes of
a file (`exports`), and how a store keeps them (`store`).
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import psycopg
from psycopg import Connection, IsolationLevel
from psycopg.errors import LockNotAvailable
from sqlalchemy import URL

from reporting_pipeline.delivery.store.object_store import ObjectStore
from reporting_pipeline.errors import UnknownReport, WarehouseUnavailable
from reporting_pipeline.exports.csv_stream import OrganizationDay, csv_chunks, organization_days
from reporting_pipeline.reports.tables.attendance_daily import ATTENDANCE_DAILY
from reporting_pipeline.reports.tables.event_summary import EVENT_SUMMARY
from reporting_pipeline.reports.tables.report_table import ReportTable
from reporting_pipeline.reports.tables.revenue_daily import REVENUE_DAILY
from reporting_pipeline.reports.tables.sales_daily import SALES_DAILY
from reporting_pipeline.warehouse.engine import warehouse_connection

_TABLES: dict[str, ReportTable] = {
    table.name: table for table in (SALES_DAILY, REVENUE_DAILY, ATTENDANCE_DAILY, EVENT_SUMMARY)
}
DAILY_TABLES: tuple[str, ...] = tuple(_TABLES)

_LOCK_TIMEOUT_SECONDS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyFile:
    """One organisation's file of one table and report day."""

    organization_id: UUID
    table: str
    day: date

    @property
    def key(self) -> str:
        """Where it stands in the store."""
        return f"{self.organization_id}/{self.table}/{self.day}/{self.table}_{self.day}.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedFile(DailyFile):
    """A file that was written and compared; `location` is its path or s3:// address."""

    location: str
    row_count: int
    byte_count: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyExport:
    """What an export of some tables and days left in the store.

    Attributes:
        files: Ordered by table as asked, then day, then organisation.
        removed: Files of former exports whose rows are gone, ordered by key.
    """

    tables: tuple[str, ...]
    days: tuple[date, ...]
    files: tuple[ExportedFile, ...]
    removed: tuple[DailyFile, ...]

    @property
    def row_count(self) -> int:
        """Rows of all files, the header lines left out."""
        return sum(each.row_count for each in self.files)

    @property
    def byte_count(self) -> int:
        """Bytes of all files."""
        return sum(each.byte_count for each in self.files)

    def parts(self) -> "dict[tuple[str, date], DailyExport]":
        """The share of every table and day that was asked for, also of those without files."""
        files: dict[tuple[str, date], list[ExportedFile]] = {}
        removed: dict[tuple[str, date], list[DailyFile]] = {}
        for file in self.files:
            files.setdefault((file.table, file.day), []).append(file)
        for former in self.removed:
            removed.setdefault((former.table, former.day), []).append(former)
        return {
            (table, day): DailyExport(
                tables=(table,),
                days=(day,),
                files=tuple(files.get((table, day), ())),
                removed=tuple(removed.get((table, day), ())),
            )
            for table in self.tables
            for day in self.days
        }


def export_days(
    warehouse: URL, store: ObjectStore, tables: Sequence[str], days: Iterable[date]
) -> DailyExport:
    """Write the daily files of `tables` on `days`, and remove those whose rows are gone.

    All rows come from one snapshot. Exports of a table wait for each other, so that none puts older
    rows over newer ones. Each file is replaced whole; an export that failed between two files is
    completed by repeating it.

    Raises:
        UnknownReport: A table is none of DAILY_TABLES.
        WarehouseUnavailable: The warehouse is down, or another export takes too long.
        ExportIncomplete: A file would have held other rows than its table.
        StoreError: A file could not be written.
    """
    chosen = tuple(_daily_table(name) for name in dict.fromkeys(tables))
    wanted = tuple(sorted(set(days)))
    with _snapshot(warehouse, chosen) as connection:
        files = tuple(
            _export(connection, store, table, part)
            for table in chosen
            for part in organization_days(connection, table, wanted)
        )
        written = {file.key for file in files}
        former = _former_files(store, chosen, wanted)
        removed = tuple(former[key] for key in sorted(former.keys() - written))
        for file in removed:
            store.delete(file.key)
    names = tuple(table.name for table in chosen)
    return DailyExport(tables=names, days=wanted, files=files, removed=removed)


def _daily_table(name: str) -> ReportTable:
    if name not in _TABLES:
        message = f"{name!r} is no daily table; there are {', '.join(DAILY_TABLES)}"
        raise UnknownReport(message)
    return _TABLES[name]


def _export(
    connection: Connection, store: ObjectStore, table: ReportTable, part: OrganizationDay
) -> ExportedFile:
    file = DailyFile(organization_id=part.organization_id, table=table.name, day=part.day)
    stored = store.put(file.key, csv_chunks(connection, table, part))
    return ExportedFile(
        organization_id=file.organization_id,
        table=file.table,
        day=file.day,
        location=store.location(file.key),
        row_count=part.row_count,
        byte_count=stored.byte_count,
        sha256=stored.sha256,
    )


def _former_files(
    store: ObjectStore, tables: Sequence[ReportTable], days: Sequence[date]
) -> dict[str, DailyFile]:
    """The files of these tables and days that the store holds now, by key."""
    found: dict[str, DailyFile] = {}
    for folder in store.list_folders():
        organization_id = _uuid(folder)
        if organization_id is None:
            continue
        for table in tables:
            candidates = {
                file.key: file
                for file in (
                    DailyFile(organization_id=organization_id, table=table.name, day=day)
                    for day in days
                )
            }
            below = f"{folder}/{table.name}" + (f"/{days[0]}" if len(days) == 1 else "")
            found.update((k, candidates[k]) for k in store.list_keys(below) if k in candidates)
    return found


def _uuid(text: str) -> UUID | None:
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text else None


@contextmanager
def _snapshot(warehouse: URL, tables: Sequence[ReportTable]) -> Iterator[Connection]:
    """One read-only snapshot of the warehouse, taken after earlier exports of `tables` ended."""
    with warehouse_connection(warehouse) as connection:
        try:
            # The lock is the session's, held until the connection closes: a lock taken inside the
            # transaction would be waited for with the snapshot already taken, and too old.
            connection.autocommit = True
            connection.execute(f"set lock_timeout = '{_LOCK_TIMEOUT_SECONDS}s'")
            for name in sorted(table.name for table in tables):
                connection.execute(
                    "select pg_advisory_lock(hashtextextended(%s, 0))", (f"export {name}",)
                )
            connection.autocommit = False
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            yield connection
        except LockNotAvailable as error:
            message = (
                f"another export of the same table ran for more than {_LOCK_TIMEOUT_SECONDS} "
                "seconds; try again when it has ended"
            )
            raise WarehouseUnavailable(message) from error
        except psycopg.OperationalError as error:
            message = (
                f"the warehouse at {warehouse.host}:{warehouse.port}/{warehouse.database} failed "
                f"during the export: {error}; repeat the export"
            )
            raise WarehouseUnavailable(message) from error
