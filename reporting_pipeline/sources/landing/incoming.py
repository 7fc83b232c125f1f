"""Copies the new rows of a source table into a temporary table of the warehouse.

The record clock shows which rows are new: those from the newest landed clock minus an overlap,
because a row can commit late under an older clock. Rows with still older clocks are found in
rotation (`late_rows`). Rows that were landed before are removed. Rows that cannot be used are set
aside (`row_findings`).
"""

import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import Table

from reporting_pipeline.errors import SourceContractBroken
from reporting_pipeline.sources import contract
from reporting_pipeline.sources.contract.columns import is_optional
from reporting_pipeline.sources.contract.row_rules import FIRST_INSTANT
from reporting_pipeline.sources.landing.late_rows import (
    CLOCKS_PER_LANDING,
    LEAST_PART,
    late_ranges,
)
from reporting_pipeline.sources.landing.lost_rows import (
    absent_ids,
    batches,
    forget_returned,
    note_deleted,
)
from reporting_pipeline.sources.landing.rotation import shares
from reporting_pipeline.sources.landing.row_findings import (
    found_ids,
    has_faults,
    note_clocks_ahead,
    note_unmarked,
    set_aside,
    set_changed_aside,
    set_repeated_aside,
    set_right,
)
from reporting_pipeline.sources.landing.snapshot import SourceSnapshot, table_name

_ALL_CLOCKS = sys.maxsize


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadExtent:
    """The rows of the source tables that a landing reads.

    Attributes:
        overlap: How much older than the newest landed clock a late row's clock can be.
        read_all: Read the whole tables.
        clock_count: About how many older record clocks to compare, in rotation; 0 compares none.
        compared_count: About how many older rows to compare with the sources, in rotation.
        despite_losses: Land also if a source lacks most of the rows that were landed from it.
    """

    overlap: timedelta
    read_all: bool = False
    clock_count: int = CLOCKS_PER_LANDING
    compared_count: int = 0
    despite_losses: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadStart:
    """Where a landing begins to read a table.

    Attributes:
        since: The record clock from which on rows are read; None reads all rows.
        clock_count: About how many older record clocks to compare.
    """

    since: datetime | None
    clock_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """The rows that one landing read from a table.

    Attributes:
        is_first: No row of the table had landed before.
        read_count: Rows read from the source.
        new_count: Rows among them that are new or changed.
        completed_count: Append-only rows among them that have got a value in an optional column.
        optional_columns: The optional columns that the source has.
        seconds: Duration of reading them.
    """

    table: Table
    is_first: bool
    read_count: int
    new_count: int
    completed_count: int
    optional_columns: list[str]
    seconds: float


def landing_name(table: Table) -> str:
    """The name of a contract table's copy in the schema `landing`."""
    return f"{table.schema}_{table.name}"


def landed(table: Table) -> sql.Identifier:
    """The qualified name of a contract table's copy in the warehouse."""
    return sql.Identifier("landing", landing_name(table))


def incoming(table: Table) -> sql.Identifier:
    """The name of the temporary table with the new rows of a contract table."""
    return sql.Identifier(f"incoming_{landing_name(table)}")


def columns(table: Table) -> sql.Composed:
    """The columns of a contract table, in its order."""
    return _names(column.name for column in table.columns)


def read_incoming(
    warehouse: psycopg.Connection,
    snapshot: SourceSnapshot,
    table: Table,
    present: tuple[str, ...],
    *,
    start: ReadStart,
    suspects: Sequence[UUID] = (),
) -> Incoming:
    """Copy the new rows of a source table into its `incoming_...` table.

    Args:
        warehouse: A connection in a transaction, at whose end the temporary table is dropped.
        snapshot: The source.
        table: The contract table.
        present: The columns of the table that the source has; the others are null.
        start: Which of its rows to read.
        suspects: Ids of older rows to read again, because a comparison found them different.

    Raises:
        SourceContractBroken: Too many rows cannot be used.
        SourceUnavailable: The source is down or too slow.
    """
    begun = time.monotonic()
    # Without the constraints of the landed table: a row that breaks one is set aside.
    statement = "create temporary table {} on commit drop as select * from {} with no data"
    warehouse.execute(sql.SQL(statement).format(incoming(table), landed(table)))
    is_first = _is_empty(warehouse, landed(table))
    read_count = _read(warehouse, snapshot, table, present, start, suspects)
    if not is_first:
        # Few new rows are joined with many landed ones: without statistics all of those are read.
        analyze_incoming(warehouse, table)
    is_sound = not has_faults(warehouse, table, incoming(table), snapshot.opened_at)
    if not is_sound:
        _set_aside(warehouse, table, snapshot.opened_at)
    completed_count = 0 if is_first else _keep_new(warehouse, table, present)
    return Incoming(
        table=table,
        is_first=is_first,
        read_count=read_count,
        new_count=read_count if is_first and is_sound else _count(warehouse, table),
        completed_count=completed_count,
        optional_columns=optional_columns(table, present),
        seconds=time.monotonic() - begun,
    )


def analyze_incoming(warehouse: psycopg.Connection, table: Table) -> None:
    """Take the statistics of an `incoming_...` table."""
    warehouse.execute(sql.SQL("analyze {}").format(incoming(table)))


def _read(
    warehouse: psycopg.Connection,
    snapshot: SourceSnapshot,
    table: Table,
    present: tuple[str, ...],
    start: ReadStart,
    suspects: Sequence[UUID],
) -> int:
    """Copy rows by clock and by id, late ones in rotation; note those that the source has lost.

    Returns:
        How many rows were read.
    """
    wanted = _wanted(warehouse, table, start.since, suspects)
    read_count = _copy(warehouse, snapshot, table, present, wanted)
    if start.since is not None and start.clock_count:
        unread = sql.SQL("not {}").format(wanted)
        late = late_ranges(
            warehouse,
            snapshot,
            table,
            landed=landed(table),
            incoming=incoming(table),
            since=start.since,
            row_count=start.clock_count,
        )
        for some in late:
            older = sql.SQL("{} and {}").format(some, unread)
            read_count += _copy(warehouse, snapshot, table, present, older)
            wanted = sql.SQL("{} or {}").format(wanted, some)
    return read_count + _find_deleted(warehouse, snapshot, table, present, wanted)


def _set_aside(warehouse: psycopg.Connection, table: Table, opened_at: datetime) -> None:
    """Set the rows right that mean something else, and the unusable ones aside."""
    set_repeated_aside(warehouse, table, incoming(table))
    set_right(warehouse, table, incoming(table))
    set_aside(warehouse, table, incoming(table))
    note_clocks_ahead(warehouse, table, incoming(table), opened_at)


def _keep_new(warehouse: psycopg.Connection, table: Table, present: tuple[str, ...]) -> int:
    """Drop the rows that landed before as they are now, and note those that have changed.

    Returns:
        How many append-only rows have got a value in an optional column.
    """
    if not _drop_known(warehouse, table, present):
        return 0
    if table.info["mutable"]:
        note_unmarked(warehouse, table, incoming(table), landed(table))
        return 0
    return _completed(warehouse, table)


def optional_columns(table: Table, present: tuple[str, ...]) -> list[str]:
    """The optional columns among those that a source has."""
    return [name for name in present if is_optional(table.columns[name])]


def read_starts(
    warehouse: psycopg.Connection,
    snapshots: Mapping[str, SourceSnapshot],
    present: Mapping[str, tuple[str, ...]],
    extent: ReadExtent,
) -> dict[str, ReadStart]:
    """Where a landing begins to read, by the key of a table.

    If a source's clock has been set back, all of its older clocks are compared at once.
    """
    sinces = {
        table.key: _read_since(
            warehouse, snapshots[table.info["domain"]], table, present[table.key], extent
        )
        for table in contract.TABLES
        if table.key in present
    }
    walked = [
        (table, snapshots[table.info["domain"]])
        for table in contract.TABLES
        if sinces.get(table.key, (None, False))[0] is not None
    ]
    counts = shares(walked, extent.clock_count, least_part=LEAST_PART) if extent.clock_count else {}
    return {
        key: ReadStart(since=since, clock_count=_ALL_CLOCKS if is_set_back else counts.get(key, 0))
        for key, (since, is_set_back) in sinces.items()
    }


def _read_since(
    warehouse: psycopg.Connection,
    snapshot: SourceSnapshot,
    table: Table,
    present: tuple[str, ...],
    extent: ReadExtent,
) -> tuple[datetime | None, bool]:
    """The record clock from which on rows are read, and whether the source's clock was set back.

    It is the newest landed clock, less the overlap; None reads all rows. If the source's clock was
    behind, new rows have older clocks: so its time counts, at the last landing and now. If the
    source has an optional column for the first time, its old rows can have values in it.
    """
    row = warehouse.execute(
        "select record_clock, read.read_at + make_interval(secs => read.clock_ahead_seconds)"
        " from landing.watermarks"
        " left join landing.source_reads as read using (domain)"
        " where domain = %s and table_name = %s and optional_columns @> %s",
        (table.info["domain"], table.name, optional_columns(table, present)),
    ).fetchone()
    if row is None or extent.read_all:
        return None, False
    landed_clock, last_read_at = cast("tuple[datetime, datetime | None]", row)
    since = min(landed_clock, last_read_at or landed_clock, snapshot.read_at) - extent.overlap
    return since, last_read_at is not None and snapshot.read_at < last_read_at


def _wanted(
    warehouse: psycopg.Connection,
    table: Table,
    since: datetime | None,
    suspects: Sequence[UUID],
) -> sql.Composed:
    """SQL: the rows that a landing reads in any case."""
    if since is None:
        return sql.SQL("true").format()
    ids = sorted({*found_ids(warehouse, table), *suspects})
    return sql.SQL("({0} >= {1} or {0} < {2} or {0} is null or id = any({3}))").format(
        sql.Identifier(table.info["record_clock"]),
        sql.Literal(since),
        sql.Literal(FIRST_INSTANT),
        sql.Literal(ids),
    )


def _find_deleted(
    warehouse: psycopg.Connection,
    snapshot: SourceSnapshot,
    table: Table,
    present: tuple[str, ...],
    wanted: sql.Composed,
) -> int:
    """Find the landed rows that the source did not give, and read them by their ids.

    A row that is found so has another record clock than before; the others are deleted.

    Returns:
        How many rows were read.
    """
    absent = absent_ids(warehouse, incoming(table), landed(table), wanted)
    read_count = 0
    for some in batches(absent):
        by_id = sql.SQL("id = any({})").format(sql.Literal(some))
        read_count += _copy(warehouse, snapshot, table, present, by_id)
    if read_count:
        absent = absent_ids(warehouse, incoming(table), landed(table), wanted)
    note_deleted(warehouse, table, landed(table), absent)
    forget_returned(warehouse, table, incoming(table))
    return read_count


def _copy(
    warehouse: psycopg.Connection,
    snapshot: SourceSnapshot,
    table: Table,
    present: tuple[str, ...],
    wanted: sql.Composed,
) -> int:
    query = sql.SQL("select {} from {} where {}").format(_names(present), table_name(table), wanted)
    statement = sql.SQL("copy {} ({}) from stdin (format binary)")
    target = statement.format(incoming(table), _names(present))
    with warehouse.cursor() as cursor:
        try:
            with cursor.copy(target) as copy:
                for chunk in snapshot.binary_copy(table, query):
                    copy.write(chunk)
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            raise _broken(table, str(error).strip().replace("\n", "; ")) from error
        return cursor.rowcount


def _drop_known(warehouse: psycopg.Connection, table: Table, present: tuple[str, ...]) -> int:
    """Drop the rows that landed before as they are now.

    Returns:
        How many rows are left that landed before in another form.
    """
    statement = """
        with known as materialized (
            select incoming.ctid as place, ({old}) is not distinct from ({new}) as is_same
            from {incoming} as incoming
            inner join {landed} as landed on incoming.id = landed.id
        ),

        dropped as (
            delete from {incoming} as incoming using known
            where incoming.ctid = known.place and known.is_same
        )

        select count(*) from known where not is_same
    """
    query = sql.SQL(statement).format(
        incoming=incoming(table),
        landed=landed(table),
        old=_qualified(present, "landed"),
        new=_qualified(present, "incoming"),
    )
    [(changed_count,)] = warehouse.execute(query).fetchall()
    return cast("int", changed_count)


def _names(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _qualified(names: Iterable[str], alias: str) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(alias, name) for name in names)


def _completed(warehouse: psycopg.Connection, table: Table) -> int:
    """Count append-only rows with a new value in an optional column; set other changes aside.

    A value in an optional column that was null is a completion, not a change.
    """
    set_changed_aside(warehouse, table, incoming(table), landed(table), _is_changed(table))
    statement = (
        "select count(*) from {incoming} as incoming"
        " inner join {landed} as landed on incoming.id = landed.id"
    )
    query = sql.SQL(statement).format(incoming=incoming(table), landed=landed(table))
    [(completed_count,)] = warehouse.execute(query).fetchall()
    return cast("int", completed_count)


def _is_empty(warehouse: psycopg.Connection, name: sql.Identifier) -> bool:
    statement = sql.SQL("select not exists (select from {})").format(name)
    return warehouse.execute(statement).fetchone() == (True,)


def _count(warehouse: psycopg.Connection, table: Table) -> int:
    statement = sql.SQL("select count(*) from {}").format(incoming(table))
    [(count,)] = warehouse.execute(statement).fetchall()
    return cast("int", count)


def _is_changed(table: Table) -> sql.Composed:
    """SQL: a landed row and the incoming one differ, other than by a value where there was null."""
    optional = [column.name for column in table.columns if is_optional(column)]
    fixed = [column.name for column in table.columns if not is_optional(column)]
    differs = sql.SQL("({}) is distinct from ({})").format(
        _qualified(fixed, "landed"), _qualified(fixed, "incoming")
    )
    overwrites = [
        sql.SQL("(landed.{0} <> incoming.{0})").format(sql.Identifier(name)) for name in optional
    ]
    return sql.SQL(" or ").join([differs, *overwrites])


def _broken(table: Table, problem: str) -> SourceContractBroken:
    domain = table.info["domain"]
    message = (
        f"source {domain} breaks the contract in {domain}.{table.name}: {problem}; "
        "nothing was landed"
    )
    return SourceContractBroken(message, domain=domain)
