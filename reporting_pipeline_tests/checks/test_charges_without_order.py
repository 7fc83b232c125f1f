"""Sales and refunds that name no order are counted and summed, as a warning."""

from datetime import date

from psycopg import Connection
from psycopg.rows import TupleRow

from reporting_pipeline.checks.charges_without_order import charges_without_order
from reporting_pipeline.domain.discrepancy import Severity

DAY = date(2025, 9, 1)


def test_sales_without_an_order_are_summed_per_event(books: Connection[TupleRow]) -> None:
    books.execute(
        "update landing.ledger_transactions set order_id = null where report_day = %s", [DAY]
    )
    row = books.execute(
        "select event_id, gross_minor - refund_minor from reporting.report_revenue_daily"
        " where date = %s",
        [DAY],
    ).fetchone()
    assert row is not None

    [found] = charges_without_order(books, [DAY])[DAY]

    assert found.severity is Severity.WARN
    assert (found.ids, found.found) == ({"event_id": row[0]}, row[1])
    assert found.message.startswith("6 sales and refunds of event")


def test_other_kinds_need_no_order(books: Connection[TupleRow]) -> None:
    books.execute(
        "update landing.ledger_transactions set order_id = null, kind = 'adjustment'"
        " where report_day = %s",
        [DAY],
    )

    assert charges_without_order(books, [DAY]) == {DAY: []}
