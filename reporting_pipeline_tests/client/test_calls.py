"""Calls are repeated when that is safe, as late as the server wants, with a token that is valid."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx2
import pytest

from reporting_pipeline.client import (
    ApiError,
    NoAnswer,
    Patience,
    ReportingClient,
    ServerFailed,
    TokenRefused,
    TooManyCalls,
    UnreadableAnswer,
)
from reporting_pipeline.client.calls import Token

ORGANIZATION, TOKEN = UUID(int=1), "a-token"
DATASETS: dict[str, Any] = {"items": []}
TAKEN_BACK = {"taken_back_count": 1}
Answer = httpx2.Response | type[httpx2.RequestError]


class Server:
    """Gives the answers of a list, one after the other, and notes what was asked."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.answers = list(answers)
        self.requests: list[httpx2.Request] = []
        self.tokens: list[str | None] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        self.tokens.append(request.headers.get("authorization"))
        answer = self.answers.pop(0)
        if isinstance(answer, type):
            message = "the connection is gone"
            raise answer(message, request=request)
        return answer


@contextmanager
def client_of(
    server: Server, pauses: list[float], token: Token = TOKEN, **more: Any
) -> Iterator[ReportingClient]:
    with httpx2.Client(transport=httpx2.MockTransport(server)) as http:
        patience = Patience(sleep=pauses.append, **more)
        yield ReportingClient(
            "https://reports.example.org/", ORGANIZATION, token, patience=patience, http=http
        )


def ok(body: object = DATASETS) -> httpx2.Response:
    return httpx2.Response(200, json=body)


def problem(status: int, retry_after: str = "", *, is_retryable: bool = True) -> httpx2.Response:
    body = {
        "type": "urn:reporting:problem:x",
        "title": "X",
        "status": status,
        "detail": "later",
        "instance": "urn:reporting:call:1",
        "retryable": is_retryable,
    }
    return httpx2.Response(status, json=body, headers={"Retry-After": retry_after})


@pytest.mark.parametrize(
    "failure",
    [
        httpx2.ConnectError,
        httpx2.ConnectTimeout,
        httpx2.ReadError,
        httpx2.ReadTimeout,
        httpx2.RemoteProtocolError,
        problem(503),
        problem(429),
        httpx2.Response(502, text="Bad gateway"),
    ],
    ids=str,
)
def test_a_question_is_asked_again(failure: Answer, pauses: list[float]) -> None:
    server = Server([failure, ok()])

    with client_of(server, pauses) as client:
        assert client.datasets() == ()

    assert len(server.requests) == 2
    assert len(pauses) == 1
    assert 0 < pauses[0] < 3


def test_pauses_grow_and_follow_what_the_server_wants(pauses: list[float]) -> None:
    gone = httpx2.ConnectError
    server = Server([gone, gone, problem(503, "7"), gone, ok()])

    with client_of(server, pauses) as client:
        client.datasets()

    first, second, wanted, last = pauses
    assert wanted == 7
    assert first < 2.0 < last
    assert second >= 1


def test_a_pause_that_is_too_long_is_left_to_the_caller(pauses: list[float]) -> None:
    server = Server([problem(429, "61")])

    with client_of(server, pauses) as client, pytest.raises(TooManyCalls) as raised:
        client.datasets()

    assert (raised.value.retry_after_seconds, raised.value.retryable, pauses) == (61, True, [])


def test_attempts_come_to_an_end(pauses: list[float]) -> None:
    server = Server([httpx2.ConnectError] * 3)

    with (
        client_of(server, pauses, attempt_count=3) as client,
        pytest.raises(NoAnswer, match=r"GET https://reports.example.org/v1/.* not answered"),
    ):
        client.datasets()

    assert len(pauses) == 2


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (problem(500, is_retryable=False), ServerFailed),
        (problem(401, is_retryable=False), TokenRefused),
    ],
)
def test_what_cannot_succeed_is_not_repeated(
    failure: httpx2.Response, error: type[ApiError], pauses: list[float]
) -> None:
    server = Server([failure])

    with client_of(server, pauses) as client, pytest.raises(error):
        client.datasets()

    assert pauses == []


CHANGES: dict[str, Callable[[ReportingClient], object]] = {
    "take back": lambda c: c.take_back_breaks("amount", [UUID(int=2)]),
    "accept": lambda c: c.accept_breaks("amount", [UUID(int=2)], "r"),
    "create": lambda c: c.create_definition({}),
    "put": lambda c: c.put_definition("a", {}, "tag"),
    "add": lambda c: c.add_webhook("https://example.com"),
    "remove": lambda c: c.remove_webhook(UUID(int=2)),
    "replay": lambda c: c.replay_webhook(UUID(int=2), datetime(2026, 1, 1, tzinfo=UTC)),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("failure", [httpx2.ReadTimeout, problem(503)], ids=str)
def test_a_change_that_may_be_done_already_is_not_repeated(
    change: str, failure: Answer, pauses: list[float]
) -> None:
    server = Server([failure])

    with client_of(server, pauses) as client, pytest.raises(ApiError) as raised:
        CHANGES[change](client)

    assert (len(server.requests), pauses, raised.value.retryable) == (1, [], True)


@pytest.mark.parametrize(
    "failure", [httpx2.ConnectError, httpx2.ConnectTimeout, problem(429, "3")], ids=str
)
def test_a_change_that_is_certainly_not_done_is_repeated(
    failure: Answer, pauses: list[float]
) -> None:
    server = Server([failure, ok(TAKEN_BACK)])

    with client_of(server, pauses) as client:
        assert client.take_back_breaks("amount", [UUID(int=2)]) == 1


def test_a_function_gives_a_fresh_token_when_one_is_over(pauses: list[float]) -> None:
    tokens = iter(["old", "new", "newer"])
    server = Server([httpx2.Response(401), ok(), ok()])

    with client_of(server, pauses, lambda: next(tokens)) as client:
        client.datasets()
        client.datasets()

    assert server.tokens == ["Bearer old", "Bearer new", "Bearer newer"]


def test_the_same_token_is_not_sent_twice(pauses: list[float]) -> None:
    server = Server([httpx2.Response(401)])

    with client_of(server, pauses, lambda: "over") as client, pytest.raises(TokenRefused):
        client.datasets()


def test_another_host_gets_no_token(pauses: list[float]) -> None:
    link = httpx2.Response(307, headers={"Location": "https://bucket.example.net/file?signed=1"})
    server = Server([link, ok()])

    with client_of(server, pauses) as client:
        client.datasets()

    assert [each.url.host for each in server.requests] == [
        "reports.example.org",
        "bucket.example.net",
    ]
    assert server.tokens == ["Bearer a-token", None]


def test_no_message_shows_a_secret(pauses: list[float]) -> None:
    link = "https://bucket.example.net/file?X-Amz-Signature=5ec2e7"
    broken = Server([httpx2.Response(307, headers={"Location": link}), httpx2.ReadError])
    shortened = Server([ok({"secret": "whsec_5ec2e7", "id": 7})])

    with client_of(broken, pauses, attempt_count=1) as client, pytest.raises(NoAnswer) as first:
        client.datasets()
    with client_of(shortened, pauses) as client, pytest.raises(UnreadableAnswer) as second:
        client.add_webhook("https://example.com/hook")

    assert "https://bucket.example.net/file was not answered" in str(first.value)
    for shown in (first.value, second.value):
        assert "5ec2e7" not in f"{shown} {shown.__cause__}"
        assert TOKEN not in f"{shown} {shown.__cause__}"


@pytest.mark.parametrize("body", ["<html>Please log in</html>", "{}", "null"])
def test_a_success_that_is_no_answer_of_the_api_is_told(body: str, pauses: list[float]) -> None:
    server = Server([httpx2.Response(200, text=body)])

    with client_of(server, pauses) as client, pytest.raises(UnreadableAnswer, match="datasets"):
        client.datasets()

    assert pauses == []


def test_names_in_a_path_are_escaped(pauses: list[float]) -> None:
    server = Server([problem(404, is_retryable=False)])

    with client_of(server, pauses) as client, pytest.raises(ApiError):
        client.dataset("../../../health?x=1")

    assert server.requests[0].url.raw_path.endswith(b"/datasets/..%2F..%2F..%2Fhealth%3Fx%3D1")


def test_a_client_closes_only_what_is_its_own(pauses: list[float]) -> None:
    with httpx2.Client(transport=httpx2.MockTransport(Server([ok()]))) as http:
        with ReportingClient("http://server", ORGANIZATION, "t", http=http):
            pass
        assert not http.is_closed
    with ReportingClient("http://server", ORGANIZATION, "t") as own:
        pass
    assert own._http.is_closed
