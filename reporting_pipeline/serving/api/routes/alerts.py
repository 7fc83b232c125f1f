"""`/alerts`: what is wrong now, and what was resolved last."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from reporting_pipeline.alerts.alert import AlertKind, StoredAlert
from reporting_pipeline.alerts.alert_store import newest_alerts, open_alert_page
from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline.serving.api.answers import (
    MAX_PAGE,
    ApiModel,
    Cursor,
    PagedList,
    PageSize,
    number_of,
    tagged,
)
from reporting_pipeline.serving.api.callers import Viewer
from reporting_pipeline.serving.api.context import Api

router = APIRouter(prefix="/alerts", tags=["alerts"])


class ShownAlert(ApiModel):
    """One cause that exists, or has existed."""

    id: int
    kind: AlertKind
    severity: Severity
    message: str = Field(description="What happened, which ids, and the next step.")
    facts: dict[str, Any] = Field(description="The same for programs.")
    count: int = Field(description="How many items share the cause.")
    organization_id: UUID
    opened_at: datetime
    updated_at: datetime
    resolved_at: datetime | None = Field(description="Null while the cause exists.")


class AlertPage(ApiModel):
    """A page of open alerts: errors before warnings, each oldest first."""

    items: list[ShownAlert]
    next_cursor: str | None = Field(description="For the next page; null on the last one.")


class NewestAlerts(ApiModel):
    """The alerts that were opened last, newest first."""

    items: list[ShownAlert]


@router.get("", summary="List the open alerts", name="list_open_alerts", response_model=AlertPage)
def list_open(
    caller: Viewer,
    api: Api,
    request: Request,
    *,
    kind: Annotated[AlertKind | None, Query()] = None,
    limit: PageSize = 50,
    cursor: Cursor = None,
) -> Response:
    """Alerts about the organisation; none about the pipeline as a whole."""
    kinds = tuple(AlertKind) if kind is None else (kind,)
    organization_id = caller.organization_id
    order = PagedList(
        organization_id=organization_id,
        name=f"open alerts {kind}",
        place=_place,
        read=_position,
    )
    after = order.after(cursor)
    with api.reading(organization_id) as connection:
        rows = open_alert_page(connection, organization_id, kinds, after=after, limit=limit + 1)
    page, following = order.page(rows, limit)
    return tagged(request, AlertPage(items=list(map(_shown, page)), next_cursor=following))


@router.get(
    "/newest",
    summary="The newest alerts, open or resolved",
    name="list_newest_alerts",
    response_model=NewestAlerts,
)
def list_newest(
    caller: Viewer,
    api: Api,
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="At most so many.")] = 50,
) -> Response:
    """What has happened last."""
    with api.reading(caller.organization_id) as connection:
        rows = newest_alerts(connection, limit)
    # The database shows no others.
    own = [each for each in rows if each.alert.organization_id == caller.organization_id]
    return tagged(request, NewestAlerts(items=list(map(_shown, own))))


def _place(each: StoredAlert) -> list[str | int]:
    return [int(each.alert.severity is not Severity.ERROR), each.id]


def _position(position: Any) -> tuple[bool, int]:
    is_warning, alert_id = map(number_of, position)
    return bool(is_warning), alert_id


def _shown(stored: StoredAlert) -> ShownAlert:
    alert = stored.alert
    return ShownAlert.model_validate(
        {
            "id": stored.id,
            "kind": alert.kind,
            "severity": alert.severity,
            "message": alert.message,
            "facts": dict(alert.facts),
            "count": alert.count,
            "organization_id": alert.organization_id,
            "opened_at": stored.opened_at,
            "updated_at": stored.updated_at,
            "resolved_at": stored.resolved_at,
        }
    )
