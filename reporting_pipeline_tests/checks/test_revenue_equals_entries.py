"""A figure of the revenue report that its entries do not give is found."""

from datetime import date

import pytest
from psycopg import Connection, sql
from psycopg.rows import TupleRow

from reporting_pipeline.checks.revenue_equals_entries import revenue_equals_entries
from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline.registry.columns import Unit
from reporting_pipeline.registry.report_tables import report_table

DAY = date(2025, 9, 1)
FIGURES = [
    c.name
    for c in report_table("report_revenue_daily").columns
    if c.unit in (Unit.MINOR, Unit.COUNT)
]
CHANGE = sql.SQL(
    "update reporting.report_revenue_daily set {figure} = {figure} + 7"
    " where date = %s returning event_id, {figure}"
)


@pytest.mark.parametrize("figure", FIGURES)
def test_each_figure_is_compared(figure: str, books: Connection[TupleRow]) -> None:
    row = books.execute(CHANGE.format(figure=sql.Identifier(figure)), [DAY]).fetchone()
    assert row is not None
    event, changed = row

    [found] = revenue_equals_entries(books, [DAY])[DAY]

    assert found.message.startswith(f"{figure} of event {event}")
    assert (found.expected, found.found) == (changed - 7, changed)
    assert (found.severity, found.currency) == (Severity.ERROR, "EUR")
    assert found.ids == {"event_id": event}


def test_a_missing_row_is_found_by_its_entries(books: Connection[TupleRow]) -> None:
    books.execute("delete from reporting.report_revenue_daily where date = %s", [DAY])

    [found] = revenue_equals_entries(books, [DAY])[DAY]

    assert found.message.startswith("entry_count")
    assert (found.expected, found.found) == (24, None)


def test_a_row_without_entries_is_found(books: Connection[TupleRow]) -> None:
    books.execute("delete from landing.ledger_entries where report_day = %s", [DAY])

    [found] = revenue_equals_entries(books, [DAY])[DAY]

    assert (found.expected, found.found) == (None, 24)


def test_a_row_of_no_event_is_compared_with_the_entries_of_no_event(
    books: Connection[TupleRow],
) -> None:
    books.execute(
        "update landing.ledger_transactions set event_id = null where report_day = %s", [DAY]
    )
    books.execute(
        "update reporting.report_revenue_daily set event_id = null where date = %s", [DAY]
    )

    assert revenue_equals_entries(books, [DAY]) == {DAY: []}


def test_a_day_that_waits_for_its_rebuild_only_warns(books: Connection[TupleRow]) -> None:
    books.execute("delete from reporting.report_revenue_daily where date = %s", [DAY])
    books.execute(
        "insert into landing.touched_days (report_table, report_day, touched_at)"
        " values ('report_revenue_daily', %s, now())",
        [DAY],
    )

    [found] = revenue_equals_entries(books, [DAY])[DAY]

    assert found.severity is Severity.WARN
    assert found.message.endswith("rebuild the day")
