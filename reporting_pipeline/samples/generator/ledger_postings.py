"""Double entry of what the box office does: every transaction balances in its currency.

What belongs here: which accounts a happening debits and credits. What does not: when it happens.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from reporting_pipeline.samples.generator.chance import DAY, MINUTE, happens, new_id, within
from reporting_pipeline.samples.generator.plan import Plan
from reporting_pipeline.samples.generator.world import Event, Organization
from reporting_pipeline.samples.generator.write import Books

# Component -> the account that a buyer's money for it is owed to.
_OWED_TO = {
    "face_value": "organizer_payable",
    "addon": "organizer_payable",
    "donation": "organizer_payable",
    "facility_fee": "organizer_payable",
    "shipping_fee": "organizer_payable",
    "cancellation_fee": "organizer_payable",
    "service_fee": "service_fee_income",
    "tax": "tax_payable",
}
_PAYABLE = "organizer_payable"
_LATE_SHARE = 0.025
_DAYS_LATE_SHARE = 0.005

Amounts = Mapping[str, int]
"""Component -> minor units, >= 0."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One entry of a transaction; one of amount 0 is not booked."""

    direction: str
    account: str
    component: str
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a transaction is about."""

    organization: Organization
    currency: str
    event: Event | None = None
    order_id: str | None = None


class Journal:
    """The ledger of all organisations, written as it is posted."""

    def __init__(self, plan: Plan, books: Books, chance: Random) -> None:
        self._plan = plan
        self._books = books
        self._chance = chance

    def charge(self, subject: Subject, amounts: Amounts, cash: str, at: datetime) -> str | None:
        """The buyer is charged, on account `cash`; returns the transaction's id."""
        parts = [Leg("credit", _OWED_TO[name], name, minor) for name, minor in amounts.items()]
        return self.post("sale", subject, [_cash("debit", cash, amounts), *parts], at)

    def refund(self, subject: Subject, amounts: Amounts, cash: str, at: datetime) -> str | None:
        """A charge is taken back, from account `cash`."""
        return self._take_back("refund", subject, amounts, cash, at)

    def chargeback(self, subject: Subject, amounts: Amounts, at: datetime) -> str | None:
        """The buyer's bank takes a charge back."""
        return self._take_back("chargeback", subject, amounts, "psp_clearing", at)

    def reverse_chargeback(
        self, subject: Subject, amounts: Amounts, at: datetime, reverses: str
    ) -> None:
        """The buyer's bank was wrong."""
        parts = [Leg("credit", _OWED_TO[name], name, minor) for name, minor in amounts.items()]
        legs = [_cash("debit", "psp_clearing", amounts), *parts]
        self.post("chargeback_reversal", subject, legs, at, reverses=reverses)

    def payment(self, subject: Subject, amount_minor: int, at: datetime) -> None:
        """The buyer pays what was charged before."""
        legs = [
            Leg("debit", "psp_clearing", "cash", amount_minor),
            Leg("credit", "buyer_receivable", "cash", amount_minor),
        ]
        self.post("payment", subject, legs, at)

    def repayment(self, subject: Subject, amount_minor: int, at: datetime) -> None:
        """The buyer gets back what a refund owed."""
        legs = [
            Leg("debit", "buyer_receivable", "cash", amount_minor),
            Leg("credit", "psp_clearing", "cash", amount_minor),
        ]
        self.post("repayment", subject, legs, at)

    def organizer_fees(self, subject: Subject, fees: Amounts, at: datetime) -> None:
        """What the organiser bears: `platform_fee`, `processing_fee`, `chargeback_fee`."""
        income = {
            "platform_fee": "platform_fee_income",
            "processing_fee": "processing_fee_expense",
            "chargeback_fee": "chargeback_loss",
        }
        legs = [Leg("debit", _PAYABLE, name, minor) for name, minor in fees.items()]
        legs += [Leg("credit", income[name], name, minor) for name, minor in fees.items()]
        self.post("fee", subject, legs, at)

    def post(
        self,
        kind: str,
        subject: Subject,
        legs: Iterable[Leg],
        at: datetime,
        *,
        reverses: str | None = None,
    ) -> str | None:
        """Write a transaction and its entries; returns its id, None where all amounts are 0."""
        legs = [leg for leg in legs if leg.amount_minor]
        if not legs:
            return None
        transaction_id = new_id(self._chance)
        recorded_at = recorded(self._plan, self._chance, at)
        self._books.add(
            "ledger.transactions",
            transaction_id,
            subject.organization.id,
            subject.event.id if subject.event else None,
            subject.order_id,
            kind,
            reverses,
            at,
            recorded_at,
        )
        for leg in legs:
            self._enter(transaction_id, subject, leg, at, recorded_at)
        return transaction_id

    def _take_back(
        self, kind: str, subject: Subject, amounts: Amounts, cash: str, at: datetime
    ) -> str | None:
        debits = [Leg("debit", _OWED_TO[name], name, minor) for name, minor in amounts.items()]
        return self.post(kind, subject, [*debits, _cash("credit", cash, amounts)], at)

    def _enter(
        self,
        transaction_id: str,
        subject: Subject,
        leg: Leg,
        at: datetime,
        recorded_at: datetime,
    ) -> None:
        self._books.add(
            "ledger.entries",
            new_id(self._chance),
            transaction_id,
            self._account(subject, leg.account),
            leg.direction,
            leg.component,
            leg.amount_minor,
            subject.currency,
            recorded_at,
        )
        if leg.account == _PAYABLE:
            signed = leg.amount_minor if leg.direction == "credit" else -leg.amount_minor
            days = subject.organization.payable.setdefault(subject.currency, {})
            day = at.toordinal()
            days[day] = days.get(day, 0) + signed

    def _account(self, subject: Subject, kind: str) -> str:
        accounts = subject.organization.accounts
        found = accounts.get((kind, subject.currency))
        if found is None:
            found = accounts[kind, subject.currency] = new_id(self._chance)
            self._books.add(
                "ledger.accounts",
                found,
                subject.organization.id,
                kind,
                subject.currency,
                self._plan.begins_at,
            )
        return found


def recorded(plan: Plan, chance: Random, at: datetime) -> datetime:
    """The record clock of what happened at `at`: at once, or minutes or days later."""
    late = within(chance, 0, 2)
    if happens(chance, _LATE_SHARE):
        late = within(chance, 1 * MINUTE, 15 * MINUTE)
    elif happens(chance, _DAYS_LATE_SHARE):
        late = within(chance, 1 * DAY, 3 * DAY)
    return min(at + late, plan.ends_at - timedelta(microseconds=1))


def _cash(direction: str, account: str, amounts: Amounts) -> Leg:
    return Leg(direction, account, "cash", sum(amounts.values()))
