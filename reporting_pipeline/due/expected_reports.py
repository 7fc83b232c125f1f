"""The reports that should exist, and those of them that are missing or overdue.

A report is due when the last day of its period is over for its organisation, or some hours after an
event's doors. It is expected from the day on which its definition was first applied, at most a
horizon of days back; of an organisation that landed after a template, from the period in which it
landed. It is missing until the catalogue has it in each of its formats, ready or
held. So a report that was not generated during an outage is found later, with its due day.

    missing        due, and not in the catalogue
    requestable    missing, and its days are landed and built, or the wait for them has ended
    overdue        missing, and its deadline is over

The wait for days ends at the deadline if landing was tried after the report was due and a source
failed, or if the days have waited to be built for as long as the deadline allows. After an outage
of a week neither is true: late reports are then requested right after the landing.
"""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
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
    ReportDefinition,
    ReportFormat,
    Schedule,
    Status,
)
from reporting_pipeline.settings import Settings

_LOG = logging.getLogger(__name__)
_DAY = timedelta(days=1)
# A process that generates a report sets its status, but cannot reset it if it dies.
_GENERATED_WITHIN = timedelta(hours=1)

_STARTS = "select id, expected_since, first_report_day from catalogue.report_definitions"
_EXISTING = """
    select report.definition_id, report.period, report.format
    from unnest(%(organizations)s::uuid[], %(definitions)s::uuid[], %(periods)s::text[])
        as wanted (organization_id, definition_id, period)
    inner join catalogue.generated_reports as report
        on report.organization_id = wanted.organization_id
        and report.definition_id = wanted.definition_id
        and report.period = wanted.period
    where
        report.status in ('ready', 'empty', 'held')
        or (report.status in ('queued', 'running') and report.updated_at > %(begun_after)s)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingReport:
    """A report that is due and does not exist in all its formats.

    Attributes:
        due: The report, with the day on which it was due.
        formats: The formats in which it is missing.
        due_at: When the last day of its period was over.
        deadline: The time by which it should exist.
        is_ready: Its days are landed, and none of them waits to be built.
        waits_until: The end of the wait for its days; None until landing was tried.
    """

    due: DueReport
    formats: tuple[ReportFormat, ...]
    due_at: datetime
    deadline: datetime
    is_ready: bool
    waits_until: datetime | None

    @property
    def definition(self) -> ReportDefinition:
        """The report's definition."""
        return self.due.request.definition

    @property
    def period(self) -> Period:
        """The report's period."""
        return self.due.request.period

    def is_overdue(self, now: datetime) -> bool:
        """True if the deadline is over."""
        return self.deadline < now

    def is_requestable(self, now: datetime) -> bool:
        """True if the report should be requested now."""
        has_waited = self.waits_until is not None and self.waits_until < now
        return self.is_ready or has_waited


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """The reports that are expected of schedules, and by when.

    Attributes:
        horizon_days: How many days back reports are expected.
        deadlines: How long after its due time a report should exist, by schedule.
    """

    horizon_days: int
    deadlines: Mapping[Schedule, timedelta]

    @classmethod
    def of(cls, settings: Settings) -> "Expectation":
        """The expectation of the settings."""
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
    """The reports that are due and not in the catalogue, whether or not their days are landed.

    Returns:
        Oldest first.
    """
    calendar = report_calendar(connection, now, horizon_days=expectation.horizon_days)
    expected = list(_expected(connection, calendar))
    existing = _existing(connection, [each for each, _ in expected], now)
    waiting = waiting_days(connection, first_day=calendar.days[0])
    missing = []
    for due, due_at in expected:
        definition = due.request.definition
        formats = tuple(
            each
            for each in definition.formats
            if (definition.id, due.request.period.token, each) not in existing
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
                    waits_until=None if since is None else since + patience,
                )
            )
    return sorted(missing, key=lambda each: (each.due_at, each.due.as_of))


def requestable_reports(
    connection: Connection[Any], now: datetime, expectation: Expectation
) -> list[MissingReport]:
    """The missing reports that should be requested now; oldest first.

    A report whose wait has ended is requested even though its days are not ready: it is held, with
    the reason.
    """
    missing = missing_reports(connection, now, expectation)
    return [each for each in missing if each.is_requestable(now)]


def overdue_reports(
    connection: Connection[Any], now: datetime, expectation: Expectation
) -> list[MissingReport]:
    """The missing reports whose deadline is over; oldest first."""
    return [each for each in missing_reports(connection, now, expectation) if each.is_overdue(now)]


def ungenerated(
    connection: Connection[Any], due: Sequence[DueReport], now: datetime
) -> list[DueReport]:
    """The due reports that the catalogue does not have in each of their formats."""
    existing = _existing(connection, due, now)
    return [
        each
        for each in due
        if any(
            (each.request.definition.id, each.request.period.token, format_) not in existing
            for format_ in each.request.definition.formats
        )
    ]


def only_requestable(
    connection: Connection[Any],
    due: Iterable[DueReport],
    now: datetime,
    expectation: Expectation,
) -> list[DueReport]:
    """The due reports that should be requested now; the others wait for their days."""
    requestable = {
        (each.definition.id, each.period)
        for each in requestable_reports(connection, now, expectation)
    }
    return [
        each for each in due if (each.request.definition.id, each.request.period) in requestable
    ]


def _expected(
    connection: Connection[Any], calendar: ReportCalendar
) -> Iterable[tuple[DueReport, datetime]]:
    """The reports that are due by now, each with the instant since which it is due and expected."""
    starts: dict[UUID, tuple[datetime, date]] = {
        definition_id: (since, first_day or date.min)
        for definition_id, since, first_day in connection.execute(_STARTS)
    }
    active = definitions_of(connection, status=Status.ACTIVE, on_unreadable=_LOG.error)
    due_times: dict[UUID, list[EventDueTime]] = {}
    for each in event_due_times(connection, moments_of(active), as_of_days=calendar.days):
        due_times.setdefault(each.organization_id, []).append(each)
    for definition in active:
        if definition.schedule is Schedule.MANUAL:
            continue
        organization_id, (since, first_day) = definition.organization_id, starts[definition.id]
        days = [
            day
            for day in calendar.days[:-1]
            if (calendar.due_at(organization_id, day + _DAY) or since) > since
        ]
        for due in due_from([definition], days, due_times.get(organization_id, ())):
            due_at = _due_at(calendar, due)
            if due.request.period.end <= first_day:
                continue
            if due_at is not None and due_at <= calendar.now:
                yield due, max(due_at, since)


def _due_at(calendar: ReportCalendar, due: DueReport) -> datetime | None:
    """The instant at which a report is due; None beyond the calendar."""
    if due.due_at is not None:
        return due.due_at
    over_on = max(due.as_of, due.request.period.end)  # a range may end later than today
    return calendar.due_at(due.request.definition.organization_id, over_on)


def _readiness(
    calendar: ReportCalendar, waiting: WaitingDays, due: DueReport, expected_at: datetime
) -> tuple[bool, datetime | None]:
    """The readiness of a report: are its days landed and built, and since when could they be.

    The second value is None while landing was not tried after the report was due.
    """
    definition, due_at = due.request.definition, _due_at(calendar, due)
    landed, failed_at = calendar.landed_through, calendar.failed_at
    if due_at is None or landed is None or landed < due_at:
        is_tried = due_at is not None and failed_at is not None and due_at < failed_at
        return False, expected_at if is_tried else None
    datasets = map(dataset, definition.config.datasets)
    tables = tuple(table for each in datasets for table in each.depends_on)
    if due.request.subject.is_reconciled:
        tables = (*tables, RECONCILIATION_BREAKS.name)  # the gate looks at them
    since = waiting.first_in(definition.organization_id, tables, due.request.period)
    return since is None, max(expected_at, since or expected_at)


def _existing(
    connection: Connection[Any], due: Collection[DueReport], now: datetime
) -> set[tuple[UUID, str, str]]:
    """Definition, period and format of the reports that exist or are being generated."""
    requests = [each.request for each in due]
    bound = {
        "organizations": [each.definition.organization_id for each in requests],
        "definitions": [each.definition.id for each in requests],
        "periods": [each.period.token for each in requests],
        "begun_after": now - _GENERATED_WITHIN,
    }
    return set(connection.execute(_EXISTING, bound).fetchall())
