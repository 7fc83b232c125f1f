"""A transaction that does not balance is found."""

from datetime import date
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from reporting_pipeline.checks.transactions_balanced import transactions_balanced
from reporting_pipeline.domain.discrepancy import Discrepancy, Severity

DAY = date(2025, 9, 1)
# The cash leg of a sale of 4,900 + 784 minor units.
CASH_LEG = """
    select entry.id, txn.id, txn.organization_id, txn.event_id, txn.order_id, entry.amount_minor
    from landing.ledger_entries as entry
    inner join landing.ledger_transactions as txn on entry.transaction_id = txn.id
    where txn.report_day = %s and txn.kind = 'sale' and entry.direction = 'debit'
    order by txn.id
    limit 1
"""


def test_a_changed_leg_is_found_with_its_transaction(books: Connection[TupleRow]) -> None:
    row = books.execute(CASH_LEG, [DAY]).fetchone()
    assert row is not None
    entry, transaction, organization, event, order, amount = row
    books.execute("update landing.ledger_entries set amount_minor = %s where id = %s", [1, entry])

    findings = transactions_balanced(books, [DAY])

    assert findings == {
        DAY: [
            Discrepancy(
                check="transactions_balanced",
                day=DAY,
                severity=Severity.ERROR,
                message=(
                    f"transaction {transaction} of kind sale does not balance: "
                    f"debits 1, credits {amount} minor units of EUR"
                ),
                organization_id=organization,
                ids={"event_id": event, "order_id": order, "transaction_id": transaction},
                currency="EUR",
                expected=1,
                found=amount,
            )
        ]
    }


def test_legs_in_two_currencies_do_not_balance_each_other(books: Connection[TupleRow]) -> None:
    row = books.execute(CASH_LEG, [DAY]).fetchone()
    assert row is not None
    entry, transaction = row[0], row[1]
    books.execute("update landing.ledger_entries set currency = 'USD' where id = %s", [entry])

    findings = transactions_balanced(books, [DAY])

    assert [each.currency for each in findings[DAY]] == ["EUR", "USD"]
    assert {each.ids["transaction_id"] for each in findings[DAY]} == {UUID(str(transaction))}


def test_a_missing_leg_is_found_only_on_its_own_day(books: Connection[TupleRow]) -> None:
    row = books.execute(CASH_LEG, [DAY]).fetchone()
    assert row is not None
    books.execute("delete from landing.ledger_entries where id = %s", [row[0]])

    findings = transactions_balanced(books, [DAY, date(2025, 9, 2)])

    assert [each.expected for each in findings[DAY]] == [0]
    assert findings[date(2025, 9, 2)] == []
