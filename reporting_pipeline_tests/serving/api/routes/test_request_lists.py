"""An organisation lists its requests, the newest first, by state."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from reporting_pipeline.requests.worker import work_on_next
from reporting_pipeline.serving.api.answers import cursor_of
from reporting_pipeline.serving.api.tokens import Role
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.requests.sample_requests import queued, worker_at
from reporting_pipeline_tests.sample_reports import ATTENDANCE, BERLIN, TOKYO, define
from reporting_pipeline_tests.serving.api.api_caller import ApiCaller

DAY = date(2025, 10, 25)
NAME = "requests [('are_ended_included', True), ('state', None)]"


@pytest.fixture(autouse=True)
def _no_requests(api: ApiCaller) -> None:
    with warehouse_connection(api.settings.warehouse_url()) as connection:
        connection.execute("delete from catalogue.report_requests")


def make(api: ApiCaller, slug: str, days: int = 1) -> list[str]:
    """Requests for some days of a definition, the newest first; their ids."""
    definition = define(api.maker.warehouse, {**ATTENDANCE, "slug": slug})
    made = [
        queued(api.maker.warehouse, definition, DAY + timedelta(days=offset))
        for offset in range(days)
    ]
    return [str(each.id) for each in reversed(made)]


def end(api: ApiCaller, request_id: str, status: str, edition: int | None = None) -> None:
    with warehouse_connection(api.settings.warehouse_url()) as connection:
        connection.execute(
            "update catalogue.report_requests set status = %s, edition = %s,"
            " finished_at = clock_timestamp(), failure_class = 'StoreUnavailable',"
            " failure_message = 'bucket of operators' where id = %s",
            (status, edition, request_id),
        )


def ids_of(api: ApiCaller, query: dict[str, str], **more: Any) -> list[str]:
    found = api.get("/requests", params=query, **more)
    assert found.status_code == 200, found.text
    return [each["request_id"] for each in found.json()["items"]]


def pages(api: ApiCaller, query: dict[str, str]) -> Sequence[list[str]]:
    found, query = list[list[str]](), {**query}
    while True:
        page = api.get("/requests", params=query).json()
        found.append([each["request_id"] for each in page["items"]])
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]


def test_pages_lead_through_all_requests_once_the_newest_first(api: ApiCaller) -> None:
    made = make(api, "paged", days=5)
    make_of_tokyo(api)

    assert pages(api, {"limit": "2"}) == [made[:2], made[2:4], made[4:]]
    assert pages(api, {"limit": "5"}) == [made]


def test_requests_of_one_instant_are_listed_once(api: ApiCaller) -> None:
    made = make(api, "instant", days=4)
    with warehouse_connection(api.settings.warehouse_url()) as connection:
        connection.execute("update catalogue.report_requests set requested_at = '2026-01-01Z'")

    assert pages(api, {"limit": "1"}) == [[each] for each in sorted(made, reverse=True)]


def test_a_state_chooses_requests(api: ApiCaller) -> None:
    dead, failed, held, empty, ready, waiting = make(api, "stated", days=6)
    end(api, dead, "dead")
    end(api, failed, "failed")
    end(api, held, "held")
    end(api, empty, "completed")
    end(api, ready, "completed", edition=1)

    assert ids_of(api, {"state": "waiting"}) == [waiting]
    assert ids_of(api, {"state": "failed"}) == [dead, failed]
    assert ids_of(api, {"state": "held"}) == [held]
    assert ids_of(api, {"state": "empty"}) == [empty]
    assert ids_of(api, {"state": "ready"}) == [ready]
    assert ids_of(api, {"without_file": "true"}) == [dead, failed, held, waiting]
    assert ids_of(api, {"without_file": "true", "state": "ready"}) == []
    assert api.get("/requests", params={"state": "dead"}).status_code == 422


def test_a_request_is_shown_by_the_words_of_the_command(api: ApiCaller) -> None:
    [made] = make(api, "shown")
    waiting = api.get("/requests").json()["items"][0]
    worker = worker_at(api.maker.warehouse, api.settings.store_address())
    assert work_on_next(worker) is not None
    ready = api.get("/requests").json()["items"][0]

    assert (waiting["report"], waiting["period"], waiting["format"]) == ("shown", str(DAY), "csv")
    assert (waiting["status"], waiting["state"], waiting["tries"]) == ("queued", "waiting", 0)
    assert (waiting["edition"], waiting["finished_at"]) == (None, None)
    assert (ready["status"], ready["state"], ready["tries"]) == ("completed", "ready", 1)
    assert (ready["edition"], ready["reason"]) == (1, None)
    followed = api.get(f"/requests/{made}").json()
    for name in ("request_id", "request_path", "report_id", "report_path"):
        assert waiting[name] == ready[name] == followed[name]


def test_why_a_request_failed_is_its_kind_and_why_it_is_held_is_the_reason(api: ApiCaller) -> None:
    failed, held = make(api, "reasons", days=2)
    end(api, failed, "failed")
    end(api, held, "held")

    found = {each["state"]: each["reason"] for each in api.get("/requests").json()["items"]}

    assert found == {"failed": "StoreUnavailable", "held": "bucket of operators"}


def test_an_answer_that_the_caller_has_is_not_sent_again(api: ApiCaller) -> None:
    [made] = make(api, "tagged")
    tag = {"If-None-Match": api.get("/requests").headers["etag"]}

    assert api.get("/requests", headers=tag).status_code == 304
    end(api, made, "failed")
    assert api.get("/requests", headers=tag).status_code == 200


def make_of_tokyo(api: ApiCaller) -> str:
    definition = define(api.maker.warehouse, {**ATTENDANCE, "slug": "of-tokyo"}, TOKYO)
    return str(queued(api.maker.warehouse, definition, DAY).id)


def test_another_organisation_finds_nothing(api: ApiCaller) -> None:
    make(api, "private", days=2)
    theirs = make_of_tokyo(api)
    token = api.token(TOKYO, Role.OPERATOR)
    tokyo: dict[str, Any] = {"token": token, "organization_id": TOKYO}
    first = api.get("/requests", params={"limit": "1"})
    cursor, tag = first.json()["next_cursor"], api.get("/requests").headers["etag"]

    assert ids_of(api, {}, **tokyo) == [theirs]
    assert ids_of(api, {}, headers={"If-None-Match": tag}, **tokyo) == [theirs]
    assert api.get("/requests", params={"cursor": cursor}, **tokyo).status_code == 422
    assert api.get("/requests", token=token).status_code == 404
    assert api.get("/requests", organization_id=TOKYO).status_code == 404


def test_a_cursor_belongs_to_its_filters(api: ApiCaller) -> None:
    make(api, "cursored", days=2)
    cursor = api.get("/requests", params={"limit": "1"}).json()["next_cursor"]

    changed = api.get("/requests", params={"state": "waiting", "cursor": cursor})
    assert changed.status_code == 422
    assert ids_of(api, {"limit": "2", "cursor": cursor})


@pytest.mark.parametrize(
    "position",
    [
        ["2026-02-28T12:00:00", str(BERLIN)],
        ["now", str(BERLIN)],
        ["2026-02-28T12:00:00+00:00", "1"],
        ["2026-02-28T12:00:00+00:00", 1],
        [1, 2, 3],
    ],
)
def test_a_cursor_that_somebody_has_written_is_refused(api: ApiCaller, position: object) -> None:
    made = cursor_of(BERLIN, NAME, position)

    assert api.get("/requests", params={"cursor": made}).status_code == 422
