"""`/requests`: the requests of an organisation, as `reporting requests` lists them."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.requests.request_queue import (
    AnswerState,
    RequestFilter,
    StoredRequest,
    request_page,
    shown_fields,
)
from reporting_pipeline.serving.api.answers import (
    ApiModel,
    Cursor,
    PagedList,
    PageSize,
    aware_instant,
    tagged,
)
from reporting_pipeline.serving.api.callers import Viewer
from reporting_pipeline.serving.api.context import Api
from reporting_pipeline.serving.api.routes.report_requests import request_path
from reporting_pipeline.serving.api.routes.reports import report_path

router = APIRouter(prefix="/requests", tags=["requests"])


class ListedRequest(ApiModel):
    """A request for a report in a format, made by one or many callers."""

    request_id: UUID
    request_path: str = Field(description="Where it is followed, on this server.")
    organization_id: UUID
    report: str = Field(description="The slug of the definition.")
    version: int = Field(description="The definition's version when the report was requested.")
    period: str = Field(description="The period, such as 2026-02-28, 2026-02 or to_2026-02-28.")
    format: ReportFormat
    status: str = Field(description="queued, running, completed, held, failed or dead.")
    state: AnswerState = Field(description="The state of the report, as far as it knows.")
    reason: str | None = Field(
        description="Why it is held, or the kind of the failure that ended its last try."
    )
    edition: int | None = Field(description="The report's edition when the request ended.")
    requested_at: datetime
    finished_at: datetime | None = Field(description="Null while it waits or runs.")
    tries: int = Field(description="How often a worker has taken it.")
    lost_workers: int = Field(description="How many of these workers died.")
    is_provisional_allowed: bool
    report_id: UUID
    report_path: str = Field(description="Where the report is, once it is generated.")


class RequestPage(ApiModel):
    """A page of requests, the newest first."""

    items: list[ListedRequest]
    next_cursor: str | None = Field(description="For the next page; null on the last one.")


@router.get("", summary="List the requests", response_model=RequestPage)
def list_requests(  # noqa: PLR0913 - one argument per parameter
    caller: Viewer,
    api: Api,
    request: Request,
    *,
    state: Annotated[AnswerState | None, Query()] = None,
    without_file: Annotated[
        bool,
        Query(
            description="Only those that have no file yet: no completed one, none that a later one"
            " replaces, and none whose report was published since."
        ),
    ] = False,
    limit: PageSize = 50,
    cursor: Cursor = None,
) -> Response:
    """Requests for reports, whoever made them: a caller of the API, a person or another program."""
    organization_id = caller.organization_id
    chosen = RequestFilter(state=state, are_ended_included=not without_file)
    order = PagedList(
        organization_id=organization_id,
        name=f"requests {sorted(asdict(chosen).items())}",
        place=_place,
        read=_position,
    )
    after = order.after(cursor)
    with api.reading(organization_id) as connection:
        rows = request_page(connection, organization_id, chosen, after=after, limit=limit + 1)
    page, following = order.page(rows, limit)
    return tagged(request, RequestPage(items=list(map(_shown, page)), next_cursor=following))


def _place(each: StoredRequest) -> list[str | int]:
    return [each.requested_at.isoformat(), str(each.id)]


def _position(position: Any) -> tuple[datetime, UUID]:
    requested_at, request_id = position
    return aware_instant(requested_at), UUID(request_id)


def _shown(each: StoredRequest) -> ListedRequest:
    """What failed is named for callers; the message is for operators."""
    is_held = each.state is AnswerState.HELD
    return ListedRequest.model_validate(
        {
            **shown_fields(each),
            "reason": each.reason if is_held else each.failure_class,
            "edition": each.edition,
            "finished_at": each.finished_at,
            "request_path": request_path(each.organization_id, each.id),
            "report_path": report_path(each.organization_id, each.key.id),
        }
    )
