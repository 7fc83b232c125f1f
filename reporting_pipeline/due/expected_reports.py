"""The reports that should exist, and those of them that are missing.

A report is due when the last day of its period is over for its organisation, or some hours after an
event's doors. It is expected from the day on which its definition was first applied, as far back as
a horizon goes. It is missing while the catalogue does not have it in each of its formats, ready or
held: whoever was down meanwhile, it is found again, with the day on which it was due.

    missing        due, and not there
    requestable    missing; its days are landed and built, or are waited for in vain
    overdue        missing, and its deadline is over

Days are waited for in vain from the deadline on if a source was tried since the report is due and
did not answer, or if the days have waited to be built for as long as the deadline gives. Who has
been down for a week has neither: what is due is late, and comes right after the landing.

What belongs here: the comparison. What does not: generating (`due_reports`), and who asks when
(`orchestration`).
"""

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection

from reporting_pipeline.catalogue.definition_store import definitions_of
from reporting_pipeline.domain.period import Period
from reporting_pipeline.due.due_reports import DueReport, due_from, moments_of
from reporting_pipeline.due.report_calendar import (
    EventDueTime,
    ReportCalendar,
    event_due_times,
    report_calendar,
)
from reporting_pipeline.due.stale_reports import WaitingDays, waiting_days
from reporting_pipeline.registry.datasets import dataset
from reporting_pipeline.registry.report_tables import RECONCILIATION_BREAKS
from reporting_pipeline.report_definitions.definition import (
    Category,
    ReportDefinition,
    ReportFormat,
    Schedule,
    Status,
)
from reporting_pipeline.settings import Settings

_LOG = logging.getLogger(__name__)
_DAY = timedelta(days=1)
# Who generates a report says so; who has died while it did does not take it back.
_GENERATED_WITHIN = timedelta(hours=1)

_STANDING = """
    select report.definition_id, report.period, report.format
    from unnest(%(organizations)s::uuid[], %(definitions)s::uuid[], %(periods)s::text[])
        as wanted (organization_id, definition_id, period)
    inner join catalogue.generated_reports as report
        on report.organization_id = wanted.organization_id
        and report.definition_id = wanted.definition_id
        and report.period = wanted.period
    where
        report.status in ('ready', 'held')
        or (report.status in ('queued', 'running') and report.updated_at > %(begun_after)s)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingReport:
    """A report that is due and does not exist in all its formats.

    Attributes:
        due: The report, with the day on which it was due.
        formats: In which it is missing.
        due_at: When the last day of its period was over.
        deadline: By when it has to be there.
        is_ready: Its days are landed, and none of them waits to be built.
        waited_for_until: How long it is waited for that it is; None: until landing is tried.
    """

    due: DueReport
    formats: tuple[ReportFormat, ...]
    due_at: datetime
    deadline: datetime
    is_ready: bool
    waited_for_until: datetime | None

    @property
    def definition(self) -> ReportDefinition:
        """Whose report it is."""
        return self.due.request.definition

    @property
    def period(self) -> Period:
        """What it is about."""
        return self.due.request.period

    def is_overdue(self, now: datetime) -> bool:
        """Whether its deadline is over."""
        return self.deadline < now

    def is_requestable(self, now: datetime) -> bool:
        """Whether it is to be asked for now."""
        is_in_vain = self.waited_for_until is not None and self.waited_for_until < now
        return self.is_ready or is_in_vain


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What is expected of schedules.

    Attributes:
        horizon_days: How many days back reports are expected.
        deadlines: How long after it is due a report of a schedule has to be there.
    """

    horizon_days: int
    deadlines: Mapping[Schedule, timedelta]

    @classmethod
    def of(cls, settings: Settings) -> "Expectation":
        """What the settings say."""
        hours = {
            Schedule.DAILY: settings.daily_deadline_hours,
            Schedule.WEEKLY: settings.weekly_deadline_hours,
            Schedule.MONTHLY: settings.monthly_deadline_hours,
            Schedule.POST_EVENT: settings.event_deadline_hours,
        }
        return cls(
            horizon_days=settings.report_horizon_days,
            deadlines={schedule: timedelta(hours=each) for schedule, each in hours.items()},
        )


def missing_reports(
    connection: Connection[Any], now: datetime, expectation: Expectation
) -> list[MissingReport]:
    """The reports that are due and not there, whether or not their days are landed.

    Returns:
        Oldest first.
    """
    calendar = report_calendar(connection, now, horizon_days=expectation.horizon_days)
    expected = list(_expected(connection, calendar))
    standing = _standing(connection, [each for each, _ in expected], now)
    waiting = waiting_days(connection, first_day=calendar.days[0])
    missing = []
    for due, due_at in expected:
        definition = due.request.definition
        formats = tuple(
            each
            for each in definition.formats
            if (definition.id, due.request.period.token, each) not in standing
        )
        if formats:
            patience = expectation.deadlines[definition.schedule]
            is_ready, since = _readiness(calendar, waiting, due, due_at)
            missing.append(
                MissingReport(
                    due=due,
                    formats=formats,
                    due_at=due_at,
                    deadline=due_at + patience,
                    is_ready=is_ready,
                    waited_for_until=None if since is None else since + patience,
                )
            )
    return sorted(missing, key=lambda each: (each.due_at, each.due.as_of))


def requestable_reports(
    connection: Connection[Any], now: datetime, expectation: Expectation
) -> list[MissingReport]:
    """Of the missing reports those to ask for now; oldest first.

    One whose days are waited for in vain is asked for all the same: it is held, with the reason.
    """
    missing = missing_reports(connection, now, expectation)
    return [each for each in missing if each.is_requestable(now)]


def overdue_reports(
    connection: Connection[Any], now: datetime, expectation: Expectation
) -> list[MissingReport]:
    """Of the missing reports those whose deadline is over; oldest first."""
    return [each for each in missing_reports(connection, now, expectation) if each.is_overdue(now)]


def only_requestable(
    connection: Connection[Any],
    due: Iterable[DueReport],
    now: datetime,
    expectation: Expectation,
) -> list[DueReport]:
    """Of these reports those to ask for now; what is not landed or not built is left waiting."""
    asked_for = {
        (each.definition.id, each.period)
        for each in requestable_reports(connection, now, expectation)
    }
    return [each for each in due if (each.request.definition.id, each.request.period) in asked_for]


def _expected(
    connection: Connection[Any], calendar: ReportCalendar
) -> Iterable[tuple[DueReport, datetime]]:
    """What is due by now, with the instant from which it is, or from which it is expected."""
    begun: dict[UUID, datetime] = dict(
        connection.execute("select id, expected_since from catalogue.report_definitions").fetchall()
    )
    active = definitions_of(connection, status=Status.ACTIVE, on_unreadable=_LOG.error)
    dues: dict[UUID, list[EventDueTime]] = {}
    for each in event_due_times(connection, moments_of(active), as_of_days=calendar.days):
        dues.setdefault(each.organization_id, []).append(each)
    for definition in active:
        if definition.schedule is Schedule.MANUAL:
            continue
        organization_id, begun_at = definition.organization_id, begun[definition.id]
        days = [
            day
            for day in calendar.days[:-1]
            if (calendar.due_at(organization_id, day + _DAY) or begun_at) > begun_at
        ]
        for due in due_from([definition], days, dues.get(organization_id, ())):
            due_at = _due_at(calendar, due)
            if due_at is not None and due_at <= calendar.now:
                yield due, max(due_at, begun_at)


def _due_at(calendar: ReportCalendar, due: DueReport) -> datetime | None:
    """When a report is due; None: beyond the calendar."""
    if due.due_at is not None:
        return due.due_at
    over_on = max(due.as_of, due.request.period.end)  # a range may end later than today
    return calendar.due_at(due.request.definition.organization_id, over_on)


def _readiness(
    calendar: ReportCalendar, waiting: WaitingDays, due: DueReport, expected_at: datetime
) -> tuple[bool, datetime | None]:
    """Whether its days are landed and built, and since when they could have been; None: not yet."""
    definition, due_at = due.request.definition, _due_at(calendar, due)
    landed, failed_at = calendar.landed_through, calendar.failed_at
    if due_at is None or landed is None or landed < due_at:
        is_tried = due_at is not None and failed_at is not None and due_at < failed_at
        return False, expected_at if is_tried else None
    tables = dataset(definition.config.dataset).rests_on
    if definition.category is Category.FINANCIAL:
        tables = (*tables, RECONCILIATION_BREAKS.name)  # the gate looks at them
    since = waiting.first_in(definition.organization_id, tables, due.request.period)
    return since is None, max(expected_at, since or expected_at)


def _standing(
    connection: Connection[Any], due: Collection[DueReport], now: datetime
) -> set[tuple[UUID, str, str]]:
    """Definition, period and format of those that exist, or are being generated."""
    requests = [each.request for each in due]
    bound = {
        "organizations": [each.definition.organization_id for each in requests],
        "definitions": [each.definition.id for each in requests],
        "periods": [each.period.token for each in requests],
        "begun_after": now - _GENERATED_WITHIN,
    }
    return set(connection.execute(_STANDING, bound).fetchall())
