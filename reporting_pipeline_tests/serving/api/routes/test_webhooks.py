"""An operator adds, pauses and removes webhooks of the own organisation, and reads messages."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from reporting_pipeline.catalogue.audit_log import AuditFilter, audit_entries
from reporting_pipeline.catalogue.notices import ReportChange, write_report_notice
from reporting_pipeline.catalogue.report_keys import ReportKey
from reporting_pipeline.domain.period import Period
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.serving.api.tokens import Role
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.sample_reports import BERLIN, NOW, TOKYO
from reporting_pipeline_tests.serving.api.api_caller import ApiCaller

ADDRESS = "https://example.com/reports"


def add(api: ApiCaller, **more: Any) -> dict[str, Any]:
    added = api.call("POST", "/webhooks", json={"address": ADDRESS, **more})
    assert added.status_code == 201, added.text
    found: dict[str, Any] = added.json()
    return found


def publish(api: ApiCaller) -> None:
    key = ReportKey(
        organization_id=BERLIN,
        definition_id=UUID(int=7),
        slug="daily-sales",
        period=Period.of_token("2025-10-25"),
        format=ReportFormat.CSV,
    )
    with warehouse_connection(api.settings.warehouse_url()) as connection:
        write_report_notice(connection, key, ReportChange(kind="available", edition=1), NOW)


def test_a_webhook_shows_its_secret_once_and_its_messages(api: ApiCaller) -> None:
    added = add(api, kinds=["report.available"])
    publish(api)
    listed = api.get("/webhooks")
    one = api.get(f"/webhooks/{added['id']}")
    [message] = api.get(f"/webhooks/{added['id']}/messages").json()["items"]

    assert added["secret"].startswith("whsec_")
    assert added["secret"] not in listed.text + one.text
    assert one.json() in listed.json()["items"]
    assert (message["kind"], message["attempt_count"]) == ("report.available", 0)


def test_a_webhook_is_paused_resumed_replayed_and_removed(api: ApiCaller) -> None:
    path = f"/webhooks/{add(api)['id']}"

    paused = api.call("POST", f"{path}/pause", json={"reason": "moves"})
    assert (paused.status_code, paused.json()["pause_reason"]) == (200, "moves")
    assert api.call("POST", f"{path}/resume").json()["paused_at"] is None
    replayed = api.call("POST", f"{path}/replay", json={"since": "2025-01-01T00:00:00Z"})
    assert replayed.json() == {"count": 0}
    assert api.call("DELETE", path).status_code == 204
    assert api.get(path).status_code == 404


def test_each_change_is_in_the_audit_log(api: ApiCaller) -> None:
    webhook_id = add(api)["id"]
    for each in ("resume", "pause", "resume", "resume"):
        api.call("POST", f"/webhooks/{webhook_id}/{each}", json={"reason": "moves"})
    for _ in range(2):
        api.call("DELETE", f"/webhooks/{webhook_id}")
    with warehouse_connection(api.settings.warehouse_url()) as connection:
        found = audit_entries(connection, AuditFilter(object_id=webhook_id), limit=10)

    assert [each.action for each in found] == ["removed", "resumed", "paused", "subscribed"]


@pytest.mark.parametrize(
    "body",
    [
        {"address": "https://10.0.0.1/"},
        {"address": "http://example.com/"},
        {"address": "https://169.254.169.254/latest"},
        {"address": ADDRESS, "kinds": []},
        {"address": ADDRESS, "kinds": ["report.deleted"]},
        {"address": ADDRESS, "secret": "whsec_x"},
        {"address": ADDRESS, "organization_id": str(TOKYO)},
        {},
    ],
)
def test_what_is_no_webhook_is_refused(api: ApiCaller, body: dict[str, Any]) -> None:
    assert api.call("POST", "/webhooks", json=body).status_code == 422


def test_a_definition_that_the_organisation_does_not_have_is_refused(api: ApiCaller) -> None:
    body = {"address": ADDRESS, "definition": "no-such-report"}
    assert api.call("POST", "/webhooks", json=body).status_code == 404


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.APPROVER])
def test_only_an_operator_sees_webhooks(api: ApiCaller, role: Role) -> None:
    token = api.token(role=role)

    assert api.get("/webhooks", token=token).status_code == 403
    assert api.call("POST", "/webhooks", token=token, json={"address": ADDRESS}).status_code == 403


def test_another_organisation_finds_no_webhook(api: ApiCaller) -> None:
    mine = add(api)["id"]
    publish(api)
    call = partial(api.call, token=api.token(TOKYO), organization_id=TOKYO)
    calls: list[tuple[str, str, Any]] = [
        ("GET", f"/webhooks/{mine}", None),
        ("GET", f"/webhooks/{mine}/messages", None),
        ("DELETE", f"/webhooks/{mine}", None),
        ("POST", f"/webhooks/{mine}/resume", None),
        ("POST", f"/webhooks/{mine}/pause", {"reason": "x"}),
        ("POST", f"/webhooks/{mine}/replay", {"since": "2025-01-01T00:00:00Z"}),
    ]

    for method, path, body in calls:
        refused = call(method, path, json=body)
        unknown = call(method, path.replace(mine, str(uuid4())), json=body)
        assert refused.status_code == unknown.status_code == 404, (method, path)
        assert ADDRESS not in refused.text
    assert call("GET", "/webhooks").json() == {"items": []}
    assert api.get(f"/webhooks/{mine}").json()["paused_at"] is None


def test_an_organisation_has_at_most_a_hundred_webhooks(api: ApiCaller) -> None:
    def added(_: int = 0) -> int:
        body = {"address": ADDRESS, "kinds": ["report.held"]}
        return api.call("POST", "/webhooks", json=body).status_code

    count = len(api.get("/webhooks").json()["items"])
    fill = (
        "insert into catalogue.webhook_subscriptions (organization_id, address, kinds, created_at)"
        " select %s, 'https://example.com/', '{report.held}', now() from generate_series(1, %s)"
        " returning id"
    )
    made = api.maker.query(fill, BERLIN, 97 - count)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(added, range(8)))

    assert sorted(found) == [201] * 3 + [409] * 5
    assert len(api.get("/webhooks").json()["items"]) == 100
    remove = "delete from catalogue.webhook_subscriptions where id = any(%s) returning id"
    assert len(api.maker.query(remove, [each for (each,) in made])) == len(made)
    assert added() == 201
