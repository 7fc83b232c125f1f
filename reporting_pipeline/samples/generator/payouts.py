"""What happens once a week: the payment provider pays to the bank, and organisers are paid out.

Payouts, less a reserve, are computed from the weekly changes of each organisation's payable, not
from orders. Their items say of which events they are made; the rest is of no event.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from reporting_pipeline.samples.generator.books import Plan
from reporting_pipeline.samples.generator.ledger import (
    CLEARING,
    PAYABLE,
    Ledger,
    Leg,
    Subject,
    moved,
    week_of,
)
from reporting_pipeline.samples.generator.random_values import HOUR, happens, time_between
from reporting_pipeline.samples.generator.world import Organization

_WEEK = timedelta(days=7)
_PAID_OUT_AT, _SETTLED_AT = time(9), time(7)
_RESERVE = "organizer_reserve"
_RESERVE_PERCENT = 10
_RESERVE_HELD = timedelta(days=28)
_RETURNED_SHARE = 0.02
_ADJUSTED_SHARE = 0.3
_PROVIDER_FEE_PER_MILLE = 12


@dataclass(frozen=True, slots=True)
class _Part:
    """An amount with its items: event id -> minor units."""

    minor: int
    items: dict[str, int]


def write_payouts(plan: Plan, ledger: Ledger, organization: Organization, random: Random) -> None:
    """Write the adjustments, settlements and payouts of an organisation in each currency."""
    zone = ZoneInfo(organization.market.timezone)
    for currency in sorted(organization.clearing):
        subject = Subject(organization=organization, currency=currency)
        _settle(plan, ledger, subject, zone)
    for currency in sorted(organization.payable):
        subject = Subject(organization=organization, currency=currency)
        is_first = organization.number == 0 and currency == organization.market.currency
        if is_first or happens(random, _ADJUSTED_SHARE):
            _adjust(plan, ledger, subject, random)
        _Payouts(plan, ledger, subject, random).book(zone, is_returned=is_first)


def _adjust(plan: Plan, ledger: Ledger, subject: Subject, random: Random) -> None:
    """A credit of no event, such as a bonus for many sales."""
    minor = subject.organization.market.price_minor * random.randint(2, 5)
    at = plan.begins_at + (plan.ends_at - plan.begins_at) * random.uniform(0.12, 0.35)
    legs = moved("adjustment", "suspense", PAYABLE, minor)
    ledger.post("adjustment", subject, legs, at, reference=ledger.reference("ADJ", at))


def _settle(plan: Plan, ledger: Ledger, subject: Subject, zone: ZoneInfo) -> None:
    """Each Monday the payment provider pays the week's collections, less its fee, to the bank."""
    collected = dict(subject.organization.clearing[subject.currency])
    for at in _mondays(plan, zone, _SETTLED_AT):
        weeks = [week for week in collected if week < week_of(at)]
        total_minor = sum(collected[week] for week in weeks)
        if total_minor <= 0:
            continue
        for week in weeks:
            del collected[week]
        fee_minor = total_minor * _PROVIDER_FEE_PER_MILLE // 1000
        legs = [
            Leg("debit", "bank", "cash", total_minor - fee_minor),
            Leg("debit", "processing_fee_expense", "processing_fee", fee_minor),
            Leg("credit", CLEARING, "cash", total_minor),
        ]
        reference = ledger.reference("PSP", at)
        ledger.post("psp_settlement", subject, legs, at, reference=reference)


class _Payouts:
    """The payouts of an organisation in one currency."""

    def __init__(self, plan: Plan, ledger: Ledger, subject: Subject, random: Random) -> None:
        self._plan = plan
        self._ledger = ledger
        self._subject = subject
        self._random = random
        # A copy, because the payouts change the payable but are not earnings.
        payable = subject.organization.payable[subject.currency]
        self._earned = {event_id: dict(weeks) for event_id, weeks in payable.items()}
        self._due: dict[str | None, int] = {}

    def book(self, zone: ZoneInfo, *, is_returned: bool) -> None:
        """Pay out each Monday the earnings before that week, until the end of the books.

        Args:
            zone: The organisation's zone.
            is_returned: The bank returns the first payout that has items, and a few others.
        """
        for at in _mondays(self._plan, zone, _PAID_OUT_AT):
            self._earn_until(week_of(at))
            total_minor = sum(self._due.values())
            if total_minor > 0:
                held = self._hold(total_minor * _RESERVE_PERCENT // 100, at)
                self._take(held)
                paid = self._part(total_minor - held.minor, 100)
                is_sent_back = is_returned and bool(paid.items)
                is_returned &= not is_sent_back
                if self._pay(paid, at, is_returned=is_sent_back):
                    self._take(paid)

    def _earn_until(self, end: int) -> None:
        for event_id, weeks in self._earned.items():
            for week in [week for week in weeks if week < end]:
                self._due[event_id] = self._due.get(event_id, 0) + weeks.pop(week)

    def _part(self, minor: int, percent: int) -> _Part:
        """An amount, with items of at most `percent` of what each event has earned.

        What is due for no event is not in the items.
        """
        of_no_event_minor = max(self._due.get(None, 0), 0) * percent // 100
        left, items = max(minor - of_no_event_minor, 0), {}
        for event_id, due_minor in self._due.items():
            item_minor = min(due_minor * percent // 100, left)
            if event_id is not None and item_minor > 0:
                items[event_id] = item_minor
                left -= item_minor
        return _Part(minor, items)

    def _take(self, part: _Part) -> None:
        """The amount is no longer due."""
        for event_id, minor in _with_rest(part).items():
            self._due[event_id] = self._due.get(event_id, 0) - minor

    def _hold(self, minor: int, at: datetime) -> _Part:
        """Hold a reserve; when it is released, it counts as earned again."""
        part = self._part(minor, _RESERVE_PERCENT)
        hold = moved("reserve", PAYABLE, _RESERVE, minor)
        self._ledger.post("reserve_hold", self._subject, hold, at, items=part.items)
        released_at = at + _RESERVE_HELD
        if released_at < self._plan.ends_at:
            release = moved("reserve", _RESERVE, PAYABLE, minor)
            kind = "reserve_release"
            self._ledger.post(kind, self._subject, release, released_at, items=part.items)
            for event_id, item_minor in _with_rest(part).items():
                weeks = self._earned.setdefault(event_id, {})
                week = week_of(released_at)
                weeks[week] = weeks.get(week, 0) + item_minor
        return part

    def _pay(self, part: _Part, at: datetime, *, is_returned: bool) -> bool:
        """Pay out; False if the bank returns the payout."""
        ledger, subject, minor = self._ledger, self._subject, part.minor
        payout = [Leg("debit", PAYABLE, "payout", minor), Leg("credit", "bank", "cash", minor)]
        reference = ledger.reference("PO", at)
        paid = ledger.post("payout", subject, payout, at, reference=reference, items=part.items)
        returned_at = at + time_between(self._random, 24 * HOUR, 72 * HOUR)
        is_returned |= happens(self._random, _RETURNED_SHARE)
        if not is_returned or returned_at >= self._plan.ends_at:
            return True
        back = [Leg("debit", "bank", "cash", minor), Leg("credit", PAYABLE, "payout", minor)]
        reference = ledger.reference("RET", returned_at)
        ledger.post(
            "payout_reversal",
            subject,
            back,
            returned_at,
            reverses=paid,
            reference=reference,
            items=part.items,
        )
        return False


def _with_rest(part: _Part) -> Mapping[str | None, int]:
    amounts: dict[str | None, int] = {None: part.minor - sum(part.items.values())}
    amounts.update(part.items)
    return amounts


def _mondays(plan: Plan, zone: ZoneInfo, at: time) -> list[datetime]:
    """The Mondays after the beginning of the books, at a local time."""
    first: date = plan.begins_at.astimezone(zone).date()
    monday = first + _WEEK - timedelta(days=first.weekday())
    mondays = []
    while (instant := datetime.combine(monday, at, zone).astimezone(UTC)) < plan.ends_at:
        mondays.append(instant)
        monday += _WEEK
    return mondays
