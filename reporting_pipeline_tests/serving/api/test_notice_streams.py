"""A notice goes to the streams of its organisation; a slow reader loses only its own stream."""

import asyncio
import json
from collections.abc import Callable
from uuid import UUID

import pytest

from reporting_pipeline.errors import TooManyCalls
from reporting_pipeline.serving.api import notice_streams
from reporting_pipeline.serving.api.notice_streams import MAX_WAITING, NoticeStream, NoticeStreams

ONE, OTHER = UUID(int=1), UUID(int=2)


def notice(number: int, organization_id: UUID = ONE, kind: str = "available") -> tuple[str, str]:
    message = {"id": number, "type": kind, "organization_id": str(organization_id), "reason": "x"}
    return f"reporting:org:{organization_id}", json.dumps(message)


def in_a_loop(body: Callable[[NoticeStreams], NoticeStream]) -> list[int | None]:
    """The ids that wait in a stream after `body`; None is its end."""

    async def run() -> list[int | None]:
        stream = body(NoticeStreams())
        await asyncio.sleep(0)
        found = [stream.waiting.get_nowait() for _ in range(stream.waiting.qsize())]
        return [None if each is None else each.id for each in found]

    return asyncio.run(run())


def test_a_stream_gets_the_notices_of_its_organisation() -> None:
    def body(streams: NoticeStreams) -> NoticeStream:
        stream = streams.open(ONE)
        streams.open(OTHER)
        streams.notice(*notice(1))
        streams.notice(*notice(2, OTHER))
        streams.notice("reporting:org:x", "{}")
        streams.notice(f"reporting:org:{ONE}", "no JSON")
        streams.notice(f"reporting:org:{ONE}", "{}")
        streams.notice(*notice(3))
        return stream

    assert in_a_loop(body) == [1, 3]


def test_a_reader_that_is_too_slow_loses_its_stream() -> None:
    def body(streams: NoticeStreams) -> NoticeStream:
        stream = streams.open(ONE)
        for number in range(MAX_WAITING + 10):
            streams.notice(*notice(number))
        return stream

    found = in_a_loop(body)

    assert found == [*range(MAX_WAITING), None]


def test_a_new_connection_to_redis_ends_all_streams() -> None:
    def body(streams: NoticeStreams) -> NoticeStream:
        stream = streams.open(ONE)
        streams.notice(*notice(1))
        streams.connected()
        streams.notice(*notice(2))
        return stream

    assert in_a_loop(body) == [1, None]


def test_a_closed_stream_is_forgotten() -> None:
    def body(streams: NoticeStreams) -> NoticeStream:
        stream = streams.open(ONE)
        streams.close(stream)
        streams.close(stream)
        streams.notice(*notice(1))
        assert streams.count == 0
        return stream

    assert in_a_loop(body) == []


def test_a_process_has_a_greatest_number_of_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notice_streams, "_MAX_STREAMS", 1)

    def body(streams: NoticeStreams) -> NoticeStream:
        streams.require_room()
        stream = streams.open(ONE)
        with pytest.raises(TooManyCalls, match="30 seconds"):
            streams.require_room()
        return stream

    in_a_loop(body)


def test_why_something_failed_is_left_out_and_why_it_is_held_is_not() -> None:
    async def reasons() -> list[object]:
        streams = NoticeStreams()
        stream = streams.open(ONE)
        streams.notice(*notice(1, kind="failed"))
        streams.notice(*notice(2, kind="held"))
        await asyncio.sleep(0)
        events = [stream.waiting.get_nowait() for _ in range(2)]
        return [json.loads(each.data)["reason"] for each in events if each is not None]

    assert asyncio.run(reasons()) == [None, "x"]
