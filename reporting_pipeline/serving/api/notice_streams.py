"""The open streams of one process: each notice goes to the streams of its organisation.

All streams share the one subscription of the process (`serving.invalidation`). A stream has a short
queue. A reader that is too slow loses its stream, and reads on from where it was when it connects
again. The same happens to all streams when the connection to Redis was lost.
"""

import asyncio
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from reporting_pipeline.errors import TooManyCalls

MAX_WAITING = 256
_MAX_STREAMS = 5_000
_RETRY_SECONDS = 30
_SHOWN_REASONS = frozenset({"held"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notice, as a stream shows it.

    Attributes:
        id: The id of the notice; the same one may come twice.
        kind: The type of the notice.
        data: The message as JSON.
    """

    id: int
    kind: str
    data: str

    @classmethod
    def of_message(cls, message: dict[str, Any]) -> "Notice":
        """The notice of a message. Why a report failed is for operators, and is left out.

        Why a push was refused is for the program that pushed.

        Raises:
            KeyError: It has no id, or no type.
        """
        kind = str(message["type"])
        is_refused_push = kind == "failed" and message.get("report_id", kind) is None
        is_shown = is_refused_push or kind in _SHOWN_REASONS
        shown = message if is_shown else {**message, "reason": None}
        return cls(id=int(message["id"]), kind=kind, data=json.dumps(shown, default=str))


@dataclass(eq=False, slots=True)
class NoticeStream:
    """One open stream.

    Attributes:
        waiting: What was not sent yet; None ends the stream.
    """

    organization_id: UUID
    loop: asyncio.AbstractEventLoop
    waiting: asyncio.Queue[Notice | None] = field(
        default_factory=lambda: asyncio.Queue(MAX_WAITING + 1)
    )
    is_ended: bool = False

    def offer(self, notice: Notice) -> None:
        """Put a notice into the queue, in the loop; a full queue ends the stream."""
        if not self.is_ended:
            if self.waiting.qsize() >= MAX_WAITING:
                self.end()
            else:
                self.waiting.put_nowait(notice)

    def end(self) -> None:
        """End the stream, in the loop, behind what waits."""
        if not self.is_ended:
            self.is_ended = True
            self.waiting.put_nowait(None)


class NoticeStreams:
    """The open streams; all methods are thread-safe."""

    def __init__(self) -> None:
        self._streams: dict[UUID, set[NoticeStream]] = {}
        self._lock = threading.Lock()
        self._count = 0

    def require_room(self) -> None:
        """Refuse a further stream if the process has as many as it can serve.

        Raises:
            TooManyCalls: It has.
        """
        if self._count >= _MAX_STREAMS:
            message = f"{_MAX_STREAMS} streams are open: try again in {_RETRY_SECONDS} seconds"
            raise TooManyCalls(message, seconds=_RETRY_SECONDS)

    def open(self, organization_id: UUID) -> NoticeStream:
        """A new stream of the running loop."""
        stream = NoticeStream(organization_id, asyncio.get_running_loop())
        with self._lock:
            self._streams.setdefault(organization_id, set()).add(stream)
            self._count += 1
        return stream

    def close(self, stream: NoticeStream) -> None:
        """Forget a stream."""
        with self._lock:
            found = self._streams.get(stream.organization_id, set())
            if stream in found:
                found.remove(stream)
                self._count -= 1
            if not found:
                self._streams.pop(stream.organization_id, None)

    @property
    def count(self) -> int:
        """The number of open streams."""
        return self._count

    def connected(self) -> None:
        """End all streams, because notices may have been lost: their readers read on."""
        self.end_all()

    def end_all(self) -> None:
        """End all streams; their readers connect again, perhaps to another process."""
        # Not under the lock: a signal handler may call this while its thread has it.
        for streams in list(self._streams.values()):
            for each in list(streams):
                _in_loop(each, each.end)

    def notice(self, topic: str, message: str) -> None:
        """Offer a notice to the streams of its organisation."""
        try:
            organization_id = UUID(topic.rpartition(":")[2])
            with self._lock:
                streams = list(self._streams.get(organization_id, ()))
            if not streams:
                return
            found = Notice.of_message(json.loads(message))
        except (ValueError, KeyError, TypeError, AttributeError):
            return  # the caches have logged it
        for each in streams:
            _in_loop(each, partial(each.offer, found))


def _in_loop(stream: NoticeStream, call: Callable[[], None]) -> None:
    try:
        stream.loop.call_soon_threadsafe(call)
    except RuntimeError:  # the loop is closed, and its streams with it
        return
