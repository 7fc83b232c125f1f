"""Every answer has the id of its call and safe headers, and no fault of ours shows itself."""

import json
import logging

import pytest
from fastapi import FastAPI

from reporting_pipeline.serving.api.context import ApiContext
from reporting_pipeline.telemetry.json_log import JsonFormatter
from reporting_pipeline_tests.serving.api.api_caller import PROBLEM, ApiCaller


def test_a_well_formed_id_of_a_call_is_kept(api: ApiCaller) -> None:
    found = api.get("/reports", headers={"X-Request-Id": "platform-4711"})

    assert found.headers["x-request-id"] == "platform-4711"


@pytest.mark.parametrize(
    "given", ["", "short", "a b c d e f g", "x" * 129, "id;drop table", "-12345678"]
)
def test_another_id_is_replaced(api: ApiCaller, given: str) -> None:
    found = api.get("/reports", headers={"X-Request-Id": given}).headers["x-request-id"]

    assert found != given
    assert len(found) == 32


def test_a_problem_names_its_call(api: ApiCaller) -> None:
    found = api.get("/nothing", headers={"X-Request-Id": "platform-4711"})

    assert found.status_code == 404
    assert found.json()["instance"] == "urn:reporting:call:platform-4711"


def test_each_answer_has_safe_headers(api: ApiCaller) -> None:
    for found in (api.get("/reports"), api.get("/nothing"), api.client.get("/health/live")):
        assert found.headers["x-content-type-options"] == "nosniff"
        assert found.headers["x-frame-options"] == "DENY"
        assert found.headers["content-security-policy"].startswith("default-src 'none'")
        assert found.headers["cache-control"] in {"no-store", "private, no-cache"}
        assert "server" not in found.headers


def test_a_fault_of_the_program_is_logged_and_not_shown(
    api: ApiCaller, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        message = "s3cret"
        raise ZeroDivisionError(message)

    monkeypatch.setattr(ApiContext, "reading", fail)
    found = api.get("/reports", headers={"X-Request-Id": "platform-4711"})

    assert (found.status_code, found.headers["content-type"]) == (500, PROBLEM)
    assert found.headers["x-request-id"] == "platform-4711"
    assert "s3cret" not in found.text
    assert "Traceback" not in found.text
    assert "ZeroDivisionError" in caplog.text


def test_records_of_the_log_have_the_id_of_their_call(
    api: ApiCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(JsonFormatter().format(record))

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(ApiContext, "reading", fail)
    handler = Kept()
    logging.getLogger("reporting_pipeline").addHandler(handler)
    try:
        api.get("/reports", headers={"X-Request-Id": "platform-4711"})
    finally:
        logging.getLogger("reporting_pipeline").removeHandler(handler)

    assert {json.loads(line)["call_id"] for line in lines} == {"platform-4711"}


def test_the_description_is_openapi_3_1(api: ApiCaller) -> None:
    app = api.client.app
    assert isinstance(app, FastAPI)
    document = app.openapi()

    assert document["openapi"].startswith("3.1")
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], f"{method} {path}"
            assert operation["description"], f"{method} {path}"


def test_a_body_that_is_too_large_is_refused(api: ApiCaller) -> None:
    content = b"x" * (api.settings.api_body_bytes + 1)

    declared = api.call("POST", "/reports", content=content)
    streamed = api.call("POST", "/reports", content=iter([content[:1000], content[1000:]]))

    for found in (declared, streamed):
        assert (found.status_code, found.headers["content-type"]) == (413, PROBLEM)
        assert found.json()["type"] == "urn:reporting:problem:body-too-large"
