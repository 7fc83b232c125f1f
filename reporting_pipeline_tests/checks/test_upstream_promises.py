"""A promise of the sources that is broken across tables is found, as a warning."""

from datetime import date

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow, dict_row

from reporting_pipeline.checks.upstream_promises import upstream_promises
from reporting_pipeline.domain.discrepancy import Severity

DAY = date(2025, 9, 1)
# One entry of a sale on the day, with what it hangs on.
CHOSEN = """
    select
        entry.id as entry_id,
        entry.account_id,
        txn.id as transaction_id,
        txn.order_id
    from landing.ledger_entries as entry
    inner join landing.ledger_transactions as txn on entry.transaction_id = txn.id
    where txn.report_day = %s and txn.kind = 'sale'
    order by entry.id
    limit 1
"""


@pytest.mark.parametrize(
    ("fault", "concerned", "words"),
    [
        (
            "update landing.ledger_entries set currency = 'JPY' where id = %(entry_id)s",
            "entry_id",
            "is of currency JPY",
        ),
        (
            "update landing.ledger_accounts set organization_id = gen_random_uuid()"
            " where id = %(account_id)s",
            "entry_id",
            "is of organisation",
        ),
        (
            "update landing.ledger_transactions set organization_id = gen_random_uuid()"
            " where id = %(transaction_id)s",
            "transaction_id",
            "is of organisation",
        ),
        (
            "update landing.ticketing_orders set organization_id = gen_random_uuid()"
            " where id = %(order_id)s",
            "order_id",
            "is of organisation",
        ),
    ],
    ids=[
        "entry and account",
        "account and transaction",
        "transaction and order",
        "order and event",
    ],
)
def test_a_broken_promise_is_found_with_its_ids(
    fault: str, concerned: str, words: str, books: Connection[TupleRow]
) -> None:
    chosen = books.cursor(row_factory=dict_row).execute(CHOSEN, [DAY]).fetchone()
    assert chosen is not None
    books.execute(fault.encode(), chosen)

    found = upstream_promises(books, [DAY])[DAY]

    assert {each.severity for each in found} == {Severity.WARN}
    named = [each for each in found if each.ids.get(concerned) == chosen[concerned]]
    assert words in named[0].message
