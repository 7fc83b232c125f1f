"""The double-entry ledger of the generated books: transactions of orders, and their entries.

Each transaction balances in its currency. The weekly changes of the organisers' payables and of the
payment provider's clearing accounts are kept, because payouts are computed from them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from types import MappingProxyType

from reporting_pipeline.samples.generator.books import BooksWriter, Plan
from reporting_pipeline.samples.generator.markets import Tax
from reporting_pipeline.samples.generator.prices import Charge
from reporting_pipeline.samples.generator.random_values import (
    DAY,
    MINUTE,
    happens,
    new_id,
    time_between,
)
from reporting_pipeline.samples.generator.world import Event, Organization

PAYABLE = "organizer_payable"
"""The account of what the organiser is owed."""

CLEARING = "psp_clearing"
"""The account of what the payment provider has collected."""

# Component of a charge -> the account that is credited.
_OWED_TO = MappingProxyType(
    {
        "face_value": PAYABLE,
        "addon": PAYABLE,
        "donation": PAYABLE,
        "facility_fee": PAYABLE,
        "shipping_fee": PAYABLE,
        "cancellation_fee": PAYABLE,
        "service_fee": "service_fee_income",
        "gift_card": "gift_card_liability",
    }
)
_FEE_ACCOUNTS = MappingProxyType(
    {
        "platform_fee": "platform_fee_income",
        "processing_fee": "processing_fee_expense",
        "chargeback_fee": "chargeback_loss",
    }
)
_LATE_SHARE = 0.025
_DAYS_LATE_SHARE = 0.005


@dataclass(frozen=True, slots=True)
class Leg:
    """One entry of a transaction; an entry of amount 0 is not written."""

    direction: str
    account: str
    component: str
    amount_minor: int
    tax: Tax | None = None
    taxable_minor: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The organisation, currency, event and order of a transaction."""

    organization: Organization
    currency: str
    event: Event | None = None
    order_id: str | None = None


class Ledger:
    """The ledger of all organisations; each transaction is written at once."""

    def __init__(self, plan: Plan, books: BooksWriter, random: Random) -> None:
        self._plan = plan
        self._books = books
        self._random = random

    def charge(self, subject: Subject, charge: Charge, cash: str, at: datetime) -> None:
        """Charge the buyer on the account `cash`."""
        legs = [Leg("debit", cash, "cash", charge.total_minor), *_parts("credit", charge)]
        self.post("sale", subject, legs, at)

    def refund(self, subject: Subject, charge: Charge, cash: str, at: datetime) -> None:
        """Refund a charge from the account `cash`."""
        legs = [*_parts("debit", charge), Leg("credit", cash, "cash", charge.total_minor)]
        self.post("refund", subject, legs, at)

    def chargeback(self, subject: Subject, charge: Charge, at: datetime) -> str | None:
        """Book a chargeback by the buyer's bank; return its id, or None if nothing is charged."""
        legs = [*_parts("debit", charge), Leg("credit", CLEARING, "cash", charge.total_minor)]
        reference = self.reference("CB", at)
        return self.post("chargeback", subject, legs, at, reference=reference)

    def reverse_chargeback(
        self, subject: Subject, charge: Charge, at: datetime, reverses: str
    ) -> None:
        """Reverse a chargeback."""
        legs = [Leg("debit", CLEARING, "cash", charge.total_minor), *_parts("credit", charge)]
        reference = self.reference("CBR", at)
        self.post("chargeback_reversal", subject, legs, at, reverses=reverses, reference=reference)

    def payment(self, subject: Subject, amount_minor: int, cash: str, at: datetime) -> None:
        """Book the payment of an earlier charge on the account `cash`."""
        legs = moved("cash", cash, "buyer_receivable", amount_minor)
        reference = self.reference("TRF", at) if cash == "bank" else None
        self.post("payment", subject, legs, at, reference=reference)

    def repayment(self, subject: Subject, amount_minor: int, cash: str, at: datetime) -> None:
        """Book the repayment of an earlier refund from the account `cash`."""
        legs = moved("cash", "buyer_receivable", cash, amount_minor)
        self.post("repayment", subject, legs, at)

    def organizer_fees(self, subject: Subject, fees: Mapping[str, int], at: datetime) -> None:
        """Charge the organiser: `platform_fee`, `processing_fee`, `chargeback_fee`."""
        legs = [Leg("debit", PAYABLE, name, minor) for name, minor in fees.items()]
        legs += [Leg("credit", _FEE_ACCOUNTS[name], name, minor) for name, minor in fees.items()]
        self.post("fee", subject, legs, at)

    def reference(self, prefix: str, at: datetime) -> str:
        """A reference of the bank or of the payment provider."""
        return f"{prefix}-{at:%Y%m%d}-{self._random.randrange(10**6):06}"

    def post(  # noqa: PLR0913 - the columns of a transaction
        self,
        kind: str,
        subject: Subject,
        legs: Iterable[Leg],
        at: datetime,
        *,
        reverses: str | None = None,
        reference: str | None = None,
        items: Mapping[str, int] | None = None,
    ) -> str | None:
        """Write a transaction, its entries and the items of its events (event id -> minor units).

        Returns:
            Its id, or None if all amounts are 0.
        """
        legs = [leg for leg in legs if leg.amount_minor]
        if not legs:
            return None
        transaction_id = new_id(self._random)
        recorded_at = recorded(self._plan, self._random, at)
        self._books.add(
            "ledger.transactions",
            transaction_id,
            subject.organization.id,
            subject.event.id if subject.event else None,
            subject.order_id,
            kind,
            reference,
            reverses,
            at,
            recorded_at,
        )
        for leg in legs:
            self._enter(transaction_id, subject, leg, recorded_at)
            _count(subject, leg, at)
        for event_id, minor in (items or {}).items():
            row = (new_id(self._random), transaction_id, event_id, minor, subject.currency)
            self._books.add("ledger.payout_items", *row, recorded_at)
        return transaction_id

    def _enter(
        self, transaction_id: str, subject: Subject, leg: Leg, recorded_at: datetime
    ) -> None:
        self._books.add(
            "ledger.entries",
            new_id(self._random),
            transaction_id,
            self._account(subject, leg.account),
            leg.direction,
            leg.component,
            leg.amount_minor,
            subject.currency,
            leg.tax.jurisdiction if leg.tax else None,
            leg.tax.rate if leg.tax else None,
            leg.taxable_minor,
            recorded_at,
        )

    def _account(self, subject: Subject, kind: str) -> str:
        accounts = subject.organization.accounts
        found = accounts.get((kind, subject.currency))
        if found is None:
            found = accounts[kind, subject.currency] = new_id(self._random)
            self._books.add(
                "ledger.accounts",
                found,
                subject.organization.id,
                kind,
                subject.currency,
                self._plan.begins_at,
            )
        return found


def moved(component: str, debited: str, credited: str, minor: int) -> list[Leg]:
    """A debit and a credit of one component."""
    return [Leg("debit", debited, component, minor), Leg("credit", credited, component, minor)]


def recorded(plan: Plan, random: Random, at: datetime) -> datetime:
    """The record clock of a row: seconds, minutes or days after `at`."""
    late = time_between(random, 0, 2)
    if happens(random, _LATE_SHARE):
        late = time_between(random, 1 * MINUTE, 15 * MINUTE)
    elif happens(random, _DAYS_LATE_SHARE):
        late = time_between(random, 1 * DAY, 3 * DAY)
    return min(at + late, plan.ends_at - timedelta(microseconds=1))


def week_of(at: datetime) -> int:
    """The number of the week, Monday to Sunday of UTC."""
    return (at.toordinal() - 1) // 7


def _parts(direction: str, charge: Charge) -> list[Leg]:
    parts = [Leg(direction, _OWED_TO[name], name, minor) for name, minor in charge.amounts.items()]
    parts += [
        Leg(direction, "tax_payable", "tax", minor, tax, taxable_minor)
        for tax, (minor, taxable_minor) in charge.taxes.items()
    ]
    return parts


def _count(subject: Subject, leg: Leg, at: datetime) -> None:
    """Keep the weekly changes that the payouts are computed from."""
    organization, currency, week = subject.organization, subject.currency, week_of(at)
    signed = leg.amount_minor if leg.direction == "credit" else -leg.amount_minor
    if leg.account == PAYABLE:
        event_id = subject.event.id if subject.event else None
        weeks = organization.payable.setdefault(currency, {}).setdefault(event_id, {})
        weeks[week] = weeks.get(week, 0) + signed
    elif leg.account == CLEARING:
        weeks = organization.clearing.setdefault(currency, {})
        weeks[week] = weeks.get(week, 0) - signed
