"""Which reports are due on a day, and generating them in a batch.

    daily        every day, about what the definition's period rule says of it
    weekly       on the day after the rule's week ends; Mondays where the rule has no week
    monthly      on the first of a month
    post_event   on the day after an event's last report day, and 30 days later, when it is final

What belongs here: which reports, and that one which fails does not stop the others. What does not:
generating one (`generate`), and when anybody looks (`orchestration`, `cli`).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection

from reporting_pipeline.delivery.catalogue.definitions import definitions_of
from reporting_pipeline.delivery.generate import Delivery, Outcome, generate
from reporting_pipeline.delivery.report_rows import ReportRequest
from reporting_pipeline.errors import ReportingError
from reporting_pipeline.reports.definitions.definition import (
    ReportDefinition,
    ReportFormat,
    Schedule,
    Status,
)
from reporting_pipeline.reports.definitions.period_rules import resolve

# As in report_event_summary.is_final.
FINAL_AFTER_DAYS = 30
_DAY = timedelta(days=1)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True, kw_only=True)
class DueResult:
    """What became of one due report.

    Attributes:
        outcomes: One per format; none where the report failed before its formats.
        error: Why it did.
    """

    request: ReportRequest
    outcomes: tuple[Outcome, ...] = ()
    error: ReportingError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventEnd:
    """An event and its last report day."""

    event_id: UUID
    organization_id: UUID
    last_day: date

    @property
    def due_days(self) -> tuple[date, date]:
        """When its reports are due: at once after it, and when it is final."""
        return self.last_day + _DAY, self.last_day + (FINAL_AFTER_DAYS + 1) * _DAY


def due_requests(
    connection: Connection[Any], schedule: Schedule, as_of_days: Iterable[date]
) -> list[ReportRequest]:
    """The reports of a schedule that are due on any of the days, oldest first.

    Args:
        connection: To the warehouse.
        schedule: Any but manual, whose reports are never due.
        as_of_days: Days on which they are due: what is due on a day is about days before it.
    """
    definitions = definitions_of(connection, schedule=schedule, status=Status.ACTIVE)
    if schedule is Schedule.POST_EVENT:
        wanted = set(as_of_days)
        ends = event_ends(connection)
        return event_requests(definitions, ends, wanted)
    return [
        _request(definition, as_of)
        for as_of in sorted(as_of_days)
        for definition in definitions
        if _is_due(definition, as_of)
    ]


def event_ends(connection: Connection[Any]) -> list[EventEnd]:
    """Every landed event with its last report day, oldest first; drafts and cancelled ones too."""
    rows = connection.execute(
        "select id, organization_id, landing.report_day(ends_at, timezone, day_cutoff) as last_day"
        " from landing.ticketing_events order by last_day, id"
    )
    return [
        EventEnd(event_id=event_id, organization_id=organization_id, last_day=last_day)
        for event_id, organization_id, last_day in rows
    ]


def event_requests(
    definitions: Sequence[ReportDefinition], ends: Iterable[EventEnd], as_of_days: set[date]
) -> list[ReportRequest]:
    """The reports on events that are due on any of the days, oldest first."""
    due = sorted(
        (as_of, end.event_id, end) for end in ends for as_of in end.due_days if as_of in as_of_days
    )
    return [
        _request(definition, as_of, end.event_id)
        for as_of, _, end in due
        for definition in definitions
        if definition.organization_id == end.organization_id
    ]


def generate_all(
    delivery: Delivery,
    requests: Iterable[ReportRequest],
    formats: Sequence[ReportFormat] = (),
) -> Iterator[DueResult]:
    """Generate reports one after another; what becomes of each is told as it is done.

    Args:
        delivery: Where reports are read and where they go.
        requests: Which.
        formats: Of those that a definition asks for, only these; empty: all.
    """
    for request in requests:
        wanted = [each for each in request.definition.formats if not formats or each in formats]
        if not wanted:
            continue
        try:
            outcomes = tuple(generate(delivery, request, wanted))
        except ReportingError as error:
            yield DueResult(request=request, error=error)
        else:
            yield DueResult(request=request, outcomes=outcomes)


def _request(
    definition: ReportDefinition, as_of: date, event_id: UUID | None = None
) -> ReportRequest:
    period = resolve(definition.config.period, as_of, event_id)
    return ReportRequest(definition=definition, period=period)


def _is_due(definition: ReportDefinition, as_of: date) -> bool:
    match definition.schedule:
        case Schedule.DAILY:
            return True
        case Schedule.WEEKLY:
            first_weekday = definition.config.period.first_weekday or _WEEKDAYS[0]
            return as_of.weekday() == _WEEKDAYS.index(first_weekday)
        case Schedule.MONTHLY:
            return as_of.day == 1
        case _:
            return False
