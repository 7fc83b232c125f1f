"""When the days of an organisation are over, and how far they are landed.

A day is over for an organisation when it has ended in its own zone and in those of all its events.

What belongs here: instants. What does not: which reports are due then (`expected_reports`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

from psycopg import Connection

from reporting_pipeline.report_definitions.period_rules import Moment
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


# What is due has landed when every source is known past that instant.
_EVENT_DUE_TIMES = """
    with moments as (
        select * from unnest(%(starts)s::text[], %(counts)s::int[]) as moment (start, count)
    ),

    ends as (
        select
            *,
            coalesce(doors_at, starts_at) as opens_at,
            landing.report_day(ends_at, timezone, day_cutoff) as last_day
        from landing.ticketing_events
        where %(event_ids)s::uuid[] is null or id = any(%(event_ids)s)
    ),

    dues as (
        select
            ends.id as event_id,
            ends.organization_id,
            moments.start,
            moments.count,
            landing.report_day(
                ends.opens_at + moments.count * interval '1 hour', ends.timezone, ends.day_cutoff
            ) + 1 as as_of,
            ends.opens_at + moments.count * interval '1 hour' as due_at
        from ends
        cross join moments
        where moments.start = 'doors'
        union all
        select
            ends.id,
            ends.organization_id,
            moments.start,
            moments.count,
            ends.last_day + moments.count,
            (ends.last_day + moments.count + ends.day_cutoff) at time zone ends.timezone
        from ends
        cross join moments
        where moments.start = 'end'
    )

    select
        event_id, organization_id, start, count, as_of, due_at,
        coalesce(due_at <= (
            select min(complete_through) from landing.source_reads
            having count(*) = %(domain_count)s
        ), false)
    from dues
    where %(days)s::date[] is null or as_of = any(%(days)s)
    order by as_of, due_at, event_id, start, count
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDueTime:
    """A moment of an event.

    Attributes:
        as_of: The first report day that a report made then is not about.
        due_at: When that is; the end of the report day before, unless the doors decide.
        is_landed: Every source has landed past it.
    """

    event_id: UUID
    organization_id: UUID
    moment: Moment
    as_of: date
    due_at: datetime
    is_landed: bool


def event_due_times(
    connection: Connection[Any],
    moments: Collection[Moment],
    *,
    as_of_days: Collection[date] | None = None,
    event_ids: Collection[UUID] | None = None,
) -> list[EventDueTime]:
    """These moments of every landed event, the oldest first; drafts and cancelled ones too.

    Args:
        connection: To the warehouse.
        moments: Which.
        as_of_days: Only what is due on one of them; None: on any day.
        event_ids: Only of these events; None: of all.
    """
    if not moments:
        return []
    bound = {
        "starts": [each.start for each in moments],
        "counts": [each.count for each in moments],
        "days": None if as_of_days is None else sorted(as_of_days),
        "event_ids": None if event_ids is None else list(event_ids),
        "domain_count": len(DOMAINS),
    }
    return [
        EventDueTime(
            event_id=event_id,
            organization_id=organization_id,
            moment=Moment(start, count),
            as_of=as_of,
            due_at=due_at,
            is_landed=is_landed,
        )
        for event_id, organization_id, start, count, as_of, due_at, is_landed in connection.execute(
            _EVENT_DUE_TIMES, bound
        )
    ]
