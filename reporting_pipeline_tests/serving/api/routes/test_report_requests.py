"""A report that is current is answered at once; any other is queued once, and can be followed."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx2 import Response

from reporting_pipeline.catalogue.audit_log import AuditEntry, AuditFilter, audit_entries
from reporting_pipeline.requests.worker import work_on_next
from reporting_pipeline.serving.api.tokens import Role
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.requests.sample_requests import worker_at
from reporting_pipeline_tests.sample_reports import ATTENDANCE, TOKYO, define, one_day
from reporting_pipeline_tests.serving.api.api_caller import ApiCaller

DAY = date(2025, 10, 25)


def ask(api: ApiCaller, slug: str, **more: Any) -> Response:
    question = {"definition": slug, "period": str(DAY), "format": "csv"}
    return api.call("POST", "/reports", json=question, **more)


def defined(api: ApiCaller, slug: str, *, is_generated: bool = False) -> str:
    """A definition; its report of the day too if wanted."""
    definition = define(api.maker.warehouse, {**ATTENDANCE, "slug": slug})
    if is_generated:
        api.maker.generate(definition, one_day(DAY))
    return slug


def work(api: ApiCaller) -> None:
    """Work on the next request."""
    worker = worker_at(api.maker.warehouse, api.settings.store_address())
    assert work_on_next(worker) is not None


def deeds(api: ApiCaller, call_id: str) -> list[AuditEntry]:
    with warehouse_connection(api.settings.warehouse_url()) as connection:
        found = audit_entries(connection, AuditFilter(), limit=1_000)
    return [each for each in found if each.call_id == call_id]


def test_a_current_report_is_answered_at_once(api: ApiCaller) -> None:
    found = ask(api, defined(api, "current", is_generated=True))

    assert (found.status_code, found.json()["state"]) == (200, "ready")
    assert found.json()["request_id"] is None
    assert found.headers["location"] == found.json()["report_path"]
    assert api.client.get(
        found.json()["file"]["path"], headers={"Authorization": f"Bearer {api.token()}"}
    ).is_success


def test_a_report_that_does_not_exist_is_queued_and_followed(api: ApiCaller) -> None:
    slug, call_id = defined(api, "queued"), f"call-{uuid4()}"
    asked = ask(api, slug, headers={"X-Request-Id": call_id})
    request_id = asked.json()["request_id"]
    waiting = api.get(f"/requests/{request_id}")
    work(api)
    ended = api.get(f"/requests/{request_id}")

    assert (asked.status_code, asked.json()["state"]) == (202, "waiting")
    assert asked.headers["location"].endswith(f"/requests/{request_id}")
    assert asked.headers["retry-after"] == waiting.headers["retry-after"] == "2"
    assert waiting.json()["state"] == "waiting"
    assert (ended.json()["state"], ended.json()["edition"]) == ("ready", 1)
    assert ended.json()["file"]["name"].endswith(".csv")
    [deed] = deeds(api, call_id)
    assert (deed.subject, deed.action, deed.object_id) == (
        "tester",
        "asked",
        asked.json()["report_id"],
    )


def test_equal_questions_share_one_request(api: ApiCaller) -> None:
    slug = defined(api, "shared")
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: ask(api, slug), range(16)))

    assert {each.status_code for each in found} == {202}
    assert len({each.json()["request_id"] for each in found}) == 1
    work(api)


def test_a_caller_may_wait_for_a_small_report(api: ApiCaller) -> None:
    slug = defined(api, "awaited")
    asked = threading.Event()

    def generate() -> None:
        asked.wait(10)
        while True:
            worker = worker_at(api.maker.warehouse, api.settings.store_address())
            if work_on_next(worker) is not None:
                return

    thread = threading.Thread(target=generate)
    thread.start()
    asked.set()
    found = ask(api, slug, headers={"Prefer": "wait=20, return=representation"})
    thread.join()

    assert (found.status_code, found.json()["state"]) == (200, "ready")
    assert found.headers["preference-applied"] == "wait=20"


def test_a_wait_that_is_too_short_is_answered_with_the_request(api: ApiCaller) -> None:
    found = ask(api, defined(api, "too-short"), headers={"Prefer": "wait=0"})

    assert (found.status_code, found.headers["preference-applied"]) == (202, "wait=0")
    work(api)


def test_a_second_call_with_a_key_is_about_the_same_request(api: ApiCaller) -> None:
    slug = defined(api, "keyed")
    key = {"Idempotency-Key": str(uuid4())}
    first = ask(api, slug, headers=key).json()
    work(api)
    with warehouse_connection(api.settings.warehouse_url()) as connection:
        [before] = connection.execute("select count(*) from catalogue.report_requests").fetchall()
    second = ask(api, slug, headers=key)
    with warehouse_connection(api.settings.warehouse_url()) as connection:
        [after] = connection.execute("select count(*) from catalogue.report_requests").fetchall()

    assert (second.status_code, second.json()["state"]) == (200, "ready")
    assert second.json()["request_id"] == first["request_id"]
    assert before == after


def test_a_key_belongs_to_one_body_one_caller_and_one_organisation(api: ApiCaller) -> None:
    slug, other = defined(api, "key-one"), defined(api, "key-two")
    define(api.maker.warehouse, {**ATTENDANCE, "slug": slug}, TOKYO)
    key = {"Idempotency-Key": str(uuid4())}
    mine = ask(api, slug, headers=key).json()
    of_tokyo = ask(
        api, slug, headers=key, token=api.token(TOKYO, Role.VIEWER), organization_id=TOKYO
    ).json()

    assert ask(api, other, headers=key).status_code == 422
    assert of_tokyo["report_id"] != mine["report_id"]
    assert of_tokyo["request_id"] != mine["request_id"]
    work(api)
    work(api)


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "\t"])
def test_a_malformed_key_is_refused(api: ApiCaller, key: str) -> None:
    assert ask(api, "any", headers={"Idempotency-Key": key}).status_code == 422


def test_another_organisation_finds_no_request_and_no_definition(api: ApiCaller) -> None:
    slug = defined(api, "berlin-only")
    request_id = ask(api, slug).json()["request_id"]
    tokyo = {"token": api.token(TOKYO, Role.OPERATOR), "organization_id": TOKYO}

    assert api.get(f"/requests/{request_id}", **tokyo).status_code == 404
    assert ask(api, slug, **tokyo).status_code == 404
    work(api)


def test_a_request_that_does_not_exist_is_not_found(api: ApiCaller) -> None:
    assert api.get(f"/requests/{UUID(int=4)}").status_code == 404


@pytest.mark.parametrize(
    "changed",
    [
        {"period": "yesterday"},
        {"period": "2025-10-25_2025-10-01"},
        {"period": "\x00"},
        {"period": "2999-01-01"},
        {"period": 5},
        {"format": "exe"},
        {"format": "pdf"},
        {"definition": "../x"},
        {"definition": "\x00"},
        {"provisional_allowed": "yes"},
        {"organization_id": str(TOKYO)},
    ],
)
def test_a_question_that_is_not_valid_is_refused(
    api: ApiCaller, changed: dict[str, object]
) -> None:
    define(api.maker.warehouse, {**ATTENDANCE, "slug": "asked"})
    question = {"definition": "asked", "period": str(DAY), "format": "csv", **changed}

    found = api.call("POST", "/reports", json=question)

    assert (found.status_code, found.headers["content-type"]) == (422, "application/problem+json")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b"[" * 10_000])
def test_a_body_that_is_no_question_is_refused(api: ApiCaller, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}

    found = api.call("POST", "/reports", content=content, headers=headers)

    assert found.status_code in {400, 422}
    assert found.headers["content-type"] == "application/problem+json"
