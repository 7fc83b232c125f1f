"""A dataset reads the days of a period and an organisation, and finds related rows by key."""

import re
from datetime import date

import psycopg
import pytest

from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.building.plans import Reading, readings

DAY = date(2025, 9, 19)  # of sales, refunds and charges
SHOW_DAY = date(2025, 10, 25)  # of scans
DATED = (
    "ticketing_order_line_movements",
    "scanning_scans",
    "ledger_transactions",
    "ledger_entries",
)
REPORT_TABLE_DATASETS = (
    ("sales_daily", DAY),
    ("revenue_daily", DAY),
    ("attendance_daily", SHOW_DAY),
    ("attendance_quarter_hourly", SHOW_DAY),
    ("occupancy_daily", DAY),
    ("event_summary", DAY),
    ("reconciliation_breaks", DAY),
    ("tax_daily", DAY),
    ("account_movements_daily", DAY),
    ("bridge", DAY),
)
# PostgreSQL would read the few orders of the season whole; with these rows it does not.
_FURTHER_ORDERS = """
    insert into landing.ticketing_orders
    select
        gen_random_uuid(), organization_id, event_id, channel, status, currency, total_minor,
        placed_at, paid_at, updated_at
    from landing.ticketing_orders, generate_series(1, 50)
"""


@pytest.mark.parametrize(("name", "day"), REPORT_TABLE_DATASETS)
def test_rows_of_report_tables_are_found_by_their_day(
    name: str, day: date, season: Pipeline
) -> None:
    found = [each for each in _readings(season, name, day) if each.schema == "reporting"]

    assert found
    assert all(each.is_of(day, column="date") for each in found), found
    assert all("organization_id = " in each.condition for each in found), found


@pytest.mark.parametrize(
    ("name", "day"), [("order_movements", DAY), ("ledger_entries", DAY), ("scans", SHOW_DAY)]
)
def test_items_are_found_by_their_day_and_related_rows_by_key(
    name: str, day: date, season: Pipeline
) -> None:
    found = [
        each
        for each in _readings(season, name, day)
        if each.table in DATED and not each.is_by_key and each.month != "held_back"
    ]

    of_day = [each for each in found if not _is_of_same_day(each)]
    assert [each.is_of(day) for each in of_day] == [True]
    assert {each.month for each in found} == {f"{day:%Y_%m}"}


def test_transactions_of_entries_are_searched_in_their_month_only(season: Pipeline) -> None:
    found = _readings(season, "ledger_entries", DAY)

    assert {each.month for each in found if each.table == "ledger_transactions"} == {"2025_09"}


def test_tickets_are_found_by_the_events_of_their_organisation(season: Pipeline) -> None:
    found = _readings(season, "tickets", DAY)

    events, tickets = found[:2]
    assert (events.table, tickets.table) == ("ticketing_events", "ticketing_tickets")
    assert "organization_id = " in events.condition
    assert "event_id = ticketing_events.id" in tickets.condition
    landed = [each for each in found if each.table in DATED and each.month != "held_back"]
    assert landed
    assert all(each.is_by_key for each in landed), landed


def test_balance_reads_one_report_table_its_balances_and_no_landed_row(season: Pipeline) -> None:
    found = _readings(season, "payable_statement", DAY)

    assert {each.table for each in found} == {
        "report_revenue_daily",
        "report_revenue_daily_balances",
        "ticketing_organizations",
        "ticketing_events",
        "seating_venues",
        "ticketing_event_series",
    }


def _readings(pipeline: Pipeline, dataset: str, day: date) -> list[Reading]:
    with psycopg.connect(conninfo(pipeline.warehouse)) as connection:
        [(organization,)] = connection.execute(
            "select organization_id from reporting.report_revenue_daily where date = %s"
            " union select organization_id from reporting.report_attendance_daily where date = %s",
            [day, day],
        ).fetchall()
        connection.execute(_FURTHER_ORDERS)
        connection.execute("analyze landing.ticketing_orders")
        query = (
            f"select * from datasets.{dataset} where organization_id = '{organization}'"  # noqa: S608
            f" and date >= '{day}' and date < date '{day}' + 1"
        )
        found = readings(connection, query)
        connection.rollback()
        return found


def _is_of_same_day(reading: Reading) -> bool:
    """True if the condition of the index is the day of a row that was already found."""
    return re.search(r"\.report_day = \w+\.report_day", reading.condition) is not None
