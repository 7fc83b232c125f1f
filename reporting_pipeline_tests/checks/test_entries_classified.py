"""An entry that no rule of classification knows is found; those that one knows are not."""

from datetime import date

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from reporting_pipeline.checks.entries_classified import entries_classified

DAY = date(2025, 9, 1)
# One entry of the day is made to be of a component, on an account of a kind, in a transaction of a
# kind; the account and the transaction are its own afterwards.
CHANGE = """
    with chosen as (
        select id, account_id, transaction_id
        from landing.ledger_entries
        where report_day = %(day)s
        order by id
        limit 1
    ),
    account as (
        insert into landing.ledger_accounts (id, organization_id, kind, currency, recorded_at)
        select gen_random_uuid(), organization_id, %(account)s, currency, recorded_at
        from landing.ledger_accounts
        where id = (select account_id from chosen)
        returning id
    ),
    txn as (
        update landing.ledger_transactions
        set kind = %(kind)s
        where id = (select transaction_id from chosen)
    )
    update landing.ledger_entries
    set component = %(component)s, account_id = (select id from account)
    where id = (select id from chosen)
    returning id, transaction_id
"""


@pytest.mark.parametrize(
    ("component", "account_kind", "kind"),
    [
        ("cash", "bank", "payout"),
        ("cash", "gift_card_liability", "sale"),
        ("face_value", "organizer_payable", "chargeback"),
        ("tax", "tax_payable", "refund"),
        ("platform_fee", "platform_fee_income", "fee"),
        ("chargeback_fee", "chargeback_loss", "chargeback"),
        ("adjustment", "suspense", "adjustment"),
        ("reserve", "organizer_reserve", "reserve_hold"),
        ("payout", "organizer_payable", "payout_reversal"),
    ],
)
def test_what_the_reports_know_is_classified(
    component: str, account_kind: str, kind: str, books: Connection[TupleRow]
) -> None:
    change = {"day": DAY, "component": component, "account": account_kind, "kind": kind}
    row = books.execute(CHANGE, change).fetchone()
    assert row is not None

    found = [each.ids["entry_id"] for each in entries_classified(books, [DAY])[DAY]]

    assert row[0] not in found


@pytest.mark.parametrize(
    ("component", "account_kind", "kind"),
    [
        ("cash", "organizer_payable", "sale"),
        ("face_value", "organizer_payable", "adjustment"),
        ("face_value", "psp_clearing", "sale"),
        ("platform_fee", "suspense", "fee"),
        ("adjustment", "bank", "adjustment"),
        ("reserve", "organizer_payable", "payout"),
        ("reserve", "suspense", "reserve_hold"),
        ("payout", "organizer_payable", "sale"),
        ("payout", "organizer_reserve", "payout"),
    ],
)
def test_what_the_reports_do_not_know_is_found_with_its_entry(
    component: str, account_kind: str, kind: str, books: Connection[TupleRow]
) -> None:
    change = {"day": DAY, "component": component, "account": account_kind, "kind": kind}
    row = books.execute(CHANGE, change).fetchone()
    assert row is not None
    entry, transaction = row

    found = {each.ids["entry_id"]: each for each in entries_classified(books, [DAY])[DAY]}

    assert found[entry].ids["transaction_id"] == transaction
    assert f"{component} on {account_kind}" in found[entry].message
    assert found[entry].found != 0


def test_an_entry_of_an_account_that_never_landed_is_found(books: Connection[TupleRow]) -> None:
    books.execute("delete from landing.ledger_accounts where kind = 'psp_clearing'")

    found = entries_classified(books, [DAY])[DAY]

    assert len(found) == 3
    assert "cash on None" in found[0].message
