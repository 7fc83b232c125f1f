"""What organisations get: weekly payouts less a reserve, releases, returned payouts, adjustments.

Computed from what each organisation's payable has changed by per day, never from single orders.

What belongs here: transactions that concern no single event. What does not: those of orders.
"""

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from reporting_pipeline.samples.generator.chance import HOUR, happens, within
from reporting_pipeline.samples.generator.ledger_postings import Journal, Leg, Subject
from reporting_pipeline.samples.generator.plan import Plan
from reporting_pipeline.samples.generator.world import Organization

_WEEK = timedelta(days=7)
_RESERVE_PERCENT = 10
_RETURNED_SHARE = 0.02
_ADJUSTED_SHARE = 0.3
_RESERVE_HELD = timedelta(days=28)
_PAYABLE = "organizer_payable"
_RESERVE = "organizer_reserve"


def pay_out(plan: Plan, journal: Journal, organization: Organization, chance: Random) -> None:
    """Book the weekly payouts of an organisation in each of its currencies."""
    for currency in sorted(organization.payable):
        subject = Subject(organization=organization, currency=currency)
        # A copy: the payouts themselves change the payable, but are not earned.
        earned = dict(organization.payable[currency])
        _Payouts(plan, journal, subject, earned, chance).book()
        if happens(chance, _ADJUSTED_SHARE):
            minor = chance.randint(1, 500)
            span_seconds = (plan.ends_at - plan.begins_at).total_seconds()
            at = plan.begins_at + within(chance, 0, span_seconds)
            journal.post(
                "adjustment", subject, _moved("adjustment", "suspense", _PAYABLE, minor), at
            )


class _Payouts:
    """The payouts of one organisation in one currency; `earned` is day (UTC) -> minor units."""

    def __init__(
        self,
        plan: Plan,
        journal: Journal,
        subject: Subject,
        earned: dict[int, int],
        chance: Random,
    ) -> None:
        self._plan = plan
        self._journal = journal
        self._subject = subject
        self._earned = earned
        self._chance = chance

    def book(self) -> None:
        """Pay out each Monday what was earned before that day, while the plan lasts."""
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
        """Hold a reserve; it is released and earned again after a while."""
        hold = _moved("reserve", _PAYABLE, _RESERVE, minor)
        self._journal.post("reserve_hold", self._subject, hold, at)
        released_at = at + _RESERVE_HELD
        if released_at < self._plan.ends_at:
            release = _moved("reserve", _RESERVE, _PAYABLE, minor)
            self._journal.post("reserve_release", self._subject, release, released_at)
            day = released_at.toordinal()
            self._earned[day] = self._earned.get(day, 0) + minor

    def _pay(self, minor: int, at: datetime) -> bool:
        """Pay out; False where the bank returns it."""
        payout = [Leg("debit", _PAYABLE, "payout", minor), Leg("credit", "bank", "cash", minor)]
        paid = self._journal.post("payout", self._subject, payout, at)
        returned_at = at + within(self._chance, 24 * HOUR, 72 * HOUR)
        if not happens(self._chance, _RETURNED_SHARE) or returned_at >= self._plan.ends_at:
            return True
        back = [Leg("debit", "bank", "cash", minor), Leg("credit", _PAYABLE, "payout", minor)]
        self._journal.post("payout_reversal", self._subject, back, returned_at, reverses=paid)
        return False


def _moved(component: str, debited: str, credited: str, minor: int) -> list[Leg]:
    return [Leg("debit", debited, component, minor), Leg("credit", credited, component, minor)]


def _monday_after(at: datetime, zone: ZoneInfo) -> datetime:
    """The next Monday, 09:00 in the zone."""
    day: date = at.astimezone(zone).date()
    monday = day + _WEEK - timedelta(days=day.weekday())
    return datetime.combine(monday, time(9), zone).astimezone(UTC)
