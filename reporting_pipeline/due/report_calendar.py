"""When the days of an organisation are over, and how far they are landed.

A day is over for an organisation when it has ended in its own zone and in those of all its events.

What belongs here: instants. What does not: which reports are due then (`expected_reports`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

from psycopg import Connection

from reporting_pipeline.sources.contract import DOMAINS

_DAY = timedelta(days=1)
# A day begins up to 14 hours before it does in UTC, and a report of an open day is as of the next.
_AHEAD = 3 * _DAY

# A zone and the time at which its days begin.
_Clock: TypeAlias = tuple[str, time]
_UTC: _Clock = ("UTC", time(0))

_OF_ORGANIZATIONS = """
    select id, coalesce(timezone, 'UTC'), time '00:00' from landing.ticketing_organizations
    union
    select organization_id, timezone, day_cutoff from landing.ticketing_events
"""
_FAILED = "select max(last_at) from landing.source_faults"
_LANDED = "select min(complete_through) from landing.source_reads having count(*) = %s"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportCalendar:
    """The days about now, by the clocks of every organisation.

    Attributes:
        now: The time at which it is looked at.
        days: Oldest first, up to those that begin soon; what is before counts as the first one.
        landed_through: Every source is landed through this; None: one of them never was.
        failed_at: When landing last failed at a source; None: it has not since it succeeded.
    """

    now: datetime
    days: tuple[date, ...]
    landed_through: datetime | None
    failed_at: datetime | None
    begins: Mapping[tuple[date, _Clock], datetime]
    clocks: Mapping[UUID, frozenset[_Clock]]

    def due_at(self, organization_id: UUID, as_of: date) -> datetime | None:
        """When all days before `as_of` are over for an organisation; None: beyond the calendar."""
        clocks = self.clocks.get(organization_id, frozenset({_UTC}))
        as_of = max(as_of, self.days[0])
        if as_of > self.days[-1]:
            return None
        return max(self.begins[as_of, clock] for clock in clocks)

    def is_over(self, organization_id: UUID, as_of: date) -> bool:
        """Whether all days before `as_of` are over by now."""
        due_at = self.due_at(organization_id, as_of)
        return due_at is not None and due_at <= self.now


def report_calendar(
    connection: Connection[Any], now: datetime, *, horizon_days: int
) -> ReportCalendar:
    """The calendar from `horizon_days` before now on, as of the connection's snapshot."""
    today = now.astimezone(UTC).date()
    bound = {"first_day": today - timedelta(days=horizon_days), "last_day": today + _AHEAD}
    statement = Path(__file__).with_suffix(".sql").read_bytes()
    begins = {
        (day, (zone, cutoff)): begins_at
        for day, zone, cutoff, begins_at in connection.execute(statement, bound)
    }
    clocks: dict[UUID, set[_Clock]] = {}
    for organization_id, zone, cutoff in connection.execute(_OF_ORGANIZATIONS):
        clocks.setdefault(organization_id, set()).add((zone, cutoff))
    landed = connection.execute(_LANDED, (len(DOMAINS),)).fetchone()
    failed = connection.execute(_FAILED).fetchone()
    return ReportCalendar(
        now=now,
        days=tuple(sorted({day for day, _ in begins})),
        landed_through=landed[0] if landed else None,
        failed_at=failed[0] if failed else None,
        begins=begins,
        clocks={each: frozenset(of_it) for each, of_it in clocks.items()},
    )
