"""The ledger of random books: charges with planted faults, and random transactions."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from reporting_pipeline_tests.oracle.draft import CURRENCIES, Draft
from reporting_pipeline_tests.oracle.source_tables import Row

_ACCOUNTS: Final = (
    "psp_clearing",
    "bank",
    "buyer_receivable",
    "organizer_payable",
    "organizer_payable",
    "organizer_reserve",
    "tax_payable",
    "gift_card_liability",
    "service_fee_income",
    "platform_fee_income",
    "processing_fee_expense",
    "chargeback_loss",
    "suspense",
)
_KINDS: Final = (
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
)
_FACES: Final = ("face_value", "face_value", "addon", "donation")
_FEES: Final = ("service_fee", "facility_fee", "shipping_fee", "cancellation_fee")
_COMPONENTS: Final = (
    *_FACES,
    *_FEES,
    "tax",
    "gift_card",
    "gift_card",
    "platform_fee",
    "processing_fee",
    "chargeback_fee",
    "reserve",
    "payout",
    "adjustment",
    "cash",
    "cash",
)
_FAULTS: Final = (
    *("none",) * 8,
    "missing",
    "twice",
    "thrice",
    "off",
    "late",
    "part late",
    "elsewhere",
    "elsewhere, corrected",
    "in another currency",
    "without its cash",
    "on account",
    "paid in part",
)


@dataclass(frozen=True)
class Header:
    """The place, order and instant of transactions."""

    organization_id: str
    event_id: str | None
    order_id: str | None
    currency: str
    effective_at: datetime


def add_ledger(draft: Draft) -> None:
    """Add the charges of each order, with faults, and then random transactions."""
    for order in draft.rows("ticketing.orders"):
        _add_charges(draft, order, draft.pick(_FAULTS))
    for _ in range(draft.rng.randint(0, draft.size)):
        _add_any(draft)


def _add_charges(draft: Draft, order: Row, fault: str) -> None:
    movements = draft.rows("ticketing.order_line_movements")
    for movement in [row for row in movements if row["order_id"] == order["id"]]:
        header = Header(
            order["organization_id"],
            order["event_id"],
            order["id"],
            order["currency"],
            movement["occurred_at"],
        )
        late = fault == "late" or (fault == "part late" and draft.chance(0.5))
        if late:
            later = header.effective_at + timedelta(days=draft.rng.randint(1, 3))
            header = replace(header, effective_at=later)
        if fault.startswith("elsewhere"):
            _add_elsewhere(draft, header, movement, is_corrected=fault != "elsewhere")
            continue
        if fault == "in another currency":
            header = replace(header, currency=draft.pick(CURRENCIES))
        for _ in range({"missing": 0, "twice": 2, "thrice": 3}.get(fault, 1)):
            _add_charge(draft, header, movement, fault)


def _add_elsewhere(draft: Draft, header: Header, movement: Row, *, is_corrected: bool) -> None:
    """Charge another organisation or event, and sometimes correct this a day or two later."""
    if draft.chance(0.5):
        organization_id = draft.known_or_stranger("ticketing.organizations", 0.3)
        wrong = replace(header, organization_id=organization_id)
    else:
        events = (None, draft.known_or_stranger("ticketing.events", 0.2))
        wrong = replace(header, event_id=draft.pick(events))
    _add_charge(draft, wrong, movement, "none")
    if is_corrected:
        later = header.effective_at + timedelta(days=draft.rng.randint(0, 2))
        _add_charge(draft, replace(wrong, effective_at=later), movement, "reversed")
        _add_charge(draft, replace(header, effective_at=later), movement, "none")


def _add_charge(draft: Draft, header: Header, movement: Row, fault: str) -> None:
    """A sale for a positive movement, a refund for a negative one, and the payment."""
    sign = -1 if fault == "reversed" else 1
    legs = [
        ("organizer_payable", draft.pick(_FACES), movement["list_minor"]),
        ("organizer_payable", "face_value", -movement["discount_minor"]),
        ("service_fee_income", draft.pick(_FEES), movement["fee_minor"]),
        ("tax_payable", "tax", movement["tax_minor"]),
    ]
    if draft.chance(0.1):
        legs.append(("gift_card_liability", "gift_card", draft.pick((-100, 100, 250))))
    if fault == "off":
        legs.append(("organizer_payable", "face_value", draft.pick((-1, 1, 100))))
    total = sum(credit_minor for _, _, credit_minor in legs)
    asset = draft.pick(("psp_clearing", "psp_clearing", "bank", "gift_card_liability"))
    if fault in ("on account", "paid in part") or draft.chance(0.2):
        asset = "buyer_receivable"
    if fault != "without its cash":
        legs.append((asset, "cash", -total))
    kind = "sale" if sign * total >= 0 else "refund"
    if any(credit_minor for _, _, credit_minor in legs):
        signed = [(a, c, sign * minor) for a, c, minor in legs]
        add_transaction(draft, header, kind, signed)
        _add_chargeback(draft, header, signed)
    if asset == "buyer_receivable" and fault != "on account":
        paid = sign * (total // 2 if fault == "paid in part" else total)
        later = header.effective_at + timedelta(days=draft.pick((0, 0, 1, 2)))
        legs = [("buyer_receivable", "cash", paid), ("psp_clearing", "cash", -paid)]
        kind = "payment" if paid > 0 else "repayment"
        add_transaction(draft, replace(header, effective_at=later), kind, legs)


def _add_chargeback(draft: Draft, header: Header, legs: list[tuple[str, str, int]]) -> None:
    """Sometimes the buyer's bank takes the charge back, and sometimes it is won back."""
    if draft.chance(0.15):
        back = [(account, component, -minor) for account, component, minor in legs]
        add_transaction(draft, header, "chargeback", back)
        if draft.chance(0.5):
            add_transaction(draft, header, "chargeback_reversal", legs)


def _add_any(draft: Draft) -> None:
    """A transaction of any kind with any entries: balanced or not, classified or not, or none."""
    event_id = draft.known_or_stranger("ticketing.events", 0.2)
    order_id = draft.known_or_stranger("ticketing.orders", 0.3)
    header = Header(
        draft.known_or_stranger("ticketing.organizations", 0.15),
        None if draft.chance(0.3) else event_id,
        None if draft.chance(0.5) else order_id,
        draft.pick(CURRENCIES),
        draft.instant(),
    )
    legs = []
    for _ in range(draft.pick((0, 1, 1, 2, 2, 3))):
        minor = draft.pick((-1, 1)) * draft.amount_minor()
        component = draft.pick(_COMPONENTS)
        account = draft.pick(_ACCOUNTS[:3] if component == "cash" else _ACCOUNTS[3:])
        legs.append((draft.pick(_ACCOUNTS) if draft.chance(0.1) else account, component, minor))
    if draft.chance(0.7):
        total = sum(minor for _, _, minor in legs)
        legs.append((draft.pick(("psp_clearing", "buyer_receivable")), "cash", -total))
    add_transaction(draft, header, draft.pick(_KINDS), legs)


def add_transaction(
    draft: Draft, header: Header, kind: str, legs: Iterable[tuple[str, str, int]]
) -> Row:
    """Add a transaction and its entries: account, component, credit (a debit is negative)."""
    earlier = draft.rows("ledger.transactions")
    reversed_id = draft.pick(earlier)["id"] if earlier and draft.chance(0.1) else None
    transaction = draft.add(
        "ledger.transactions",
        organization_id=header.organization_id,
        event_id=header.event_id,
        order_id=header.order_id,
        kind=kind,
        reverses_transaction_id=reversed_id,
        effective_at=header.effective_at,
    )
    for account, component, credit_minor in legs:
        if credit_minor:
            currency = draft.pick(CURRENCIES) if draft.chance(0.015) else header.currency
            draft.add(
                "ledger.entries",
                transaction_id=transaction["id"],
                account_id=_account_id(draft, header.organization_id, account, currency),
                direction="credit" if credit_minor > 0 else "debit",
                component=component,
                amount_minor=abs(credit_minor),
                currency=currency,
                **(_tax_attributes(draft) if component == "tax" else {}),
            )
    return transaction


def _tax_attributes(draft: Draft) -> dict[str, Any]:
    """Jurisdiction, rate and taxable amount; a source of contract 1.0 says none of them."""
    if draft.chance(0.3):
        return {}
    return {
        "tax_jurisdiction": draft.pick((None, "DE", "DE", "US-NY")),
        "tax_rate": draft.pick((None, Decimal("0.190000"), Decimal("0.07"), Decimal("0"))),
        "taxable_minor": draft.pick((None, 0, 100, draft.amount_minor())),
    }


def _account_id(draft: Draft, organization_id: str, kind: str, currency: str) -> str:
    """The account; sometimes one of another organisation or currency, against the contract."""
    if draft.chance(0.03):
        organization_id = draft.known_or_stranger("ticketing.organizations", 0.3)
        currency = draft.pick(CURRENCIES)
    wanted = {"organization_id": organization_id, "kind": kind, "currency": currency}
    for account in draft.rows("ledger.accounts"):
        if wanted.items() <= account.items():
            return str(account["id"])
    return str(draft.add("ledger.accounts", **wanted)["id"])
