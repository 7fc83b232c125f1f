"""Asking for a report: the catalogue answers at once, or the request waits in the queue.

The same report asked for again, by whomever, is the request that is open already. What belongs
here: what may be asked for, and the row. What does not: who takes it (`leases`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from psycopg import Connection
from sqlalchemy import URL

from reporting_pipeline.catalogue.generated_reports import GeneratedReport, generated_report
from reporting_pipeline.catalogue.notices import write_request_notice
from reporting_pipeline.catalogue.report_keys import ReportKey
from reporting_pipeline.checks.seals import SealedPeriod
from reporting_pipeline.domain.period import Period
from reporting_pipeline.errors import DefinitionInvalid
from reporting_pipeline.exports.manifest import SealPart, WatermarkPart
from reporting_pipeline.publishing.gate import judge, seal_parts, watermark_parts
from reporting_pipeline.publishing.snapshot import ReportRequest, report_state
from reporting_pipeline.registry.logic_version import LOGIC_VERSION
from reporting_pipeline.report_definitions.compile import compile_report
from reporting_pipeline.report_definitions.definition import (
    ReportDefinition,
    ReportFormat,
    Status,
)
from reporting_pipeline.report_definitions.period_rules import MAX_RANGE_DAYS
from reporting_pipeline.requests.request_queue import StoredRequest, stored_request
from reporting_pipeline.warehouse.engine import warehouse_connection

_ONE_DAY = timedelta(days=1)

# Who asks for a provisional file too, makes the open request one for it.
_ASK = """
    insert into catalogue.report_requests (
        id, organization_id, definition_id, version, period, period_first, period_end, event_id,
        format, is_provisional_allowed, report_id
    )
    values (
        %(id)s, %(organization_id)s, %(definition_id)s, %(version)s, %(period)s, %(first)s, %(end)s,
        %(event_id)s, %(format)s, %(is_provisional_allowed)s, %(report_id)s
    )
    on conflict (organization_id, definition_id, version, period, format)
    where status in ('queued', 'running')
    do update set
        is_provisional_allowed = report_requests.is_provisional_allowed
            or excluded.is_provisional_allowed
    returning id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskResult:
    """What becomes of a question.

    Attributes:
        report: The report, where the catalogue has it and none of its days has changed since.
        request: The open request, where it has not.
        is_new: The request was not open before.
    """

    report: GeneratedReport | None = None
    request: StoredRequest | None = None
    is_new: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AskContext:
    """What stands around a question.

    Attributes:
        now: The time of it; a period that has not begun by then is refused.
        final_delay_seconds: How long after a day's end late rows are waited for.
    """

    now: datetime
    final_delay_seconds: int


def ask(
    warehouse: URL, asking: AskContext, request: ReportRequest, format_: ReportFormat
) -> AskResult:
    """Ask for a report in one format.

    Raises:
        DefinitionInvalid: It cannot be had: the definition is not active or has no such format, or
            the period is not one that it has.
        WarehouseUnavailable: The warehouse cannot be reached.
    """
    with warehouse_connection(warehouse) as connection:
        return ask_within(connection, asking, request, format_)


def ask_within(
    connection: Connection[Any], asking: AskContext, request: ReportRequest, format_: ReportFormat
) -> AskResult:
    """As ask, in the connection's transaction."""
    _refuse(connection, asking, request, format_)
    report = current_report(connection, request, format_, delay_seconds=asking.final_delay_seconds)
    if report is not None:
        return AskResult(report=report)
    key = ReportKey.of(request.definition, request.period, format_)
    new_id = uuid4()
    [(request_id,)] = connection.execute(_ASK, _row(new_id, key, request)).fetchall()
    if request_id == new_id:
        write_request_notice(connection, key, "queued", request_id=new_id, now=asking.now)
    return AskResult(request=stored_request(connection, request_id), is_new=request_id == new_id)


def _row(request_id: UUID, key: ReportKey, request: ReportRequest) -> dict[str, object]:
    return {
        "id": request_id,
        "organization_id": key.organization_id,
        "definition_id": key.definition_id,
        "version": request.definition.version,
        "period": key.period.token,
        "first": key.period.first,
        "end": key.period.end,
        "event_id": key.period.event_id,
        "format": key.format,
        "is_provisional_allowed": request.is_provisional_allowed,
        "report_id": key.id,
    }


def _refuse(
    connection: Connection[Any], asking: AskContext, request: ReportRequest, format_: ReportFormat
) -> None:
    """Refuse what could only fail later."""
    definition, period = request.definition, request.period
    reason = _unfit(definition, format_) or _unasked(period, asking.now)
    if reason is None and period.event_id is not None:
        reason = _foreign(connection, definition.organization_id, period.event_id)
    if reason is not None:
        message = f"{definition.slug} of {definition.organization_id}: {reason}"
        raise DefinitionInvalid(message)
    compile_report(definition.config, definition.organization_id, period)


def _unfit(definition: ReportDefinition, format_: ReportFormat) -> str | None:
    if definition.status is not Status.ACTIVE:
        return f"the definition is {definition.status}; only an active one may be asked for"
    if format_ not in definition.formats:
        return f"it has no format {format_}, but {', '.join(definition.formats)}"
    return None


def _unasked(period: Period, now: datetime) -> str | None:
    # A day begins up to half a day earlier in the east than in UTC.
    if (period.first or period.last) > now.date() + _ONE_DAY:
        return f"the period {period.token} has not begun"
    if period.first is not None and (period.end - period.first).days > MAX_RANGE_DAYS:
        return f"the period {period.token} has more than {MAX_RANGE_DAYS} days"
    return None


def _foreign(connection: Connection[Any], organization_id: UUID, event_id: UUID) -> str | None:
    found = connection.execute(
        "select 1 from landing.ticketing_events where id = %s and organization_id = %s",
        (event_id, organization_id),
    ).fetchone()
    return None if found else f"the organisation has no event {event_id}"


# A request starts before its rows are read; clocks of two machines differ by less than a minute.
# `generated_at` is after they are, and the file is written in between. A report is rather made
# twice than told as current.
_LAST_READ = """
    select greatest(
        %(generated_at)s::timestamptz - interval '15 minutes',
        max(started_at) - interval '1 minute'
    )
    from catalogue.report_requests
    where report_id = %(id)s and status = 'completed' and version = %(version)s
"""
_UNCHANGED_DAYS = """
    select count(*) from reporting.sealed_days
    where date >= %s and date < %s and sealed_at < %s
"""


def current_report(
    connection: Connection[Any],
    request: ReportRequest,
    format_: ReportFormat,
    *,
    delay_seconds: int,
) -> GeneratedReport | None:
    """The report where it is current; None where it has to be generated, or it is not known."""
    report = generated_report(
        connection, ReportKey.of(request.definition, request.period, format_).id
    )
    if report is None or not _may_be_current(report, request):
        return None
    sealed = report_state(connection, request, delay_seconds=delay_seconds).sealed
    if sealed is None or not _would_be_published_unchanged(report, request, sealed):
        return None
    bound = {"generated_at": report.generated_at, "id": report.id, "version": report.version}
    [(read_at,)] = connection.execute(_LAST_READ, bound).fetchall()
    first, end = sealed.seals[0].day, request.period.end
    [(unchanged_count,)] = connection.execute(_UNCHANGED_DAYS, (first, end, read_at)).fetchall()
    return report if unchanged_count == len(sealed.seals) else None


def _may_be_current(report: GeneratedReport, request: ReportRequest) -> bool:
    manifest = report.manifest or {}
    return (
        report.status == "ready"
        and report.version == request.definition.version
        and manifest.get("logic_version") == LOGIC_VERSION
    )


def _would_be_published_unchanged(
    report: GeneratedReport, request: ReportRequest, sealed: SealedPeriod
) -> bool:
    """Whether it rests on these seals, and would be published as it was."""
    verdict = judge(
        request.definition.category, sealed, is_provisional_allowed=request.is_provisional_allowed
    )
    manifest = report.manifest or {}
    return (
        not verdict.held_by
        and verdict.is_provisional == report.is_provisional
        and manifest.get("seals") == _plain(seal_parts(sealed))
        and manifest.get("watermarks") == _plain(watermark_parts(sealed))
    )


def _plain(parts: Sequence[SealPart | WatermarkPart]) -> list[dict[str, Any]]:
    return [each.model_dump(mode="json") for each in parts]
