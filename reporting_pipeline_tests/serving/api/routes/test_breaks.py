"""An approver accepts breaks of the organisation, under the name of the token."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from reporting_pipeline.serving.api.tokens import Role
from reporting_pipeline_tests.sample_reports import BERLIN, TOKYO
from reporting_pipeline_tests.serving.api.api_caller import ApiCaller

DAY = date(2025, 5, 2)
_BREAK = """
    insert into reporting.report_reconciliation_breaks (
        date, organization_id, order_id, currency, kind, ticketing_minor, ledger_minor,
        difference_minor, proof_ids
    )
    values (%s, %s, %s, 'EUR', 'amount', %s, 0, %s, '{}')
"""


def add_break(api: ApiCaller, organization_id: UUID = BERLIN, minor: int = 100) -> str:
    """A new open break; the id of its order."""
    order = uuid4()
    api.maker.query(_BREAK, DAY, organization_id, order, minor, minor)
    return str(order)


def wanted(*ids: str, **more: str) -> dict[str, Any]:
    return {"kind": "amount", "ids": list(ids), **more}


def accept(api: ApiCaller, *ids: str, **more: Any) -> Any:
    body = wanted(*ids, reason="cash drawer")
    return api.call("POST", "/breaks/accept", json=body, **more)


def all_of(api: ApiCaller, path: str, **more: Any) -> list[dict[str, Any]]:
    """The rows of all pages, two by two."""
    found: list[dict[str, Any]] = []
    query = {"limit": "2"}
    while True:
        page = api.get(path, params=query, **more).json()
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        query["cursor"] = page["next_cursor"]


def test_pages_lead_through_all_open_breaks_once(api: ApiCaller) -> None:
    made = [add_break(api, minor=minor) for minor in (5, 700, 60, 700, 8)]

    found = all_of(api, "/breaks")

    assert len(found) == len({(each["id"], each["kind"], each["currency"]) for each in found})
    assert set(made) <= {each["id"] for each in found}
    ours = [each for each in found if each["id"] in made]
    assert [each["difference_minor"] for each in ours] == [700, 700, 60, 8, 5]


def test_an_accepted_break_is_open_no_more_and_names_who_and_why(api: ApiCaller) -> None:
    order = add_break(api)

    found = accept(api, order, token=api.token(role=Role.APPROVER, subject="Ada"))

    assert [each["id"] for each in found.json()["items"]] == [order]
    assert order not in {each["id"] for each in all_of(api, "/breaks")}
    [accepted] = [each for each in all_of(api, "/breaks/accepted") if each["id"] == order]
    assert (accepted["accepted_by"], accepted["reason"]) == ("Ada", "cash drawer")


def test_an_acceptance_is_taken_back(api: ApiCaller) -> None:
    order = add_break(api)
    accept(api, order)

    found = api.call("POST", "/breaks/take-back", json=wanted(order))

    assert found.json() == {"taken_back_count": 1}
    assert order in {each["id"] for each in all_of(api, "/breaks")}
    assert order not in {each["id"] for each in all_of(api, "/breaks/accepted")}


def test_an_editor_accepts_nothing(api: ApiCaller) -> None:
    order = add_break(api)
    token = api.token(role=Role.EDITOR)

    assert accept(api, order, token=token).status_code == 403
    body = wanted(order)
    assert api.call("POST", "/breaks/take-back", json=body, token=token).status_code == 403
    assert order in {each["id"] for each in all_of(api, "/breaks")}


def test_another_organisation_finds_nothing(api: ApiCaller) -> None:
    order, _ = add_break(api), add_break(api)
    theirs = add_break(api, TOKYO)
    tokyo: dict[str, Any] = {"token": api.token(TOKYO), "organization_id": TOKYO}
    first = api.get("/breaks", params={"limit": "1"})

    assert order not in {each["id"] for each in all_of(api, "/breaks", **tokyo)}
    cursor = {"cursor": first.json()["next_cursor"], "limit": "1"}
    assert api.get("/breaks", params=cursor, **tokyo).status_code == 422
    tag = {"If-None-Match": first.headers["etag"]}
    assert api.get("/breaks", params={"limit": "1"}, headers=tag, **tokyo).status_code == 200
    # One of its own among them changes nothing: all are accepted, or none.
    mixed, unknown = accept(api, theirs, order, **tokyo), accept(api, str(uuid4()), **tokyo)
    assert (mixed.status_code, mixed.json()["type"]) == (404, unknown.json()["type"])
    assert accept(api, order, token=tokyo["token"]).status_code == 404
    assert theirs in {each["id"] for each in all_of(api, "/breaks", **tokyo)}
    accept(api, order)
    taken = api.call("POST", "/breaks/take-back", json=wanted(order), **tokyo)
    assert taken.status_code == 404
    assert order not in {each["id"] for each in all_of(api, "/breaks/accepted", **tokyo)}


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "amount", "ids": [], "reason": "x"},
        {"kind": "amount", "ids": ["x"], "reason": "x"},
        {"kind": "timing", "ids": [str(UUID(int=1))], "reason": "x"},
        {"kind": "amount", "ids": [str(UUID(int=1))]},
        {"kind": "amount", "ids": [str(UUID(int=1))], "reason": " "},
        {"kind": "amount", "ids": [str(UUID(int=1))], "reason": "x", "person": "Grace"},
        {"kind": "amount", "ids": [str(UUID(int=1))], "reason": "x\x00"},
    ],
)
def test_an_acceptance_that_is_not_valid_is_refused(api: ApiCaller, body: dict[str, Any]) -> None:
    assert api.call("POST", "/breaks/accept", json=body).status_code == 422


def test_each_decision_is_in_the_audit_log_and_no_refused_one(api: ApiCaller) -> None:
    order = add_break(api)
    accept(api, order)
    accept(api, order)
    api.call("POST", "/breaks/take-back", json=wanted(order))

    found = api.maker.query(
        "select action, subject, organization_id from catalogue.audit_log"
        " where object_kind = 'break' and object_id = %s order by id",
        order,
    )

    assert found == [("accepted", "tester", BERLIN), ("took back", "tester", BERLIN)]
