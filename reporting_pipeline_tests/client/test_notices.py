"""Notices come one by one; a stream that ends is opened again behind the last notice."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import URL

from reporting_pipeline.client import (
    NoAnswer,
    Patience,
    ReportingClient,
    TokenRefused,
    UnreadableAnswer,
)
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.cli import conftest as cli_fixtures
from reporting_pipeline_tests.cli import test_notice_streams as streams
from reporting_pipeline_tests.cli.test_notice_streams import ONE, publish, token

own_warehouse = cli_fixtures.own_warehouse
server = streams.server


def event(number: int, kind: str = "held") -> bytes:
    data = f'{{"id": {number}, "type": "{kind}", "organization_id": "{ONE}", "new": 1}}'
    return f"event: {kind}\nid: {number}\ndata: {data}\n\n".encode()


class Body(httpx2.SyncByteStream):
    """Parts of a stream, then its end or a broken connection."""

    def __init__(self, *parts: bytes, failure: type[httpx2.RequestError] | None = None) -> None:
        self._parts = parts
        self._failure = failure

    def __iter__(self) -> Iterator[bytes]:
        yield from self._parts
        if self._failure is not None:
            message = "gone"
            raise self._failure(message)


def following(
    bodies: list[httpx2.Response | Body], pauses: list[float]
) -> tuple[ReportingClient, list[str | None]]:
    """A client of a server with these streams, and the last ids that it was asked with."""
    last_ids: list[str | None] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        last_ids.append(request.headers.get("last-event-id"))
        found = bodies.pop(0)
        if isinstance(found, httpx2.Response):
            return found
        return httpx2.Response(200, stream=found, headers={"Content-Type": "text/event-stream"})

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    patience = Patience(attempt_count=2, sleep=pauses.append)
    return ReportingClient("http://server", ONE, "t", patience=patience, http=http), last_ids


def test_notices_of_a_real_server_go_on_behind_the_last_one(
    server: tuple[subprocess.Popen[str], int],
    own_warehouse: URL,
    redis_url: str,
    tmp_path: Path,
) -> None:
    publish(own_warehouse, redis_url, ONE, "rebuilt")
    with ReportingClient(f"http://127.0.0.1:{server[1]}", ONE, token(tmp_path)) as client:
        found = client.notices(last_id=99_999_999)
        assert next(found).kind == "reset"
        publish(own_warehouse, redis_url, ONE, "available")
        first = next(found)
        publish(own_warehouse, redis_url, ONE, "queued")
        publish(own_warehouse, redis_url, ONE, "held")
        found = client.notices(last_id=first.id, kinds=["held", "rebuilt"])

        assert (first.kind, first.organization_id) == ("available", ONE)
        assert next(found).kind == "held"


def test_a_real_stream_goes_on_when_its_token_is_over(
    server: tuple[subprocess.Popen[str], int],
    own_warehouse: URL,
    redis_url: str,
    tmp_path: Path,
    pauses: list[float],
) -> None:
    tokens = [token(tmp_path), token(tmp_path, seconds=3)]

    def fresh() -> str:
        if len(tokens) == 1:  # the first stream is over
            publish(own_warehouse, redis_url, ONE, "completed")
        return tokens.pop()

    for kind in ("queued", "started"):
        publish(own_warehouse, redis_url, ONE, kind)
    with warehouse_connection(own_warehouse) as connection:
        [(last,)] = connection.execute("select min(id) from catalogue.notices").fetchall()
    address, patience = f"http://127.0.0.1:{server[1]}", Patience(sleep=pauses.append)
    with ReportingClient(address, ONE, fresh, patience=patience) as client:
        found = client.notices(last_id=last)

        assert [next(found).kind for _ in range(2)] == ["started", "completed"]
    assert pauses == [2.0]


def test_a_stream_that_ends_or_breaks_is_opened_again(pauses: list[float]) -> None:
    started = b": connected\nretry: 3000\n\n"
    client, last_ids = following(
        [
            Body(started, event(7), b": keep-alive\n\n"),
            httpx2.Response(503, text="starting"),
            Body(event(8), failure=httpx2.ReadError),
            Body(b"event: reset\ndata: {}\n\n", failure=httpx2.ReadTimeout),
            Body(event(9, "announced")),
        ],
        pauses,
    )
    found = client.notices()

    assert [next(found).id for _ in range(4)] == [7, 8, None, 9]
    assert last_ids == [None, "7", "7", "8", "8"]
    assert pauses[0] == pauses[2] == pauses[3] == 3.0


def test_fields_of_a_notice_are_typed(pauses: list[float]) -> None:
    data = (
        f'{{"id": 1, "type": "available", "report_id": "{UUID(int=2)}", "edition": 2,'
        ' "correlation_id": "order 7"}'
    )
    client, _ = following([Body(f"event: available\nid: 1\ndata: {data}\n\n".encode())], pauses)

    notice = next(client.notices())

    assert (notice.report_id, notice.edition, notice.reason) == (UUID(int=2), 2, None)
    assert notice.correlation_id == "order 7"


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ([httpx2.Response(401)], TokenRefused),
        ([httpx2.Response(200, text="<html>")], UnreadableAnswer),
        ([Body(b"event: held\nid: 1\ndata: no JSON\n\n")], UnreadableAnswer),
        ([Body(b'event: held\nid: 1\ndata: {"id": "x"}\n\n')], UnreadableAnswer),
    ],
)
def test_a_stream_that_cannot_be_read_is_told(
    answers: list[httpx2.Response | Body],
    error: type[Exception],
    pauses: list[float],
) -> None:
    client, _ = following(answers, pauses)

    with pytest.raises(error):
        next(client.notices())


def test_a_server_that_stays_away_is_told(pauses: list[float]) -> None:
    def refuse(request: httpx2.Request) -> httpx2.Response:
        message = "refused"
        raise httpx2.ConnectError(message, request=request)

    with httpx2.Client(transport=httpx2.MockTransport(refuse)) as http:
        patience = Patience(attempt_count=4, sleep=pauses.append)
        client = ReportingClient("http://server", ONE, "t", patience=patience, http=http)
        with pytest.raises(NoAnswer):
            next(client.notices())

    assert len(pauses) == 3


def test_an_iterator_that_is_closed_closes_its_stream(pauses: list[float]) -> None:
    closed: list[bool] = []

    class Noted(Body):
        def close(self) -> None:
            closed.append(True)

    client, _ = following([Noted(event(1), event(2))], pauses)
    found = client.notices()
    next(found)
    found.close()

    assert closed == [True]
