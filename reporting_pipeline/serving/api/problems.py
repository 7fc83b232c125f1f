"""Answers for calls that fail, as RFC 9457 says: `application/problem+json`.

    {"type": "urn:reporting:problem:unknown-definition", "status": 404, "retryable": false,
     "title": "No report definition has this name", "detail": "...",
     "instance": "urn:reporting:call:1f0c..."}

One table maps the tree of errors to statuses; an error has the status of its nearest class in it.
`detail` is the error's own message if the caller can do something about it. A failure of our own
servers has a fixed text, because its message names them: the log has it, under the call's id. No
answer has a traceback or a statement.
"""

import logging
import re
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from reporting_pipeline import errors
from reporting_pipeline.errors import DefinitionInvalid, ReportingError
from reporting_pipeline.guards.shown_text import shown

MEDIA_TYPE = "application/problem+json"
_TYPE_PREFIX = "urn:reporting:problem:"
_MAX_INVALID = 20
_MAX_INVALID_FIELDS = 100
_MAX_DETAIL_CHARACTERS = 2_000
_RETRY_SECONDS = 5
_LOG = logging.getLogger(__name__)

STATUSES: Mapping[type[ReportingError], HTTPStatus] = MappingProxyType(
    {
        errors.TokenRefused: HTTPStatus.UNAUTHORIZED,
        errors.RoleTooLow: HTTPStatus.FORBIDDEN,
        errors.TooManyCalls: HTTPStatus.TOO_MANY_REQUESTS,
        errors.CallInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
        errors.StateConflict: HTTPStatus.CONFLICT,
        errors.VersionChanged: HTTPStatus.PRECONDITION_FAILED,
        errors.UnknownReport: HTTPStatus.NOT_FOUND,
        errors.UnknownName: HTTPStatus.NOT_FOUND,
        errors.UnknownBreak: HTTPStatus.NOT_FOUND,
        errors.UnknownFinding: HTTPStatus.NOT_FOUND,
        errors.UnknownDataset: HTTPStatus.NOT_FOUND,
        errors.UnknownWebhook: HTTPStatus.NOT_FOUND,
        errors.UnknownDefinition: HTTPStatus.NOT_FOUND,
        errors.AddressRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
        errors.DefinitionInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
        errors.FigureTooLarge: HTTPStatus.UNPROCESSABLE_ENTITY,
        errors.PreviewTooSlow: HTTPStatus.UNPROCESSABLE_ENTITY,
        errors.FormatCannotHold: HTTPStatus.UNPROCESSABLE_ENTITY,
        errors.FileGone: HTTPStatus.GONE,
        errors.FileLost: HTTPStatus.SERVICE_UNAVAILABLE,
        errors.StoreUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
        errors.WarehouseUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
        errors.SchemaMismatch: HTTPStatus.SERVICE_UNAVAILABLE,
        errors.EnvironmentNotReady: HTTPStatus.SERVICE_UNAVAILABLE,
        errors.IssuerUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
        ReportingError: HTTPStatus.INTERNAL_SERVER_ERROR,
    }
)
# The kinds of failures that have no error in the tree: the framework finds them.
_KINDS = MappingProxyType(
    {
        HTTPStatus.BAD_REQUEST: "malformed-call",
        HTTPStatus.NOT_FOUND: "unknown-path",
        HTTPStatus.METHOD_NOT_ALLOWED: "unknown-method",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "body-too-large",
    }
)
_OURS = {
    HTTPStatus.SERVICE_UNAVAILABLE: "a server of ours does not answer now: try again later",
    HTTPStatus.INTERNAL_SERVER_ERROR: "the call failed, which is our fault; tell us its `instance`",
}


class InvalidValue(BaseModel):
    """One value of a call that is not valid."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    place: str = Field(description="Where it is: `body.period` or `query.limit`.")
    reason: str = Field(description="What is wrong with it.")


class Problem(BaseModel):
    """Why a call failed, as RFC 9457 says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str = Field(description="The kind of problem; the same kind has the same address.")
    title: str = Field(description="The kind in words.")
    status: int = Field(description="The status of the answer.")
    detail: str = Field(description="What happened, and what to do next.")
    instance: str = Field(description="The call, by its `X-Request-Id`.")
    retryable: bool = Field(description="True if the same call can succeed later.")
    invalid: list[InvalidValue] | None = Field(
        default=None, description="The values that are not valid; only with status 422."
    )


def problem_answers(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """The description of problems in the OpenAPI document, for `responses`."""
    return {
        int(each): {
            "model": Problem,
            "description": each.phrase,
            "content": {MEDIA_TYPE: {}},
        }
        for each in statuses
    }


def status_of(error: ReportingError) -> HTTPStatus:
    """The status of an error: that of its nearest class in the table."""
    return next(STATUSES[each] for each in type(error).__mro__ if each in STATUSES)


def add_problem_handlers(app: FastAPI) -> None:
    """Let every failure of an application become a problem."""
    app.add_exception_handler(ReportingError, _of_error)
    app.add_exception_handler(RequestValidationError, _of_invalid_values)
    app.add_exception_handler(HTTPException, _of_status)


def unexpected_problem(call_id: str) -> JSONResponse:
    """The answer for a fault in the program."""
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return _answer(
        call_id, "internal", "The call failed", status, detail=_OURS[status], is_retryable=False
    )


async def _of_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ReportingError)  # noqa: S101 - the handler's own class
    status = status_of(error)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _LOG.error("%s: %s", type(error).__name__, error.message, exc_info=error)
    return _answer(
        _call_id(request),
        _kind(type(error).__name__),
        (type(error).__doc__ or "").partition("\n")[0].partition(";")[0].rstrip("."),
        status,
        detail=_OURS.get(status, error.message),
        is_retryable=error.retryable,
        headers=_headers(error, status),
        invalid=_invalid_fields(error),
    )


def _invalid_fields(error: ReportingError) -> list[InvalidValue] | None:
    """Every field of a definition that is not valid, as places of the body."""
    faults = error.facts.get("problems")
    if not isinstance(error, DefinitionInvalid) or not isinstance(faults, tuple):
        return None
    found = [
        InvalidValue(place=shown(f"body.{each.place}"), reason=shown(each.reason))
        for each in faults[:_MAX_INVALID_FIELDS]
    ]
    return found or None


async def _of_invalid_values(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - the handler's own class
    invalid = [
        InvalidValue(
            place=shown(".".join(map(str, each["loc"]))),
            reason=shown(each["msg"].removeprefix("Value error, ")),
        )
        for each in error.errors()[:_MAX_INVALID]
    ]
    detail = "; ".join(f"{each.place}: {each.reason}" for each in invalid)
    return _answer(
        _call_id(request),
        "invalid-values",
        "Values of the call are not valid",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        detail=f"correct these values: {detail}",
        is_retryable=False,
        invalid=invalid,
    )


async def _of_status(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - the handler's own class
    status = HTTPStatus(error.status_code)
    return _answer(
        _call_id(request),
        _KINDS.get(status, "refused-call"),
        status.phrase,
        status,
        detail=f"{status.phrase}; /docs lists all calls and what they take",
        is_retryable=False,
        headers={**(error.headers or {}), **_allowed(request, status)},
    )


def _allowed(request: Request, status: HTTPStatus) -> dict[str, str]:
    """Every method of the path of a call; the framework names those of one route only."""
    if status is not HTTPStatus.METHOD_NOT_ALLOWED:
        return {}
    methods = {
        method.upper()
        for template, described in request.app.openapi()["paths"].items()
        if compile_path(template)[0].match(request.url.path)
        for method in described
    }
    return {"Allow": ", ".join(sorted(methods))} if methods else {}


def _headers(error: ReportingError, status: HTTPStatus) -> dict[str, str]:
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        case HTTPStatus.FORBIDDEN:
            return {"WWW-Authenticate": 'Bearer error="insufficient_scope"'}
        case HTTPStatus.TOO_MANY_REQUESTS:
            return {"Retry-After": str(error.facts.get("seconds", _RETRY_SECONDS))}
        case HTTPStatus.SERVICE_UNAVAILABLE:
            return {"Retry-After": str(_RETRY_SECONDS)}
        case _:
            return {}


def _answer(  # noqa: PLR0913 - one argument per member of a problem
    call_id: str,
    kind: str,
    title: str,
    status: HTTPStatus,
    *,
    detail: str,
    is_retryable: bool,
    headers: Mapping[str, str] | None = None,
    invalid: list[InvalidValue] | None = None,
) -> JSONResponse:
    problem = Problem(
        type=f"{_TYPE_PREFIX}{kind}",
        title=title,
        status=status,
        detail=shown(detail, _MAX_DETAIL_CHARACTERS),
        instance=f"urn:reporting:call:{call_id}",
        retryable=is_retryable,
        invalid=invalid,
    )
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        status,
        headers={"Cache-Control": "no-store", **(headers or {})},
        media_type=MEDIA_TYPE,
    )


def _call_id(request: Request) -> str:
    return str(request.scope.get("state", {}).get("call_id", "unknown"))


def _kind(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
