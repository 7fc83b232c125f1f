"""Compares landed rows with the sources, some of each table at a time, in rotation.

A landing does not see a row that is changed or deleted without a new record clock. The comparison
walks through each table (`rotation`). Where the digest of a range differs, the ids and digests of
its rows are compared, and the landing reads the rows that differ again.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import Table

from reporting_pipeline.sources.landing.rotation import (
    ClockRange,
    Walk,
    WalkedTable,
    advance,
    differing,
    next_ranges,
    shares,
)
from reporting_pipeline.sources.landing.snapshot import SourceSnapshot

# The landing reads so many rows by their ids; the next comparison finds the others.
_MAX_SUSPECTS = 10_000

# 60 bits of a row's digest. md5 is the same in every version of PostgreSQL; the text of a row too,
# because both sessions have the time zone UTC and the date style ISO.
_DIGEST = "('x' || left(md5(row({columns})::text), 15))::bit(60)::bigint"
_NOT_DELETED = sql.SQL("""
    (
        select * from {landed} as landed
        where not exists (
            select from landing.row_findings as found
            where
                found.domain = {domain} and found.table_name = {name}
                and found.finding = 'deleted' and found.row_id = landed.id
        )
    )
""")
_SUSPECTS = sql.SQL("""
    select coalesce(here.id, there.id)
    from (
        select kept.id, {digest} as digest from {rows} as kept
        where {clock} >= {begin} and {clock} < {end}
    ) as here
    full join compared_rows as there on here.id = there.id
    where here.digest is distinct from there.digest
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableComparison:
    """A part of a table that was compared with its source.

    Attributes:
        compared_count: Rows of the source that were compared.
        suspects: Ids of rows that differ, or that only one side has.
        is_turn_over: Every row older than the overlap has been compared.
        seconds: Duration.
    """

    domain: str
    table_name: str
    compared_count: int
    suspects: tuple[UUID, ...]
    is_turn_over: bool
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedTable:
    """A table of a source with its landed copy.

    Attributes:
        columns: The columns that the source has.
        since: Rows with this record clock, or a later one, are read by the landing in any case.
    """

    table: Table
    snapshot: SourceSnapshot
    landed: sql.Identifier
    columns: tuple[str, ...]
    since: datetime

    @property
    def walked(self) -> WalkedTable:
        """The table with a digest of all of its columns."""
        names = sql.SQL(", ").join(map(sql.Identifier, self.columns))
        return WalkedTable(
            table=self.table,
            snapshot=self.snapshot,
            since=self.since,
            digest=sql.SQL(_DIGEST).format(columns=names),
            landed_rows=_NOT_DELETED.format(
                landed=self.landed,
                domain=sql.Literal(self.table.info["domain"]),
                name=sql.Literal(self.table.name),
            ),
        )


def compare_tables(
    warehouse: psycopg.Connection, tables: Sequence[ComparedTable], row_count: int
) -> Iterator[TableComparison]:
    """Compare the next rows of each table; small tables leave their share to large ones.

    Args:
        warehouse: In the transaction of a landing, in the time zone UTC.
        tables: The tables.
        row_count: How many rows of the sources to compare, about.
    """
    of_tables = shares([(each.table, each.snapshot) for each in tables], row_count)
    for each in tables:
        yield _compare(warehouse, each.walked, of_tables[each.table.key])


def _compare(warehouse: psycopg.Connection, table: WalkedTable, share: int) -> TableComparison:
    begun = time.monotonic()
    ranges = next_ranges(warehouse, table, Walk.ROWS, share)
    suspects: list[UUID] = []
    for place in differing(warehouse, table, ranges):
        suspects += _suspects(warehouse, table, ranges[place])
        if len(suspects) >= _MAX_SUSPECTS:
            ranges = ranges[: place + 1]
            break
    return TableComparison(
        domain=table.domain,
        table_name=table.table.name,
        compared_count=sum(each.row_count for each in ranges),
        suspects=tuple(suspects),
        is_turn_over=advance(warehouse, table, Walk.ROWS, ranges),
        seconds=time.monotonic() - begun,
    )


def _suspects(
    warehouse: psycopg.Connection, table: WalkedTable, compared: ClockRange
) -> list[UUID]:
    """The rows of a range that differ."""
    bounds = {"begin": sql.Literal(compared.begin), "end": sql.Literal(compared.end)}
    rows = sql.SQL(
        "select id, {digest} from {table} where {clock} >= {begin} and {clock} < {end}"
    ).format(**table.parts, **bounds)
    warehouse.execute(
        "create temporary table if not exists compared_rows (id uuid, digest bigint) on commit drop"
    )
    warehouse.execute("truncate compared_rows")
    with (
        warehouse.cursor() as cursor,
        cursor.copy("copy compared_rows from stdin (format binary)") as copy,
    ):
        for chunk in table.snapshot.binary_copy(table.table, rows):
            copy.write(chunk)
    found = warehouse.execute(_SUSPECTS.format(**table.parts, **bounds))
    return [row_id for (row_id,) in found.fetchall()]
