"""An editor sees what a definition would show before it is saved."""

from datetime import date
from typing import Any

import pytest

from reporting_pipeline.errors import PreviewTooSlow
from reporting_pipeline.publishing.preview import preview
from reporting_pipeline.serving.api.tokens import Role
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.sample_reports import (
    ATTENDANCE,
    BERLIN,
    REVENUE,
    TOKYO,
    define,
    one_day,
)
from reporting_pipeline_tests.serving.api.api_caller import PROBLEM, ApiCaller

_MONTH = "2025-10"
_SUMS = """
    select currency, sum(gross_minor)::bigint, count(*) from reporting.report_revenue_daily
    where organization_id = %s and date >= '2025-10-01' and date < '2025-11-01'
    group by currency
"""
MONTHLY: dict[str, Any] = {
    **REVENUE,
    "slug": "unsaved",
    "schedule": "monthly",
    "config": {**dict(REVENUE["config"]), "period": "month"},  # type: ignore[call-overload]
}


def previewed(api: ApiCaller, document: Any, period: str = _MONTH, **more: Any) -> Any:
    query = {"period": period, **more.pop("query", {})}
    return api.call("POST", "/previews", json=document, params=query, **more)


def test_a_preview_has_the_first_rows_and_the_totals_of_all(api: ApiCaller) -> None:
    [(currency, gross, count)] = api.maker.query(_SUMS, BERLIN)
    assert isinstance(count, int)

    found = previewed(api, MONTHLY, query={"limit": "2"})

    [block] = found.json()["blocks"]
    assert (found.status_code, len(block["rows"])) == (200, 2)
    assert count > 2
    assert block["rows"][0]["date"].startswith("2025-10")
    assert [each["name"] for each in block["columns"]] == list(block["rows"][0])
    [total] = block["totals"]
    assert (total["currency"], total["values"]["gross_minor"]) == (currency, gross)


def test_a_preview_saves_nothing(api: ApiCaller) -> None:
    previewed(api, MONTHLY)

    assert api.get("/definitions/unsaved").status_code == 404
    assert api.get("/reports", params={"definition": "unsaved"}).json()["items"] == []


def test_a_preview_of_another_organisation_is_refused(api: ApiCaller) -> None:
    tokyo: dict[str, Any] = {"token": api.token(TOKYO), "organization_id": TOKYO}

    body = previewed(api, {**MONTHLY, "organization_id": str(BERLIN)}, **tokyo)
    path = previewed(api, MONTHLY, token=tokyo["token"])

    assert (body.status_code, body.json()["invalid"][0]["place"]) == (422, "body.organization_id")
    assert path.status_code == 404


def test_a_preview_of_another_organisations_event_has_no_rows(api: ApiCaller) -> None:
    [(event_id,)] = api.maker.query(
        "select event_id from reporting.report_event_summary where organization_id = %s limit 1",
        BERLIN,
    )
    config = {**MONTHLY["config"], "period": "event_to_date"}
    of_event = {**MONTHLY, "schedule": "post_event", "config": config}
    period = f"event-{event_id}_2026-12-31"
    tokyo: dict[str, Any] = {"token": api.token(TOKYO), "organization_id": TOKYO}

    [own] = previewed(api, of_event, period).json()["blocks"]
    [other] = previewed(api, of_event, period, **tokyo).json()["blocks"]

    assert own["rows"]
    assert (other["rows"], other["totals"]) == ([], [])


def test_a_preview_that_takes_too_long_is_ended(api: ApiCaller) -> None:
    warehouse = api.settings.warehouse_url()
    definition = define(warehouse, {**ATTENDANCE, "slug": "slow"})
    with warehouse_connection(warehouse) as connection:
        # Whoever reads the table waits until this transaction ends.
        connection.execute("lock table reporting.report_attendance_daily")
        with pytest.raises(PreviewTooSlow, match="takes too long"):
            preview(
                warehouse,
                definition,
                one_day(date(2025, 10, 25)),
                row_limit=1,
                timeout_seconds=1,
            )


@pytest.mark.parametrize(
    ("query", "period"),
    [({}, "now"), ({"limit": "0"}, _MONTH), ({"limit": "101"}, _MONTH), ({}, "x" * 200)],
)
def test_a_value_that_is_not_valid_is_named(
    api: ApiCaller, query: dict[str, str], period: str
) -> None:
    found = previewed(api, MONTHLY, period, query=query)

    assert (found.status_code, found.headers["content-type"]) == (422, PROBLEM)


def test_a_viewer_previews_nothing(api: ApiCaller) -> None:
    assert previewed(api, MONTHLY, token=api.token(role=Role.VIEWER)).status_code == 403
