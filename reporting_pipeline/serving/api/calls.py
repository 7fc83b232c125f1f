"""The frame of every call: its id, its log and span, and the headers of its answer.

A call has an id: that of its header `X-Request-Id` if it is well formed, or else a new one. The
answer, each record of the log and the span have it. (`request_id` is the id of a requested report;
so logs and spans name the call's id `call_id`.) A fault of the program is logged, and becomes a
problem that says nothing about it. A body that is larger than allowed is not read to its end.
"""

import logging
import re
from collections.abc import MutableMapping
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reporting_pipeline.serving.api.documentation import PAGE, PAGE_SOURCES
from reporting_pipeline.serving.api.problems import unexpected_problem
from reporting_pipeline.serving.api.rate_limits import Quota
from reporting_pipeline.telemetry.json_log import log_ids
from reporting_pipeline.telemetry.spans import span
from reporting_pipeline.warehouse.engine import KeptConnections

_CALL_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{7,127}")
# An answer is data for one program: no browser may guess its kind, frame it or keep it elsewhere.
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"strict-transport-security", b"max-age=31536000"),
)
_NO_SOURCES = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_OWN_SOURCES = (b"content-security-policy", PAGE_SOURCES.encode())
_NOT_KEPT = (b"cache-control", b"no-store")
_LOG = logging.getLogger(__name__)


class CallFrame:
    """The outermost part of the application."""

    def __init__(self, app: ASGIApp, kept: KeptConnections, max_body_bytes: int) -> None:
        self._app = app
        self._kept = kept
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        call_id = _call_id(given)
        state = scope.setdefault("state", {})
        state["call_id"] = call_id
        answer = _Answer(scope, send)
        body = _Body(receive, self._max_body_bytes)
        with log_ids(call_id=call_id), span("call"), self._kept.in_use():
            try:
                await self._app(scope, body.receive, answer.send)
            except Exception:
                _LOG.exception("%s %s failed", scope["method"], scope["path"])
                if answer.has_begun:
                    raise
                await unexpected_problem(call_id)(scope, receive, answer.send)


class _Body:
    """Reads the body of a call, and stops reading one that is too large."""

    def __init__(self, receive: Receive, max_bytes: int) -> None:
        self._receive = receive
        self._left = max_bytes

    async def receive(self) -> Message:
        """The next part of the body.

        Raises:
            HTTPException: The body is too large. The framework passes on only its own errors here.
        """
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return message


class _Answer:
    """Sends the answer with the headers of every answer."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self.has_begun = False

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Send a part of the answer."""
        if message["type"] == "http.response.start":
            self.has_begun = True
            message["headers"] = [*message.get("headers", ()), *self._added(message)]
        await self._send(message)

    def _added(self, message: MutableMapping[str, Any]) -> list[tuple[bytes, bytes]]:
        state = self._scope["state"]
        found = {name for name, _ in message.get("headers", ())}
        added = [(b"x-request-id", state["call_id"].encode()), *_HEADERS]
        added.append(_OWN_SOURCES if self._scope["path"] == PAGE else _NO_SOURCES)
        if b"cache-control" not in found:
            added.append(_NOT_KEPT)
        quota = state.get("quota")
        return added + (quota.headers if isinstance(quota, Quota) else [])


def _call_id(given: bytes) -> str:
    return given.decode("ascii") if _CALL_ID.fullmatch(given) else uuid4().hex
