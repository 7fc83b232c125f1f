"""Payouts, reserves and settlements of random books; most items are right, some cannot count."""

from typing import Final

from reporting_pipeline_tests.oracle.draft import CURRENCIES, Draft
from reporting_pipeline_tests.oracle.random_ledger import Header, add_transaction
from reporting_pipeline_tests.oracle.source_tables import Row

_KINDS: Final = {
    "payout": ("payout", -1, "bank"),
    "payout_reversal": ("payout", 1, "bank"),
    "reserve_hold": ("reserve", -1, "organizer_reserve"),
    "reserve_release": ("reserve", 1, "organizer_reserve"),
}
"""Kind -> component, sign of the credit on organizer_payable, account of the other leg."""
_FAULTS: Final = (
    *("none",) * 6,
    "too much",
    "unknown event",
    "in another currency",
    "of an event",
    "of another kind",
    "without a leg",
)


def add_payouts(draft: Draft) -> None:
    """Up to three transactions with items, of which some name an order too; and a settlement."""
    for _ in range(draft.rng.randint(0, 3)):
        _add_payout(draft, draft.pick(_FAULTS))
    if draft.chance(0.3):
        header = Header(
            draft.known_or_stranger("ticketing.organizations", 0.1),
            None,
            None,
            draft.pick(CURRENCIES),
            draft.instant(),
        )
        legs = [
            ("bank", "cash", -97),
            ("processing_fee_expense", "processing_fee", -3),
            ("psp_clearing", "cash", 100),
        ]
        add_transaction(draft, header, "psp_settlement", legs)


def _add_payout(draft: Draft, fault: str) -> None:
    kind = draft.pick(tuple(_KINDS))
    component, sign, other_account = _KINDS[kind]
    events = draft.rows("ticketing.events")
    header = Header(
        draft.known_or_stranger("ticketing.organizations", 0.1),
        draft.pick(events)["id"] if fault == "of an event" else None,
        draft.known_or_stranger("ticketing.orders", 0.3) if draft.chance(0.2) else None,
        draft.pick(CURRENCIES),
        draft.instant(),
    )
    amount = draft.rng.randint(10, 500)
    legs = [
        ("organizer_payable", component, sign * amount),
        (other_account, component if component == "reserve" else "cash", -sign * amount),
    ]
    if draft.chance(0.2):  # a fee on top moves the payable, and no item may take it
        legs += [("organizer_payable", "adjustment", -5), ("suspense", "adjustment", 5)]
    transaction = add_transaction(
        draft,
        header,
        "adjustment" if fault == "of another kind" else kind,
        legs[1:] if fault == "without a leg" else legs,
    )
    _add_items(draft, transaction, header.currency, amount, fault)


def _add_items(draft: Draft, transaction: Row, currency: str, amount: int, fault: str) -> None:
    """One to three items, which leave something of the amount or nothing."""
    left = amount + 1 if fault == "too much" else amount
    count = draft.rng.randint(1, 3)
    for number in range(count):
        is_last = number == count - 1
        whole = is_last and (fault == "too much" or draft.chance(0.5))
        minor = left if whole else draft.rng.randint(1, max(1, left // 2))
        event_id = draft.pick(draft.rows("ticketing.events"))["id"]
        if fault == "unknown event" and is_last:
            event_id = draft.pick(draft.strangers["ticketing.events"])
        elsewhere = fault == "in another currency" and is_last
        draft.add(
            "ledger.payout_items",
            transaction_id=transaction["id"],
            event_id=event_id,
            amount_minor=minor,
            currency=draft.pick(CURRENCIES) if elsewhere else currency,
        )
        left = max(1, left - minor)
