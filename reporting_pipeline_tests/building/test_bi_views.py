"""`reporting migrate` makes the views of `reporting_bi`, as the registry promises them."""

from decimal import Decimal

import psycopg
import pytest
from sqlalchemy import URL

from reporting_pipeline.building.relations import is_current, migrate
from reporting_pipeline.registry.bi_views import bi_views
from reporting_pipeline.warehouse.engine import conninfo, warehouse_connection

_COLUMNS = """
    select attname, format_type(atttypid, atttypmod), col_description(attrelid, attnum)
    from pg_catalog.pg_attribute
    where attrelid = to_regclass(%s) and attnum > 0
    order by attnum
"""


def test_every_view_has_the_promised_columns_with_their_comments(
    rolled_back: psycopg.Connection,
) -> None:
    for view in bi_views():
        found = rolled_back.execute(_COLUMNS, [f"reporting_bi.{view.name}"]).fetchall()
        assert found == [(each.name, each.type, each.description) for each in view.columns]


def test_every_view_reads_with_the_rights_of_its_reader(rolled_back: psycopg.Connection) -> None:
    rows = rolled_back.execute(
        "select relname, reloptions, obj_description(oid, 'pg_class') from pg_class"
        " where relnamespace = 'reporting_bi'::regnamespace and relkind = 'v'"
    ).fetchall()

    assert {name for name, _, _ in rows} == {v.name for v in bi_views()} | {"days", "currencies"}
    assert all(options == ["security_invoker=true"] for _, options, _ in rows)
    assert all(comment for _, _, comment in rows)


def test_a_lost_view_is_made_again(warehouse_url: URL) -> None:
    with psycopg.connect(conninfo(warehouse_url)) as connection:
        connection.execute("drop view reporting_bi.sales_daily")

    assert not is_current(warehouse_url)
    assert migrate(warehouse_url)
    with warehouse_connection(warehouse_url) as connection:
        assert connection.execute("select count(*) from reporting_bi.sales_daily").fetchone() == (
            0,
        )


def test_the_calendar_has_every_day_of_a_century(rolled_back: psycopg.Connection) -> None:
    found = rolled_back.execute(
        "select count(*), min(date)::text, max(date)::text from reporting_bi.days"
    ).fetchone()
    leap_day = rolled_back.execute(
        "select week::text, month::text, quarter::text, year::text from reporting_bi.days"
        " where date = '2028-02-29'"
    ).fetchone()

    assert found == (36_525, "2000-01-01", "2099-12-31")
    assert leap_day == ("2028-02-28", "2028-02-01", "2028-01-01", "2028-01-01")


@pytest.mark.parametrize(("currency", "digits"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("DDM", 2)])
def test_a_currency_has_its_digits(
    currency: str, digits: int, rolled_back: psycopg.Connection
) -> None:
    found = rolled_back.execute(
        "select minor_digit_count from reporting_bi.currencies where currency = %s", [currency]
    ).fetchall()

    assert found == [(digits,)]


def test_the_sum_of_last_takes_one_figure_of_each_leaf(rolled_back: psycopg.Connection) -> None:
    found = rolled_back.execute(
        "select reporting_bi.sum_of_last(array_agg(leaf), array_agg(day), array_agg(figure))"
        " from (values ('a', date '2025-01-01', 5), ('a', '2025-01-03', 7),"
        " ('b', '2025-01-02', 20), ('c', '2025-01-02', null)) as rows (leaf, day, figure)"
    ).fetchone()

    assert found == (Decimal(27),)
