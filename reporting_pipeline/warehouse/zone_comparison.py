"""Compares the time zones of the database with those of Python.

Report days and local times follow the database (`publishing.shown_offsets`); only the nightly
schedule follows Python. Where the two differ, one of them is older than the laws of that place. If
it is the database, its days and times agree with each other, and both are wrong.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from psycopg import Connection

from reporting_pipeline.domain.time_zones import offsets_of, zone_names

_HOUR = 3600
_EXISTS = "select to_regclass('landing.dated_zones') is not null"
_IN_USE = """
    select timezone as zone from landing.ticketing_events
    union
    select timezone from landing.ticketing_organizations
    union
    select config ->> 'time_zone' from catalogue.report_definitions where config ? 'time_zone'
    order by zone
"""
# The years of the events, within those that the rules of zones are known for.
_YEARS = """
    select
        date_trunc('year', greatest(min(starts_at), '1990-01-01 00:00Z'), 'UTC'),
        date_trunc('year', least(max(ends_at), '2036-01-01 00:00Z'), 'UTC') + interval '2 years'
    from landing.ticketing_events
"""
_OFFSETS = """
    select coalesce(since, %(first)s), offset_seconds
    from landing.zone_offsets(%(zone)s, %(first)s, %(end)s)
    order by since nulls first
"""


@dataclass(frozen=True, slots=True)
class ZoneDifference:
    """A zone with different rules; the seconds are the offsets from UTC since that instant."""

    zone: str
    since: datetime
    database_seconds: int
    python_seconds: int

    def __str__(self) -> str:
        """The zone, the first instant and both offsets, for people."""
        return (
            f"{self.zone} from {self.since:%Y-%m-%d %H:%M} UTC: PostgreSQL "
            f"{_offset(self.database_seconds)}, Python {_offset(self.python_seconds)}"
        )


def compare_zones_in_use(connection: Connection[Any]) -> tuple[int, list[ZoneDifference]]:
    """The number of zones in use, and those that differ in the years of the events.

    A warehouse without events, or without the schema, uses none.
    """
    [(is_migrated,)] = connection.execute(_EXISTS).fetchall()
    if not is_migrated:
        return 0, []
    [(first, end)] = connection.execute(_YEARS).fetchall()
    zones = [zone for (zone,) in connection.execute(_IN_USE).fetchall() if zone in zone_names()]
    if first is None:
        return 0, []
    differences: list[ZoneDifference] = []
    for zone in zones:
        bound = {"zone": zone, "first": first, "end": end}
        of_database = connection.execute(_OFFSETS, bound).fetchall()
        differences += _difference(zone, of_database, first, end)
    return len(zones), differences


def compare_zones_of_files(folder: Path, now: datetime) -> tuple[int, list[ZoneDifference]]:
    """The number of zones of a local PostgreSQL, and those that differ within a year or two."""
    first, end = now - timedelta(days=365), now + timedelta(days=730)
    differences: list[ZoneDifference] = []
    count = 0
    for zone in sorted(zone_names()):
        path = folder / zone
        if path.is_file():
            count += 1
            with path.open("rb") as file:
                of_file = offsets_of(ZoneInfo.from_file(file, key=zone), first, end)
            differences += _difference(zone, of_file, first, end)
    return count, differences


def _difference(
    zone: str, of_database: Iterable[tuple[datetime, int]], first: datetime, end: datetime
) -> Iterable[ZoneDifference]:
    """The first instant at which the two have different offsets, if there is one."""
    try:
        of_python = offsets_of(ZoneInfo(zone), first, end)
    except ZoneInfoNotFoundError:
        return
    database = [(since.astimezone(UTC), seconds) for since, seconds in of_database]
    python = [(since.astimezone(UTC), seconds) for since, seconds in of_python]
    for instant in sorted({since for since, _ in (*database, *python)}):
        ours, theirs = _at(database, instant), _at(python, instant)
        if ours != theirs:
            yield ZoneDifference(zone, instant, ours, theirs)
            return


def _at(offsets: list[tuple[datetime, int]], instant: datetime) -> int:
    return next(seconds for since, seconds in reversed(offsets) if since <= instant)


def _offset(seconds: int) -> str:
    hours, rest = divmod(abs(seconds), _HOUR)
    return f"{'-' if seconds < 0 else '+'}{hours:02}:{rest // 60:02}"
