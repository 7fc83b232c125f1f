"""Days that wait to be built or sealed, by organisation and report table.

    touched    rows have landed since the day was built
    rebuilt    it was built since, and reports that rest on it are not looked at yet
    waiting    touched, or rebuilt and not sealed

What belongs here: these days. What does not: building them, and the reports that rest on them
(`touched_reports`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from reporting_pipeline.domain.period import Period

_WAITING = """
    select organization_id, report_table, report_day, min(since)
    from (
        select organization_id, report_table, report_day, touched_at as since
        from landing.touched_days
        where report_day >= %(first_day)s
        union all
        select
            rebuilt.organization_id, rebuilt.report_table, rebuilt.report_day,
            rebuilt.rebuilt_at as since
        from reporting.rebuilt_days as rebuilt
        left join reporting.sealed_days as sealed on rebuilt.report_day = sealed.date
        where rebuilt.report_day >= %(first_day)s and sealed.date is null
    ) as waiting
    group by organization_id, report_table, report_day
"""

_DAYS = """
    select report_day, max(touched) || '/' || max(rebuilt)
    from (
        select report_day, id as touched, 0 as rebuilt from landing.touched_days
        union all
        select waiting.report_day, 0 as touched, waiting.id as rebuilt
        from reporting.rebuilt_days as waiting
        left join reporting.sealed_days as sealed on waiting.report_day = sealed.date
        where sealed.date is null
    ) as waiting
    group by report_day
    order by report_day
"""


@dataclass(frozen=True, slots=True)
class DaysOfTables:
    """Days by organisation and report table, each with an instant; None: of all organisations."""

    days: Mapping[tuple[UUID | None, str], Mapping[date, datetime]]

    def first_in(
        self, organization_id: UUID, tables: Collection[str], period: Period
    ) -> datetime | None:
        """The first instant of the organisation's days of these tables in a period; None: none."""
        instants = [
            instant
            for table in tables
            for whose in (organization_id, None)
            for day, instant in self.days.get((whose, table), {}).items()
            if day < period.end and (period.first is None or period.first <= day)
        ]
        return min(instants, default=None)


def waiting_days(connection: Connection[Any], *, first_day: date) -> DaysOfTables:
    """The days from `first_day` on that wait to be built or sealed, with since when each does."""
    days: dict[tuple[UUID | None, str], dict[date, datetime]] = {}
    for organization_id, table, day, since in connection.execute(
        _WAITING, {"first_day": first_day}
    ):
        days.setdefault((organization_id, table), {})[day] = since
    return DaysOfTables(days)


def days_to_rebuild(connection: Connection[Any]) -> dict[date, str]:
    """The days that wait to be built or sealed, oldest first, each with a mark of its newest cause.

    A day whose build died before its seal is among them, too.
    """
    return dict(connection.execute(_DAYS).fetchall())


def days_beyond(connection: Connection[Any], *, first_day: date) -> list[date]:
    """The days before `first_day` that wait: nothing rebuilds them by itself; oldest first."""
    return [day for day in days_to_rebuild(connection) if day < first_day]
