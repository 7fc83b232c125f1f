"""Every call of the API has a method of the client, which can send each of its parameters."""

import contextlib
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest

from reporting_pipeline.client import ApiError, Patience, ReportingClient
from reporting_pipeline_tests.architecture.api_document import api_document
from reporting_pipeline_tests.client.sample_answers import REPORT

ORGANIZATION, ANY = UUID(int=1), UUID(int=2)
DAY = date(2026, 2, 28)
TARGET = Path("report.csv")
BELOW = "/v1/organizations/{organization_id}"
_METHODS: dict[str, Callable[[ReportingClient], object]] = {
    "GET /health/live": lambda c: c.liveness(),
    "GET /health/ready": lambda c: c.readiness(),
    "GET /reports": lambda c: next(
        c.reports(definition="a", format="csv", status="ready", event_id=ANY, first=DAY, last=DAY)
    ),
    "POST /reports": lambda c: c.report("a", DAY, "csv", idempotency_key="k"),
    "GET /requests": lambda c: next(c.requests(state="waiting", without_file=True)),
    "GET /requests/{request_id}": lambda c: c.request(ANY),
    "GET /reports/{report_id}": lambda c: c.generated_report(ANY),
    "GET /reports/{report_id}/file": lambda c: c.download(ANY, TARGET),
    "GET /reports/{report_id}/editions": lambda c: c.editions(ANY),
    "GET /reports/{report_id}/editions/{edition}/file": lambda c: c.download(
        ANY, TARGET, edition=1
    ),
    "GET /reports/{report_id}/editions/{edition}/manifest": lambda c: c.manifest(ANY, 1),
    "GET /reports/{report_id}/editions/{edition}/changes": lambda c: next(c.changes(ANY, 1)),
    "GET /reports/{report_id}/verification": lambda c: c.verification(ANY),
    "GET /definitions": lambda c: next(c.definitions(status="active", schedule="daily")),
    "POST /definitions": lambda c: c.create_definition({}),
    "GET /definitions/{slug}": lambda c: c.definition("a"),
    "PUT /definitions/{slug}": lambda c: c.put_definition("a", {}, '"tag"'),
    "GET /definitions/{slug}/versions/{version}": lambda c: c.definition_version("a", 1),
    "GET /definitions/{slug}/diff": lambda c: c.definition_diff("a", 1, 2),
    "POST /definitions/{slug}/pause": lambda c: c.pause_definition("a"),
    "POST /definitions/{slug}/resume": lambda c: c.resume_definition("a"),
    "POST /definitions/{slug}/archive": lambda c: c.archive_definition("a"),
    "POST /previews": lambda c: c.preview({}, "2026-02"),
    "GET /datasets": lambda c: c.datasets(),
    "GET /datasets/{name}": lambda c: c.dataset("a"),
    "GET /events": lambda c: next(c.events(first=DAY, last=DAY)),
    "GET /events/{event_id}": lambda c: c.event(ANY),
    "GET /events/{event_id}/summaries/{as_of}": lambda c: c.event_summary(ANY, DAY),
    "GET /figures/{as_of}": lambda c: c.figures(DAY),
    "GET /notices": lambda c: next(c.notices(kinds=["held"], last_id=1)),
    "GET /breaks": lambda c: next(c.breaks()),
    "GET /breaks/accepted": lambda c: next(c.accepted_breaks()),
    "POST /breaks/accept": lambda c: c.accept_breaks("amount", [ANY], "r"),
    "POST /breaks/take-back": lambda c: c.take_back_breaks("amount", [ANY]),
    "GET /alerts": lambda c: next(c.alerts(kind="break")),
    "GET /alerts/newest": lambda c: c.newest_alerts(),
    "GET /webhooks": lambda c: c.webhooks(),
    "POST /webhooks": lambda c: c.add_webhook("https://example.com"),
    "GET /webhooks/{webhook_id}": lambda c: c.webhook(ANY),
    "DELETE /webhooks/{webhook_id}": lambda c: c.remove_webhook(ANY),
    "POST /webhooks/{webhook_id}/pause": lambda c: c.pause_webhook(ANY, "r"),
    "POST /webhooks/{webhook_id}/resume": lambda c: c.resume_webhook(ANY),
    "GET /webhooks/{webhook_id}/messages": lambda c: c.webhook_messages(ANY),
    "POST /webhooks/{webhook_id}/replay": lambda c: c.replay_webhook(
        ANY, datetime(2026, 2, 28, tzinfo=UTC)
    ),
}


def operations() -> dict[str, dict[str, Any]]:
    """What the document describes, by method and path below the organisation."""
    return {
        f"{method.upper()} {path.removeprefix(BELOW)}": found
        for path, methods in api_document()["paths"].items()
        for method, found in methods.items()
    }


OPERATIONS = operations()


def sent_by(method: Callable[[ReportingClient], object]) -> httpx2.Request:
    """The last call of a method; only the description of a report is answered."""
    sent: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        is_report = re.fullmatch(r".*/reports/[^/]+", request.url.path)
        return httpx2.Response(200, json=REPORT) if is_report else httpx2.Response(418)

    with httpx2.Client(transport=httpx2.MockTransport(answer)) as http:
        client = ReportingClient(
            "http://server", ORGANIZATION, "t", patience=Patience(attempt_count=1), http=http
        )
        with contextlib.suppress(ApiError):
            method(client)
    return sent[-1]


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_every_call_of_the_api_has_a_method() -> None:
    assert set(_METHODS) == set(OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_method_makes_its_call_with_all_parameters(operation: str) -> None:
    sent = sent_by(_METHODS[operation])

    parameters = OPERATIONS[operation].get("parameters", [])
    named = {
        place: {each["name"] for each in parameters if each["in"] == place}
        for place in ("query", "header")
    }
    verb, _, path = operation.partition(" ")
    prefix = "" if path.startswith("/health") else f"/v1/organizations/{ORGANIZATION}"
    assert sent.method == verb
    assert re.fullmatch(prefix + re.sub(r"\{\w+\}", "[^/]+", path), sent.url.path)
    assert set(sent.url.params) == named["query"] - {"cursor"}
    assert named["header"] <= {name.lower() for name in sent.headers}
    assert bool(sent.content) == ("requestBody" in OPERATIONS[operation])


def test_bodies_are_json() -> None:
    sent = sent_by(_METHODS["POST /breaks/accept"])

    assert json.loads(sent.content) == {"kind": "amount", "ids": [str(ANY)], "reason": "r"}
    assert sent.headers["content-type"] == "application/json"
