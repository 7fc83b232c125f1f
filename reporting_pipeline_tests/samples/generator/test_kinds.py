"""Small generated books have every kind of row, so that any size is a fair test."""

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from reporting_pipeline.samples.generator import Plan, generate_dump
from reporting_pipeline.samples.organizer import ORGANIZER
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.ledger import Posting, postings
from reporting_pipeline_tests.oracle.source_tables import Row

SIZES = [(1, 200, 60, 3), (2, 200, 60, 1), (3, 200, 90, 5), (4, 250, 120, 2), (5, 300, 200, 4)]


PLANS = [
    ORGANIZER,
    *(
        Plan(
            seed=seed,
            order_count=orders,
            day_count=days,
            organization_count=organizations,
            first_day=date(2025, 5, 30),
        )
        for seed, orders, days, organizations in SIZES
    ),
]


@pytest.fixture(scope="module", params=PLANS, ids=lambda plan: f"seed {plan.seed}")
def books(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Books:
    folder: Path = tmp_path_factory.mktemp("dumps") / "small"
    return Books.from_dump(generate_dump(request.param, folder))


def test_ticketing_has_every_reason_channel_and_status(books: Books) -> None:
    orders = rows(books, "ticketing.orders")

    assert values(rows(books, "ticketing.order_line_movements"), "reason") == {
        "sale",
        "comp",
        "exchange_in",
        "cancel",
        "refund",
        "void",
        "exchange_out",
        "fee",
    }
    assert values(orders, "status") == {"pending", "paid", "expired", "cancelled", "refunded"}
    assert values(orders, "channel") == {"web", "box_office", "api", "reseller", "kiosk"}
    assert values(rows(books, "ticketing.tickets"), "is_comp") == {True, False}


def test_ledger_has_every_kind_account_and_component(books: Books) -> None:
    found = list(postings(books))

    assert {posting.kind for posting in found} == {
        "sale",
        "payment",
        "refund",
        "repayment",
        "chargeback",
        "chargeback_reversal",
        "fee",
        "payout",
        "payout_reversal",
        "reserve_hold",
        "reserve_release",
        "psp_settlement",
        "adjustment",
    }
    assert {posting.account_kind for posting in found} == {
        "psp_clearing",
        "bank",
        "buyer_receivable",
        "organizer_payable",
        "organizer_reserve",
        "tax_payable",
        "gift_card_liability",
        "service_fee_income",
        "platform_fee_income",
        "processing_fee_expense",
        "chargeback_loss",
        "suspense",
    }
    assert {posting.component for posting in found} == {
        "face_value",
        "addon",
        "donation",
        "service_fee",
        "facility_fee",
        "shipping_fee",
        "cancellation_fee",
        "tax",
        "gift_card",
        "platform_fee",
        "processing_fee",
        "chargeback_fee",
        "reserve",
        "payout",
        "adjustment",
        "cash",
    }


def test_money_comes_and_goes_by_provider_bank_and_gift_card(books: Books) -> None:
    assert {account for kind, account in cash(books) if kind in {"sale", "payment"}} == {
        "psp_clearing",
        "bank",
        "gift_card_liability",
        "buyer_receivable",
    }
    assert {("payment", "bank"), ("sale", "bank")} <= cash(books)


def test_chargebacks_are_lost_and_won(books: Books) -> None:
    transactions = rows(books, "ledger.transactions")
    won = values(of_kind(transactions, "chargeback_reversal"), "reverses_transaction_id")
    disputed = values(of_kind(transactions, "chargeback"), "id")

    assert won
    assert won < disputed


def test_payouts_and_reserves_have_items_and_a_rest(books: Books) -> None:
    for kind in ("payout", "payout_reversal", "reserve_hold", "reserve_release"):
        found = of_kind(rows(books, "ledger.transactions"), kind)
        assert any(items_of(books, row["id"]) for row in found), kind
    payouts = of_kind(rows(books, "ledger.transactions"), "payout")
    rests = [amount(books, row, "payout") - sum(items_of(books, row["id"])) for row in payouts]
    assert any(rests)
    assert all(row["reference"] for row in payouts)


def test_taxes_have_rates_jurisdictions_and_bases(books: Books) -> None:
    taxes = [each.entry for each in postings(books) if each.component == "tax"]

    assert len(values(taxes, "tax_rate")) >= 2
    assert len(values(taxes, "tax_jurisdiction")) >= 2
    assert all(entry["taxable_minor"] > 0 for entry in taxes)


def test_a_festival_of_three_days_scans_its_passes_on_each_day(books: Books) -> None:
    [festival, *_] = [event for event in rows(books, "ticketing.events") if days_of(event) == 3]
    scans = [scan for scan in rows(books, "scanning.scans") if scan["event_id"] == festival["id"]]
    days: dict[str, set[date]] = {}
    for scan in scans:
        if scan["outcome"] == "accepted":
            days.setdefault(scan["ticket_id"], set()).add(report_day(festival, scan["scanned_at"]))

    first = report_day(festival, festival["starts_at"])
    assert {day for each in days.values() for day in each} >= {
        first + timedelta(days=day) for day in range(3)
    }
    assert max(len(each) for each in days.values()) == 3


def test_events_are_cancelled_postponed_moved_and_of_a_series(books: Books) -> None:
    events = rows(books, "ticketing.events")

    assert {"cancelled", "postponed", "ended", "on_sale"} <= values(events, "status")
    moved = [event for event in events if event["rescheduled_from"]]
    assert {"postponed", "ended"} <= values(moved, "status")
    assert all(event["rescheduled_from"] < event["starts_at"] for event in moved)
    series = [event["series_id"] for event in events if event["series_id"]]
    assert len(series) > len(set(series)) >= 1


def test_orders_of_a_cancelled_event_keep_nothing(books: Books) -> None:
    cancelled = {
        event["id"] for event in rows(books, "ticketing.events") if event["status"] == "cancelled"
    }
    orders = {row["id"] for row in rows(books, "ticketing.orders") if row["event_id"] in cancelled}
    units = sum(
        row["quantity"]
        for row in rows(books, "ticketing.order_line_movements")
        if row["order_id"] in orders
    )

    assert orders
    assert units == 0


def test_seats_are_held_killed_and_reserved(books: Books) -> None:
    seats = rows(books, "seating.inventory_movements")

    assert values(seats, "kind") == {"capacity", "hold", "kill"}
    assert any(row["kind"] == "hold" and row["quantity"] < 0 for row in seats)
    reserved = values(rows(books, "ticketing.tickets"), "section_id") - {None}
    assert reserved <= values(rows(books, "seating.sections"), "id")
    assert len(reserved) > 1


def test_scans_have_every_verdict(books: Books) -> None:
    scans = rows(books, "scanning.scans")

    assert values(scans, "reject_reason") == {
        None,
        "already_used",
        "unknown",
        "cancelled",
        "unpaid",
        "wrong_gate",
        "wrong_time",
        "blocked",
        "error",
    }
    assert values(scans, "direction") == {"entry", "exit"}
    assert values(scans, "is_offline") == {True, False}
    assert any(row["reverts_scan_id"] for row in scans)
    assert any(row["received_at"] - row["scanned_at"] > timedelta(minutes=2) for row in scans)
    uploads = [(row["device_id"], row["device_sequence"]) for row in scans]
    assert len(set(uploads)) < len(uploads)


def test_an_order_is_open_when_the_books_end(books: Books) -> None:
    owed: dict[str, int] = {}
    for posting in postings(books):
        if posting.account_kind == "buyer_receivable":
            order_id = posting.transaction["order_id"]
            owed[order_id] = owed.get(order_id, 0) + posting.debit_minor
    open_orders = {order_id for order_id, minor in owed.items() if minor}

    assert open_orders
    statuses = {books["ticketing.orders"][order_id]["status"] for order_id in open_orders}
    assert statuses == {"pending"}


def rows(books: Books, table: str) -> list[Row]:
    return list(books[table].values())


def values(of: Iterable[Row], column: str) -> set[Any]:
    return {row[column] for row in of}


def of_kind(transactions: Iterable[Row], kind: str) -> list[Row]:
    return [row for row in transactions if row["kind"] == kind]


def cash(books: Books) -> set[tuple[str, str]]:
    return {
        (posting.kind, posting.account_kind)
        for posting in postings(books)
        if posting.component == "cash" and is_received(posting)
    }


def is_received(posting: Posting) -> bool:
    return bool(posting.debit_minor > 0)


def items_of(books: Books, transaction_id: str) -> list[int]:
    return [
        row["amount_minor"]
        for row in rows(books, "ledger.payout_items")
        if row["transaction_id"] == transaction_id
    ]


def amount(books: Books, transaction: Row, component: str) -> int:
    return sum(
        abs(posting.debit_minor)
        for posting in postings(books)
        if posting.transaction is transaction and posting.component == component
    )


def days_of(event: Row) -> int:
    return (report_day(event, event["ends_at"]) - report_day(event, event["starts_at"])).days + 1


def report_day(event: Row, at: Any) -> date:
    local = at.astimezone(ZoneInfo(event["timezone"])).replace(tzinfo=None)
    cutoff = timedelta(hours=event["day_cutoff"].hour, minutes=event["day_cutoff"].minute)
    return date.fromisoformat((local - cutoff).date().isoformat())
