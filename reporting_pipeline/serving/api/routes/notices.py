"""`/notices`: tells a caller at once when a report, a request or a definition has changed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from anyio import to_thread
from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from reporting_pipeline.catalogue.notices import notices_since
from reporting_pipeline.errors import EnvironmentNotReady
from reporting_pipeline.serving.api.callers import Caller, Viewer
from reporting_pipeline.serving.api.context import Api, ApiContext
from reporting_pipeline.serving.api.notice_streams import Notice, NoticeStream

router = APIRouter(tags=["notices"])

HEARTBEAT_SECONDS = 15.0
_MAX_REPLAYED = 1_000
_RETRY_MILLISECONDS = 2_000
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_EVENT = {
    "type": "object",
    "description": "One event of the stream.",
    "required": ["data"],
    "properties": {
        "event": {"type": "string", "description": "The type of the notice, or `reset`."},
        "id": {"type": "string", "description": "For `Last-Event-ID`."},
        "data": {"type": "string", "description": "The notice as JSON."},
        "retry": {"type": "integer", "description": "Milliseconds to wait before a new stream."},
    },
}
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/event-stream": {"schema": _EVENT}},
        "description": "Notices until the token ends.",
    }
}
Kind = Literal[
    "available", "held", "failed", "queued", "started", "completed", "defined", "rebuilt"
]


@router.get("/notices", summary="Follow what changes", responses=_STREAM)
async def follow_notices(
    caller: Viewer,
    api: Api,
    *,
    kinds: Annotated[
        list[Kind] | None, Query(alias="type", description="Only these; may be repeated.")
    ] = None,
    last_event_id: Annotated[
        str | None,
        Header(pattern=r"^[0-9]{1,18}$", description="The last notice that was seen: go on there."),
    ] = None,
) -> StreamingResponse:
    """The notices of the organisation as server-sent events, with `data` as JSON.

    The same notice may come twice, with one `id`. After `Last-Event-ID` the stream goes on where it
    ended. The type `reset` says that this is not possible: read the lists again. A comment comes
    every 15 seconds. The stream ends with the token, or when its reader is too slow.
    """
    if api.settings.redis_address() is None:
        message = "no Redis is set, so there are no notices: set REPORTING_REDIS_URL"
        raise EnvironmentNotReady(message)
    api.streams.require_room()
    chosen = None if kinds is None else frozenset(map(str, kinds))
    sent = _sent(api, caller, last_event_id)
    return StreamingResponse(
        _chosen(sent, chosen), media_type="text/event-stream", headers=_HEADERS
    )


async def _chosen(
    sent: AsyncIterator[Notice | bytes], chosen: frozenset[str] | None
) -> AsyncIterator[bytes]:
    async for each in sent:
        if isinstance(each, bytes):
            yield each
        elif chosen is None or each.kind in chosen:
            yield format_sse_event(data_str=each.data, event=each.kind, id=str(each.id))


async def _sent(
    api: ApiContext, caller: Caller, last_event_id: str | None
) -> AsyncIterator[Notice | bytes]:
    """What was missed, then what comes, with comments in between."""
    seen: set[int] = set()
    stream = api.streams.open(caller.organization_id)
    try:
        yield format_sse_event(retry=_RETRY_MILLISECONDS, comment="connected")
        if last_event_id is not None:
            missed = await to_thread.run_sync(_missed, api, caller, int(last_event_id))
            if missed is None:
                yield format_sse_event(event="reset", data_str="{}")
            for notice in missed or ():
                seen.add(notice.id)
                yield notice
        async for following in _coming(api, caller, stream):
            if isinstance(following, bytes) or following.id not in seen:
                yield following
    finally:
        api.streams.close(stream)


async def _coming(
    api: ApiContext, caller: Caller, stream: NoticeStream
) -> AsyncIterator[Notice | bytes]:
    """The notices of a stream until it ends, or the token does; a comment after each pause."""
    while (left := caller.expires_at - api.now().timestamp()) > 0:
        try:
            found = await asyncio.wait_for(stream.waiting.get(), min(left, HEARTBEAT_SECONDS))
        except TimeoutError:
            if left > HEARTBEAT_SECONDS:
                yield KEEPALIVE_COMMENT
            continue
        if found is None:
            return
        yield found


def _missed(api: ApiContext, caller: Caller, notice_id: int) -> list[Notice] | None:
    with api.reading(caller.organization_id) as connection:
        found = notices_since(connection, caller.organization_id, notice_id, _MAX_REPLAYED)
    return None if found is None else [Notice.of_message(each) for each in found]
