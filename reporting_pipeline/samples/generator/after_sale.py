"""What follows a sale: late payments, returns, exchanges, disputes, cancelled events.

Each happening is booked in Ticketing and in the Ledger at one instant, so that they never differ on
any report day.

What belongs here: which happening befalls an order, and when. What does not: how it is booked.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

from reporting_pipeline.samples.generator.chance import DAY, HOUR, MINUTE, drawn, happens, within
from reporting_pipeline.samples.generator.sales import BoxOffice, Line, Order

_PAYS_SHARE = 0.75
_REPAID_LATER_SHARE = 0.3
_CANCELLATION_FEE_SHARE = 0.3
_DISPUTE_LOST_BY_BUYER_SHARE = 0.4
_HAPPENING_WEIGHTS = MappingProxyType(
    {
        "nothing": 87.5,
        "return": 5.0,
        "exchange": 3.0,
        "shipping": 1.5,
        "repricing": 1.0,
        "void": 0.8,
        "chargeback": 0.7,
        "goodwill": 0.5,
    }
)


def follow(office: BoxOffice, order: Order) -> None:
    """Let happen to a placed order what befalls it until the plan's end."""
    if order.status == "pending":
        _pay_or_expire(office, order)
    if order.status == "paid" and order.total_minor:
        _befall(office, order)
    if order.event.cancelled_at is not None:
        _lose_event(office, order, order.event.cancelled_at)


def _pay_or_expire(office: BoxOffice, order: Order) -> None:
    pays = happens(office.chance, _PAYS_SHARE)
    wait = (
        within(office.chance, HOUR, 10 * DAY) if pays else within(office.chance, 14 * DAY, 15 * DAY)
    )
    at = order.placed_at + wait
    if at >= _open_until(office, order):
        return
    if pays:
        order.status, order.paid_at, order.changed_at = "paid", at, at
        office.journal.payment(order.subject, order.total_minor, at)
        office.bear_fees(order, _whole(order), at)
    else:
        order.status = "expired"
        amounts = _take_all(office, order, "cancel", "cancelled", at)
        office.journal.refund(order.subject, amounts, "buyer_receivable", at)


def _befall(office: BoxOffice, order: Order) -> None:
    happen = _HAPPENINGS.get(drawn(office.chance, _HAPPENING_WEIGHTS))
    at = (order.paid_at or order.placed_at) + within(office.chance, HOUR, 20 * DAY)
    if happen is not None and at < _open_until(office, order):
        happen(office, order, at)


def _return_some(office: BoxOffice, order: Order, at: datetime) -> None:
    chance = office.chance
    line = chance.choice(order.lines)
    count = chance.randint(1, len(line.tickets))
    amounts = office.take_in(order, line, "refund", "refunded", count, at)
    if not any(each.tickets for each in order.lines):
        order.status = "refunded"
    paid_back_at = at + within(chance, DAY, 4 * DAY)
    if happens(chance, _REPAID_LATER_SHARE) and paid_back_at < office.plan.ends_at:
        office.journal.refund(order.subject, amounts, "buyer_receivable", at)
        office.journal.repayment(order.subject, amounts.total(), paid_back_at)
    else:
        office.journal.refund(order.subject, amounts, order.cash, at)
    if happens(chance, _CANCELLATION_FEE_SHARE):
        _charge_fee(office, order, line, "cancellation_fee", at)


def _exchange(office: BoxOffice, order: Order, at: datetime) -> None:
    chance = office.chance
    line = chance.choice(order.lines)
    others = [t for t in order.event.types if t.is_admission and t is not line.type]
    if not line.type.is_admission:
        return
    count = chance.randint(1, len(line.tickets))
    section_id = line.tickets[-1].section_id
    returned = office.take_in(order, line, "exchange_out", "exchanged", count, at)
    taken = office.open_line(order, chance.choice(others), discount_rate=0.0)
    office.move(order, taken, "exchange_in", count, at)
    office.issue(order, taken, count, section_id, at)
    office.journal.refund(order.subject, returned, order.cash, at)
    office.journal.charge(order.subject, taken.amounts(count), order.cash, at)


def _reprice(office: BoxOffice, order: Order, at: datetime) -> None:
    """The organiser lowers the price of a line: out and in at one instant, tickets untouched."""
    line = office.chance.choice(order.lines)
    count = len(line.tickets)
    returned = line.amounts(count)
    office.move(order, line, "exchange_out", -count, at)
    line.list_minor = max(line.list_minor * 8 // 10, line.discount_minor)
    line.tax_minor = line.tax_minor * 8 // 10
    office.move(order, line, "exchange_in", count, at)
    office.journal.refund(order.subject, returned, order.cash, at)
    office.journal.charge(order.subject, line.amounts(count), order.cash, at)


def _ship(office: BoxOffice, order: Order, at: datetime) -> None:
    _charge_fee(office, order, order.lines[0], "shipping_fee", at)


def _give_fee_back(office: BoxOffice, order: Order, at: datetime) -> None:
    line = order.lines[0]
    fee_minor = line.service_fee_minor
    if fee_minor:
        office.move_fee(order, line, -fee_minor, at)
        office.journal.refund(order.subject, Counter(service_fee=fee_minor), order.cash, at)


def _void(office: BoxOffice, order: Order, _: datetime) -> None:
    at = (order.paid_at or order.placed_at) + within(office.chance, 5 * MINUTE, 50 * MINUTE)
    amounts = _take_all(office, order, "void", "voided", at)
    office.journal.refund(order.subject, amounts, order.cash, at)
    order.status = "cancelled"


def _dispute(office: BoxOffice, order: Order, at: datetime) -> None:
    """A chargeback, reversed in some cases: money alone, the tickets stay as they are."""
    amounts = _whole(order)
    if order.event.cancelled_at is not None or order.cash != "psp_clearing":
        return
    disputed = office.journal.chargeback(order.subject, amounts, at)
    fee_minor = max(order.event.market.price_minor // 4, 1)
    office.journal.organizer_fees(order.subject, Counter(chargeback_fee=fee_minor), at)
    reversed_at = at + within(office.chance, 10 * DAY, 30 * DAY)
    is_reversed = happens(office.chance, _DISPUTE_LOST_BY_BUYER_SHARE)
    if disputed and is_reversed and reversed_at < office.plan.ends_at:
        office.journal.reverse_chargeback(order.subject, amounts, reversed_at, disputed)


def _lose_event(office: BoxOffice, order: Order, cancelled_at: datetime) -> None:
    at = cancelled_at + within(office.chance, MINUTE, 2 * HOUR)
    if not any(line.tickets for line in order.lines):
        return
    if order.status == "pending":
        amounts = _take_all(office, order, "cancel", "cancelled", at)
        office.journal.refund(order.subject, amounts, "buyer_receivable", at)
        order.status = "cancelled"
    elif order.total_minor:
        amounts = _take_all(office, order, "refund", "refunded", at)
        office.journal.refund(order.subject, amounts, order.cash, at)
        order.status = "refunded"
    else:
        _take_all(office, order, "void", "voided", at)
        order.status = "cancelled"


def _charge_fee(office: BoxOffice, order: Order, line: Line, component: str, at: datetime) -> None:
    fee_minor = max(order.event.market.price_minor // 20, 1)
    office.move_fee(order, line, fee_minor, at)
    office.journal.charge(order.subject, Counter({component: fee_minor}), order.cash, at)


def _take_all(
    office: BoxOffice, order: Order, reason: str, status: str, at: datetime
) -> Counter[str]:
    amounts: Counter[str] = Counter()
    for line in order.lines:
        if line.tickets:
            amounts.update(office.take_in(order, line, reason, status, len(line.tickets), at))
    return amounts


def _whole(order: Order) -> Counter[str]:
    """What the valid units of an order cost."""
    amounts: Counter[str] = Counter()
    for line in order.lines:
        amounts.update(line.amounts(len(line.tickets)))
    return amounts


def _open_until(office: BoxOffice, order: Order) -> datetime:
    return min(order.event.changes_until, office.plan.ends_at)


_HAPPENINGS: Mapping[str, Callable[[BoxOffice, Order, datetime], None]] = MappingProxyType(
    {
        "return": _return_some,
        "exchange": _exchange,
        "shipping": _ship,
        "repricing": _reprice,
        "void": _void,
        "chargeback": _dispute,
        "goodwill": _give_fee_back,
    }
)
