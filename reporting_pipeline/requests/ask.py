"""Asks for a report: returns the current report, or queues a request for it.

If a request for the same report is already open, it is used again, also that of another caller. If
the last one was held, and would be held again, it is the answer (`earlier_answers`).

A report in the catalogue is current if generating it now would give the same file: none of its days
was checked or rebuilt since it was read, its seals and watermarks are those of its manifest, and
the gate would publish it with the same stamp, with the same version of its definition and of the
logic. Any other report is generated again, which gives the same bytes if nothing has changed. So
a report over days that are not final is current until the next landing.

The file of a current report is looked at in the store before it is returned. If it is gone or
altered, a request for it is queued, which puts the same bytes again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from psycopg import Connection
from sqlalchemy import URL

from reporting_pipeline.catalogue.generated_reports import GeneratedReport, generated_report
from reporting_pipeline.catalogue.notices import RequestChange, write_request_notice
from reporting_pipeline.catalogue.report_keys import ReportKey
from reporting_pipeline.catalogue.stored_files import StoreFinding
from reporting_pipeline.checks.seals import SealedPeriod
from reporting_pipeline.domain.period import Period
from reporting_pipeline.errors import DefinitionInvalid
from reporting_pipeline.exports.manifest import AcceptedBreakPart, SealPart, WatermarkPart
from reporting_pipeline.publishing.gate import accepted_parts, judge, seal_parts, watermark_parts
from reporting_pipeline.publishing.snapshot import ReportRequest, report_state
from reporting_pipeline.publishing.stored_file import look_at
from reporting_pipeline.registry.report_tables import LOGIC_VERSION
from reporting_pipeline.report_definitions.compile import compile_report
from reporting_pipeline.report_definitions.definition import (
    ReportDefinition,
    ReportFormat,
    Status,
)
from reporting_pipeline.report_definitions.period_rules import MAX_RANGE_DAYS, unfit_period
from reporting_pipeline.requests.earlier_answers import are_days_changed, earlier_answer
from reporting_pipeline.requests.request_queue import (
    AnswerState,
    StoredRequest,
    stored_request,
)
from reporting_pipeline.store.object_store import ObjectStore
from reporting_pipeline.warehouse.engine import warehouse_connection

_ONE_DAY = timedelta(days=1)

# If a provisional file is allowed by one of the callers, it is allowed for the open request.
_QUEUE = """
    insert into catalogue.report_requests (
        id, organization_id, definition_id, version, period, period_first, period_end, event_id,
        format, is_provisional_allowed, report_id
    )
    values (
        %(id)s, %(organization_id)s, %(definition_id)s, %(version)s, %(period)s, %(period_first)s,
        %(period_end)s, %(event_id)s, %(format)s, %(is_provisional_allowed)s, %(report_id)s
    )
    on conflict (organization_id, definition_id, version, period, format)
    where status in ('queued', 'running')
    do update set
        is_provisional_allowed = report_requests.is_provisional_allowed
            or excluded.is_provisional_allowed
    returning id
"""

# A request starts before its rows are read, and the clocks of two machines differ by less than a
# minute. `generated_at` is later than the read: the file is written in between. If in doubt, a
# report is generated twice rather than wrongly returned as current.
_LAST_READ = """
    select greatest(
        %(generated_at)s::timestamptz - interval '15 minutes',
        max(started_at) - interval '1 minute'
    )
    from catalogue.report_requests
    where report_id = %(id)s and status = 'completed' and version = %(version)s
"""

# An event that changed hands has a report for each organisation that sold it.
_OWN_EVENT = """
    select 1 from landing.ticketing_events
    where id = %(event_id)s and organization_id = %(organization_id)s
    union all
    select 1 from landing.ticketing_orders as sold
    where
        event_id = %(event_id)s
        and organization_id = %(organization_id)s
        and exists (
            select from landing.ticketing_order_line_movements as movement
            inner join landing.ticketing_ticket_types as type
                on type.id = movement.ticket_type_id and type.event_id = sold.event_id
            where movement.order_id = sold.id
        )
    limit 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to a question for a report: a request, if the report is not current.

    Attributes:
        request: The request, if the report is not current: open, or ended as held or empty where
            another would end the same way.
        is_new: The request is queued by this call.
        lost: The fault of the current report's file in the store, so that the report is requested
            again; None if there is none.
    """

    request: StoredRequest | None = None
    is_new: bool = False
    lost: StoreFinding | None = None

    @property
    def state(self) -> AnswerState:
        """The state of the report for the caller."""
        return AnswerState.READY if self.request is None else self.request.state

    @property
    def reason(self) -> str | None:
        """Why the report is held; None in any other state."""
        return None if self.request is None else self.request.reason


@dataclass(frozen=True, slots=True, kw_only=True)
class AskResult(Answer):
    """The current report, or the request for it.

    Attributes:
        report: The report, if it is current.
    """

    report: GeneratedReport | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskContext:
    """The time of a call, and the setting it depends on.

    Attributes:
        now: The time of the call; a period that has not begun by then is refused.
        final_delay_seconds: How long after a day's end late rows are awaited.
        store: The store in which the file of a current report is looked at; None: it is not.
    """

    now: datetime
    final_delay_seconds: int
    store: ObjectStore | None = None


def ask(
    warehouse: URL, context: AskContext, request: ReportRequest, format_: ReportFormat
) -> AskResult:
    """Return the current report in one format, or queue a request for it.

    If the last request was held, and nothing has changed since, it is the answer.

    Raises:
        DefinitionInvalid: The report cannot be generated: the definition is not active, does not
            have the format, or does not allow the period.
        StoreError: The store cannot be reached, or refuses a request.
        WarehouseUnavailable: The warehouse cannot be reached.
    """
    with warehouse_connection(warehouse) as connection:
        return ask_within(connection, context, request, format_)


def ask_within(
    connection: Connection[Any], context: AskContext, request: ReportRequest, format_: ReportFormat
) -> AskResult:
    """Do the same as `ask`, in the connection's transaction."""
    _refuse(connection, context, request, format_)
    report = current_report(connection, request, format_, delay_seconds=context.final_delay_seconds)
    lost = None
    if report is not None and context.store is not None:
        lost = look_at(connection, context.store, report, context.now)
    if report is not None and lost is None:
        return AskResult(report=report)
    key = ReportKey.of(request.definition, request.period, format_)
    if report is None:
        answered = earlier_answer(
            connection, request, key, delay_seconds=context.final_delay_seconds
        )
        if answered is not None:
            return AskResult(request=answered)
    new_id = uuid4()
    row = {
        **key.columns,
        "id": new_id,
        "report_id": key.id,
        "version": request.definition.version,
        "is_provisional_allowed": request.is_provisional_allowed,
    }
    [(request_id,)] = connection.execute(_QUEUE, row).fetchall()
    if request_id == new_id:
        write_request_notice(
            connection, key, RequestChange(kind="queued", request_id=new_id), context.now
        )
    return AskResult(
        request=stored_request(connection, request_id), is_new=request_id == new_id, lost=lost
    )


def current_report(
    connection: Connection[Any],
    request: ReportRequest,
    format_: ReportFormat,
    *,
    delay_seconds: int,
) -> GeneratedReport | None:
    """The report in the catalogue if it is current; None if it must be generated."""
    report = generated_report(
        connection, ReportKey.of(request.definition, request.period, format_).id
    )
    if report is None or not _has_current_version(report, request):
        return None
    sealed = report_state(connection, request, delay_seconds=delay_seconds).sealed
    if sealed is None or not _would_be_published_unchanged(report, request, sealed):
        return None
    bound = {"generated_at": report.generated_at, "id": report.id, "version": report.version}
    [(read_at,)] = connection.execute(_LAST_READ, bound).fetchall()
    is_changed = are_days_changed(connection, request, sealed, read_at)
    return None if is_changed else report


def _refuse(
    connection: Connection[Any], context: AskContext, request: ReportRequest, format_: ReportFormat
) -> None:
    """Refuse a request that could only fail later."""
    definition, period = request.definition, request.period
    reason = _unfit_definition(definition, format_) or _unfit_period(period, context.now)
    if reason is None and period.event_id is not None:
        reason = _unknown_event(connection, definition.organization_id, period.event_id)
    if reason is None and not _was_published(connection, request, format_):
        reason = unfit_period(definition.config.period, period)
    if reason is not None:
        message = f"{definition.slug} of {definition.organization_id}: {reason}"
        raise DefinitionInvalid(message)
    for each in definition.config.parts:
        compile_report(each, definition.organization_id, period)


def _was_published(
    connection: Connection[Any], request: ReportRequest, format_: ReportFormat
) -> bool:
    """True if the report has an edition: a former version may have had another period rule."""
    key = ReportKey.of(request.definition, request.period, format_)
    report = generated_report(connection, key.id)
    return report is not None and report.edition > 0


def _unfit_definition(definition: ReportDefinition, format_: ReportFormat) -> str | None:
    if definition.status is not Status.ACTIVE:
        return (
            f"the definition is {definition.status}; only reports of active ones can be requested"
        )
    if format_ not in definition.formats:
        return f"it has no format {format_}, but {', '.join(definition.formats)}"
    return None


def _unfit_period(period: Period, now: datetime) -> str | None:
    # In the east a day begins up to half a day earlier than in UTC.
    if (period.first or period.last) > now.date() + _ONE_DAY:
        return f"the period {period.token} has not begun"
    if period.first is not None and (period.end - period.first).days > MAX_RANGE_DAYS:
        return f"the period {period.token} has more than {MAX_RANGE_DAYS} days"
    return None


def _unknown_event(
    connection: Connection[Any], organization_id: UUID, event_id: UUID
) -> str | None:
    found = connection.execute(
        _OWN_EVENT, {"event_id": event_id, "organization_id": organization_id}
    ).fetchone()
    return None if found else f"the organisation has no event {event_id}"


def _has_current_version(report: GeneratedReport, request: ReportRequest) -> bool:
    manifest = report.manifest or {}
    return (
        report.status == "ready"
        and report.version == request.definition.version
        and manifest.get("logic_version") == LOGIC_VERSION
    )


def _would_be_published_unchanged(
    report: GeneratedReport, request: ReportRequest, sealed: SealedPeriod
) -> bool:
    """True if the report has these seals, and the gate would publish it with the same stamp."""
    verdict = judge(request.subject, sealed, is_provisional_allowed=request.is_provisional_allowed)
    manifest = report.manifest or {}
    return (
        not verdict.held_by
        and verdict.is_provisional == report.is_provisional
        and manifest.get("seals") == _plain(seal_parts(sealed))
        and manifest.get("accepted_breaks", []) == _plain(accepted_parts(sealed))
        and manifest.get("watermarks") == _plain(watermark_parts(sealed))
    )


def _plain(parts: Sequence[AcceptedBreakPart | SealPart | WatermarkPart]) -> list[dict[str, Any]]:
    return [each.model_dump(mode="json") for each in parts]
