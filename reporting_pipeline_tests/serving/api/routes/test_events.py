"""An organisation sees its events, and the figures of each as of a day."""

from datetime import date
from typing import Any

from reporting_pipeline_tests.sample_reports import BERLIN, TOKYO
from reporting_pipeline_tests.serving.api.api_caller import ApiCaller

_LAST = """
    select event_id, date, sold_to_date_count from reporting.report_event_summary
    where organization_id = %s order by event_id, date desc limit 1
"""


def an_event(api: ApiCaller) -> tuple[str, date, int]:
    """An event, its last day and the tickets sold up to then."""
    [(event_id, day, sold)] = api.maker.query(_LAST, BERLIN)
    assert isinstance(day, date)
    assert isinstance(sold, int)
    return str(event_id), day, sold


def test_pages_lead_through_all_events_once(api: ApiCaller) -> None:
    query, found = {"limit": "2"}, []
    while True:
        page = api.get("/events", params=query).json()
        found += page["items"]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]

    known = "select count(*) from landing.ticketing_events where organization_id = %s"
    assert [(len({each["id"] for each in found}),)] == api.maker.query(known, BERLIN)
    assert found == sorted(found, key=lambda each: (each["starts"], each["id"]), reverse=True)
    assert api.get(f"/events/{found[0]['id']}").json() == found[0]


def test_days_choose_events(api: ApiCaller) -> None:
    assert api.get("/events", params={"from": "2100-01-01"}).json()["items"] == []
    assert api.get("/events", params={"to": "2000-01-01"}).json()["items"] == []
    assert api.get("/events", params={"to": "2100-01-01"}).json()["items"] != []


def test_a_summary_has_the_figures_of_the_day(api: ApiCaller) -> None:
    event_id, day, sold = an_event(api)

    found = api.get(f"/events/{event_id}/summaries/2026-12-31").json()

    assert (found["as_of"], found["day"]) == ("2026-12-31", day.isoformat())
    assert found["figures"]["sold_to_date_count"] == sold
    assert not [each for each in found["figures"].values() if isinstance(each, float)]


def test_a_summary_that_the_caller_has_is_not_sent_again(api: ApiCaller) -> None:
    event_id, _, _ = an_event(api)
    path = f"/events/{event_id}/summaries/2026-12-31"
    tag = api.get(path).headers["etag"]

    assert api.get(path, headers={"If-None-Match": tag}).status_code == 304


def test_an_event_without_figures_is_not_found(api: ApiCaller) -> None:
    event_id, _, _ = an_event(api)

    assert api.get(f"/events/{event_id}/summaries/2000-01-01").status_code == 404
    assert api.get(f"/events/{event_id}/summaries/today").status_code == 422
    assert api.get("/events/99999999-0000-4000-8000-000000000009").status_code == 404


def test_another_organisation_finds_nothing(api: ApiCaller) -> None:
    event_id, _, _ = an_event(api)
    path = f"/events/{event_id}/summaries/2026-12-31"
    own, first = api.get(path), api.get("/events", params={"limit": "1"}).json()
    tokyo: dict[str, Any] = {"token": api.token(TOKYO), "organization_id": TOKYO}
    ids = {each["id"] for each in api.get("/events", **tokyo).json()["items"]}

    def of_tokyo(path: str, **more: Any) -> int:
        return api.get(path, **tokyo, **more).status_code

    assert ids
    assert event_id not in ids
    assert of_tokyo(f"/events/{event_id}") == 404
    assert of_tokyo(path, headers={"If-None-Match": own.headers["etag"]}) == 404
    assert of_tokyo("/events", params={"cursor": first["next_cursor"], "limit": "1"}) == 422
    assert api.get(path, token=tokyo["token"]).status_code == 404
