"""The offsets from UTC that a report's instants are shown with, by the rules of the database.

Report days and the local times of events are computed by PostgreSQL. Were a file's instants turned
into local times by the zones of Python, a date and the time beside it could contradict each other
wherever one of the two is newer. So the database is asked, once per report, for the offsets in the
months that the report shows. They are in the manifest: every format writes and reads local times by
them, on any machine.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
from psycopg import Connection

from reporting_pipeline.domain.time_zones import ZONE_OF_ABBREVIATION
from reporting_pipeline.errors import DefinitionInvalid
from reporting_pipeline.exports.canonical_rows import csv_batches
from reporting_pipeline.exports.manifest import OffsetPart
from reporting_pipeline.exports.row_spool import RowSpool, arrow_type
from reporting_pipeline.registry.columns import ColumnType

# Months that are so near to each other are one range: its offsets are fewer than the edges of two.
_NEAR = timedelta(days=400)
_CALENDAR = datetime(1, 1, 4, tzinfo=UTC), datetime(9999, 12, 28, tzinfo=UTC)
# Offsets beside the shown instants decide whether a wall clock time comes twice.
_BESIDE = timedelta(days=3)


def shown_offsets(
    connection: Connection[Any], zone: str, spools: Sequence[RowSpool]
) -> tuple[OffsetPart, ...]:
    """The offsets of a zone in the months of all instants of a report's rows.

    Args:
        connection: To the warehouse.
        zone: The time zone of the definition.
        spools: The rows, of each block.

    Returns:
        The offsets in order, each where the clock changes; none if no column has instants. Between
        two months that are far apart, the offsets are not known and not needed.

    Raises:
        DefinitionInvalid: The database does not know the zone.
    """
    spools = [each for each in spools if _instants(each)]
    if not spools:
        return ()
    months = sorted({month for spool in spools for month in _months(spool)})
    found: list[OffsetPart] = []
    for first, end in _ranges(months) or [_range(date(1970, 1, 1))]:
        for since, seconds in _offsets(connection, zone, first, end):
            if not found or found[-1].seconds != seconds:
                text = f"{(since or first).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
                found.append(OffsetPart(since=text if found else None, seconds=seconds))
    return tuple(found)


def _offsets(
    connection: Connection[Any], zone: str, first: datetime, end: datetime
) -> list[tuple[datetime | None, int]]:
    statement = (
        "select since, offset_seconds from landing.zone_offsets(%s, %s, %s)"
        " order by since nulls first"
    )
    try:
        bound = (ZONE_OF_ABBREVIATION.get(zone, zone), first, end)
        return connection.execute(statement, bound).fetchall()
    except psycopg.errors.InvalidParameterValue as error:
        message = (
            f"time_zone: {zone!r} is not known to the warehouse's PostgreSQL, which is older than "
            "the time zones of Python here: choose another name of the zone, or update PostgreSQL"
        )
        raise DefinitionInvalid(message) from error


def _instants(spool: RowSpool) -> list[int]:
    """The places of the columns of instants."""
    return [
        place for place, each in enumerate(spool.columns) if each.column.type is ColumnType.INSTANT
    ]


def _months(spool: RowSpool) -> Iterator[date]:
    """The first day of each month of an instant, in UTC."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if spool.row_count == 0:
        return
    places = _instants(spool)
    types = [
        arrow_type(ColumnType.INSTANT) if place in places else pa.string()
        for place in range(len(spool.columns))
    ]
    for batch in csv_batches(spool.path, types, keeps_mark=True):
        for place in places:
            months = pc.floor_temporal(batch.column(place).drop_null(), unit="month")
            yield from (each.date() for each in pc.unique(months).to_pylist())


def _ranges(months: Sequence[date]) -> list[tuple[datetime, datetime]]:
    ranges: list[tuple[datetime, datetime]] = []
    for first, end in map(_range, months):
        if ranges and first - ranges[-1][1] < _NEAR:
            ranges[-1] = ranges[-1][0], end
        else:
            ranges.append((first, end))
    return ranges


def _range(month: date) -> tuple[datetime, datetime]:
    first = datetime(month.year, month.month, 1, tzinfo=UTC)
    last = first + timedelta(days=30)
    # The calendar ends with the years 1 and 9999.
    return max(first, _CALENDAR[0]) - _BESIDE, min(last, _CALENDAR[1]) + _BESIDE
