"""Changes after a sale: late payments, returns, exchanges, disputes, cancelled and moved events.

Each change is written to Ticketing and to the ledger with the same instant, so that both agree on
every report day.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from reporting_pipeline.samples.generator.prices import Charge, fee_charge
from reporting_pipeline.samples.generator.random_values import (
    DAY,
    HOUR,
    MINUTE,
    Kinds,
    happens,
    time_between,
)
from reporting_pipeline.samples.generator.sales import BoxOffice, Line, Order

_PAYS_SHARE = 0.75
_WAITS_FOR_PAYMENT = timedelta(days=14)
_REPAID_LATER_SHARE = 0.3
_CANCELLATION_FEE_SHARE = 0.3
_CANNOT_COME_SHARE = 0.15
_CHANGE_WEIGHTS = MappingProxyType(
    {
        "nothing": 87.5,
        "return": 5.0,
        "exchange": 3.0,
        "shipping": 1.5,
        "repricing": 1.0,
        "void": 0.8,
        "chargeback lost": 0.4,
        "chargeback won": 0.3,
        "goodwill": 0.5,
    }
)


class Aftermath:
    """Changes placed orders until the end of the books."""

    def __init__(self, office: BoxOffice) -> None:
        self._office = office
        self._kinds = Kinds(_CHANGE_WEIGHTS, every=3)

    def follow(self, order: Order) -> None:
        """Payment, changes that the buyer asks for, and what becomes of the event."""
        office, event = self._office, order.event
        if order.status == "pending":
            _pay_or_expire(office, order)
        if order.status == "paid" and order.total_minor:
            self._change_paid_order(order)
        if event.cancelled_at is not None:
            _cancel_event(office, order, event.cancelled_at)
        elif event.moved_at is not None and order.placed_at < event.moved_at:
            _move_event(office, order, event.moved_at)

    def _change_paid_order(self, order: Order) -> None:
        office = self._office
        at = (order.paid_at or order.placed_at) + time_between(office.random, HOUR, 20 * DAY)
        if at >= _changes_until(office, order):
            return
        if any(line.is_gift_card for line in order.lines) and _returns_gift_card(office):
            _return_gift_card(office, order, at)
            return
        kind = self._kinds.draw(office.random)
        change = _CHANGES.get(kind)
        if change is None or change(office, order, at):
            self._kinds.happened(kind)


def _pay_or_expire(office: BoxOffice, order: Order) -> None:
    random, until = office.random, _changes_until(office, order)
    pays = happens(random, _PAYS_SHARE)
    if order.placed_at + _WAITS_FOR_PAYMENT + timedelta(days=1) < until:
        pays &= not office.firsts.is_first("expired")
        wait = time_between(random, HOUR, 10 * DAY)
    else:
        pays &= not order.is_forgotten
        wait = time_between(random, HOUR, 3 * DAY)
    if not pays:
        wait = _WAITS_FOR_PAYMENT + time_between(random, 0, DAY)
    at = order.placed_at + wait
    if at >= until:
        return
    if pays:
        order.status, order.paid_at, order.changed_at = "paid", at, at
        office.ledger.payment(order.subject, order.total_minor, order.cash, at)
        office.charge_organizer(order, order.charge, at)
    else:
        order.status = "expired"
        charge = _take_all_back(office, order, "cancel", "cancelled", at)
        office.ledger.refund(order.subject, charge, "buyer_receivable", at)


def _return_some(office: BoxOffice, order: Order, at: datetime) -> bool:
    line = office.random.choice(order.lines)
    _return_units(office, order, line, office.random.randint(1, len(line.tickets)), at)
    if happens(office.random, _CANCELLATION_FEE_SHARE) or office.firsts.is_first("late fee"):
        _charge_fee(office, order, line, "cancellation_fee", at)
    return True


def _return_units(office: BoxOffice, order: Order, line: Line, count: int, at: datetime) -> None:
    random = office.random
    charge = office.take_back(order, line, "refund", "refunded", count, at)
    if not any(each.tickets for each in order.lines):
        order.status = "refunded"
    _repay(office, order, charge, at, is_later=happens(random, _REPAID_LATER_SHARE))


def _repay(
    office: BoxOffice, order: Order, charge: Charge, at: datetime, *, is_later: bool
) -> None:
    """Refund a charge; the money goes back at once, or some days later."""
    paid_back_at = at + time_between(office.random, DAY, 4 * DAY)
    is_later |= office.firsts.is_first("repaid later")
    if is_later and paid_back_at < office.plan.ends_at:
        office.ledger.refund(order.subject, charge, "buyer_receivable", at)
        office.ledger.repayment(order.subject, charge.total_minor, order.cash, paid_back_at)
    else:
        office.ledger.refund(order.subject, charge, order.cash, at)


def _returns_gift_card(office: BoxOffice) -> bool:
    """The second buyer of a gift card returns it, and later a few more do."""
    if office.firsts.is_first("gift card kept"):
        return False
    return office.firsts.is_first("gift card returned") or happens(office.random, 0.05)


def _return_gift_card(office: BoxOffice, order: Order, at: datetime) -> None:
    line = next(line for line in order.lines if line.is_gift_card)
    _return_units(office, order, line, office.random.randint(1, len(line.tickets)), at)


def _exchange(office: BoxOffice, order: Order, at: datetime) -> bool:
    random = office.random
    line = random.choice(order.lines)
    others = [t for t in order.event.types if t.is_admission and t is not line.type]
    if not line.type.is_admission:
        return False
    count = random.randint(1, len(line.tickets))
    section_id = line.tickets[-1].section_id
    returned = office.take_back(order, line, "exchange_out", "exchanged", count, at)
    taken = office.open_line(order, random.choice(others), discount_rate=0.0)
    office.move(order, taken, "exchange_in", count, at)
    office.issue(order, taken, count, section_id, at)
    _charge_again(office, order, returned, taken.unit.times(count), at)
    return True


def _reprice(office: BoxOffice, order: Order, at: datetime) -> bool:
    """The organiser lowers the price of a line: out and in at one instant, same tickets."""
    line = office.random.choice(order.lines)
    if line.is_gift_card:
        return False
    count = len(line.tickets)
    returned = line.unit.times(count)
    office.move(order, line, "exchange_out", -count, at)
    list_minor = max(line.unit.list_minor * 8 // 10, line.unit.discount_minor)
    line.unit = office.price(order, line.type, list_minor, line.unit.discount_minor)
    office.move(order, line, "exchange_in", count, at)
    _charge_again(office, order, returned, line.unit.times(count), at)
    return True


def _charge_again(
    office: BoxOffice, order: Order, returned: Charge, taken: Charge, at: datetime
) -> None:
    office.ledger.refund(order.subject, returned, order.cash, at)
    cash = office.pays_with(order, taken.total_minor)
    office.ledger.charge(order.subject, taken, cash, at)


def _ship(office: BoxOffice, order: Order, at: datetime) -> bool:
    _charge_fee(office, order, order.lines[0], "shipping_fee", at)
    return True


def _refund_fee(office: BoxOffice, order: Order, at: datetime) -> bool:
    line = order.lines[0]
    fee_minor = line.unit.amounts.get("service_fee", 0)
    if not fee_minor:
        return False
    fee = fee_charge(order.event, "service_fee", fee_minor)
    office.move_fee(order, line, -fee_minor, -fee.tax_minor, at)
    office.ledger.refund(order.subject, fee, order.cash, at)
    return True


def _void(office: BoxOffice, order: Order, _: datetime) -> bool:
    at = (order.paid_at or order.placed_at) + time_between(office.random, 5 * MINUTE, 50 * MINUTE)
    charge = _take_all_back(office, order, "void", "voided", at)
    office.ledger.refund(order.subject, charge, order.cash, at)
    order.status = "cancelled"
    return True


def _lose_dispute(office: BoxOffice, order: Order, at: datetime) -> bool:
    return _dispute(office, order, at) is not None


def _win_dispute(office: BoxOffice, order: Order, at: datetime) -> bool:
    decided_at = at + time_between(office.random, 10 * DAY, 30 * DAY)
    if decided_at >= office.plan.ends_at:
        return False
    disputed = _dispute(office, order, at)
    if disputed is None:
        return False
    office.ledger.reverse_chargeback(order.subject, order.charge, decided_at, disputed)
    return True


def _dispute(office: BoxOffice, order: Order, at: datetime) -> str | None:
    """A chargeback: only money moves, the tickets stay valid."""
    if order.event.cancelled_at is not None or order.cash != "psp_clearing":
        return None
    order.is_disputed = True
    fee_minor = max(order.event.market.price_minor // 4, 1)
    office.ledger.organizer_fees(order.subject, {"chargeback_fee": fee_minor}, at)
    return office.ledger.chargeback(order.subject, order.charge, at)


def _cancel_event(office: BoxOffice, order: Order, cancelled_at: datetime) -> None:
    at = cancelled_at + time_between(office.random, MINUTE, 2 * HOUR)
    if not any(line.tickets for line in order.lines):
        return
    if order.status == "pending":
        charge = _take_all_back(office, order, "cancel", "cancelled", at)
        office.ledger.refund(order.subject, charge, "buyer_receivable", at)
        order.status = "cancelled"
    elif order.total_minor:
        charge = _take_all_back(office, order, "refund", "refunded", at)
        office.ledger.refund(order.subject, charge, order.cash, at)
        order.status = "refunded"
    else:
        _take_all_back(office, order, "void", "voided", at)
        order.status = "cancelled"


def _move_event(office: BoxOffice, order: Order, moved_at: datetime) -> None:
    """Some buyers cannot come on the new date, and get their money back."""
    at = moved_at + time_between(office.random, HOUR, 5 * DAY)
    cannot_come = happens(office.random, _CANNOT_COME_SHARE)
    is_open = order.status == "paid" and order.total_minor > 0 and not order.is_disputed
    if not cannot_come or not is_open or at <= order.changed_at:
        return
    if at < _changes_until(office, order):
        charge = _take_all_back(office, order, "refund", "refunded", at)
        _repay(office, order, charge, at, is_later=True)
        order.status = "refunded"


def _charge_fee(office: BoxOffice, order: Order, line: Line, component: str, at: datetime) -> None:
    fee = fee_charge(order.event, component, max(order.event.market.price_minor // 20, 1))
    office.move_fee(order, line, fee.amounts[component], fee.tax_minor, at)
    cash = office.pays_with(order, fee.total_minor)
    office.ledger.charge(order.subject, fee, cash, at)


def _take_all_back(
    office: BoxOffice, order: Order, reason: str, status: str, at: datetime
) -> Charge:
    charge = Charge()
    for line in order.lines:
        if line.tickets:
            charge.add(office.take_back(order, line, reason, status, len(line.tickets), at))
    return charge


def _changes_until(office: BoxOffice, order: Order) -> datetime:
    return min(order.event.changes_until, office.plan.ends_at)


_CHANGES: Mapping[str, Callable[[BoxOffice, Order, datetime], bool]] = MappingProxyType(
    {
        "return": _return_some,
        "exchange": _exchange,
        "shipping": _ship,
        "repricing": _reprice,
        "void": _void,
        "chargeback lost": _lose_dispute,
        "chargeback won": _win_dispute,
        "goodwill": _refund_fee,
    }
)
