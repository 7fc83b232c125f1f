"""Figures to date that differ from the sums of the daily tables are errors."""

from datetime import date

import pytest
from psycopg import Connection, sql
from psycopg.rows import TupleRow

from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline_tests.checks.conftest import RunCheck

CHANGE = sql.SQL(
    "update reporting.report_event_summary set {figure} = {figure} + 7"
    " where date = %s returning event_id, {figure}"
)
COMPARED = (
    "admission_to_date_count",
    "gross_to_date_minor",
    "refund_to_date_minor",
    "net_revenue_to_date_minor",
    "platform_fee_to_date_minor",
    "processing_fee_to_date_minor",
    "payable_to_date_minor",
    "other_currency_count",
    "other_organization_count",
)


@pytest.fixture
def day(books: Connection[TupleRow]) -> date:
    """The last day on which the season sold a ticket."""
    row = books.execute("select max(date) from reporting.report_sales_daily").fetchone()
    assert row is not None
    return date.fromisoformat(str(row[0]))


@pytest.mark.parametrize("figure", COMPARED)
def test_each_figure_to_date_is_compared(
    figure: str, day: date, books: Connection[TupleRow], run_check: RunCheck
) -> None:
    row = books.execute(CHANGE.format(figure=sql.Identifier(figure)), [day]).fetchone()
    assert row is not None
    event, changed = row

    [found] = run_check("summary_equals_dailies", [day])[day]

    assert found.message.startswith(f"{figure} of event ")
    assert str(event) in found.message
    assert (found.expected, found.found) == (changed - 7, changed)
    assert found.severity is Severity.ERROR
    assert found.ids == {"event_id": event}


def test_tickets_are_compared_with_the_sales(
    day: date, books: Connection[TupleRow], run_check: RunCheck
) -> None:
    books.execute(
        "update reporting.report_event_summary"
        " set comped_to_date_count = comped_to_date_count + 1 where date = %s",
        [day],
    )

    [found] = run_check("summary_equals_dailies", [day])[day]

    assert found.message.startswith("sold_to_date_count + comped_to_date_count")


def test_a_ticket_moved_between_days_is_found_from_the_first_to_the_second(
    day: date, books: Connection[TupleRow], run_check: RunCheck
) -> None:
    row = books.execute(
        "update reporting.report_event_summary set sold_today_count = sold_today_count + 1"
        " where date = %s returning event_id",
        [day],
    ).fetchone()
    assert row is not None

    [found] = run_check("summary_equals_dailies", [day])[day]

    assert found.message.startswith("sold_to_date_count of event ")
    assert str(row[0]) in found.message
    assert found.expected == (found.found or 0) + 1


def test_an_event_without_a_summary_of_the_day_is_found(
    day: date, books: Connection[TupleRow], run_check: RunCheck
) -> None:
    row = books.execute(
        "delete from reporting.report_event_summary where date = %s returning event_id", [day]
    ).fetchone()
    assert row is not None

    [found] = run_check("summary_equals_dailies", [day])[day]

    assert found.message.startswith("row_count of event ")
    assert str(row[0]) in found.message
    assert (found.expected, found.found) == (1, 0)


def test_money_of_another_organisation_adds_only_to_the_count_of_organisations(
    day: date, books: Connection[TupleRow], run_check: RunCheck
) -> None:
    books.execute(
        "insert into reporting.report_revenue_daily"
        " select (jsonb_populate_record(revenue, jsonb_build_object("
        "   'organization_id', gen_random_uuid(), 'gross_minor', 1))).*"
        " from reporting.report_revenue_daily as revenue where date = %s",
        [day],
    )

    found = run_check("summary_equals_dailies", [day])[day]
    assert found
    assert all(each.message.startswith("other_organization_count of event") for each in found)
    assert {(each.expected, each.found) for each in found} == {(1, 0)}
