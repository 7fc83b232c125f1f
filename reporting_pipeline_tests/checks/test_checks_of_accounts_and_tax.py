"""The checks of report_tax_daily and report_account_movements_daily, and of payout items."""

from datetime import date

import pytest
from psycopg import Connection, sql
from psycopg.rows import TupleRow

from reporting_pipeline.domain.discrepancy import Discrepancy, Severity
from reporting_pipeline_tests.checks.conftest import RunCheck

DAY = date(2025, 9, 1)
ADD = sql.SQL(
    "update reporting.{table} set {figure} = {figure} + 7 where ctid in"
    " (select ctid from reporting.{table} where date = %s limit 1)"
)
# A payout of 500, of which 300 are of the event; and its rows in report_revenue_daily.
PAYOUT = """
    with event as (select * from landing.ticketing_events order by id limit 1),
    account as (
        insert into landing.ledger_accounts (id, organization_id, kind, currency, recorded_at)
        select gen_random_uuid(), organization_id, 'organizer_payable', 'CHF', now() from event
        returning id
    ),
    payout as (
        insert into landing.ledger_transactions
            (id, organization_id, kind, effective_at, recorded_at, report_day)
        select gen_random_uuid(), organization_id, 'payout', now(), now(), %(day)s from event
        returning id, organization_id
    ),
    entry as (
        insert into landing.ledger_entries (id, transaction_id, account_id, direction, component,
            amount_minor, currency, recorded_at, report_day)
        select gen_random_uuid(), payout.id, account.id, 'debit', 'payout', 500, 'CHF', now(),
            %(day)s
        from payout, account
    ),
    item as (
        insert into landing.ledger_payout_items (id, transaction_id, event_id, amount_minor,
            currency, recorded_at, report_day)
        select gen_random_uuid(), payout.id, event.id, 300, 'CHF', now(), %(day)s
        from payout, event
    )
    insert into reporting.report_revenue_daily (organization_id, event_id, date, currency,
        payout_minor, payable_change_minor, transaction_count, entry_count, debit_minor)
    select organization_id, null, %(day)s, 'CHF', 200, -200, 1, 1, 500 from event
    union all
    select organization_id, id, %(day)s, 'CHF', 300, -300, 0, 0, 0 from event
"""


@pytest.mark.parametrize(
    ("check", "table", "figure"),
    [
        ("tax_equals_revenue", "report_tax_daily", "tax_minor"),
        ("tax_equals_revenue", "report_tax_daily", "net_tax_minor"),
        ("tax_equals_revenue", "report_tax_daily", "chargeback_reversal_tax_minor"),
        ("accounts_equal_entries", "report_account_movements_daily", "change_minor"),
        ("accounts_equal_entries", "report_account_movements_daily", "entry_count"),
        ("accounts_balanced", "report_account_movements_daily", "credit_minor"),
    ],
)
def test_a_wrong_figure_is_found(
    check: str, table: str, figure: str, books: Connection[TupleRow], run_check: RunCheck
) -> None:
    names = {"table": sql.Identifier(table), "figure": sql.Identifier(figure)}
    books.execute(ADD.format(**names), [DAY])

    found = run_check(check, [DAY])[DAY]

    differences = [_difference(each) for each in found if each.severity is Severity.ERROR]
    assert differences
    assert {abs(each) for each in differences} == {7}


def test_a_change_of_the_payable_that_revenue_lacks_is_found(
    books: Connection[TupleRow], run_check: RunCheck
) -> None:
    books.execute(
        "update reporting.report_account_movements_daily set change_minor = change_minor + 7"
        " where account_kind = 'organizer_payable' and date = %s",
        [DAY],
    )

    found = run_check("payable_equals_revenue", [DAY])[DAY]

    assert {_difference(each) for each in found} == {7}
    assert "organizer_payable of event" in found[0].message


def test_accounts_of_a_transaction_that_does_not_balance_are_left_out(
    books: Connection[TupleRow], run_check: RunCheck
) -> None:
    books.execute(
        "update landing.ledger_entries set amount_minor = amount_minor + 7 where id ="
        " (select id from landing.ledger_entries where report_day = %s order by id limit 1)",
        [DAY],
    )
    books.execute(
        "update reporting.report_account_movements_daily set debit_minor = debit_minor + 7"
        " where date = %s",
        [DAY],
    )

    assert run_check("accounts_balanced", [DAY])[DAY] == []


def test_payout_items_move_their_amounts_to_the_rows_of_their_events(
    books: Connection[TupleRow], run_check: RunCheck
) -> None:
    books.execute(PAYOUT, {"day": DAY})

    assert run_check("revenue_equals_entries", [DAY])[DAY] == []


@pytest.mark.parametrize(
    "fault",
    [
        "update landing.ledger_payout_items set amount_minor = 501",
        "update landing.ledger_payout_items set event_id = gen_random_uuid()",
        "update landing.ledger_transactions set kind = 'fee' where kind = 'payout'",
    ],
    ids=["more than the payout", "unknown event", "another kind"],
)
def test_payout_items_that_cannot_count_move_nothing(
    fault: str, books: Connection[TupleRow], run_check: RunCheck
) -> None:
    books.execute(PAYOUT, {"day": DAY})
    books.execute(fault.encode())

    found = run_check("revenue_equals_entries", [DAY])[DAY]

    assert any(each.found == 0 and each.expected is None for each in found)


def _difference(discrepancy: Discrepancy) -> int:
    return (discrepancy.found or 0) - (discrepancy.expected or 0)
