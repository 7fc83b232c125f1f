"""The ends of report days, the due times of reports of events, and the progress of landing.

A day is over for an organisation when it has ended in its own zone and in those of all its events.
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
# A day begins up to 14 hours earlier than in UTC, and a report of an open day is as of the next.
_AHEAD = 3 * _DAY

# A time zone, and the local time at which its days begin.
_Clock: TypeAlias = tuple[str, time]
_UTC: _Clock = ("UTC", time(0))

_OF_ORGANIZATIONS = """
    select id, coalesce(timezone, 'UTC'), time '00:00' from landing.ticketing_organizations
    union
    select organization_id, timezone, day_cutoff from landing.ticketing_events
"""
_FAILED = "select max(last_at) from landing.source_faults"
_LANDED = "select min(complete_through) from landing.source_reads having count(*) = %s"
# A due time has landed when every source has landed past that instant.
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
        where
            (%(event_ids)s::uuid[] is null or id = any(%(event_ids)s))
            -- Without a new day, the event has not taken place and nobody knows when it will.
            and not (status = 'postponed' and rescheduled_from is null)
    ),

    due_times as (
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
    from due_times
    where %(days)s::date[] is null or as_of = any(%(days)s)
    order by as_of, due_at, event_id, start, count
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportCalendar:
    """The days around now, by the clocks of every organisation.

    Attributes:
        now: The time of the calendar.
        days: Oldest first, up to the days that begin soon. Earlier days count as the first one.
        landed_through: All sources have landed up to this instant; None if one never landed.
        failed_at: When landing last failed at a source; None if it has not failed since its last
            success.
        begins: When each day begins, by clock.
        clocks: The clocks of each organisation and its events.
    """

    now: datetime
    days: tuple[date, ...]
    landed_through: datetime | None
    failed_at: datetime | None
    begins: Mapping[tuple[date, _Clock], datetime]
    clocks: Mapping[UUID, frozenset[_Clock]]

    def due_at(self, organization_id: UUID, as_of: date) -> datetime | None:
        """The instant when all days before `as_of` are over for an organisation.

        None if that is beyond the calendar.
        """
        clocks = self.clocks.get(organization_id, frozenset({_UTC}))
        as_of = max(as_of, self.days[0])
        if as_of > self.days[-1]:
            return None
        return max(self.begins[as_of, clock] for clock in clocks)

    def is_over(self, organization_id: UUID, as_of: date) -> bool:
        """True if all days before `as_of` are over."""
        due_at = self.due_at(organization_id, as_of)
        return due_at is not None and due_at <= self.now


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDueTime:
    """The instant at which reports of an event are due, for one moment of definitions.

    Attributes:
        as_of: The first report day that is not part of a report due then.
        due_at: The instant: the end of the report day before, unless it is relative to the doors.
        is_landed: Every source has landed past that instant.
    """

    event_id: UUID
    organization_id: UUID
    moment: Moment
    as_of: date
    due_at: datetime
    is_landed: bool


def report_calendar(
    connection: Connection[Any], now: datetime, *, horizon_days: int
) -> ReportCalendar:
    """The calendar from `horizon_days` before now, in the connection's snapshot."""
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
        clocks={each: frozenset(own) for each, own in clocks.items()},
    )


def event_due_times(
    connection: Connection[Any],
    moments: Collection[Moment],
    *,
    as_of_days: Collection[date] | None = None,
    event_ids: Collection[UUID] | None = None,
) -> list[EventDueTime]:
    """The due times of every landed event, oldest first; drafts and cancelled events too.

    A postponed event without a new day has none. With one, `ends_at` is that of the new day.

    Args:
        connection: To the warehouse.
        moments: The moments of definitions, such as two days after the end.
        as_of_days: Only those due on one of these days; None means all.
        event_ids: Only those of these events; None means all.
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
