"""Balances beside a report table are running sums of its measures, in any order of builds."""

from concurrent.futures import ThreadPoolExecutor

import psycopg

from reporting_pipeline.building.build import build
from reporting_pipeline.building.relations import ensure_relations
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.oracle.random_books import dice

REVENUE = "report_revenue_daily"
_SUMMED_HERE = """
    select
        organization_id, event_id, currency, date, payable_change_minor, receivable_change_minor,
        sum(payable_change_minor) over leaf, sum(receivable_change_minor) over leaf
    from reporting.report_revenue_daily
    window leaf as (partition by organization_id, event_id, currency order by date)
    order by organization_id, event_id, currency, date
"""
_KEPT = """
    select
        organization_id, event_id, currency, date, payable_change_minor, receivable_change_minor,
        payable_closing_minor, receivable_closing_minor
    from reporting.report_revenue_daily_balances
    order by organization_id, event_id, currency, date
"""


def test_days_built_in_any_order_give_the_same_balances(built: Pipeline) -> None:
    days = built.known_days()
    before = _kept(built)
    assert before == _summed_here(built)

    _execute(
        built, "truncate reporting.report_revenue_daily, reporting.report_revenue_daily_balances"
    )
    dice(7).shuffle(days)
    built.build(days[:40])
    for day in days[40:48]:
        build([day], warehouse=built.warehouse, tables=[REVENUE])
    built.build(days)

    assert _kept(built) == before


def test_a_changed_day_changes_all_later_balances_of_its_leaf(built: Pipeline) -> None:
    before = _kept(built)
    _execute(
        built,
        "update landing.ledger_entries set amount_minor = amount_minor + 100 where report_day ="
        " (select min(date) from reporting.report_revenue_daily)",
    )
    built.build(built.known_days()[:30])

    after = _kept(built)
    assert after == _summed_here(built)
    assert after != before


def test_builds_of_different_days_at_the_same_time_add_up(built: Pipeline) -> None:
    days = built.known_days()
    _execute(
        built, "truncate reporting.report_revenue_daily, reporting.report_revenue_daily_balances"
    )
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(built.build, (days[::2], days[1::2])))

    assert _kept(built) == _summed_here(built)


def test_a_warehouse_that_is_older_than_the_balances_gets_them(built: Pipeline) -> None:
    before = _kept(built)
    _execute(built, "drop table reporting.report_revenue_daily_balances cascade")
    _execute(built, "comment on schema staging is null")

    ensure_relations(built.warehouse)

    assert _kept(built) == before


def _kept(pipeline: Pipeline) -> list[tuple[object, ...]]:
    return _rows(pipeline, _KEPT)


def _summed_here(pipeline: Pipeline) -> list[tuple[object, ...]]:
    return _rows(pipeline, _SUMMED_HERE)


def _rows(pipeline: Pipeline, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(conninfo(pipeline.warehouse)) as connection:
        return connection.execute(query.encode()).fetchall()


def _execute(pipeline: Pipeline, statement: str) -> None:
    with psycopg.connect(conninfo(pipeline.warehouse), autocommit=True) as connection:
        connection.execute(statement.encode())
