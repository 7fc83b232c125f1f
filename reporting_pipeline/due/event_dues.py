"""When the reports of events are due: the moments of definitions, as instants of each event.

What belongs here: these instants. What does not: which reports (`due_reports`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from reporting_pipeline.report_definitions.after_event import Moment
from reporting_pipeline.sources.contract import DOMAINS

# What is due has landed when every source is known past that instant.
_DUES = """
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
class EventDue:
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


def event_dues(
    connection: Connection[Any],
    moments: Collection[Moment],
    *,
    as_of_days: Collection[date] | None = None,
    event_ids: Collection[UUID] | None = None,
) -> list[EventDue]:
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
        EventDue(
            event_id=event_id,
            organization_id=organization_id,
            moment=Moment(start, count),
            as_of=as_of,
            due_at=due_at,
            is_landed=is_landed,
        )
        for event_id, organization_id, start, count, as_of, due_at, is_landed in connection.execute(
            _DUES, bound
        )
    ]
