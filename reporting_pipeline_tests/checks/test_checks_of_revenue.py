"""The checks of report_revenue_daily find faults in its figures and in the ledger's entries."""

from datetime import date
from uuid import UUID

import pytest
from psycopg import Connection, sql
from psycopg.rows import TupleRow, dict_row

from reporting_pipeline.domain.discrepancy import Discrepancy, Severity
from reporting_pipeline.registry.columns import Unit
from reporting_pipeline.registry.report_tables import report_table
from reporting_pipeline_tests.checks.conftest import RunCheck

DAY = date(2025, 9, 1)
FIGURES = [
    column.name
    for column in report_table("report_revenue_daily").columns
    if column.unit in (Unit.MINOR, Unit.COUNT)
]
ADD_TO_FIGURE = sql.SQL(
    "update reporting.report_revenue_daily set {figure} = {figure} + 7"
    " where date = %s returning event_id, {figure}"
)
# The cash leg of a sale of 4,900 + 784 minor units.
CASH_LEG = """
    select entry.id, txn.id, txn.organization_id, txn.event_id, txn.order_id, entry.amount_minor
    from landing.ledger_entries as entry
    inner join landing.ledger_transactions as txn on entry.transaction_id = txn.id
    where txn.report_day = %s and txn.kind = 'sale' and entry.direction = 'debit'
    order by txn.id
    limit 1
"""
# Gives one entry of the day another component, account kind and transaction kind. The account is
# a new one; the transaction is changed.
RECLASSIFY = """
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
# One entry of a sale on the day, with its account, transaction and order.
SALE_ENTRY = """
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


# revenue_equals_entries


@pytest.mark.parametrize("figure", FIGURES)
def test_each_figure_is_compared_with_the_entries(
    figure: str, books: Connection[TupleRow], run_check: RunCheck
) -> None:
    row = books.execute(ADD_TO_FIGURE.format(figure=sql.Identifier(figure)), [DAY]).fetchone()
    assert row is not None
    event, changed = row

    [found] = run_check("revenue_equals_entries", [DAY])[DAY]

    assert found.message.startswith(f"{figure} of event ")
    assert str(event) in found.message
    assert (found.expected, found.found) == (changed - 7, changed)
    is_money = figure.endswith("_minor")
    assert (found.severity, found.currency) == (Severity.ERROR, "EUR" if is_money else None)
    assert found.ids == {"event_id": event}


def test_a_missing_row_is_reported_by_its_entry_count(
    books: Connection[TupleRow], run_check: RunCheck
) -> None:
    books.execute("delete from reporting.report_revenue_daily where date = %s", [DAY])

    [found] = run_check("revenue_equals_entries", [DAY])[DAY]

    assert found.message.startswith("entry_count")
    assert (found.expected, found.found) == (24, None)


def test_a_row_without_entries_is_found(books: Connection[TupleRow], run_check: RunCheck) -> None:
    books.execute("delete from landing.ledger_entries where report_day = %s", [DAY])

    [found] = run_check("revenue_equals_entries", [DAY])[DAY]

    assert (found.expected, found.found) == (None, 24)


def test_a_row_without_event_is_compared_with_the_entries_without_event(
    books: Connection[TupleRow], run_check: RunCheck
) -> None:
    books.execute(
        "update landing.ledger_transactions set event_id = null where report_day = %s", [DAY]
    )
    books.execute(
        "update reporting.report_revenue_daily set event_id = null where date = %s", [DAY]
    )

    assert run_check("revenue_equals_entries", [DAY]) == {DAY: []}


def test_a_day_that_waits_for_its_rebuild_only_warns(
    books: Connection[TupleRow], run_check: RunCheck
) -> None:
    books.execute("delete from reporting.report_revenue_daily where date = %s", [DAY])
    books.execute(
        "insert into landing.touched_days (report_table, report_day, touched_at)"
        " values ('report_revenue_daily', %s, now())",
        [DAY],
    )

    [found] = run_check("revenue_equals_entries", [DAY])[DAY]

    assert found.severity is Severity.WARN
    assert found.message.endswith("rebuild the day")


# transactions_balanced


def test_a_changed_leg_is_found_with_its_transaction(
    books: Connection[TupleRow], run_check: RunCheck
) -> None:
    row = books.execute(CASH_LEG, [DAY]).fetchone()
    assert row is not None
    entry, transaction, organization, event, order, amount = row
    books.execute("update landing.ledger_entries set amount_minor = %s where id = %s", [1, entry])

    findings = run_check("transactions_balanced", [DAY])

    assert findings == {
        DAY: [
            Discrepancy(
                check="transactions_balanced",
                day=DAY,
                severity=Severity.ERROR,
                message=(
                    f"transaction {transaction} of kind sale does not balance: "
                    f"debits 0.01 EUR, credits {amount // 100}.{amount % 100:02} EUR"
                ),
                organization_id=organization,
                ids={"event_id": event, "order_id": order, "transaction_id": transaction},
                currency="EUR",
                expected=1,
                found=amount,
            )
        ]
    }


def test_legs_in_two_currencies_do_not_balance_each_other(
    books: Connection[TupleRow], run_check: RunCheck
) -> None:
    row = books.execute(CASH_LEG, [DAY]).fetchone()
    assert row is not None
    entry, transaction = row[0], row[1]
    books.execute("update landing.ledger_entries set currency = 'USD' where id = %s", [entry])

    findings = run_check("transactions_balanced", [DAY])

    assert [each.currency for each in findings[DAY]] == ["EUR", "USD"]
    assert {each.ids["transaction_id"] for each in findings[DAY]} == {UUID(str(transaction))}


def test_a_missing_leg_is_found_only_on_its_own_day(
    books: Connection[TupleRow], run_check: RunCheck
) -> None:
    row = books.execute(CASH_LEG, [DAY]).fetchone()
    assert row is not None
    books.execute("delete from landing.ledger_entries where id = %s", [row[0]])

    findings = run_check("transactions_balanced", [DAY, date(2025, 9, 2)])

    assert [each.expected for each in findings[DAY]] == [0]
    assert findings[date(2025, 9, 2)] == []


# entries_classified


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
def test_a_known_combination_is_classified(
    component: str,
    account_kind: str,
    kind: str,
    books: Connection[TupleRow],
    run_check: RunCheck,
) -> None:
    change = {"day": DAY, "component": component, "account": account_kind, "kind": kind}
    row = books.execute(RECLASSIFY, change).fetchone()
    assert row is not None

    found = [each.ids["entry_id"] for each in run_check("entries_classified", [DAY])[DAY]]

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
def test_an_unknown_combination_is_found_with_its_entry(
    component: str,
    account_kind: str,
    kind: str,
    books: Connection[TupleRow],
    run_check: RunCheck,
) -> None:
    change = {"day": DAY, "component": component, "account": account_kind, "kind": kind}
    row = books.execute(RECLASSIFY, change).fetchone()
    assert row is not None
    entry, transaction = row

    found = {each.ids["entry_id"]: each for each in run_check("entries_classified", [DAY])[DAY]}

    assert found[entry].ids["transaction_id"] == transaction
    assert f"{component} on {account_kind}" in found[entry].message
    assert found[entry].found != 0


def test_an_entry_of_an_account_that_never_landed_is_found(
    books: Connection[TupleRow], run_check: RunCheck
) -> None:
    books.execute("delete from landing.ledger_accounts where kind = 'psp_clearing'")

    found = run_check("entries_classified", [DAY])[DAY]

    assert len(found) == 3
    assert "cash on None" in found[0].message


# upstream_promises


@pytest.mark.parametrize(
    ("fault", "concerned", "part_of_message"),
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
    ],
    ids=[
        "entry and account",
        "account and transaction",
        "transaction and order",
    ],
)
def test_a_broken_promise_is_found_with_its_ids(
    fault: str,
    concerned: str,
    part_of_message: str,
    books: Connection[TupleRow],
    run_check: RunCheck,
) -> None:
    chosen = books.cursor(row_factory=dict_row).execute(SALE_ENTRY, [DAY]).fetchone()
    assert chosen is not None
    books.execute(fault.encode(), chosen)

    found = run_check("upstream_promises", [DAY])[DAY]

    assert {each.severity for each in found} == {Severity.WARN}
    concerning = [each for each in found if each.ids.get(concerned) == chosen[concerned]]
    assert part_of_message in concerning[0].message
