"""`/reports`: the generated reports of an organisation."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from reporting_pipeline.catalogue.generated_reports import GeneratedReport, generated_report
from reporting_pipeline.catalogue.report_pages import ReportFilter, report_page
from reporting_pipeline.errors import UnknownReport
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.serving.api.answers import (
    ApiModel,
    Cursor,
    PagedList,
    PageSize,
    ReportDay,
    Slug,
    tagged,
)
from reporting_pipeline.serving.api.callers import Caller, Viewer
from reporting_pipeline.serving.api.context import Api

router = APIRouter(prefix="/reports", tags=["reports"])

ReportStatus = Literal["queued", "running", "ready", "held", "failed", "empty"]


class ReportFile(ApiModel):
    """The file of the current edition."""

    name: str = Field(description="The file's own name.")
    byte_count: int
    row_count: int
    sha256: str = Field(description="The digest of its bytes; also its entity tag.")
    path: str = Field(description="Where it is downloaded, on this server, with a token.")


class Report(ApiModel):
    """A report: a definition's, for a period, in a format."""

    id: UUID
    organization_id: UUID
    definition_id: UUID
    slug: str = Field(description="The slug of the definition.")
    definition_version: int
    period: str = Field(description="The period, such as 2026-02-28, 2026-02 or to_2026-02-28.")
    first_day: date | None = Field(description="The first report day; null: from the beginning.")
    end_day: date = Field(description="The day after the last report day.")
    event_id: UUID | None
    format: ReportFormat
    status: ReportStatus = Field(description="What the last generation ended as.")
    reason: str | None = Field(description="Why it is held, or the kind of its failure.")
    edition: int = Field(description="The current edition; 0 while none is published.")
    is_provisional: bool = Field(description="Its days are not final; the file says so.")
    generated_at: datetime | None
    file: ReportFile | None


class ReportPage(ApiModel):
    """A page of reports, the newest period first."""

    items: list[Report]
    next_cursor: str | None = Field(description="For the next page; null on the last one.")


def shown_report(report: GeneratedReport) -> Report:
    """A report as the API shows it."""
    is_failed = report.status == "failed"
    return Report(
        id=report.id,
        organization_id=report.organization_id,
        definition_id=report.definition_id,
        slug=report.slug,
        definition_version=report.version,
        period=report.period,
        first_day=report.period_first,
        end_day=report.period_end,
        event_id=report.event_id,
        format=ReportFormat(report.format),
        status=report.status,  # type: ignore[arg-type] # a constraint of the table
        reason=report.failure_class if is_failed else report.failure_message,
        edition=report.edition,
        is_provisional=report.is_provisional,
        generated_at=report.generated_at,
        file=_file(report),
    )


def report_path(organization_id: UUID, report_id: UUID) -> str:
    """The path of a report on this server."""
    return f"/v1/organizations/{organization_id}/reports/{report_id}"


def required_report(api: Api, caller: Caller, report_id: UUID) -> GeneratedReport:
    """A report of the caller's organisation.

    Raises:
        UnknownReport: The organisation has no such report; another one may have it.
    """
    with api.reading(caller.organization_id) as connection:
        found = generated_report(connection, report_id)
    if found is None or found.organization_id != caller.organization_id:
        raise UnknownReport(f"there is no report {report_id}: `GET .../reports` lists them")
    return found


@router.get("", summary="List the generated reports", response_model=ReportPage)
def list_reports(  # noqa: PLR0913 - one argument per parameter
    caller: Viewer,
    api: Api,
    request: Request,
    *,
    definition: Annotated[Slug | None, Query(description="The slug of a definition.")] = None,
    format_: Annotated[ReportFormat | None, Query(alias="format")] = None,
    status: Annotated[ReportStatus | None, Query()] = None,
    event_id: Annotated[UUID | None, Query()] = None,
    first: Annotated[
        ReportDay | None, Query(alias="from", description="The period ends on this day or later.")
    ] = None,
    last: Annotated[
        ReportDay | None, Query(alias="to", description="The period ends on this day or earlier.")
    ] = None,
    limit: PageSize = 50,
    cursor: Cursor = None,
) -> Response:
    """Every report that was requested or due, also one that is held or has failed."""
    chosen = ReportFilter(
        slug=definition, format=format_, status=status, event_id=event_id, first=first, last=last
    )
    order = PagedList(
        organization_id=caller.organization_id,
        name=f"reports {sorted(asdict(chosen).items(), key=str)}",
        place=_place,
        read=_last_row,
    )
    after = order.after(cursor)
    with api.reading(caller.organization_id) as connection:
        rows = report_page(connection, caller.organization_id, chosen, after=after, limit=limit + 1)
    page, following = order.page(rows, limit)
    return tagged(request, ReportPage(items=list(map(shown_report, page)), next_cursor=following))


@router.get("/{report_id}", summary="One report", response_model=Report)
def one_report(caller: Viewer, api: Api, request: Request, report_id: UUID) -> Response:
    """The state of a report now, and its file."""
    return tagged(request, shown_report(required_report(api, caller, report_id)))


def _last_row(position: Any) -> tuple[date, UUID]:
    day, report_id = position
    return date.fromisoformat(day), UUID(report_id)


def _place(report: GeneratedReport) -> list[str | int]:
    return [report.period_end.isoformat(), str(report.id)]


def _file(report: GeneratedReport) -> ReportFile | None:
    if report.storage_path is None:
        return None
    return ReportFile(
        name=report.file_name or "",
        byte_count=report.byte_count or 0,
        row_count=report.row_count or 0,
        sha256=report.file_sha256 or "",
        path=f"{report_path(report.organization_id, report.id)}/file",
    )
