"""A day of a report table depends only on the landed rows, however often it is built."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import URL
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from reporting_pipeline.building.build import (
    TABLE_NAMES,
    build,
    build_touched,
    day_ranges,
    days_from_to,
    known_days,
    touched_days,
)
from reporting_pipeline.errors import BuildFailed, UnknownReport
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.acceptance.pipelines import Pipeline, assert_same
from reporting_pipeline_tests.oracle.random_books import dice

DAY = date(2025, 5, 2)  # the last day on which the show in Tokyo sold tickets
SALES, REVENUE = "report_sales_daily", "report_revenue_daily"


@pytest.fixture
def warehouse(built: Pipeline) -> Iterator[psycopg.Connection]:
    """A connection to the warehouse that commits each statement."""
    with psycopg.connect(conninfo(built.warehouse), autocommit=True) as connection:
        yield connection


def test_one_by_one_in_random_order_and_the_rest_at_once_equal_all_at_once(
    built: Pipeline, warehouse: psycopg.Connection
) -> None:
    at_once = built.tables()
    days = built.known_days()
    dice(3).shuffle(days)
    empty_tables(warehouse)

    for day in days[:6]:
        built.build([day])
    built.build(days[6:])

    assert_same(at_once, built.tables())


def test_building_again_changes_nothing(built: Pipeline) -> None:
    once = built.tables()

    result = built.build_all()

    assert_same(once, built.tables())
    assert {table: result.total(table) for table in TABLE_NAMES} == {
        table: len(rows) for table, rows in once.items()
    }


def test_only_the_requested_days_and_tables_are_built(
    built: Pipeline, warehouse: psycopg.Connection
) -> None:
    whole = built.tables()
    empty_tables(warehouse)
    days = [DAY, date(2025, 3, 9), date(2025, 3, 10)]

    result = build(days, warehouse=built.warehouse, tables=[REVENUE, SALES])

    expected = {
        table: {key: row for key, row in rows.items() if row["date"] in days}
        if table in (REVENUE, SALES)
        else {}
        for table, rows in whole.items()
    }
    assert_same(expected, built.tables())
    assert result.row_counts.keys() == {REVENUE, SALES}
    assert result.seconds.keys() == {REVENUE, SALES}
    assert result.row_counts[SALES].keys() <= set(days)
    assert result.total(SALES) == len(expected[SALES])


def test_a_day_without_rows_any_more_becomes_empty(
    built: Pipeline, warehouse: psycopg.Connection
) -> None:
    whole = built.tables()
    warehouse.execute(
        "delete from landing.ticketing_order_line_movements where report_day = %s", [DAY]
    )
    warehouse.execute("delete from landing.ledger_entries where report_day = %s", [DAY])
    assert any(row["date"] == DAY for row in whole[SALES].values())

    result = build([DAY], warehouse=built.warehouse, tables=[SALES, REVENUE])

    assert result.row_counts == {SALES: {}, REVENUE: {}}
    for table in (SALES, REVENUE):
        left = {key: row for key, row in whole[table].items() if row["date"] != DAY}
        assert_same({table: left}, built.tables())


def test_without_days_nothing_is_built(built: Pipeline) -> None:
    assert build([], warehouse=built.warehouse).row_counts == {name: {} for name in TABLE_NAMES}


def test_an_unknown_table_is_refused_before_anything_is_built(built: Pipeline) -> None:
    with pytest.raises(UnknownReport, match="report_weather_daily"):
        build([DAY], warehouse=built.warehouse, tables=[SALES, "report_weather_daily"])


def test_a_build_removes_only_its_own_days_from_the_queue(
    built: Pipeline, warehouse: psycopg.Connection
) -> None:
    touch(warehouse, SALES, DAY)
    touch(warehouse, SALES, DAY)
    touch(warehouse, SALES, date(2025, 5, 3))
    touch(warehouse, REVENUE, DAY)

    build([DAY], warehouse=built.warehouse, tables=[SALES])

    assert touched_days(built.warehouse) == {SALES: [date(2025, 5, 3)], REVENUE: [DAY]}


def test_build_touched_builds_each_table_for_its_own_days(
    built: Pipeline, warehouse: psycopg.Connection
) -> None:
    whole = built.tables()
    empty_tables(warehouse)
    touched = {SALES: [DAY], REVENUE: [DAY, date(2025, 3, 9)]}
    for table, days in touched.items():
        for day in days:
            touch(warehouse, table, day)

    build_touched(built.warehouse)

    expected = {
        table: {key: row for key, row in rows.items() if row["date"] in touched.get(table, ())}
        for table, rows in whole.items()
    }
    assert_same(expected, built.tables())
    assert touched_days(built.warehouse) == {}
    assert build_touched(built.warehouse).row_counts == {}


def test_a_failed_build_keeps_the_former_rows_and_the_queue(
    built: Pipeline, warehouse: psycopg.Connection
) -> None:
    warehouse.execute("alter table reporting.report_sales_daily rename column sold_count to sold")
    touch(warehouse, SALES, DAY)
    before = warehouse.execute("select * from reporting.report_sales_daily").fetchall()

    with pytest.raises(BuildFailed, match="not built, the former rows are kept") as raised:
        build([DAY], warehouse=built.warehouse, tables=[SALES])

    assert raised.value.message.startswith(
        "not built, the former rows are kept: report_sales_daily:"
    )
    assert 'column "sold" does not exist' in raised.value.message
    assert "compiled code" not in raised.value.message  # the file does not exist any more
    assert warehouse.execute("select * from reporting.report_sales_daily").fetchall() == before
    assert touched_days(built.warehouse) == {SALES: [DAY]}


def test_tables_beside_a_failed_one_are_built(
    built: Pipeline, warehouse: psycopg.Connection
) -> None:
    whole = built.tables()
    warehouse.execute("delete from reporting.report_revenue_daily where date = '2025-05-02'")
    warehouse.execute("alter table reporting.report_sales_daily rename column sold_count to sold")

    with pytest.raises(BuildFailed) as raised:
        build([DAY], warehouse=built.warehouse, tables=[SALES, REVENUE])

    assert REVENUE not in raised.value.message
    warehouse.execute("alter table reporting.report_sales_daily rename column sold to sold_count")
    assert_same({REVENUE: whole[REVENUE]}, built.tables())


def test_a_row_that_lands_while_its_day_is_built_is_in_the_next_build(
    built: Pipeline, warehouse: psycopg.Connection
) -> None:
    sold = "select sum(sold_count) from reporting.report_sales_daily"
    [before] = warehouse.execute(sold).fetchall()
    with ThreadPoolExecutor(1) as threads:
        # The build has read the day and is about to write it.
        with sales_locked_for_writing(built.warehouse):
            building = threads.submit(build, [DAY], warehouse=built.warehouse, tables=[SALES])
            wait_until_true(lambda: waiting_count(warehouse, "relation") == 1)
            sell_one_more(built)
            built.land()
        building.result(timeout=60)

    assert warehouse.execute(sold).fetchall() == [before]
    assert touched_days(built.warehouse)[SALES] == [DAY]
    built.build_touched()
    assert warehouse.execute(sold).fetchall() == [(before[0] + 1,)]
    assert touched_days(built.warehouse) == {}


def test_a_row_that_lands_while_a_build_waits_for_its_day_is_in_this_build(
    built: Pipeline, warehouse: psycopg.Connection
) -> None:
    sold = "select sum(sold_count) from reporting.report_sales_daily"
    [before] = warehouse.execute(sold).fetchall()
    with ThreadPoolExecutor(1) as threads:
        with day_claimed(built.warehouse, SALES, DAY):
            building = threads.submit(build, [DAY], warehouse=built.warehouse, tables=[SALES])
            wait_until_true(lambda: waiting_count(warehouse, "advisory") == 1)
            sell_one_more(built)
            built.land()
        building.result(timeout=60)

    assert warehouse.execute(sold).fetchall() == [(before[0] + 1,)]
    assert SALES not in touched_days(built.warehouse)


def test_two_processes_that_build_the_same_days_at_once_give_each_row_once(
    built: Pipeline, warehouse: psycopg.Connection
) -> None:
    whole = built.tables()
    other_process = (
        "import sys; from datetime import date; from sqlalchemy import make_url;"
        "from reporting_pipeline.building.build import build;"
        "build([date(2025, 5, 2)], warehouse=make_url(sys.stdin.read()),"
        " tables=['report_sales_daily'])"
    )
    address = built.warehouse.render_as_string(hide_password=False)
    with ThreadPoolExecutor(2) as threads:
        with day_claimed(built.warehouse, SALES, DAY):
            here = threads.submit(build, [DAY], warehouse=built.warehouse, tables=[SALES])
            there = threads.submit(
                subprocess.run,
                [sys.executable, "-c", other_process],
                input=address,
                text=True,
                capture_output=True,
                check=False,
            )
            wait_until_true(lambda: waiting_count(warehouse, "advisory") == 2)
        here.result(timeout=60)
        assert there.result(timeout=60).returncode == 0, there.result().stderr

    assert_same({SALES: whole[SALES]}, built.tables())


def test_more_days_than_the_server_has_locks_for_are_built(built: Pipeline) -> None:
    days = days_from_to(date(2015, 1, 1), date(2035, 12, 31))
    whole = built.tables()

    result = build(days, warehouse=built.warehouse, tables=[REVENUE])

    assert result.total(REVENUE) == len(whole[REVENUE])
    assert_same({REVENUE: whole[REVENUE]}, built.tables())


def test_known_days_contain_every_day_with_a_row(built: Pipeline) -> None:
    dates = {row["date"] for rows in built.tables().values() for row in rows.values()}

    assert dates <= set(known_days(built.warehouse))


def test_days_from_to_contain_both_ends() -> None:
    assert days_from_to(date(2024, 2, 28), date(2024, 3, 1)) == [
        date(2024, 2, 28),
        date(2024, 2, 29),
        date(2024, 3, 1),
    ]


def test_neighbouring_days_make_one_half_open_range() -> None:
    days = [date(2025, 1, 31), date(2025, 2, 1), date(2025, 2, 3)]

    assert day_ranges(days) == [
        (date(2025, 1, 31), date(2025, 2, 2)),
        (date(2025, 2, 3), date(2025, 2, 4)),
    ]


def empty_tables(warehouse: psycopg.Connection) -> None:
    tables = sql.SQL(", ").join(sql.Identifier("reporting", name) for name in TABLE_NAMES)
    warehouse.execute(sql.SQL("truncate {}").format(tables))


def touch(warehouse: psycopg.Connection, table: str, day: date) -> None:
    warehouse.execute(
        "insert into landing.touched_days (report_table, report_day, touched_at)"
        " values (%s, %s, now())",
        [table, day],
    )


def sell_one_more(pipeline: Pipeline) -> None:
    """Sell one more ticket on DAY in the source."""
    with psycopg.connect(conninfo(pipeline.sources["ticketing"])) as connection:
        connection.execute(
            "insert into ticketing.order_line_movements"
            " select (jsonb_populate_record(sale, jsonb_build_object("
            "  'id', gen_random_uuid(), 'quantity', 1, 'recorded_at', '2025-11-01Z'))).*"
            " from ticketing.order_line_movements as sale"
            " where reason = 'sale' and occurred_at = '2025-05-02T00:06:21Z' limit 1"
        )


@contextmanager
def sales_locked_for_writing(warehouse: URL) -> Iterator[None]:
    """Lock the table of sales, so that others can read it but not write it."""
    with psycopg.connect(conninfo(warehouse)) as connection:
        connection.execute("lock table reporting.report_sales_daily in exclusive mode")
        yield


@contextmanager
def day_claimed(warehouse: URL, table: str, day: date) -> Iterator[None]:
    """Hold the lock of a day, as another build would."""
    with psycopg.connect(conninfo(warehouse)) as connection:
        connection.execute(
            "select pg_advisory_xact_lock(hashtext(%s), %s - date '2000-01-01')", [table, day]
        )
        yield


def waiting_count(warehouse: psycopg.Connection, kind: str) -> int:
    """The number of sessions that wait for a lock of a kind in this database."""
    statement = (
        "select count(*) from pg_locks where not granted and locktype = %s and database ="
        " (select oid from pg_database where datname = current_database())"
    )
    [(count,)] = warehouse.execute(statement, [kind]).fetchall()
    return int(count)


def wait_until_true(happens: Callable[[], bool]) -> None:
    """Wait for a condition by polling; PostgreSQL does not notify about sessions that wait."""
    often = Retrying(
        retry=retry_if_result(lambda happened: not happened),
        wait=wait_fixed(0.02),
        stop=stop_after_delay(60),
    )
    often(happens)
