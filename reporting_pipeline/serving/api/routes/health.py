"""`/health`: whether the process lives, and whether it can serve calls."""

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import Field

from reporting_pipeline.errors import ReportingError
from reporting_pipeline.serving.api.answers import ApiModel
from reporting_pipeline.serving.api.context import Api
from reporting_pipeline.warehouse.schema import is_current

router = APIRouter(prefix="/health", tags=["health"])

_State = Literal["ready", "unavailable", "of another version"]


class Liveness(ApiModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Readiness(ApiModel):
    """What the process needs to serve calls."""

    status: Literal["ready", "not ready"] = Field(description="Ready if each part is.")
    warehouse: _State = Field(description="The warehouse, with the schema of this version.")
    store: _State = Field(description="The store of report files.")


@router.get("/live", summary="Whether the process answers")
async def live() -> Liveness:
    """Answers as long as the process runs; restart it if it does not."""
    return Liveness()


@router.get(
    "/ready",
    summary="Whether calls can be served",
    responses={503: {"model": Readiness, "description": "A part is not ready."}},
)
def ready(api: Api, response: Response) -> Readiness:
    """Looks at the warehouse, its schema and the store; while it answers 503, call elsewhere."""
    warehouse, store = _warehouse(api), _store(api)
    is_ready = warehouse == store == "ready"
    response.status_code = 200 if is_ready else 503
    return Readiness(status="ready" if is_ready else "not ready", warehouse=warehouse, store=store)


def _warehouse(api: Api) -> _State:
    try:
        return "ready" if is_current(api.settings.warehouse_url()) else "of another version"
    except ReportingError:
        return "unavailable"


def _store(api: Api) -> _State:
    try:
        api.desk.caches.files.store.require_reachable()
    except ReportingError:
        return "unavailable"
    return "ready"
