"""The build of one day reads the rows of that day, and finds related rows of other days by key.

The tests read PostgreSQL's plans. It may not read small tables whole, so that the plans show if
every row is found by key.
"""

from datetime import date, timedelta

import psycopg
import pytest
from psycopg import sql

from reporting_pipeline.building.build import TABLE_NAMES, day_ranges
from reporting_pipeline.building.dbt import compiled_model
from reporting_pipeline.samples.generator import Plan, generate_dump
from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.building.plans import Reading, readings, rows_handled

DAY = date(2025, 9, 19)  # of sales, refunds and charges
SHOW_DAY = date(2025, 10, 25)  # of scans
DATED = (
    "ticketing_order_line_movements",
    "seating_inventory_movements",
    "scanning_scans",
    "ledger_transactions",
    "ledger_entries",
)


@pytest.mark.parametrize("table", TABLE_NAMES)
def test_only_landing_is_read(built: Pipeline, table: str) -> None:
    schemas = {reading.schema for reading in readings_of(built, table, DAY)}

    assert schemas == {"landing"}


def test_revenue_reads_the_rows_of_its_day_and_no_others(built: Pipeline) -> None:
    found = [
        (each.table, each.month, each.row_count)
        for each in readings_of(built, "report_revenue_daily", DAY, may_read_whole=True)
        if each.table in DATED
    ]

    assert {(table, month) for table, month, _ in found} == {
        ("ledger_entries", "2025_09"),
        ("ledger_transactions", "2025_09"),
    }
    # Transactions are read for entries, and for payout items, of which the day has none.
    entry_count = count(built, "ledger_entries", DAY)
    assert [rows for table, _, rows in found if table == "ledger_entries"] == [entry_count]


@pytest.mark.parametrize(
    ("table", "day"),
    [
        ("report_sales_daily", DAY),
        ("report_revenue_daily", DAY),
        ("report_attendance_daily", SHOW_DAY),
        ("report_attendance_quarter_hourly", SHOW_DAY),
        ("report_reconciliation_breaks", DAY),
    ],
)
def test_rows_of_other_days_are_read_by_key_only(built: Pipeline, table: str, day: date) -> None:
    found = [each for each in readings_of(built, table, day) if each.table in DATED]

    # For a partition without rows, such as that of held-back rows, any index is fine.
    of_day = [
        each
        for each in found
        if not each.is_by_key and (each.month != "held_back" or each.row_count)
    ]
    assert of_day
    assert all(each.is_of(day) for each in of_day), of_day
    assert {each.month for each in of_day} == {f"{day:%Y_%m}"}
    # Few rows belong to the orders and tickets of the day; the season has 7,500 dated rows.
    assert sum(each.row_count for each in found) < 1_200


def test_summary_reads_up_to_its_day_and_nothing_later(built: Pipeline) -> None:
    found = [
        each for each in readings_of(built, "report_event_summary", DAY) if each.table in DATED
    ]

    assert {each.month for each in found if each.row_count} == {
        f"2025_{month}" for month in ("01", "02", "03", "04", "05", "09")
    }
    later = [each for each in found if each.month and "2025_10" <= each.month <= "9999_99"]
    assert all(each.is_by_key for each in later), later


def test_occupancy_finds_tickets_by_instant_or_event_and_reads_nothing_later(
    built: Pipeline,
) -> None:
    found = readings_of(built, "report_occupancy_daily", DAY)

    tickets = [each for each in found if each.table == "ticketing_tickets"]
    assert tickets
    instants = ("issued_at", "invalidated_at")
    assert all(
        each.is_by_key or any(name in each.condition for name in instants) for each in tickets
    ), tickets
    later = [each for each in found if each.month and "2025_10" <= each.month <= "9999_99"]
    assert all(each.is_by_key for each in later), later


@pytest.mark.parametrize("table", TABLE_NAMES)
def test_work_grows_with_the_rows_and_not_with_their_square(
    many_rows: Pipeline, table: str
) -> None:
    days = many_rows.known_days()
    ranges = [(each.isoformat(), end.isoformat()) for each, end in day_ranges(days)]
    query = compiled_model(table, {"days": ranges}, warehouse=many_rows.warehouse)
    with psycopg.connect(conninfo(many_rows.warehouse)) as connection:
        handled = rows_handled(connection, query)

    landed = sum(count(many_rows, each) for each in DATED)
    assert handled < 40 * landed


@pytest.fixture(scope="module")
def many_rows(shared_pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """So many rows that a loop over all pairs shows; small tables have other plans."""
    plan = Plan(
        seed=1, order_count=3000, day_count=60, organization_count=5, first_day=date(2025, 1, 1)
    )
    dump = generate_dump(plan, tmp_path_factory.mktemp("dumps") / "many_rows")
    load_dump(dump, shared_pipeline.sources)
    shared_pipeline.land()
    return shared_pipeline


def readings_of(
    pipeline: Pipeline, table: str, day: date, *, may_read_whole: bool = False
) -> list[Reading]:
    """Compute a day of a report table, and return each scan that was executed."""
    days = {"days": [(day.isoformat(), (day + timedelta(days=1)).isoformat())]}
    query = compiled_model(table, days, warehouse=pipeline.warehouse)
    with psycopg.connect(conninfo(pipeline.warehouse)) as connection:
        return readings(connection, query, may_read_whole=may_read_whole)


def count(pipeline: Pipeline, table: str, day: date | None = None) -> int:
    """The number of landed rows of a day, or of all days."""
    statement = sql.SQL("select count(*) from {}").format(sql.Identifier("landing", table))
    if day is not None:
        statement += sql.SQL(" where report_day = {}").format(sql.Literal(day))
    with psycopg.connect(conninfo(pipeline.warehouse)) as connection:
        [(found,)] = connection.execute(statement).fetchall()
        return int(found)
