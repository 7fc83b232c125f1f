"""An organisation lists its own reports, page by page, and sees each one's file."""

from dataclasses import asdict
from datetime import date, timedelta

import pytest

from reporting_pipeline.catalogue.report_pages import ReportFilter
from reporting_pipeline.serving.api.answers import cursor_of
from reporting_pipeline.serving.api.tokens import Role
from reporting_pipeline_tests.sample_reports import (
    ATTENDANCE,
    BERLIN,
    REVENUE,
    TOKYO,
    define,
    one_day,
)
from reporting_pipeline_tests.serving.api.api_caller import ApiCaller

DAY = date(2025, 10, 25)


def make(api: ApiCaller, slug: str, days: int = 1) -> list[str]:
    """Generate a daily report of a new definition; the ids, the newest day first."""
    definition = define(api.maker.warehouse, {**REVENUE, "slug": slug})
    found = [
        api.maker.generate_one(definition, one_day(DAY - timedelta(days=offset)))
        for offset in range(days)
    ]
    return [str(each.id) for each in found]


def test_a_list_leads_through_all_reports_once(api: ApiCaller) -> None:
    made = make(api, "listed", days=5)
    query, found = {"definition": "listed", "limit": "2"}, []
    while True:
        page = api.get("/reports", params=query).json()
        found += [each["id"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]

    assert found == made


def test_filters_choose_reports(api: ApiCaller) -> None:
    newest, older = make(api, "filtered", days=2)

    def ids(**query: str) -> list[str]:
        items = api.get("/reports", params={"definition": "filtered", **query}).json()["items"]
        return [each["id"] for each in items]

    assert ids(**{"from": str(DAY)}) == [newest]
    assert ids(to=str(DAY - timedelta(days=1))) == [older]
    assert ids(format="pdf") == []
    assert ids(status="failed") == []
    assert ids(status="ready", format="csv") == [newest, older]


def test_a_report_shows_its_file_and_its_path(api: ApiCaller) -> None:
    [made] = make(api, "shown")

    found = api.get(f"/reports/{made}").json()

    assert (found["slug"], found["period"], found["status"]) == ("shown", str(DAY), "ready")
    assert found["file"]["path"].endswith(f"/reports/{made}/file")
    assert found["file"]["name"].endswith(".csv")
    assert found["edition"] == 1


def test_an_answer_that_the_caller_has_is_not_sent_again(api: ApiCaller) -> None:
    [made] = make(api, "tagged")
    tag = api.get(f"/reports/{made}").headers["etag"]

    again = api.get(f"/reports/{made}", headers={"If-None-Match": f'"other", {tag}'})
    other = api.get(f"/reports/{made}", headers={"If-None-Match": '"other"'})

    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert other.status_code == 200


def test_another_organisation_finds_nothing(api: ApiCaller) -> None:
    make(api, "private", days=2)
    [made, _] = make(api, "private", days=2)
    tokyo = api.token(TOKYO, Role.OPERATOR)
    first = api.get("/reports", params={"limit": "1"})

    def of_tokyo(path: str, **more: object) -> int:
        return api.get(path, token=tokyo, organization_id=TOKYO, **more).status_code

    assert api.get("/reports", token=tokyo, organization_id=TOKYO).json()["items"] == []
    assert of_tokyo(f"/reports/{made}") == 404
    assert of_tokyo("/reports", params={"cursor": first.json()["next_cursor"]}) == 422
    tag = api.get(f"/reports/{made}").headers["etag"]
    assert of_tokyo(f"/reports/{made}", headers={"If-None-Match": tag}) == 404
    assert of_tokyo(f"/reports/{made}", headers={"If-None-Match": "*"}) == 404


def test_a_cursor_belongs_to_its_filters(api: ApiCaller) -> None:
    define(api.maker.warehouse, {**ATTENDANCE, "slug": "other"})
    make(api, "cursored", days=2)
    query = {"definition": "cursored", "limit": "1"}
    cursor = api.get("/reports", params=query).json()["next_cursor"]

    found = api.get("/reports", params={"definition": "other", "limit": "1", "cursor": cursor})

    assert found.status_code == 422


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "201"},
        {"limit": "x"},
        {"cursor": "x"},
        {"cursor": "x" * 2_000},
        {"from": "now"},
        {"format": "exe"},
        {"status": "gone"},
        {"event_id": "x"},
        {"definition": "\x00"},
    ],
)
def test_a_value_that_is_not_valid_is_named(api: ApiCaller, query: dict[str, str]) -> None:
    found = api.get("/reports", params=query)

    assert found.status_code == 422
    assert found.headers["content-type"] == "application/problem+json"
    assert "Value error" not in found.text


def test_a_report_that_does_not_exist_is_not_found(api: ApiCaller) -> None:
    assert api.get("/reports/99999999-0000-4000-8000-000000000009").status_code == 404
    assert api.get("/reports/x").status_code == 422


@pytest.mark.parametrize(
    "position", [[], 7, [2**64], [-1], ["x", "y"], ["2025-10-25"], {"a": 1}, [None, None]]
)
def test_a_cursor_that_somebody_has_written_is_refused(api: ApiCaller, position: object) -> None:
    make(api, "written", days=1)
    name = f"reports {sorted(asdict(ReportFilter()).items(), key=str)}"
    report = api.get("/reports", params={"definition": "written"}).json()["items"][0]["id"]
    changes = f"changes of {report} 1"

    for path, list_name in (("/reports", name), (f"/reports/{report}/editions/1/changes", changes)):
        cursor = cursor_of(BERLIN, list_name, position)
        assert api.get(path, params={"cursor": cursor}).status_code == 422, path
