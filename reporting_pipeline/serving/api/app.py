"""The application: its routes, in the frame of every call, with problems for failures."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TypeAlias

from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware

from reporting_pipeline.serving.api.calls import CallFrame
from reporting_pipeline.serving.api.context import ApiContext
from reporting_pipeline.serving.api.documentation import add_documentation
from reporting_pipeline.serving.api.openapi_document import DescribedApi, operation_id
from reporting_pipeline.serving.api.problems import add_problem_handlers, problem_answers
from reporting_pipeline.serving.api.routes import (
    alerts,
    breaks,
    datasets,
    definitions,
    events,
    figures,
    health,
    notices,
    previews,
    report_files,
    report_requests,
    reports,
    request_lists,
    webhooks,
)

API_VERSION = "1.0.0"
Application: TypeAlias = FastAPI
ORGANIZATION_PATH = "/v1/organizations/{organization_id}"
_DESCRIPTION = """\
Reports that a finance team can trust, of the organisation of your token.

* **Who**: each call has `Authorization: Bearer TOKEN`. The token names the organisation and a
  role: viewer, editor, approver or operator. Each role may do what the ones before it may.
* **Failures** are problems of RFC 9457, `application/problem+json`; `retryable` says whether the
  same call can succeed later.
* **Lists** are pages: send `next_cursor` as `cursor`, with the same filters.
* **Money** is a whole number of minor units. **Times** are in UTC, and **report days** are days of
  the event's own time zone.
"""
_ROUTERS = (
    reports.router,
    request_lists.router,
    report_requests.router,
    report_files.router,
    definitions.router,
    previews.router,
    datasets.router,
    events.router,
    figures.router,
    notices.router,
    breaks.router,
    alerts.router,
    webhooks.router,
)
_FAILURES = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


def create_app(
    context: ApiContext,
    *,
    on_begin: Callable[[], None] = lambda: None,
    on_end: Callable[[], None] = lambda: None,
) -> Application:
    """The application of one process.

    Args:
        context: What the routes share.
        on_begin: Called when the server begins to listen.
        on_end: Called when the server has stopped, to close the context.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        on_begin()
        yield
        on_end()

    app = DescribedApi(
        lifespan=lifespan,
        title="reporting_pipeline",
        version=API_VERSION,
        description=_DESCRIPTION,
        middleware=[
            Middleware(CallFrame, kept=context.kept, max_body_bytes=context.settings.api_body_bytes)
        ],
        generate_unique_id_function=operation_id,
        docs_url=None,
        redoc_url=None,
    )
    app.state.context = context
    add_problem_handlers(app)
    add_documentation(app)
    app.include_router(health.router)
    organization = APIRouter(prefix=ORGANIZATION_PATH, responses=problem_answers(*_FAILURES))
    for router in _ROUTERS:
        organization.include_router(router)
    app.include_router(organization)
    return app
