"""Follows the stream of notices, and connects again where it ended."""

from collections.abc import Generator, Sequence
from contextlib import closing
from uuid import UUID

import httpx2
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reporting_pipeline.client.calls import Call, Calls
from reporting_pipeline.client.problems import UnreadableAnswer
from reporting_pipeline.client.words import NoticeKind

_PAUSE_SECONDS = 2.0
# The server sends a comment every 15 seconds.
_LEAST_TIMEOUT_SECONDS = 45.0
_BROKEN = (httpx2.NetworkError, httpx2.TimeoutException, httpx2.RemoteProtocolError)


class Notice(BaseModel):
    """Something that has changed. Fields that the kind does not have are null.

    The kind `reset` says that notices were missed: read the lists again.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: int | None = Field(default=None, description="The same notice may come twice, with one id.")
    kind: NoticeKind = Field(alias="type")
    organization_id: UUID | None = None
    report_id: UUID | None = None
    request_id: UUID | None = None
    definition_id: UUID | None = None
    definition_version: int | None = None
    slug: str | None = Field(default=None, description="Of the definition.")
    period: str | None = None
    format: str | None = None
    edition: int | None = None
    reason: str | None = Field(default=None, description="Why a report is held.")
    byte_count: int | None = None
    row_count: int | None = None
    correlation_id: str | None = Field(
        default=None, description="What the program that pushed the request over Redis calls it."
    )


def follow_notices(
    calls: Calls, path: str, kinds: Sequence[NoticeKind], last_id: int | None
) -> Generator[Notice]:
    """The notices as they come, without end.

    Args:
        calls: Makes the calls.
        path: Of the stream, from the server's root.
        kinds: Only these; empty for all.
        last_id: The last notice that was seen; None for those from now on.

    Raises:
        TokenRefused: The token is over, and there is no function that gives a fresh one.
        ApiError: See `problems`.
    """
    pause_seconds = _PAUSE_SECONDS
    while True:
        call = _call(calls, path, kinds, last_id)
        try:
            with closing(calls.retrying(is_repeatable=True)(calls.opened, call)) as answer:
                for event in httpx2.EventSource(answer):
                    if event.retry is not None:
                        pause_seconds = event.retry / 1000
                    if event.data:
                        notice = _notice(event)
                        last_id = last_id if notice.id is None else notice.id
                        yield notice
        except _BROKEN:
            pass  # as when the server ends the stream
        except httpx2.SSEError as error:
            message = f"{path} did not answer with a stream of notices: {error}"
            raise UnreadableAnswer(message) from error
        calls.patience.sleep(pause_seconds)


def _call(calls: Calls, path: str, kinds: Sequence[NoticeKind], last_id: int | None) -> Call:
    headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
    if last_id is not None:
        headers["Last-Event-ID"] = str(last_id)
    return Call(
        method="GET",
        path=path,
        query={"type": kinds or None},
        headers=headers,
        timeout_seconds=max(calls.patience.timeout_seconds, _LEAST_TIMEOUT_SECONDS),
    )


def _notice(event: httpx2.ServerSentEvent) -> Notice:
    try:
        message = event.json()
        known = message if isinstance(message, dict) else {}
        return Notice.model_validate({**known, "type": event.event})
    except (ValueError, ValidationError) as error:
        message = f"a notice of the kind {event.event} cannot be read: {error}"
        raise UnreadableAnswer(message) from error
