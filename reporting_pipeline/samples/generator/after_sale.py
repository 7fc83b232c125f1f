"""Changes after a sale: late payments, returns, exchanges, disputes, cancelled events.

Each change is written to Ticketing and to the ledger with the same instant, so that both agree on
every report day.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

from reporting_pipeline.samples.generator.random_values import (
    DAY,
    HOUR,
    MINUTE,
    draw,
    happens,
    time_between,
)
from reporting_pipeline.samples.generator.sales import BoxOffice, Line, Order

_PAYS_SHARE = 0.75
_REPAID_LATER_SHARE = 0.3
_CANCELLATION_FEE_SHARE = 0.3
_DISPUTE_LOST_BY_BUYER_SHARE = 0.4
_CHANGE_WEIGHTS = MappingProxyType(
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


def continue_order(office: BoxOffice, order: Order) -> None:
    """Change a placed order until the end of the books: payment, returns, cancellation."""
    if order.status == "pending":
        _pay_or_expire(office, order)
    if order.status == "paid" and order.total_minor:
        _change_paid_order(office, order)
    if order.event.cancelled_at is not None:
        _cancel_event(office, order, order.event.cancelled_at)


def _pay_or_expire(office: BoxOffice, order: Order) -> None:
    pays = happens(office.random, _PAYS_SHARE)
    wait = (
        time_between(office.random, HOUR, 10 * DAY)
        if pays
        else time_between(office.random, 14 * DAY, 15 * DAY)
    )
    at = order.placed_at + wait
    if at >= _changes_until(office, order):
        return
    if pays:
        order.status, order.paid_at, order.changed_at = "paid", at, at
        office.ledger.payment(order.subject, order.total_minor, at)
        office.charge_organizer(order, _amounts(order), at)
    else:
        order.status = "expired"
        amounts = _take_all_back(office, order, "cancel", "cancelled", at)
        office.ledger.refund(order.subject, amounts, "buyer_receivable", at)


def _change_paid_order(office: BoxOffice, order: Order) -> None:
    change = _CHANGES.get(draw(office.random, _CHANGE_WEIGHTS))
    at = (order.paid_at or order.placed_at) + time_between(office.random, HOUR, 20 * DAY)
    if change is not None and at < _changes_until(office, order):
        change(office, order, at)


def _return_some(office: BoxOffice, order: Order, at: datetime) -> None:
    random = office.random
    line = random.choice(order.lines)
    count = random.randint(1, len(line.tickets))
    amounts = office.take_back(order, line, "refund", "refunded", count, at)
    if not any(each.tickets for each in order.lines):
        order.status = "refunded"
    paid_back_at = at + time_between(random, DAY, 4 * DAY)
    if happens(random, _REPAID_LATER_SHARE) and paid_back_at < office.plan.ends_at:
        office.ledger.refund(order.subject, amounts, "buyer_receivable", at)
        office.ledger.repayment(order.subject, amounts.total(), paid_back_at)
    else:
        office.ledger.refund(order.subject, amounts, order.cash, at)
    if happens(random, _CANCELLATION_FEE_SHARE):
        _charge_fee(office, order, line, "cancellation_fee", at)


def _exchange(office: BoxOffice, order: Order, at: datetime) -> None:
    random = office.random
    line = random.choice(order.lines)
    others = [t for t in order.event.types if t.is_admission and t is not line.type]
    if not line.type.is_admission:
        return
    count = random.randint(1, len(line.tickets))
    section_id = line.tickets[-1].section_id
    returned = office.take_back(order, line, "exchange_out", "exchanged", count, at)
    taken = office.open_line(order, random.choice(others), discount_rate=0.0)
    office.move(order, taken, "exchange_in", count, at)
    office.issue(order, taken, count, section_id, at)
    office.ledger.refund(order.subject, returned, order.cash, at)
    office.ledger.charge(order.subject, taken.amounts(count), order.cash, at)


def _reprice(office: BoxOffice, order: Order, at: datetime) -> None:
    """The organiser lowers the price of a line: out and in at one instant, same tickets."""
    line = office.random.choice(order.lines)
    count = len(line.tickets)
    returned = line.amounts(count)
    office.move(order, line, "exchange_out", -count, at)
    line.list_minor = max(line.list_minor * 8 // 10, line.discount_minor)
    line.tax_minor = line.tax_minor * 8 // 10
    office.move(order, line, "exchange_in", count, at)
    office.ledger.refund(order.subject, returned, order.cash, at)
    office.ledger.charge(order.subject, line.amounts(count), order.cash, at)


def _ship(office: BoxOffice, order: Order, at: datetime) -> None:
    _charge_fee(office, order, order.lines[0], "shipping_fee", at)


def _refund_fee(office: BoxOffice, order: Order, at: datetime) -> None:
    line = order.lines[0]
    fee_minor = line.service_fee_minor
    if fee_minor:
        office.move_fee(order, line, -fee_minor, at)
        office.ledger.refund(order.subject, Counter(service_fee=fee_minor), order.cash, at)


def _void(office: BoxOffice, order: Order, _: datetime) -> None:
    at = (order.paid_at or order.placed_at) + time_between(office.random, 5 * MINUTE, 50 * MINUTE)
    amounts = _take_all_back(office, order, "void", "voided", at)
    office.ledger.refund(order.subject, amounts, order.cash, at)
    order.status = "cancelled"


def _dispute(office: BoxOffice, order: Order, at: datetime) -> None:
    """A chargeback, which can be reversed: only money moves, the tickets stay valid."""
    amounts = _amounts(order)
    if order.event.cancelled_at is not None or order.cash != "psp_clearing":
        return
    disputed = office.ledger.chargeback(order.subject, amounts, at)
    fee_minor = max(order.event.market.price_minor // 4, 1)
    office.ledger.organizer_fees(order.subject, Counter(chargeback_fee=fee_minor), at)
    reversed_at = at + time_between(office.random, 10 * DAY, 30 * DAY)
    is_reversed = happens(office.random, _DISPUTE_LOST_BY_BUYER_SHARE)
    if disputed and is_reversed and reversed_at < office.plan.ends_at:
        office.ledger.reverse_chargeback(order.subject, amounts, reversed_at, disputed)


def _cancel_event(office: BoxOffice, order: Order, cancelled_at: datetime) -> None:
    at = cancelled_at + time_between(office.random, MINUTE, 2 * HOUR)
    if not any(line.tickets for line in order.lines):
        return
    if order.status == "pending":
        amounts = _take_all_back(office, order, "cancel", "cancelled", at)
        office.ledger.refund(order.subject, amounts, "buyer_receivable", at)
        order.status = "cancelled"
    elif order.total_minor:
        amounts = _take_all_back(office, order, "refund", "refunded", at)
        office.ledger.refund(order.subject, amounts, order.cash, at)
        order.status = "refunded"
    else:
        _take_all_back(office, order, "void", "voided", at)
        order.status = "cancelled"


def _charge_fee(office: BoxOffice, order: Order, line: Line, component: str, at: datetime) -> None:
    fee_minor = max(order.event.market.price_minor // 20, 1)
    office.move_fee(order, line, fee_minor, at)
    office.ledger.charge(order.subject, Counter({component: fee_minor}), order.cash, at)


def _take_all_back(
    office: BoxOffice, order: Order, reason: str, status: str, at: datetime
) -> Counter[str]:
    amounts: Counter[str] = Counter()
    for line in order.lines:
        if line.tickets:
            amounts.update(office.take_back(order, line, reason, status, len(line.tickets), at))
    return amounts


def _amounts(order: Order) -> Counter[str]:
    """The price of the valid units of an order."""
    amounts: Counter[str] = Counter()
    for line in order.lines:
        amounts.update(line.amounts(len(line.tickets)))
    return amounts


def _changes_until(office: BoxOffice, order: Order) -> datetime:
    return min(order.event.changes_until, office.plan.ends_at)


_CHANGES: Mapping[str, Callable[[BoxOffice, Order, datetime], None]] = MappingProxyType(
    {
        "return": _return_some,
        "exchange": _exchange,
        "shipping": _ship,
        "repricing": _reprice,
        "void": _void,
        "chargeback": _dispute,
        "goodwill": _refund_fee,
    }
)
