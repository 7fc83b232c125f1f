"""The generated ledger is balanced, classified, and equal to Ticketing, by the source rows."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest

from reporting_pipeline.samples.generator import Plan, generate_dump
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.ledger import BUYER_COMPONENTS, Posting, postings

BUYER_KINDS = {"sale", "refund", "chargeback", "chargeback_reversal"}
ASSETS = {"psp_clearing", "bank", "buyer_receivable"}
CASH_ACCOUNTS = {*ASSETS, "gift_card_liability"}
RESERVE_ACCOUNTS = {"organizer_payable", "organizer_reserve"}
FEES = {"platform_fee", "processing_fee", "chargeback_fee"}
FEE_ACCOUNTS = {
    "organizer_payable",
    "platform_fee_income",
    "processing_fee_expense",
    "chargeback_loss",
}
ITEMIZED = {"payout", "payout_reversal", "reserve_hold", "reserve_release"}


@pytest.fixture(scope="module", params=[1, 2, 3])
def books(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Books:
    plan = Plan(
        seed=request.param,
        order_count=1_200,
        day_count=100,
        organization_count=8,
        first_day=date(2025, 1, 1),
    )
    folder: Path = tmp_path_factory.mktemp("dumps") / "books"
    return Books.from_dump(generate_dump(plan, folder))


def test_every_transaction_balances_in_the_currency_of_its_accounts(books: Books) -> None:
    sums: Counter[tuple[str, str]] = Counter()
    for posting in postings(books):
        sums[posting.transaction["id"], posting.currency] += posting.debit_minor
        assert posting.account["currency"] == posting.currency
        assert posting.account["organization_id"] == posting.transaction["organization_id"]

    assert {key: minor for key, minor in sums.items() if minor} == {}


def test_every_entry_is_classified(books: Books) -> None:
    found = {
        (posting.kind, posting.account_kind, posting.component)
        for posting in postings(books)
        if not is_classified(posting)
    }

    assert found == set()


def is_classified(posting: Posting) -> bool:
    """The rule of the contract for the combinations that generated books have."""
    kind, account, component = posting.kind, posting.account_kind, posting.component
    is_of_buyer = kind in BUYER_KINDS and account not in ASSETS
    is_reserve = kind.startswith("reserve_") and account in RESERVE_ACCOUNTS
    rules = {
        "cash": account in CASH_ACCOUNTS,
        "gift_card": account == "gift_card_liability" and kind in BUYER_KINDS,
        "adjustment": account not in ASSETS,
        "reserve": is_reserve,
        "payout": kind in ITEMIZED and account == "organizer_payable",
        **dict.fromkeys(BUYER_COMPONENTS, is_of_buyer),
        **dict.fromkeys(FEES, account in FEE_ACCOUNTS),
    }
    return rules[component]


def test_ticketing_and_the_ledger_agree_after_each_change_of_an_order(books: Books) -> None:
    differences: Counter[str] = Counter()
    steps = sorted([*booked(books), *charged(books)])
    pending: dict[str, datetime] = {}
    for at, order_id, minor in steps:
        # Both change at one instant, so a difference that outlives it is a break.
        assert pending.setdefault(order_id, at) == at, order_id
        differences[order_id] += minor
        if differences[order_id] == 0:
            del pending[order_id]

    assert pending == {}
    assert len(differences) > 1_000


def booked(books: Books) -> Iterator[tuple[datetime, str, int]]:
    for row in books["ticketing.order_line_movements"].values():
        minor = row["list_minor"] - row["discount_minor"] + row["fee_minor"] + row["tax_minor"]
        if minor:
            yield row["occurred_at"], row["order_id"], minor


def charged(books: Books) -> Iterator[tuple[datetime, str, int]]:
    for posting in postings(books):
        is_charge = posting.component in {*BUYER_COMPONENTS, "gift_card"}
        if is_charge and posting.kind in {"sale", "refund"}:
            transaction = posting.transaction
            yield transaction["effective_at"], transaction["order_id"], -posting.credit_minor


def test_buyers_use_no_more_gift_cards_than_were_sold(books: Books) -> None:
    steps = sorted(
        (
            posting.transaction["effective_at"],
            posting.transaction["organization_id"],
            posting.currency,
            posting.credit_minor,
        )
        for posting in postings(books)
        if posting.account_kind == "gift_card_liability"
    )
    owed: Counter[tuple[str, str]] = Counter()
    for _, organization_id, currency, minor in steps:
        owed[organization_id, currency] += minor
        assert owed[organization_id, currency] >= 0

    assert any(minor < 0 for *_, minor in steps)


def test_items_are_of_the_organisers_events_and_at_most_their_transaction(books: Books) -> None:
    amounts: Counter[str] = Counter()
    for posting in postings(books):
        if posting.account_kind == "organizer_payable":
            amounts[posting.transaction["id"]] += abs(posting.credit_minor)
    items: Counter[str] = Counter()
    for row in books["ledger.payout_items"].values():
        transaction = books["ledger.transactions"][row["transaction_id"]]
        event = books["ticketing.events"][row["event_id"]]
        assert transaction["event_id"] is None
        assert transaction["kind"] in ITEMIZED
        assert event["organization_id"] == transaction["organization_id"]
        assert event["currency"] == row["currency"]
        items[row["transaction_id"]] += row["amount_minor"]

    assert items
    assert {key: minor for key, minor in items.items() if minor > amounts[key]} == {}


def test_a_tax_is_its_rate_of_its_base_to_the_minor_unit_of_each_ticket(books: Books) -> None:
    tickets: Counter[str] = Counter()
    for row in books["ticketing.order_line_movements"].values():
        tickets[row["order_id"]] += max(abs(row["quantity"]), 1)
    for posting in postings(books):
        if posting.component == "tax":
            entry = posting.entry
            exact = entry["tax_rate"] * entry["taxable_minor"]
            assert abs(exact - entry["amount_minor"]) <= tickets[posting.transaction["order_id"]]
            assert entry["tax_jurisdiction"]


def test_the_payment_provider_pays_what_it_collected_in_the_weeks_before(books: Books) -> None:
    cleared: Counter[tuple[str, str]] = Counter()
    settled: Counter[tuple[str, str]] = Counter()
    for posting in postings(books):
        if posting.account_kind == "psp_clearing":
            account = (posting.transaction["organization_id"], posting.currency)
            is_settlement = posting.kind == "psp_settlement"
            (settled if is_settlement else cleared)[account] += posting.debit_minor
            assert posting.transaction["reference"] or not is_settlement

    assert len(settled) >= 8
    assert all(-settled[account] > cleared[account] // 2 for account in settled)
    assert all(-minor > 0 for minor in settled.values())
