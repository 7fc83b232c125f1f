"""Walks through source tables by record clock, some rows at each landing.

The next landing goes on where this one has stopped; after the last row, a new turn begins. So a
landing costs production the same however long its history is. The rows come in ranges of some
thousand: the source and the warehouse each compute one digest of a range, with one short statement,
by the index on the record clock.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import cast

import psycopg
from psycopg import sql
from sqlalchemy import Table

from reporting_pipeline.sources.contract.row_rules import FIRST_INSTANT
from reporting_pipeline.sources.landing.snapshot import SourceSnapshot, table_name

_ROWS_PER_RANGE = 20_000
_BOUNDARY = sql.SQL("""
    select {clock} from {table} where {clock} >= {begin} and {clock} < {end}
    order by {clock} offset {count} limit 1
""")
_NEXT_CLOCK = sql.SQL(
    "select min({clock}) from {table} where {clock} > {begin} and {clock} < {end}"
)
_SOURCE_RANGE = sql.SQL("""
    select count(*), coalesce(sum({digest}), 0) from {table}
    where {clock} >= {begin} and {clock} < {end}
""")
_LANDED_RANGES = sql.SQL("""
    select
        width_bucket({clock}, {begins}::timestamptz[]) - 1 as place,
        count(*) as row_count, coalesce(sum({digest}), 0) as digest
    from {rows} as kept
    where {clock} >= {begin} and {clock} < {end}
    group by place
""")
_PROGRESS = """
    insert into landing.comparisons as known
        (domain, table_name, walk, next_clock, turn_began_at, turn_ended_at, compared_count)
    values (
        %(domain)s, %(table)s, %(walk)s, %(next_clock)s, now(),
        case when %(is_over)s then now() end, %(count)s
    )
    on conflict (domain, table_name, walk) do update set
        next_clock = excluded.next_clock,
        turn_began_at = case
            when known.next_clock is null then now() else known.turn_began_at
        end,
        turn_ended_at = coalesce(excluded.turn_ended_at, known.turn_ended_at),
        compared_count = excluded.compared_count
            + case when known.next_clock is null then 0 else known.compared_count end
"""


class Walk(StrEnum):
    """The part of a row that a walk compares.

    Attributes:
        CLOCKS: Record clocks, which the source reads from its index alone; at each landing.
        ROWS: Whole rows; each night.
    """

    CLOCKS = "clocks"
    ROWS = "rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkedTable:
    """A table of a source with its landed copy.

    Attributes:
        since: Rows with this record clock, or a later one, are read by the landing in any case.
        digest: SQL: a number of a row, of which a range has the sum.
        landed_rows: SQL: the rows of the warehouse that stand for those of the source.
    """

    table: Table
    snapshot: SourceSnapshot
    since: datetime
    digest: sql.Composable
    landed_rows: sql.Composable

    @property
    def domain(self) -> str:
        """The domain of the table."""
        return str(self.table.info["domain"])

    @property
    def parts(self) -> dict[str, sql.Composable]:
        """The parts of each statement."""
        return {
            "table": table_name(self.table),
            "rows": self.landed_rows,
            "clock": sql.Identifier(self.table.info["record_clock"]),
            "digest": self.digest,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRange:
    """Rows with a record clock of [begin, end), as the source has them."""

    begin: datetime
    end: datetime
    row_count: int
    digest: int


def shares(
    tables: Sequence[tuple[Table, SourceSnapshot]], row_count: int, *, least_part: float = 0.0
) -> dict[str, int]:
    """Share a number of rows among tables; small tables leave their share to large ones.

    Args:
        tables: The tables, with their sources.
        row_count: How many rows to share, about.
        least_part: Share at least this part of all rows.

    Returns:
        The key of a table -> its share, at least 1.
    """
    counts = sorted((_estimated_count(*each), each[0].key) for each in tables)
    left = max(row_count, int(least_part * sum(count for count, _ in counts)))
    found: dict[str, int] = {}
    for place, (count, key) in enumerate(counts):
        found[key] = max(left // (len(counts) - place), 1)
        left -= min(found[key], int(count))
    return found


def next_ranges(
    warehouse: psycopg.Connection, table: WalkedTable, walk: Walk, row_count: int
) -> list[ClockRange]:
    """The next ranges of the source, until about `row_count` rows; empty after the last row."""
    found: list[ClockRange] = []
    left, begin = row_count, _begin(warehouse, table, walk)
    while left > 0 and begin < table.since:
        end = _end(table, begin, min(left, _ROWS_PER_RANGE))
        query = _SOURCE_RANGE.format(**table.parts, begin=sql.Literal(begin), end=sql.Literal(end))
        [(count, digest)] = table.snapshot.rows(table.table, query)
        each = ClockRange(
            begin=begin, end=end, row_count=cast("int", count), digest=int(cast("int", digest))
        )
        found.append(each)
        left, begin = left - each.row_count, end
    return found


def differing(
    warehouse: psycopg.Connection, table: WalkedTable, ranges: Sequence[ClockRange]
) -> Iterator[int]:
    """The places of the ranges that the warehouse has otherwise; one pass over its rows."""
    if not ranges:
        return
    query = _LANDED_RANGES.format(
        **table.parts,
        begins=sql.Literal([each.begin for each in ranges]),
        begin=sql.Literal(ranges[0].begin),
        end=sql.Literal(ranges[-1].end),
    )
    known = {place: (count, int(digest)) for place, count, digest in warehouse.execute(query)}
    for place, each in enumerate(ranges):
        if known.get(place, (0, 0)) != (each.row_count, each.digest):
            yield place


def advance(
    warehouse: psycopg.Connection, table: WalkedTable, walk: Walk, ranges: Sequence[ClockRange]
) -> bool:
    """Store that these ranges are compared.

    Returns:
        True if the turn is over: every row older than `since` has been compared.
    """
    next_clock = ranges[-1].end if ranges else table.since
    is_turn_over = next_clock >= table.since
    warehouse.execute(
        _PROGRESS,
        {
            "domain": table.domain,
            "table": table.table.name,
            "walk": walk,
            "next_clock": None if is_turn_over else next_clock,
            "is_over": is_turn_over,
            "count": sum(each.row_count for each in ranges),
        },
    )
    return is_turn_over


def oldest_turn(warehouse: psycopg.Connection, walk: Walk) -> tuple[str, datetime | None] | None:
    """The landed table whose last whole turn is the oldest, and when that ended.

    Returns:
        None if nothing has landed; a table without a whole turn has no time.
    """
    statement = (
        "select mark.domain || '.' || mark.table_name, compared.turn_ended_at"
        " from landing.watermarks as mark"
        " left join landing.comparisons as compared"
        " on (mark.domain, mark.table_name, %s)"
        " = (compared.domain, compared.table_name, compared.walk)"
        " order by compared.turn_ended_at nulls first, 1 limit 1"
    )
    return warehouse.execute(statement, (walk,)).fetchone()


def _estimated_count(table: Table, snapshot: SourceSnapshot) -> float:
    estimate = "select coalesce(max(reltuples), 0) from pg_class where oid = to_regclass({})"
    qualified = sql.Literal(f"{table.schema}.{table.name}")
    [(count,)] = snapshot.rows(table, sql.SQL(estimate).format(qualified))
    return max(cast("float", count), 0.0)


def _begin(warehouse: psycopg.Connection, table: WalkedTable, walk: Walk) -> datetime:
    statement = (
        "select coalesce(max(next_clock), %s::timestamptz) from landing.comparisons"
        " where domain = %s and table_name = %s and walk = %s"
    )
    bound = (FIRST_INSTANT, table.domain, table.table.name, walk)
    [(begin,)] = warehouse.execute(statement, bound).fetchall()
    return cast("datetime", begin)


def _end(table: WalkedTable, begin: datetime, row_count: int) -> datetime:
    """The clock at which a range of so many rows ends; rows of one clock are in one range."""
    parts = {**table.parts, "begin": sql.Literal(begin), "end": sql.Literal(table.since)}
    found = table.snapshot.rows(table.table, _BOUNDARY.format(**parts, count=row_count))
    if not found:
        return table.since
    if found[0][0] != begin:
        return cast("datetime", found[0][0])
    [(following,)] = table.snapshot.rows(table.table, _NEXT_CLOCK.format(**parts))
    return table.since if following is None else cast("datetime", following)
