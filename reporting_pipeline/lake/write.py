"""Writes the days that were rebuilt since the last run, and removes files of rows that are gone.

A build counts each day of each report table (`reporting.day_changes`). The lake keeps the count
that it was written at; a day with another count is written again. All rows of a run are read from
one snapshot, with the counts. A file appears whole, in place of the former one; a file whose bytes
did not change is left alone.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection
from sqlalchemy import URL

from reporting_pipeline.building.relations import ensure_relations
from reporting_pipeline.errors import SettingsError
from reporting_pipeline.lake.partitions import Partition, day_partitions, name_partitions
from reporting_pipeline.lake.state import TableState
from reporting_pipeline.lake.tables import LakeTable, day_tables, name_tables
from reporting_pipeline.publishing.snapshot import platform_snapshot
from reporting_pipeline.store import open_store
from reporting_pipeline.store.object_store import ObjectStore
from reporting_pipeline.warehouse.engine import warehouse_connection

MEDIA_TYPE = "application/vnd.apache.parquet"

# The rows of so many days are in one temporary file, and in one statement.
_DAYS_AT_ONCE = 31
_LOCK = "select pg_advisory_lock(hashtextextended('lake ' || %s, 0))"
_UNLOCK = "select pg_advisory_unlock(hashtextextended('lake ' || %s, 0))"
# Days that were built before builds were counted have the count 0.
_COUNTS = """
    with recursive built as (
        select min(date) as date from reporting.{table}
        union all
        select (select min(next.date) from reporting.{table} as next where next.date > built.date)
        from built
        where built.date is not null
    )
    select date, 0 from built where date is not null
    union all
    select date, change_count from reporting.day_changes where subject = '{table}'
"""
# A table of names is one day of its own: it changes with the names, and with the ids of rows.
_NAMES_DAY = "names"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a run did to one table.

    Attributes:
        day_count: The days that had changed since the last run; 1 of a table of names that had.
        written_count: Files with new bytes.
        same_count: Files that were made again and had their bytes.
        removed_count: Files of days and organisations without rows.
    """

    table: str
    day_count: int
    written_count: int
    same_count: int
    removed_count: int


def lake_store(lake_url: str | None, store_url: str | None) -> ObjectStore:
    """The store of the lake, which has nothing else.

    Raises:
        SettingsError: It has no address, or that of the report files.
    """
    if lake_url in {None, store_url}:
        message = (
            "REPORTING_LAKE_URL is not set, or has the address of the report files: the lake"
            " needs a folder or a prefix of its own"
        )
        raise SettingsError(message)
    return open_store(str(lake_url))


def write_lake(warehouse: URL, store: ObjectStore) -> list[Written]:
    """Bring a lake up to date; one run at a time writes to it.

    Args:
        warehouse: The address of the warehouse.
        store: The lake: a folder or a bucket that has nothing else.

    Returns:
        What was done, by table.

    Raises:
        FileUnreadable: The lake's own state is damaged.
        StoreError: The lake cannot be written.
        WarehouseUnavailable: The warehouse cannot be reached, or fails meanwhile.
    """
    ensure_relations(warehouse)
    with warehouse_connection(warehouse) as connection:
        connection.execute(_LOCK, (store.address,))
        connection.commit()
        try:
            with platform_snapshot(connection):
                return list(_write_tables(connection, store))
        finally:
            if not connection.closed:
                connection.execute(_UNLOCK, (store.address,))


def _write_tables(connection: Connection[Any], store: ObjectStore) -> Iterator[Written]:
    for table in day_tables():
        counts = _counts(connection, table)
        state = TableState.read(store, table.name)
        tally = _Tally(table.name)
        changed = state.changed_days(counts)
        for start in range(0, len(changed), _DAYS_AT_ONCE):
            days = changed[start : start + _DAYS_AT_ONCE]
            partitions = day_partitions(connection, table, list(map(date.fromisoformat, days)))
            _replace(store, state, days, partitions, tally)
            state.save(days, counts)
        yield tally.written()
    for table in name_tables():
        yield _write_names(connection, store, table)


def _write_names(connection: Connection[Any], store: ObjectStore, table: LakeTable) -> Written:
    state, tally = TableState.read(store, table.name), _Tally(table.name)
    [(names,)] = connection.execute(
        "select coalesce(sum(change_count), 0) from landing.name_changes"
    ).fetchall()
    counts = {_NAMES_DAY: int(names) + sum(_counts(connection, table).values())}
    if state.changed_days(counts):
        _replace(store, state, [_NAMES_DAY], name_partitions(connection, table), tally)
        state.save([_NAMES_DAY], counts)
    return tally.written()


def _counts(connection: Connection[Any], table: LakeTable) -> dict[str, int]:
    """Day -> how often the report tables of a table were built on it."""
    counts: dict[str, int] = {}
    for report_table in table.depends_on:
        statement = _COUNTS.format(table=report_table).encode()
        for day, count in connection.execute(statement):
            counts[str(day)] = counts.get(str(day), 0) + count
    return counts


@dataclass(slots=True)
class _Tally:
    """The counts of a run over one table."""

    table: str
    days: int = 0
    new: int = 0
    same: int = 0
    removed: int = 0

    def written(self) -> Written:
        return Written(
            table=self.table,
            day_count=self.days,
            written_count=self.new,
            same_count=self.same,
            removed_count=self.removed,
        )


def _replace(
    store: ObjectStore,
    state: TableState,
    days: Sequence[str],
    partitions: Iterator[Partition],
    tally: _Tally,
) -> None:
    """Write the files of days, and remove those of organisations without rows on them."""
    found: dict[str, set[str]] = {day: set() for day in days}
    for partition in partitions:
        day = partition.day or _NAMES_DAY
        found[day].add(partition.organization_id)
        digest = hashlib.sha256(partition.content).hexdigest()
        known = state.digests(day)
        if known.get(partition.organization_id) == digest:
            tally.same += 1
            continue
        key = _key(state.table, partition.organization_id, day)
        store.put(key, [partition.content], MEDIA_TYPE)
        known[partition.organization_id] = digest
        tally.new += 1
    tally.days += len(found)
    tally.removed += sum(_remove(store, state, day, kept) for day, kept in found.items())


def _remove(store: ObjectStore, state: TableState, day: str, kept: set[str]) -> int:
    known = state.digests(day)
    gone = sorted(known.keys() - kept)
    for organization_id in gone:
        store.delete(_key(state.table, organization_id, day))
        del known[organization_id]
    return len(gone)


def _key(table: str, organization_id: str, day: str) -> str:
    of_day = "" if day == _NAMES_DAY else f"/date={day}"
    return f"table={table}/organization_id={organization_id}{of_day}/rows.parquet"
