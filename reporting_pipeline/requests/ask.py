"""Asks for a report: returns the current report, or queues a request for it.

If a request for the same report is already open, it is used again, also that of another caller.

A report is current if generating it now would end as its last generation did
(`publishing.current`): with the same file, held for the same reasons, or without rows. Of a held or
empty one, the request that ended so is the answer. Any other report is generated again. A failure
may have a cause outside the warehouse, as a full disk is, so asking again tries again. A report
over days that are not final is current until the next landing.

The file of a current report is looked at in the store before it is returned. If it is gone or
altered, a request for it is queued, which puts the same bytes again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from psycopg import Connection, Rollback
from sqlalchemy import URL

from reporting_pipeline.catalogue.generated_reports import GeneratedReport, generated_report
from reporting_pipeline.catalogue.notices import RequestChange, write_request_notice
from reporting_pipeline.catalogue.report_keys import ReportKey
from reporting_pipeline.catalogue.stored_files import StoreFinding
from reporting_pipeline.domain.period import Period
from reporting_pipeline.errors import DefinitionInvalid
from reporting_pipeline.publishing.current import current_report
from reporting_pipeline.publishing.snapshot import ReportRequest
from reporting_pipeline.publishing.stored_file import look_at
from reporting_pipeline.report_definitions.compile import compile_report
from reporting_pipeline.report_definitions.definition import (
    ReportDefinition,
    ReportFormat,
    Status,
)
from reporting_pipeline.report_definitions.period_rules import MAX_RANGE_DAYS, unfit_period
from reporting_pipeline.requests.request_queue import (
    AnswerState,
    StoredRequest,
    last_request,
    stored_request,
)
from reporting_pipeline.store.object_store import ObjectStore
from reporting_pipeline.warehouse.engine import warehouse_connection

MAX_CORRELATION_IDS = 100
"""An open request has at most so many correlation ids; a constraint of its table has the number."""

_ONE_DAY = timedelta(days=1)

# If a provisional file is allowed by one of the callers, it is allowed for the open request.
_QUEUE = """
    insert into catalogue.report_requests (
        id, organization_id, definition_id, version, period, period_first, period_end, event_id,
        format, is_provisional_allowed, report_id, correlation_ids
    )
    values (
        %(id)s, %(organization_id)s, %(definition_id)s, %(version)s, %(period)s, %(period_first)s,
        %(period_end)s, %(event_id)s, %(format)s, %(is_provisional_allowed)s, %(report_id)s,
        %(correlation_ids)s
    )
    on conflict (organization_id, definition_id, version, period, format)
    where status in ('queued', 'running')
    do update set
        is_provisional_allowed = report_requests.is_provisional_allowed
            or excluded.is_provisional_allowed,
        correlation_ids = case
            when
                report_requests.correlation_ids @> excluded.correlation_ids
                or cardinality(report_requests.correlation_ids) >= %(most_correlations)s
                then report_requests.correlation_ids
            else report_requests.correlation_ids || excluded.correlation_ids
        end
    returning id, correlation_ids
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
    connection: Connection[Any],
    context: AskContext,
    request: ReportRequest,
    format_: ReportFormat,
    *,
    correlation_id: str | None = None,
) -> AskResult:
    """Do the same as `ask`, in the connection's transaction.

    Args:
        connection: To the warehouse.
        context: The time of the call.
        request: The report.
        format_: Its format.
        correlation_id: What the caller calls its request. If the request is open, the notices about
            it have the id, and one says at once that it is queued.

    Raises:
        DefinitionInvalid: As ask; or the request has as many correlation ids as it can have.
        StoreError: As ask.
    """
    _refuse(connection, context, request, format_)
    known, lost = _known(connection, context, request, format_)
    if known is not None:
        return known
    meanwhile: list[AskResult] = []
    with connection.transaction() as savepoint:
        request_id, is_new = _queue(connection, context, request, format_, correlation_id)
        if is_new and lost is None:
            # A request for it may have ended since the report was looked at.
            known, lost = _known(connection, context, request, format_)
            if known is not None:
                meanwhile.append(known)
                raise Rollback(savepoint)
    if meanwhile:
        return meanwhile[0]
    return AskResult(request=stored_request(connection, request_id), is_new=is_new, lost=lost)


def _known(
    connection: Connection[Any], context: AskContext, request: ReportRequest, format_: ReportFormat
) -> tuple[AskResult | None, StoreFinding | None]:
    """The answer if no request has to be queued; and the fault of a current file in the store."""
    report = current_report(connection, request, format_, delay_seconds=context.final_delay_seconds)
    if report is None:
        return None, None
    if report.status == "ready":
        store = context.store
        lost = None if store is None else look_at(connection, store, report, context.now)
        return (AskResult(report=report) if lost is None else None), lost
    answered = _earlier_answer(connection, report, request.definition.version)
    return (None if answered is None else AskResult(request=answered)), None


def _queue(
    connection: Connection[Any],
    context: AskContext,
    request: ReportRequest,
    format_: ReportFormat,
    correlation_id: str | None,
) -> tuple[UUID, bool]:
    """The open request for a report, and whether it is new."""
    key = ReportKey.of(request.definition, request.period, format_)
    new_id = uuid4()
    own_ids = [] if correlation_id is None else [correlation_id]
    row = {
        **key.columns,
        "id": new_id,
        "report_id": key.id,
        "version": request.definition.version,
        "is_provisional_allowed": request.is_provisional_allowed,
        "correlation_ids": own_ids,
        "most_correlations": MAX_CORRELATION_IDS,
    }
    [(request_id, known_ids)] = connection.execute(_QUEUE, row).fetchall()
    if not set(own_ids) <= set(known_ids):
        message = (
            f"request {request_id} for this report is open, with {MAX_CORRELATION_IDS} correlation "
            "ids: push again when it has ended"
        )
        raise DefinitionInvalid(message)
    if own_ids or request_id == new_id:
        change = RequestChange(kind="queued", request_id=request_id, correlation_ids=own_ids)
        write_request_notice(connection, key, change, context.now)
    return request_id, request_id == new_id


def _earlier_answer(
    connection: Connection[Any], report: GeneratedReport, version: int
) -> StoredRequest | None:
    """The last request for a report that is held or empty, if it ended so for the same reasons."""
    last = last_request(connection, report.id, version)
    is_same = last is not None and (last.state, last.reason) == (
        report.status,
        report.failure_message,
    )
    return last if is_same else None


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
