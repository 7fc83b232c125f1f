"""A dashboard has the figures of a day, which are those of a report."""

from datetime import date, timedelta
from typing import Any

import pytest

from reporting_pipeline_tests.sample_reports import BERLIN, TOKYO
from reporting_pipeline_tests.serving.api.api_caller import ApiCaller

_DAY = """
    select date from reporting.report_revenue_daily where organization_id = %s
    group by date order by count(*) desc, date limit 1
"""
_REVENUE = """
    select currency::text, sum(gross_minor)::bigint from reporting.report_revenue_daily
    where organization_id = %s and date = %s group by currency order by currency
"""
_TO_DATE = """
    select last.currency::text, sum(last.gross_to_date_minor)::bigint
    from (
        select distinct on (event_id, currency) currency, gross_to_date_minor
        from reporting.report_event_summary
        where organization_id = %s and date <= %s
        order by event_id, currency, date desc
    ) as last
    group by last.currency order by last.currency
"""


def a_day(api: ApiCaller) -> date:
    """The day with the most revenue rows."""
    [(day,)] = api.maker.query(_DAY, BERLIN)
    assert isinstance(day, date)
    return day


def values(found: Any, name: str) -> list[tuple[str, int]]:
    """A figure by currency."""
    rows = found.json()["items"]
    return [(each["currency"], each["value"]) for each in rows if each["name"] == name]


def test_the_figures_are_those_of_the_day_and_up_to_its_end(api: ApiCaller) -> None:
    day = a_day(api)

    found = api.get(f"/figures/{day}")

    assert values(found, "gross_minor") == api.maker.query(_REVENUE, BERLIN, day)
    assert values(found, "gross_to_date_minor") == api.maker.query(_TO_DATE, BERLIN, day)
    assert values(found, "gross_minor") != values(found, "gross_to_date_minor")


def test_another_organisation_has_other_figures(api: ApiCaller) -> None:
    day = a_day(api)
    tokyo: dict[str, Any] = {"token": api.token(TOKYO), "organization_id": TOKYO}
    tag = api.get(f"/figures/{day}").headers["etag"]

    other = api.get(f"/figures/{day}", headers={"If-None-Match": tag}, **tokyo)

    assert other.status_code == 200
    assert values(other, "gross_to_date_minor") == api.maker.query(_TO_DATE, TOKYO, day)
    assert api.get(f"/figures/{day}", token=tokyo["token"]).status_code == 404
    assert api.get(f"/figures/{day}", headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize("day", ["today", "9999-12-31", "2026-02-30"])
def test_a_day_that_is_none_is_refused(api: ApiCaller, day: str) -> None:
    assert api.get(f"/figures/{day}").status_code == 422


def test_a_day_before_all_events_has_no_figures(api: ApiCaller) -> None:
    assert api.get(f"/figures/{date.min + timedelta(days=9)}").json()["items"] == []
