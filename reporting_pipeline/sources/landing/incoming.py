"""Copies the new rows of a source table into a temporary table of the warehouse.

The record clock shows which rows are new: those from the newest landed clock minus an overlap,
because a row can commit late under an older clock. Rows with still older clocks are found by
comparing counts and sums of the clock per month; a month that differs is read again. Rows that were
landed before are removed. Rows that cannot be used are set aside (`row_findings`).
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import Table

from reporting_pipeline.errors import SourceContractBroken
from reporting_pipeline.sources.contract.columns import is_optional
from reporting_pipeline.sources.contract.row_rules import FIRST_INSTANT
from reporting_pipeline.sources.landing.row_findings import (
    found_ids,
    note_clocks_ahead,
    set_aside,
    set_changed_aside,
    set_right,
)
from reporting_pipeline.sources.landing.snapshot import SourceSnapshot, table_name

# In larger tables, comparing old months costs the source too much for one landing.
_COMPARED_ROWS_MAX = 5_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """The rows that one landing read from a table.

    Attributes:
        read_count: Rows read from the source.
        new_count: Rows among them that are new or changed.
        completed_count: Append-only rows among them that have got a value in an optional column.
        optional_columns: The optional columns that the source has.
        seconds: Duration of reading them.
    """

    table: Table
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
    overlap: timedelta,
    read_all: bool,
) -> Incoming:
    """Copy the new rows of a source table into its `incoming_...` table.

    Args:
        warehouse: A connection in a transaction, at whose end the temporary table is dropped.
        snapshot: The source.
        table: The contract table.
        present: The columns of the table that the source has; the others are null.
        overlap: How much older than the newest landed clock a late row's clock can be.
        read_all: Read the whole table.

    Raises:
        SourceContractBroken: Two rows have the same id, or too many rows cannot be used.
        SourceUnavailable: The source is down or too slow.
    """
    begun = time.monotonic()
    # Without the constraints of the landed table: a row that breaks one is set aside.
    statement = "create temporary table {} on commit drop as select * from {} with no data"
    warehouse.execute(sql.SQL(statement).format(incoming(table), landed(table)))
    since = None if read_all else _watermark(warehouse, table, present, overlap)
    read_count = _copy_rows(warehouse, snapshot, table, present, since)
    _refuse_repeated(warehouse, table)
    set_right(warehouse, table, incoming(table))
    set_aside(warehouse, table, incoming(table))
    note_clocks_ahead(warehouse, table, incoming(table), snapshot.present_at)
    _drop_known(warehouse, table, present)
    completed_count = 0 if table.info["mutable"] else _completed(warehouse, table)
    warehouse.execute(sql.SQL("analyze {}").format(incoming(table)))
    return Incoming(
        table=table,
        read_count=read_count,
        new_count=_count(warehouse, table),
        completed_count=completed_count,
        optional_columns=optional_columns(table, present),
        seconds=time.monotonic() - begun,
    )


def optional_columns(table: Table, present: tuple[str, ...]) -> list[str]:
    """The optional columns among those that a source has."""
    return [name for name in present if is_optional(table.columns[name])]


def _watermark(
    warehouse: psycopg.Connection, table: Table, present: tuple[str, ...], overlap: timedelta
) -> datetime | None:
    """The record clock from which on rows are read; None reads all of them.

    If the source has an optional column for the first time, its old rows can have values in it.
    """
    row = warehouse.execute(
        "select record_clock from landing.watermarks where domain = %s and table_name = %s"
        " and optional_columns @> %s",
        (table.info["domain"], table.name, optional_columns(table, present)),
    ).fetchone()
    return None if row is None else cast("datetime", row[0]) - overlap


def _copy_rows(
    warehouse: psycopg.Connection,
    snapshot: SourceSnapshot,
    table: Table,
    present: tuple[str, ...],
    since: datetime | None,
) -> int:
    if since is None:
        return _copy(warehouse, snapshot, table, present, sql.SQL("true").format())
    clock, found = sql.Identifier(table.info["record_clock"]), found_ids(warehouse, table)
    newer = sql.SQL("({0} >= {1} or {0} < {2} or id = any({3}))").format(
        clock, sql.Literal(since), sql.Literal(FIRST_INSTANT), sql.Literal(found)
    )
    read_count = _copy(warehouse, snapshot, table, present, newer)
    for month in _months_that_differ(warehouse, snapshot, table, since, found):
        older = sql.SQL(
            "{0} >= {1} and {0} < least({1} + interval '1 month', {2}) and id <> all({3})"
        )
        wanted = older.format(clock, sql.Literal(month), sql.Literal(since), sql.Literal(found))
        read_count += _copy(warehouse, snapshot, table, present, wanted)
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


def _months_that_differ(
    warehouse: psycopg.Connection,
    snapshot: SourceSnapshot,
    table: Table,
    since: datetime,
    found: list[UUID],
) -> list[datetime]:
    estimate = "select coalesce(max(reltuples), 0) from pg_class where oid = to_regclass({})"
    qualified = f"{table.schema}.{table.name}"
    [(row_count,)] = snapshot.rows(table, sql.SQL(estimate).format(sql.Literal(qualified)))
    if cast("float", row_count) > _COMPARED_ROWS_MAX:
        return []
    # Rows with a finding are read in any case.
    others = sql.SQL("id <> all({}) and {} >= {}").format(
        sql.Literal(found), sql.Identifier(table.info["record_clock"]), sql.Literal(FIRST_INSTANT)
    )
    there = set(snapshot.rows(table, _months(table, table_name(table), since, others)))
    superseded = sql.SQL("not exists (select from {} as newer where newer.id = known.id) and {}")
    query = _months(table, landed(table), since, superseded.format(incoming(table), others))
    here = set(warehouse.execute(query).fetchall())
    return sorted({cast("datetime", month) for month, *_ in there - here})


def _months(
    table: Table, name: sql.Identifier, since: datetime, wanted: sql.Composable
) -> sql.Composed:
    statement = (
        "select date_trunc('month', {clock}, 'UTC'), count(*), sum(extract(epoch from {clock}))"
        " from {name} as known where {clock} < {since} and {wanted} group by 1"
    )
    clock = sql.Identifier(table.info["record_clock"])
    return sql.SQL(statement).format(
        clock=clock, name=name, since=sql.Literal(since), wanted=wanted
    )


def _drop_known(warehouse: psycopg.Connection, table: Table, present: tuple[str, ...]) -> None:
    statement = (
        "delete from {incoming} as incoming using {landed} as landed"
        " where landed.id = incoming.id and ({old}) is not distinct from ({new})"
    )
    query = sql.SQL(statement).format(
        incoming=incoming(table),
        landed=landed(table),
        old=_qualified(present, "landed"),
        new=_qualified(present, "incoming"),
    )
    warehouse.execute(query)


def _names(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _qualified(names: Iterable[str], alias: str) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(alias, name) for name in names)


def _refuse_repeated(warehouse: psycopg.Connection, table: Table) -> None:
    statement = "select id from {} group by id having count(*) > 1 or id is null limit 1"
    repeated = warehouse.execute(sql.SQL(statement).format(incoming(table))).fetchone()
    if repeated is not None:
        raise _broken(table, f"two rows have the id {repeated[0]}, or it is null; it is a key")


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
