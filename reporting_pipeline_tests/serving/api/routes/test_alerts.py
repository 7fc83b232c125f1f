"""An organisation sees its own alerts, and none about the pipeline as a whole."""

from typing import Any
from uuid import UUID, uuid4

from reporting_pipeline.alerts.alert import Alert, AlertKind
from reporting_pipeline.alerts.alert_store import insert, resolve
from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.sample_reports import BERLIN, NOW, TOKYO
from reporting_pipeline_tests.serving.api.api_caller import ApiCaller


def add_alert(
    api: ApiCaller,
    severity: Severity = Severity.ERROR,
    organization_id: UUID | None = BERLIN,
    *,
    is_resolved: bool = False,
) -> int:
    """A new alert; its id."""
    alert = Alert(
        kind=AlertKind.REPORT_HELD,
        cause=f"report_held {uuid4()}",
        severity=severity,
        message="a report is held",
        organization_id=organization_id,
    )
    with warehouse_connection(api.settings.warehouse_url()) as connection:
        stored = insert(connection, alert, NOW)
        if is_resolved:
            resolve(connection, stored, NOW)
    return stored.id


def ids_of(api: ApiCaller, path: str, **more: Any) -> list[int]:
    return [each["id"] for each in api.get(path, **more).json()["items"]]


def test_open_alerts_are_listed_errors_first(api: ApiCaller) -> None:
    warning, error = add_alert(api, Severity.WARN), add_alert(api)
    resolved = add_alert(api, is_resolved=True)

    query, found = {"limit": "1"}, []
    while True:
        page = api.get("/alerts", params=query).json()
        found += [each["id"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]

    assert [each for each in found if each in {warning, error}] == [error, warning]
    assert resolved not in found


def test_the_newest_alerts_are_open_or_resolved(api: ApiCaller) -> None:
    made = [add_alert(api), add_alert(api, is_resolved=True)]

    found = api.get("/alerts/newest", params={"limit": "2"}).json()["items"]

    assert [each["id"] for each in found] == made[::-1]
    assert [each["resolved_at"] is None for each in found] == [False, True]


def test_a_kind_chooses_alerts(api: ApiCaller) -> None:
    made = add_alert(api)

    assert made in ids_of(api, "/alerts", params={"kind": "report_held"})
    assert made not in ids_of(api, "/alerts", params={"kind": "device"})
    assert api.get("/alerts", params={"kind": "none"}).status_code == 422


def test_another_organisation_finds_nothing(api: ApiCaller) -> None:
    made, theirs = [add_alert(api), add_alert(api)], add_alert(api, organization_id=TOKYO)
    everybody = add_alert(api, organization_id=None)
    tokyo: dict[str, Any] = {"token": api.token(TOKYO), "organization_id": TOKYO}
    first = api.get("/alerts", params={"limit": "1"})

    for path in ("/alerts", "/alerts/newest"):
        found = set(ids_of(api, path, **tokyo))
        assert theirs in found
        assert not found & {*made, everybody}
        assert everybody not in ids_of(api, path)
    cursor = {"cursor": first.json()["next_cursor"], "limit": "1"}
    assert api.get("/alerts", params=cursor, **tokyo).status_code == 422
    tag = {"If-None-Match": first.headers["etag"]}
    assert api.get("/alerts", params={"limit": "1"}, headers=tag, **tokyo).status_code == 200
    assert api.get("/alerts", token=tokyo["token"]).status_code == 404
