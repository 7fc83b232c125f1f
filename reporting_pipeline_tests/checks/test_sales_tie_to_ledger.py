"""Every reconciliation break is a discrepancy, those of two kinds only a warning."""

from datetime import date
from uuid import UUID

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from reporting_pipeline.checks.sales_tie_to_ledger import sales_tie_to_ledger
from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline.registry.report_tables import BREAK_KINDS

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


@pytest.mark.parametrize("kind", BREAK_KINDS)
def test_a_break_is_found_with_its_order_and_both_amounts(
    kind: str, books: Connection[TupleRow]
) -> None:
    books.execute(BREAK, [DAY, ORGANIZATION, ORDER, kind])

    [found] = sales_tie_to_ledger(books, [DAY])[DAY]

    assert found.ids == {"order_id": ORDER}
    assert found.organization_id == ORGANIZATION
    assert (found.expected, found.found, found.currency) == (4900, 4800, "EUR")
    assert found.message == (
        f"{kind}: order {ORDER}, Ticketing 4900, ledger 4800 minor units of EUR"
    )
    warns = kind in ("timing", "settlement")
    assert found.severity is (Severity.WARN if warns else Severity.ERROR)


def test_errors_come_before_warnings(books: Connection[TupleRow]) -> None:
    books.execute(BREAK, [DAY, ORGANIZATION, ORDER, "timing"])
    books.execute(BREAK, [DAY, ORGANIZATION, ORDER, "missing_in_ledger"])

    found = sales_tie_to_ledger(books, [DAY])[DAY]

    assert [each.severity for each in found] == [Severity.ERROR, Severity.WARN]
