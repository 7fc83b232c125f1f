"""The double-entry ledger of the generated books: transactions of orders, and payouts.

Each transaction balances in its currency. The weekly payouts, less a reserve, are computed from the
daily changes of each organisation's payable, not from orders; some are returned by the bank.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from reporting_pipeline.samples.generator.books import BooksWriter, Plan
from reporting_pipeline.samples.generator.random_values import (
    DAY,
    HOUR,
    MINUTE,
    happens,
    new_id,
    time_between,
)
from reporting_pipeline.samples.generator.world import Event, Organization

# Component of a charge -> the account that is credited.
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
_WEEK = timedelta(days=7)
_RESERVE_PERCENT = 10
_RETURNED_SHARE = 0.02
_ADJUSTED_SHARE = 0.3
_RESERVE_HELD = timedelta(days=28)
_RESERVE = "organizer_reserve"

Amounts = Mapping[str, int]
"""Component -> minor units, >= 0."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One entry of a transaction; an entry of amount 0 is not written."""

    direction: str
    account: str
    component: str
    amount_minor: int


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

    def charge(self, subject: Subject, amounts: Amounts, cash: str, at: datetime) -> str | None:
        """Charge the buyer on the account `cash`; return the transaction's id."""
        parts = [Leg("credit", _OWED_TO[name], name, minor) for name, minor in amounts.items()]
        return self.post("sale", subject, [_cash("debit", cash, amounts), *parts], at)

    def refund(self, subject: Subject, amounts: Amounts, cash: str, at: datetime) -> str | None:
        """Refund a charge from the account `cash`."""
        return self._reverse_charge("refund", subject, amounts, cash, at)

    def chargeback(self, subject: Subject, amounts: Amounts, at: datetime) -> str | None:
        """Book a chargeback by the buyer's bank."""
        return self._reverse_charge("chargeback", subject, amounts, "psp_clearing", at)

    def reverse_chargeback(
        self, subject: Subject, amounts: Amounts, at: datetime, reverses: str
    ) -> None:
        """Reverse a chargeback."""
        parts = [Leg("credit", _OWED_TO[name], name, minor) for name, minor in amounts.items()]
        legs = [_cash("debit", "psp_clearing", amounts), *parts]
        self.post("chargeback_reversal", subject, legs, at, reverses=reverses)

    def payment(self, subject: Subject, amount_minor: int, at: datetime) -> None:
        """Book the payment of an earlier charge."""
        legs = [
            Leg("debit", "psp_clearing", "cash", amount_minor),
            Leg("credit", "buyer_receivable", "cash", amount_minor),
        ]
        self.post("payment", subject, legs, at)

    def repayment(self, subject: Subject, amount_minor: int, at: datetime) -> None:
        """Book the repayment of an earlier refund."""
        legs = [
            Leg("debit", "buyer_receivable", "cash", amount_minor),
            Leg("credit", "psp_clearing", "cash", amount_minor),
        ]
        self.post("repayment", subject, legs, at)

    def organizer_fees(self, subject: Subject, fees: Amounts, at: datetime) -> None:
        """Charge the organiser: `platform_fee`, `processing_fee`, `chargeback_fee`."""
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
        """Write a transaction and its entries; return its id, or None if all amounts are 0."""
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
            None,
            reverses,
            at,
            recorded_at,
        )
        for leg in legs:
            self._enter(transaction_id, subject, leg, at, recorded_at)
        return transaction_id

    def _reverse_charge(
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
            new_id(self._random),
            transaction_id,
            self._account(subject, leg.account),
            leg.direction,
            leg.component,
            leg.amount_minor,
            subject.currency,
            None,
            None,
            None,
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


def recorded(plan: Plan, random: Random, at: datetime) -> datetime:
    """The record clock of a row: seconds, minutes or days after `at`."""
    late = time_between(random, 0, 2)
    if happens(random, _LATE_SHARE):
        late = time_between(random, 1 * MINUTE, 15 * MINUTE)
    elif happens(random, _DAYS_LATE_SHARE):
        late = time_between(random, 1 * DAY, 3 * DAY)
    return min(at + late, plan.ends_at - timedelta(microseconds=1))


def write_payouts(plan: Plan, ledger: Ledger, organization: Organization, random: Random) -> None:
    """Write the weekly payouts of an organisation in each of its currencies."""
    for currency in sorted(organization.payable):
        subject = Subject(organization=organization, currency=currency)
        # A copy, because the payouts change the payable but are not earnings.
        earned = dict(organization.payable[currency])
        _Payouts(plan, ledger, subject, earned, random).book()
        if happens(random, _ADJUSTED_SHARE):
            minor = random.randint(1, 500)
            span_seconds = (plan.ends_at - plan.begins_at).total_seconds()
            at = plan.begins_at + time_between(random, 0, span_seconds)
            ledger.post(
                "adjustment", subject, _moved("adjustment", "suspense", _PAYABLE, minor), at
            )


class _Payouts:
    """The payouts of an organisation in one currency; `earned` is day (UTC) -> minor units."""

    def __init__(
        self,
        plan: Plan,
        ledger: Ledger,
        subject: Subject,
        earned: dict[int, int],
        random: Random,
    ) -> None:
        self._plan = plan
        self._ledger = ledger
        self._subject = subject
        self._earned = earned
        self._random = random

    def book(self) -> None:
        """Pay out each Monday the earnings before that day, until the end of the books."""
        zone = ZoneInfo(self._subject.organization.market.timezone)
        balance_minor = 0
        at = _monday_after(self._plan.begins_at, zone)
        while at < self._plan.ends_at:
            days = [day for day in self._earned if day < at.toordinal()]
            balance_minor += sum(self._earned.pop(day) for day in days)
            if balance_minor > 0:
                reserve_minor = balance_minor * _RESERVE_PERCENT // 100
                self._hold(reserve_minor, at)
                is_kept = self._pay(balance_minor - reserve_minor, at)
                balance_minor = 0 if is_kept else balance_minor - reserve_minor
            at = _monday_after(at, zone)

    def _hold(self, minor: int, at: datetime) -> None:
        """Hold a reserve; when it is released, it counts as earned again."""
        hold = _moved("reserve", _PAYABLE, _RESERVE, minor)
        self._ledger.post("reserve_hold", self._subject, hold, at)
        released_at = at + _RESERVE_HELD
        if released_at < self._plan.ends_at:
            release = _moved("reserve", _RESERVE, _PAYABLE, minor)
            self._ledger.post("reserve_release", self._subject, release, released_at)
            day = released_at.toordinal()
            self._earned[day] = self._earned.get(day, 0) + minor

    def _pay(self, minor: int, at: datetime) -> bool:
        """Pay out; False if the bank returns the payout."""
        payout = [Leg("debit", _PAYABLE, "payout", minor), Leg("credit", "bank", "cash", minor)]
        paid = self._ledger.post("payout", self._subject, payout, at)
        returned_at = at + time_between(self._random, 24 * HOUR, 72 * HOUR)
        if not happens(self._random, _RETURNED_SHARE) or returned_at >= self._plan.ends_at:
            return True
        back = [Leg("debit", "bank", "cash", minor), Leg("credit", _PAYABLE, "payout", minor)]
        self._ledger.post("payout_reversal", self._subject, back, returned_at, reverses=paid)
        return False


def _moved(component: str, debited: str, credited: str, minor: int) -> list[Leg]:
    return [Leg("debit", debited, component, minor), Leg("credit", credited, component, minor)]


def _monday_after(at: datetime, zone: ZoneInfo) -> datetime:
    """The next Monday at 09:00 in the zone."""
    day: date = at.astimezone(zone).date()
    monday = day + _WEEK - timedelta(days=day.weekday())
    return datetime.combine(monday, time(9), zone).astimezone(UTC)


def _cash(direction: str, account: str, amounts: Amounts) -> Leg:
    return Leg(direction, account, "cash", sum(amounts.values()))
