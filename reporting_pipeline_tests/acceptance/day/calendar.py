"""The reports that the simulated day must produce, by the contract and the definitions.

This module does not use the pipeline: zones come from Python, days from the oracle.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from reporting_pipeline_tests.acceptance.day.definitions import (
    AFTER_DOORS,
    AFTER_EVENT,
    ATTENDANCE,
    DOORS_HOURS,
    REVENUE,
    REVENUE_OF_WEEK,
)
from reporting_pipeline_tests.acceptance.day.world import (
    EVENTS,
    LASTS,
    OPENS_BEFORE,
    ZONES,
    identity,
)
from reporting_pipeline_tests.oracle.report_days import local_day

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_SUNDAY = 6


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """A report that must exist.

    Attributes:
        due_at: The instant from which it is due.
    """

    place: str
    slug: str
    period: str
    due_at: datetime

    def is_provisional_first(self, landed: Sequence[datetime], delay: timedelta) -> bool:
        """True if its first edition is provisional: its last day waits for late rows, or runs.

        Args:
            landed: The instant through which each landing has read all sources, in order.
            delay: How long late rows are awaited after a day.
        """
        first = next(each for each in landed if each >= self.due_at)
        return first < over_at(self.place, _due_day(self) - _DAY) + delay


def over_at(place: str, day: date) -> datetime:
    """The end of a day for an organisation, with the cutoffs of all its events."""
    cutoffs = {time(0), *(cutoff for where, cutoff, _ in EVENTS.values() if where == place)}
    return max(_begins(place, day + _DAY, cutoff) for cutoff in cutoffs)


def due_reports(applied_at: datetime, until: datetime) -> list[Due]:
    """The reports that are due by `until`, of definitions that were applied at `applied_at`."""
    return sorted(
        due
        for place in ZONES
        for due in (*_by_days(place, until), *_by_events(place))
        if due.due_at <= until and over_at(place, _due_day(due)) > applied_at
    )


def _by_days(place: str, until: datetime) -> Iterator[Due]:
    """The two reports of each day, and after each Sunday the report of the week."""
    for back in range(40):
        day = until.date() - back * _DAY
        for slug in (REVENUE, ATTENDANCE):
            yield Due(place, slug, day.isoformat(), over_at(place, day))
        if day.weekday() == _SUNDAY:
            period = f"{day - _WEEK + _DAY}_{day}"
            yield Due(place, REVENUE_OF_WEEK, period, over_at(place, day))


def _by_events(place: str) -> Iterator[Due]:
    for event, (where, cutoff, starts_at) in EVENTS.items():
        if where == place:
            last = local_day(starts_at + LASTS, ZONES[place], cutoff)
            begins = _begins(place, last + _DAY, cutoff)
            yield Due(place, AFTER_EVENT, f"event-{identity(event)}_{last}", begins)
            opened = starts_at - OPENS_BEFORE + timedelta(hours=DOORS_HOURS)
            runs_then = local_day(opened, ZONES[place], cutoff)
            yield Due(place, AFTER_DOORS, f"event-{identity(event)}_{runs_then}", opened)


def _due_day(due: Due) -> date:
    """The day on which the report is due: the first day after its period."""
    return date.fromisoformat(due.period[-10:]) + _DAY


def _begins(place: str, day: date, cutoff: time) -> datetime:
    return datetime.combine(day, cutoff, ZoneInfo(ZONES[place])).astimezone(UTC)
