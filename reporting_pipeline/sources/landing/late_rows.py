"""Finds rows that came under a record clock older than the overlap, by counting rows and clocks.

Each landing walks through some rows of each table (`rotation`). A range whose number of rows, or
sum of clocks, differs is read again. Only the source's index on the record clock is read.
"""

from datetime import datetime

import psycopg
from psycopg import sql
from sqlalchemy import Table

from reporting_pipeline.sources.landing.rotation import (
    Walk,
    WalkedTable,
    advance,
    differing,
    next_ranges,
)
from reporting_pipeline.sources.landing.snapshot import SourceSnapshot

CLOCKS_PER_LANDING = 100_000
"""About so many clocks are compared in all sources at each landing."""

LEAST_PART = 0.01
"""At least this part of all clocks is compared, so that a turn takes at most 100 landings."""

# A row that was read now counts as the source has it, and another row as it was landed: rows that
# cannot be used are read at each landing, and would differ for ever.
_KNOWN = sql.SQL("""
    (
        select {clock} from {landed} as landed
        where
            {clock} < {since}
            and not exists (select from {incoming} as newer where newer.id = landed.id)
            and not exists (
                select from landing.row_findings as found
                where
                    found.domain = {domain} and found.table_name = {name}
                    and found.finding = 'deleted' and found.row_id = landed.id
            )
        union all
        select {clock} from {incoming} where {clock} < {since}
    )
""")


def late_ranges(  # noqa: PLR0913 - the two sides of a comparison
    warehouse: psycopg.Connection,
    snapshot: SourceSnapshot,
    table: Table,
    *,
    landed: sql.Identifier,
    incoming: sql.Identifier,
    since: datetime,
    row_count: int,
) -> list[sql.Composed]:
    """SQL for each range that the source has otherwise, among the next `row_count` rows.

    Args:
        warehouse: In the transaction of a landing.
        snapshot: The source.
        table: The table.
        landed: Its landed rows.
        incoming: Its rows that were read now.
        since: Rows with this record clock, or a later one, have been read.
        row_count: About how many rows to compare.
    """
    clock = sql.Identifier(table.info["record_clock"])
    walked = WalkedTable(
        table=table,
        snapshot=snapshot,
        since=since,
        digest=sql.SQL("extract(epoch from {}) * 1000000").format(clock),
        landed_rows=_KNOWN.format(
            clock=clock,
            landed=landed,
            incoming=incoming,
            since=sql.Literal(since),
            domain=sql.Literal(table.info["domain"]),
            name=sql.Literal(table.name),
        ),
    )
    ranges = next_ranges(warehouse, walked, Walk.CLOCKS, row_count)
    spans: list[tuple[datetime, datetime]] = []
    for each in (ranges[place] for place in differing(warehouse, walked, ranges)):
        if spans and spans[-1][1] == each.begin:
            spans[-1] = (spans[-1][0], each.end)
        else:
            spans.append((each.begin, each.end))
    advance(warehouse, walked, Walk.CLOCKS, ranges)
    return [
        sql.SQL("({0} >= {1} and {0} < {2})").format(clock, sql.Literal(begin), sql.Literal(end))
        for begin, end in spans
    ]
