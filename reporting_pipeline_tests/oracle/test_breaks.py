"""Breaks, calculated by hand: a planted fault of each kind, and books without a break."""

from datetime import date

import pytest

from reporting_pipeline_tests.oracle.breaks import reconciliation_breaks
from reporting_pipeline_tests.oracle.hand_written import (
    HALL,
    ORDER,
    OTHER_SHOW,
    RIVAL,
    SHOW,
    HandWritten,
    days_later,
)
from reporting_pipeline_tests.oracle.report_tables import ReportRow

_3RD, _4TH, _5TH = date(2025, 3, 3), date(2025, 3, 4), date(2025, 3, 5)


def _rows(writing: HandWritten) -> list[ReportRow]:
    rows = reconciliation_breaks(writing.books()).values()
    return sorted(rows, key=lambda row: (row["date"], row["kind"], str(row["currency"])))


def _sums(writing: HandWritten) -> list[tuple[date, str, int, int]]:
    return [
        (row["date"], row["kind"], row["ticketing_minor"], row["ledger_minor"])
        for row in _rows(writing)
    ]


def test_equal_bookings_and_charges_are_no_break() -> None:
    writing = HandWritten()
    writing.movement("sale", 1, 1000, discount_minor=100, fee_minor=50, tax_minor=180)
    writing.transaction(
        "sale",
        "credit organizer_payable face_value 900 EUR",
        "credit service_fee_income service_fee 50 EUR",
        "credit tax_payable tax 180 EUR",
        "debit psp_clearing cash 1130 EUR",
    )

    assert _rows(writing) == []


def test_a_free_order_needs_no_ledger_row() -> None:
    writing = HandWritten()
    writing.movement("sale", 1, 1000, discount_minor=1000)
    writing.movement("comp", 1)

    assert _rows(writing) == []


def test_missing_in_ledger_has_all_ids_of_the_order() -> None:
    writing = HandWritten()
    writing.movement("sale", 1, 1000, id="m2")
    writing.movement("comp", 1, id="m1", line_no=2)

    assert _rows(writing) == [
        {
            "date": _3RD,
            "organization_id": HALL,
            "event_id": SHOW,
            "order_id": ORDER,
            "transaction_id": None,
            "entry_id": None,
            "currency": "EUR",
            "kind": "missing_in_ledger",
            "ticketing_minor": 1000,
            "ledger_minor": 0,
            "difference_minor": 1000,
            "proof_ids": ("m1", "m2"),
        }
    ]


def test_a_difference_has_a_row_on_each_booking_day_of_the_order() -> None:
    writing = HandWritten()
    writing.movement("sale", 1, 1000)
    writing.movement("sale", 1, 500, line_no=2, occurred_at=days_later(2))

    assert _sums(writing) == [
        (_3RD, "missing_in_ledger", 1000, 0),
        (_5TH, "missing_in_ledger", 1500, 0),
    ]


def test_missing_in_ticketing_if_the_order_is_unknown() -> None:
    writing = HandWritten()
    charge = writing.charge(700, order_id="unheard of", event_id=None)

    (row,) = _rows(writing)

    assert (row["order_id"], row["event_id"], row["kind"]) == (
        "unheard of",
        None,
        "missing_in_ticketing",
    )
    assert (row["ticketing_minor"], row["ledger_minor"], row["difference_minor"]) == (0, 700, -700)
    assert row["proof_ids"] == (charge,)


def test_missing_in_ticketing_if_no_movement_has_money_so_far() -> None:
    writing = HandWritten()
    movement = writing.movement("comp", 1)
    charge = writing.charge(700)

    (row,) = _rows(writing)

    assert row["kind"] == "missing_in_ticketing"
    assert row["proof_ids"] == tuple(sorted((movement, charge)))


def test_timing_if_the_sums_are_equal_at_the_end_of_a_later_day() -> None:
    writing = HandWritten()
    writing.movement("sale", 1, 1000)
    writing.movement("sale", 1, 300, line_no=2, occurred_at=days_later(2))
    writing.charge(1000, effective_at=days_later(1))

    # 3 March: 1000 - 0, equal on the 4th. 5 March: 1300 - 1000, never equal so far.
    assert _sums(writing) == [(_3RD, "timing", 1000, 0), (_5TH, "amount", 1300, 1000)]


def test_organization_has_rows_of_both_organizations() -> None:
    writing = HandWritten()
    movement = writing.movement("sale", 1, 1000)
    charge = writing.charge(1000, organization_id=RIVAL)

    rows = {row["organization_id"]: row for row in _rows(writing)}

    assert {row["kind"] for row in rows.values()} == {"organization"}
    assert (rows[HALL]["ticketing_minor"], rows[HALL]["ledger_minor"]) == (1000, 0)
    assert (rows[RIVAL]["ticketing_minor"], rows[RIVAL]["ledger_minor"]) == (0, 1000)
    assert (rows[HALL]["proof_ids"], rows[RIVAL]["proof_ids"]) == ((movement,), (charge,))


@pytest.mark.parametrize("event_id", [OTHER_SHOW, None])
def test_a_charge_of_another_event_or_none_has_the_kind_organization(event_id: str | None) -> None:
    writing = HandWritten()
    writing.movement("sale", 1, 1000)
    writing.charge(1000, event_id=event_id, currency="USD")

    assert [(row["event_id"], row["kind"]) for row in _rows(writing)] == [
        (SHOW, "organization"),
        (event_id, "organization"),
    ]


def test_an_additional_charge_elsewhere_is_a_row_elsewhere_only() -> None:
    writing = HandWritten()
    writing.movement("sale", 1, 1000)
    writing.charge(1000)
    writing.charge(40, organization_id=RIVAL)

    (row,) = _rows(writing)

    assert (row["organization_id"], row["kind"], row["ledger_minor"]) == (
        RIVAL,
        "organization",
        40,
    )


def test_a_reversed_charge_elsewhere_no_longer_decides_the_kind_at_home() -> None:
    writing = HandWritten()
    writing.movement("sale", 1, 1000)
    writing.charge(900, effective_at=days_later(1))
    writing.charge(100, effective_at=days_later(1), organization_id=RIVAL)
    writing.transaction(
        "refund",
        "debit organizer_payable face_value 100 EUR",
        "credit psp_clearing cash 100 EUR",
        effective_at=days_later(2),
        organization_id=RIVAL,
    )

    # At home 1000 - 900 stays; RIVAL's 0 - 100 of the 4th is 0 - 0 on the 5th: timing.
    assert _sums(writing) == [
        (_3RD, "missing_in_ledger", 1000, 0),
        (_4TH, "organization", 1000, 900),
        (_4TH, "timing", 0, 100),
        (_5TH, "amount", 1000, 900),
    ]


def test_currency_if_booking_and_charge_have_different_currencies() -> None:
    writing = HandWritten()
    writing.movement("sale", 1, 1000)
    writing.charge(1000, currency="USD")

    rows = [(row["currency"], row["kind"], row["difference_minor"]) for row in _rows(writing)]
    assert rows == [("EUR", "currency", 1000), ("USD", "currency", -1000)]


@pytest.mark.parametrize(
    ("booked", "charged", "kind"),
    [
        (1000, 2000, "duplicate"),
        (1000, 3000, "duplicate"),
        (1000, 1500, "amount"),
        (1000, 999, "amount"),
        (1000, 500, "amount"),
    ],
)
def test_a_whole_multiple_is_a_duplicate_and_anything_else_an_amount(
    booked: int, charged: int, kind: str
) -> None:
    writing = HandWritten()
    writing.movement("sale", 1, booked)
    writing.charge(charged)

    assert _sums(writing) == [(_3RD, kind, booked, charged)]


def test_a_charge_of_a_completely_refunded_order_is_an_amount() -> None:
    writing = HandWritten()
    writing.movement("sale", 1, 1000)
    writing.movement("refund", -1, -1000)
    writing.charge(1000)

    assert _sums(writing) == [(_3RD, "amount", 0, 1000)]


def test_a_completely_reversed_charge_is_an_amount_and_not_missing() -> None:
    writing = HandWritten()
    writing.movement("sale", 1, 1000)
    writing.transaction(
        "sale",
        "credit organizer_payable face_value 1000 EUR",
        "debit organizer_payable face_value 1000 EUR",
    )

    assert _sums(writing) == [(_3RD, "amount", 1000, 0)]


def test_unbalanced_has_its_transaction_in_the_currency_that_differs() -> None:
    writing = HandWritten()
    transaction = writing.transaction(
        "payout",
        "debit organizer_payable payout 100 EUR",
        "credit bank cash 90 EUR",
        "debit organizer_payable payout 5 USD",
        "credit bank cash 5 USD",
        order_id=None,
    )

    (row,) = _rows(writing)

    assert (row["kind"], row["transaction_id"], row["entry_id"], row["currency"]) == (
        "unbalanced",
        transaction,
        None,
        "EUR",
    )
    # credits - debits = 90 - 100
    assert (row["ticketing_minor"], row["ledger_minor"], row["difference_minor"]) == (0, -10, 10)
    assert row["proof_ids"] == (transaction,)


def test_unclassified_has_its_entry_and_its_transaction() -> None:
    writing = HandWritten()
    transaction = writing.transaction(
        "payment",
        "debit suspense cash 25 EUR",
        "credit buyer_receivable cash 25 EUR",
        order_id=None,
        effective_at=days_later(1),
    )

    (row,) = _rows(writing)

    assert (row["date"], row["kind"], row["transaction_id"]) == (_4TH, "unclassified", transaction)
    assert row["entry_id"] is not None
    assert (row["ledger_minor"], row["difference_minor"]) == (-25, 25)


def _owing(writing: HandWritten) -> None:
    """Charge 1000 on account on the 3rd, and pay 400 of it on the 4th."""
    writing.movement("sale", 1, 1000)
    writing.transaction(
        "sale",
        "credit organizer_payable face_value 1000 EUR",
        "debit buyer_receivable cash 1000 EUR",
        id="sale",
    )
    writing.transaction(
        "payment",
        "debit psp_clearing cash 400 EUR",
        "credit buyer_receivable cash 400 EUR",
        id="payment",
        effective_at=days_later(1),
    )


def test_settlement_is_the_balance_on_the_last_known_day_of_the_order() -> None:
    writing = HandWritten()
    _owing(writing)

    (row,) = _rows(writing)

    assert (row["date"], row["kind"], row["order_id"]) == (_4TH, "settlement", ORDER)
    assert (row["ticketing_minor"], row["ledger_minor"], row["difference_minor"]) == (0, 600, -600)
    assert row["proof_ids"] == ("payment", "sale")


def test_a_pending_order_can_have_a_balance() -> None:
    writing = HandWritten()
    _owing(writing)
    writing.order("pending", status="pending")
    writing.transaction(
        "payment", "debit buyer_receivable cash 1 EUR", "credit bank cash 1 EUR", order_id="pending"
    )

    assert [row["order_id"] for row in _rows(writing)] == [ORDER]


def test_a_different_sum_suppresses_settlement() -> None:
    writing = HandWritten()
    _owing(writing)
    writing.movement("sale", 1, 1, line_no=2, occurred_at=days_later(2))

    assert _sums(writing) == [(_5TH, "amount", 1001, 1000)]


def test_unbalanced_does_not_suppress_settlement() -> None:
    writing = HandWritten()
    _owing(writing)
    writing.transaction("payment", "debit buyer_receivable cash 1 EUR", effective_at=days_later(2))

    assert _sums(writing) == [(_5TH, "settlement", 0, 601), (_5TH, "unbalanced", 0, -1)]


def test_a_sale_without_an_order_is_not_reconciled() -> None:
    writing = HandWritten()
    writing.charge(1000, order_id=None)

    assert _rows(writing) == []


@pytest.mark.parametrize(
    ("organization_id", "kinds"), [(RIVAL, []), (HALL, ["organization", "organization"])]
)
def test_the_place_of_an_order_is_its_own_organization_not_its_events(
    organization_id: str, kinds: list[str]
) -> None:
    writing = HandWritten()
    writing.order("rival's", organization_id=RIVAL)
    writing.movement("sale", 1, 1000, order_id="rival's")
    writing.charge(1000, order_id="rival's", organization_id=organization_id)

    assert [row["kind"] for row in _rows(writing)] == kinds
