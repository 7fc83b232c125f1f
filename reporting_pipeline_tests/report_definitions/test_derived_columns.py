"""Columns that a definition derives from two figures, and days of the period in filters."""

from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from reporting_pipeline.registry.datasets import dataset
from reporting_pipeline.report_definitions.additivity import invalid_fields
from reporting_pipeline.report_definitions.filters import InRange, sentence
from reporting_pipeline_tests.report_definitions.sample_definitions import (
    config,
    found,
    sales,
    sell,
)

AVERAGE = {
    "name": "average_price_minor",
    "label": "Average price",
    "numerator": "gross_minor",
    "denominator": "net_count",
}
SHARE = {"name": "fee_rate", "numerator": "fee_minor", "denominator": "gross_minor"}
Connection = psycopg.Connection[Any]


def test_ratios_are_computed_from_the_sums_of_their_parts(rolled_back: Connection) -> None:
    sell(rolled_back, channel="web", gross_minor=5, net_count=2, fee_minor=1)
    sell(rolled_back, channel="api", gross_minor=-12, net_count=1, fee_minor=1)
    sell(rolled_back, channel="kiosk", gross_minor=7, net_count=0, currency="JPY")

    grouped = sales(columns=["currency", AVERAGE, SHARE], group_by=["currency"])
    each = sales(columns=["channel", "currency", AVERAGE, SHARE], sort=["channel"])

    assert found(rolled_back, grouped.rows) == [("EUR", -2, None), ("JPY", None, Decimal(0))]
    assert found(rolled_back, each.rows) == [
        ("api", "EUR", -12, None),
        ("kiosk", "JPY", None, Decimal(0)),
        ("web", "EUR", 3, Decimal("0.2")),
    ]
    assert found(rolled_back, each.totals) == [("EUR", -2, None), ("JPY", None, Decimal(0))]
    assert [column.header for column in grouped.columns] == [
        "Currency",
        "Average price",
        "Fee rate",
    ]


def test_groups_are_chosen_by_a_derived_column(rolled_back: Connection) -> None:
    for channel, count in (("web", 1), ("api", 2)):
        sell(rolled_back, channel=channel, gross_minor=10, net_count=count)
    report = sales(
        columns=["channel", "currency", AVERAGE],
        group_by=["channel", "currency"],
        having=[{"column": "average_price_minor", "operator": "range", "from": 6}],
        sort=["average_price_minor"],
    )
    assert found(rolled_back, report.rows) == [("web", "EUR", 10)]


@pytest.mark.parametrize(
    ("changed", "field", "reason"),
    [
        ({"name": "gross_minor"}, "columns[1].name", "is a column of sales_daily"),
        ({"name": "average_rate"}, "columns[1].name", "does not end in _minor"),
        ({"numerator": "channel"}, "columns[1].numerator", "neither a measure nor a balance"),
        ({"numerator": "nothing"}, "columns[1].numerator", "has no column 'nothing'"),
        ({"denominator": None}, "columns[1].denominator", "is missing"),
        (
            {"numerator": "net_count", "denominator": "gross_minor"},
            "columns[1].denominator",
            "a count by money is no share",
        ),
    ],
)
def test_a_ratio_that_is_none_is_refused(
    changed: dict[str, object], field: str, reason: str
) -> None:
    asked = config(columns=["currency", {**AVERAGE, **changed}])
    [fault] = invalid_fields(asked, dataset("sales_daily"))
    assert fault.field == field
    assert reason in fault.reason


def test_a_filter_on_a_derived_column_is_refused() -> None:
    comparison = {"column": "average_price_minor", "operator": "=", "value": 1}
    asked = config(columns=["currency", AVERAGE], group_by=["currency"], filters=[comparison])
    [fault] = invalid_fields(asked, dataset("sales_daily"))
    assert fault.reason == "average_price_minor is computed from sums; compare it in `having`"


def test_a_filter_compares_a_day_with_those_of_the_period(rolled_back: Connection) -> None:
    for day in (1, 27, 28):
        sell(rolled_back, date=date(2026, 2, day), gross_minor=day)

    def days(**fields: object) -> list[int]:
        filters = [{"column": "date", **fields}]
        report = sales(columns=["date", "currency", "gross_minor"], filters=filters)
        return [row[2] for row in found(rolled_back, report.rows)]

    assert days(operator="=", value="period.first_day") == [1]
    assert days(**{"operator": "range", "from": "period.last_day"}) == [28]
    assert days(operator="range", to="period.last_day") == [1, 27]
    assert days(operator="in", values=["period.first_day", "period.last_day"]) == [1, 28]
    later = {"operator": "range", "from": "2026-02-02", "to": "period.next_day"}
    assert days(**later) == [27, 28]
    assert days(operator="=", value="period.first_day + 27 days") == [28]
    assert days(**{"operator": "range", "from": "period.next_day - 2 days"}) == [27, 28]
    assert days(operator="in", values=["period.last_day - 1 day", "2026-02-01"]) == [1, 27]


@pytest.mark.parametrize(
    "day",
    [
        "period.last_day -30 days",
        "period.last_day - 1 days",
        "period.last_day - 30",
        "period.last_day - 0 days",
        "period.last_day - 3661 days",
        "period.end - 30 days",
        "period.first_day + 1 month",
    ],
)
def test_other_days_of_the_period_are_refused(day: str) -> None:
    asked = config(filters=[{"column": "date", "operator": "=", "value": day}])
    [fault] = invalid_fields(asked, dataset("sales_daily"))
    assert fault.field == "filters[0].value"
    assert fault.reason == (
        f"found '{day}', expected period.first_day, period.last_day or period.next_day, or one of "
        "them with days: period.last_day - 30 days"
    )


@pytest.mark.parametrize("day", ["period.first_day", "period.first_day + 1 day"])
def test_the_first_day_of_an_events_life_is_refused(day: str) -> None:
    comparison = {"column": "date", "operator": "=", "value": day}
    asked = config(filters=[comparison], period="event_to_date")
    [fault] = invalid_fields(asked, dataset("sales_daily"))
    assert "is not known of event_to_date" in fault.reason


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("period.first_day", "the first day of the period"),
        ("period.last_day - 30 days", "30 days before the last day of the period"),
        ("period.next_day + 1 day", "1 day after the day after the period"),
    ],
)
def test_a_filter_names_a_day_of_the_period_in_words(day: str, words: str) -> None:
    running = InRange.model_validate({"column": "event_end_day", "operator": "range", "from": day})
    assert sentence(running, dataset("sales_daily")) == f"Last day of the event is from {words}"
