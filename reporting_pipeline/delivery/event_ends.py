"""When events end, and on which days their reports are due.

What belongs here: those days. What does not: which reports (`due_reports`).
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection

from reporting_pipeline.sources.contract import DOMAINS

# As in report_event_summary.is_final.
FINAL_AFTER_DAYS = 30
_DAY = timedelta(days=1)

# A due day has landed when every source is known past its beginning, where the event is.
_ENDS = """
    select
        id as event_id,
        organization_id,
        landing.report_day(ends_at, timezone, day_cutoff) as last_day,
        array(
            select due_day
            from unnest(array[
                landing.report_day(ends_at, timezone, day_cutoff) + 1,
                landing.report_day(ends_at, timezone, day_cutoff) + 1 + %(final_after_days)s
            ]) as due_day
            where (due_day + day_cutoff) at time zone timezone <= (
                select min(complete_through) from landing.source_reads
                having count(*) = %(domain_count)s
            )
            order by due_day
        ) as landed_due_days
    from landing.ticketing_events
    order by last_day, id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventEnd:
    """An event and its last report day.

    Attributes:
        landed_due_days: Of its due days, those before which all sources have landed.
    """

    event_id: UUID
    organization_id: UUID
    last_day: date
    landed_due_days: tuple[date, ...]

    @property
    def due_days(self) -> tuple[date, date]:
        """When its reports are due: at once after it, and when it is final."""
        return self.last_day + _DAY, self.last_day + (FINAL_AFTER_DAYS + 1) * _DAY


def event_ends(connection: Connection[Any]) -> list[EventEnd]:
    """Every landed event with its last report day, oldest first; drafts and cancelled ones too."""
    bound = {"final_after_days": FINAL_AFTER_DAYS, "domain_count": len(DOMAINS)}
    return [
        EventEnd(
            event_id=event_id,
            organization_id=organization_id,
            last_day=last_day,
            landed_due_days=tuple(landed),
        )
        for event_id, organization_id, last_day, landed in connection.execute(_ENDS, bound)
    ]
