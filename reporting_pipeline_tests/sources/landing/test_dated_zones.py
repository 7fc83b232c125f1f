"""Rows get their report days again when the database has got other rules of their time zone."""

from datetime import date

from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.sources.landing.upstream import NEW_YORK, ORDER, add, query

_DAY = "select report_day from landing.ticketing_order_line_movements where id = %s"
_PARTITION = """
    create table if not exists landing.ticketing_order_line_movements_2025_08
    partition of landing.ticketing_order_line_movements
    for values from ('2025-08-01') to ('2025-09-01')
"""


def test_rows_of_a_zone_with_other_rules_get_their_days_again(landed: Pipeline) -> None:
    movement = add(
        landed.sources,
        "ticketing.order_line_movements",
        order_id=ORDER,
        occurred_at="2025-09-01T03:59:00Z",
    )
    landed.land()
    _date_by_former_rules(landed, "Europe/Berlin", movement)
    query(landed.warehouse, "delete from landing.touched_days")

    landed.land()

    found = query(landed.warehouse, _DAY, movement)
    assert found == [(date(2025, 9, 1),)]
    touched = query(
        landed.warehouse,
        "select distinct report_day from landing.touched_days"
        " where report_table = 'report_sales_daily' and report_day >= '2025-08-30'"
        " and report_day < '2025-09-02' order by 1",
    )
    assert touched == [(date(2025, 8, 31),), (date(2025, 9, 1),)]
    others = query(
        landed.warehouse, "select 1 from landing.touched_days where event_id = %s", NEW_YORK
    )
    assert others == []


def test_the_same_rules_touch_nothing(landed: Pipeline) -> None:
    query(landed.warehouse, "delete from landing.touched_days")

    result = landed.land()

    assert (result.new_count, result.touched_day_count) == (0, 0)
    assert query(landed.warehouse, "select 1 from landing.touched_days") == []


def _date_by_former_rules(landed: Pipeline, zone: str, movement: str) -> None:
    """As if a former version of the database had dated a row on the day before."""
    for statement in (
        _PARTITION,
        "update landing.ticketing_order_line_movements set report_day = report_day - 1"
        " where id = %(movement)s",
        "update landing.dated_zones set offsets_digest = 'of former rules' where zone = %(zone)s",
    ):
        with warehouse_connection(landed.warehouse) as connection:
            connection.execute(statement, {"zone": zone, "movement": movement})
