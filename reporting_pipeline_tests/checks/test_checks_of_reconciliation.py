"""The checks of report_reconciliation_breaks report its rows and the charges that it cannot see."""

from datetime import date
from uuid import UUID

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline.registry.report_tables import BREAK_KINDS
from reporting_pipeline_tests.checks.conftest import RunCheck

DAY = date(2025, 9, 1)
ORGANIZATION = UUID("00000001-0000-4000-8000-000000000001")
ORDER = UUID("00000004-0000-4000-8000-000000000001")
BREAK = """
    insert into reporting.report_reconciliation_breaks (
        date, organization_id, order_id, currency, kind,
        ticketing_minor, ledger_minor, difference_minor, proof_ids
    )
    values (%s, %s, %s, 'EUR', %s, 4900, 4800, 100, '{}')
"""


# sales_tie_to_ledger


@pytest.mark.parametrize("kind", BREAK_KINDS)
def test_a_break_is_found_with_its_order_and_both_amounts(
    kind: str, books: Connection[TupleRow], run_check: RunCheck
) -> None:
    books.execute(BREAK, [DAY, ORGANIZATION, ORDER, kind])

    [found] = run_check("sales_tie_to_ledger", [DAY])[DAY]

    assert found.ids == {"order_id": ORDER}
    assert found.organization_id == ORGANIZATION
    assert (found.expected, found.found, found.currency) == (4900, 4800, "EUR")
    assert found.message == (f"{kind}: order {ORDER}, Ticketing 49.00 EUR, ledger 48.00 EUR")
    warns = kind in ("timing", "settlement")
    assert found.severity is (Severity.WARN if warns else Severity.ERROR)


def test_errors_come_before_warnings(books: Connection[TupleRow], run_check: RunCheck) -> None:
    books.execute(BREAK, [DAY, ORGANIZATION, ORDER, "timing"])
    books.execute(BREAK, [DAY, ORGANIZATION, ORDER, "missing_in_ledger"])

    found = run_check("sales_tie_to_ledger", [DAY])[DAY]

    assert [each.severity for each in found] == [Severity.ERROR, Severity.WARN]


# charges_without_order


def test_sales_without_an_order_are_summed_per_event(
    books: Connection[TupleRow], run_check: RunCheck
) -> None:
    books.execute(
        "update landing.ledger_transactions set order_id = null where report_day = %s", [DAY]
    )
    row = books.execute(
        "select event_id, gross_minor - refund_minor from reporting.report_revenue_daily"
        " where date = %s",
        [DAY],
    ).fetchone()
    assert row is not None

    [found] = run_check("charges_without_order", [DAY])[DAY]

    assert found.severity is Severity.WARN
    assert (found.ids, found.found) == ({"event_id": row[0]}, row[1])
    assert found.message.startswith("6 sales and refunds of event")


def test_other_kinds_need_no_order(books: Connection[TupleRow], run_check: RunCheck) -> None:
    books.execute(
        "update landing.ledger_transactions set order_id = null, kind = 'adjustment'"
        " where report_day = %s",
        [DAY],
    )

    assert run_check("charges_without_order", [DAY]) == {DAY: []}
