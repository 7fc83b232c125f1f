"""A failure says what the server said, also if a proxy answered in its place."""

import pickle
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from reporting_pipeline.client import (
    ApiError,
    CallFailed,
    CallInvalid,
    Conflict,
    FileDiffers,
    NoAnswer,
    NotFound,
    ReportingClient,
    RoleTooLow,
    ServerFailed,
    TokenRefused,
    TooManyCalls,
    VersionChanged,
    problems,
)
from reporting_pipeline.client.problems import failure_of
from reporting_pipeline.serving.api.tokens import Role
from reporting_pipeline_tests.client.conftest import ClientOf
from reporting_pipeline_tests.sample_reports import REVENUE, TOKYO
from reporting_pipeline_tests.serving.api.api_caller import ApiCaller


def answered(status: int, content: str = "", headers: dict[str, str] | None = None) -> CallFailed:
    request = httpx2.Request("GET", "http://server/v1")
    return failure_of(httpx2.Response(status, text=content, headers=headers, request=request))


def test_what_is_not_there_is_not_found(client: ReportingClient) -> None:
    with pytest.raises(NotFound, match="there is no report") as raised:
        client.generated_report(uuid4())

    problem = raised.value.problem
    assert (problem.type, problem.status) == ("urn:reporting:problem:unknown-report", 404)
    assert not raised.value.retryable
    assert problem.instance.endswith(str(raised.value.request_id))
    assert str(raised.value.request_id) in str(raised.value)


def test_a_role_that_is_too_low_is_refused(clients: ClientOf) -> None:
    with pytest.raises(RoleTooLow, match="needs the role operator"):
        clients(role=Role.VIEWER).webhooks()


def test_a_token_that_is_no_token_is_refused(api: ApiCaller) -> None:
    client = ReportingClient("http://testserver", TOKYO, "nonsense", http=api.client)

    with pytest.raises(TokenRefused):
        client.datasets()


def test_values_that_are_not_valid_are_named(client: ReportingClient) -> None:
    with pytest.raises(CallInvalid) as raised:
        client.create_definition({**REVENUE, "slug": "No Slug", "schedule": "hourly"})

    places = {each.place for each in raised.value.problem.invalid or ()}
    assert {"body.slug", "body.schedule"} <= places


def test_a_definition_is_made_once_and_changed_as_it_was_read(client: ReportingClient) -> None:
    document = {**REVENUE, "slug": f"once-{uuid4().hex[:8]}"}
    made = client.create_definition(document)
    client.put_definition(str(document["slug"]), {**document, "name": "Other"}, made.tag)

    with pytest.raises(Conflict):
        client.create_definition(document)
    with pytest.raises(VersionChanged):
        client.put_definition(str(document["slug"]), document, made.tag)


@pytest.mark.parametrize(
    ("status", "content", "kind", "is_retryable"),
    [
        (502, "<html>Bad   gateway</html>", ServerFailed, True),
        (503, "", ServerFailed, True),
        (500, "oops", ServerFailed, False),
        (429, "slow down", TooManyCalls, True),
        (418, '{"title": "no problem of RFC 9457"}', CallFailed, False),
        (404, "[]", NotFound, False),
    ],
)
def test_an_answer_of_a_proxy_becomes_a_problem(
    status: int, content: str, kind: type[CallFailed], is_retryable: bool
) -> None:
    found = answered(status, content)

    assert type(found) is kind
    assert (found.problem.type, found.problem.status) == ("about:blank", status)
    assert found.retryable is is_retryable
    assert found.request_id is None
    assert (" ".join(content.split()) or "nothing") in str(found)


@pytest.mark.parametrize(
    ("given", "seconds"), [("7", 7.0), ("Fri, 31 Dec 1999 23:59:59 GMT", None), ("", None)]
)
def test_the_pause_that_the_server_wants_is_known(given: str, seconds: float | None) -> None:
    assert answered(503, headers={"Retry-After": given}).retry_after_seconds == seconds


@pytest.mark.parametrize(
    "error",
    [NoAnswer("gone", True), FileDiffers("other"), answered(503, headers={"Retry-After": "7"})],
    ids=lambda error: type(error).__name__,
)
def test_an_error_is_unchanged_after_pickling(error: ApiError) -> None:
    copy: Any = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes

    assert type(copy) is type(error)
    assert (str(copy), copy.args, copy.retryable) == (str(error), error.args, error.retryable)
    assert vars(copy) == vars(error)


def test_every_error_is_drawn_in_the_docstring() -> None:
    classes = {
        each.__name__
        for each in vars(problems).values()
        if isinstance(each, type) and issubclass(each, ApiError)
    }

    drawn = {line.split()[0] for line in str(problems.__doc__).splitlines() if line[:4] == "    "}
    assert drawn == classes
