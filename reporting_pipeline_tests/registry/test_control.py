"""The control reports add up: the bridge in each step, the payable statement from day to day."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from reporting_pipeline.registry.report_tables import REPORT_TABLES
from reporting_pipeline.sources.contract import TABLES
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.acceptance.pipelines import Pipeline

BOOKS = ("season", "random_books_built")

# Figure after a step of the bridge -> figure before it, added figures, subtracted figures.
_STEPS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "charged": ("booked", (), ("not_charged",)),
    "net_revenue": (
        "charged",
        ("chargeback_reversal",),
        ("charged_gift_card", "chargeback"),
    ),
    "net_collected": (
        "net_revenue",
        ("gift_card_sold",),
        ("gift_card_returned", "receivable_change", "residue"),
    ),
    "organizer_share": ("net_revenue", (), ("not_organizers_tax", "not_organizers_other")),
    "costs": (
        "platform_fee",
        ("processing_fee", "chargeback_fee"),
        ("adjustment",),
    ),
    "paid_out": ("organizer_share", (), ("costs", "payable_change")),
}
# Figures that the bridge takes unchanged from the two tables.
_COPIED_FIGURES = (
    ("booked_minor", "report_sales_daily", "net_gross_minor"),
    ("gross_minor", "report_revenue_daily", "gross_minor"),
    ("net_collected_minor", "report_revenue_daily", "collected_minor - repaid_minor"),
    ("payable_change_minor", "report_revenue_daily", "payable_change_minor"),
    (
        "paid_out_minor",
        "report_revenue_daily",
        "payout_minor - payout_reversal_minor + reserve_held_minor - reserve_released_minor",
    ),
)
_KEY = "organization_id, event_id, date, currency"


@pytest.fixture(params=BOOKS)
def books(request: pytest.FixtureRequest) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """A warehouse with books that were landed and built."""
    pipeline: Pipeline = request.getfixturevalue(request.param)
    with psycopg.connect(conninfo(pipeline.warehouse), row_factory=dict_row) as connection:
        yield connection
        connection.rollback()


def test_bridge_adds_up_on_every_row(books: psycopg.Connection[dict[str, Any]]) -> None:
    rows = books.execute("select * from datasets.bridge").fetchall()

    assert len(rows) > 150
    for row in rows:
        for after, (before, added, taken) in _STEPS.items():
            figure = row[f"{before}_minor"]
            figure += sum(row[f"{name}_minor"] for name in added)
            figure -= sum(row[f"{name}_minor"] for name in taken)
            assert figure == row[f"{after}_minor"], after


@pytest.mark.parametrize(("figure", "table", "expression"), _COPIED_FIGURES)
def test_the_bridge_has_the_figures_of_its_tables(
    figure: str, table: str, expression: str, books: psycopg.Connection[dict[str, Any]]
) -> None:
    query = f"""
        with bridge as (
            select {_KEY}, {figure} as figure from datasets.bridge where {figure} <> 0
        ),
        expected as (
            select {_KEY}, sum({expression})::bigint as figure
            from reporting.{table} group by {_KEY} having sum({expression}) <> 0
        )
        (select * from bridge except all select * from expected)
        union all
        (select * from expected except all select * from bridge)
    """  # noqa: S608
    assert books.execute(query.encode()).fetchall() == []


def test_bookings_of_the_season_are_charged_and_shared_out(season: Pipeline) -> None:
    query = """
        select
            event_id, sum(not_charged_minor),
            sum(not_organizers_tax_minor + not_organizers_other_minor), sum(tax_minor)
        from datasets.bridge left join (
            select event_id, date, currency, tax_minor - refund_tax_minor as tax_minor
            from reporting.report_revenue_daily
        ) as taxes using (event_id, date, currency)
        group by event_id
    """
    with psycopg.connect(conninfo(season.warehouse)) as connection:
        events = connection.execute(query).fetchall()

    # In the end all sales of an event are charged, and only the tax is not the organiser's.
    assert [residue for _, residue, _, _ in events] == [0, 0, 0]
    assert [not_shared for _, _, not_shared, _ in events] == [tax for _, _, _, tax in events]


def test_closing_of_a_day_is_the_opening_of_the_next_across_gaps(
    books: psycopg.Connection[dict[str, Any]],
) -> None:
    rows = books.execute(
        "select * from datasets.payable_statement"
        " order by organization_id, event_id, currency, date"
    ).fetchall()
    gaps = 0
    closing: dict[tuple[object, ...], dict[str, Any]] = {}
    for row in rows:
        account = (row["organization_id"], row["event_id"], row["currency"])
        before = closing.get(account)
        assert row["opening_minor"] == (before["closing_minor"] if before else 0)
        assert row["opening_minor"] + _movements(row) == row["closing_minor"]
        gaps += before is not None and (row["date"] - before["date"]).days > 1
        closing[account] = row

    assert gaps > 5


def test_last_closing_is_the_sum_of_all_changes(
    books: psycopg.Connection[dict[str, Any]],
) -> None:
    query = """
        with closing as (
            select distinct on (organization_id, event_id, currency)
                organization_id, event_id, currency, closing_minor
            from datasets.payable_statement
            order by organization_id, event_id, currency, date desc
        ),
        changes as (
            select organization_id, event_id, currency, sum(payable_change_minor)::bigint
            from reporting.report_revenue_daily
            group by organization_id, event_id, currency
        )
        (select * from closing except all select * from changes)
        union all
        (select * from changes where sum <> 0 except all select * from closing)
    """
    assert books.execute(query).fetchall() == []


def test_days_without_a_movement_are_left_out(
    books: psycopg.Connection[dict[str, Any]],
) -> None:
    counts = books.execute("""
        select
            (select count(*) from datasets.payable_statement) as stated,
            (select count(*) from reporting.report_revenue_daily) as all_rows,
            (select count(*) from reporting.report_revenue_daily
                where payable_change_minor <> 0) as changed
    """).fetchone()

    assert counts is not None
    assert counts["changed"] <= counts["stated"] < counts["all_rows"]


def test_period_does_not_change_the_opening(season: Pipeline) -> None:
    opening = """
        select date, opening_minor from datasets.payable_statement
        where organization_id = %(organization)s and date >= %(first)s order by date, event_id
    """
    with psycopg.connect(conninfo(season.warehouse)) as connection:
        [(organization, day)] = connection.execute(
            "select organization_id, max(date) from datasets.payable_statement"
            " group by organization_id order by organization_id limit 1"
        ).fetchall()
        found = connection.execute(opening, {"organization": organization, "first": day}).fetchall()
        whole = connection.execute(
            opening, {"organization": organization, "first": "2000-01-01"}
        ).fetchall()

    assert found == whole[-len(found) :]
    assert found[0][1] != 0


def test_freshness_has_a_row_for_each_table_and_organisation(season: Pipeline) -> None:
    with psycopg.connect(conninfo(season.warehouse)) as connection:
        rows = connection.execute(
            "select table_name, count(*), bool_and(record_clock <= complete_through),"
            " sum(waiting_day_count)::int from datasets.freshness group by table_name"
        ).fetchall()

    # The season's source is of version 1.0 of the contract.
    tables = {t.fullname for t in TABLES if not t.info["is_optional"]}
    assert {name for name, *_ in rows} == tables | {t.name for t in REPORT_TABLES}
    assert {tuple(row[1:]) for row in rows} == {(2, True, None), (2, None, 0)}


def test_waiting_days_are_counted_for_their_organisation_or_for_all(season: Pipeline) -> None:
    with psycopg.connect(conninfo(season.warehouse)) as connection:
        [(first,), (second,)] = connection.execute(
            "select id from landing.ticketing_organizations order by id"
        ).fetchall()
        statement = sql.SQL(
            "insert into landing.touched_days"
            " (report_table, organization_id, report_day, touched_at) values"
            " ('report_sales_daily', {0}, '2025-05-02', now()),"
            " ('report_sales_daily', {0}, '2025-05-02', now()),"
            " ('report_sales_daily', null, '2025-05-01', now())"
        )
        connection.execute(statement.format(sql.Literal(first)))
        waiting = connection.execute(
            "select organization_id, waiting_day_count, oldest_waiting_day::text"
            " from datasets.freshness where waiting_day_count > 0 order by organization_id"
        ).fetchall()
        connection.rollback()

    assert waiting == [(first, 2, "2025-05-01"), (second, 1, "2025-05-01")]


def _movements(row: dict[str, Any]) -> Any:
    added = ("organizer_share", "adjustment", "reserve_released", "payout_reversal")
    taken = ("platform_fee", "processing_fee", "chargeback_fee", "reserve_held", "payout")
    return sum(row[f"{name}_minor"] for name in added) - sum(row[f"{name}_minor"] for name in taken)
