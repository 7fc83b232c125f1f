"""The box office: orders with their lines, movements and tickets, and their charges.

Amounts are whole numbers per unit, so that returning part of a line returns exactly its price.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from types import MappingProxyType

from reporting_pipeline.samples.generator.books import BooksWriter, Plan
from reporting_pipeline.samples.generator.ledger import Ledger, Subject, recorded
from reporting_pipeline.samples.generator.prices import Charge, Unit, unit_price
from reporting_pipeline.samples.generator.random_values import Firsts, Kinds, happens, new_id
from reporting_pipeline.samples.generator.setup import take_seats
from reporting_pipeline.samples.generator.world import Event, TicketType

_CHANNEL_WEIGHTS = MappingProxyType(
    {"web": 70, "box_office": 12, "api": 6, "reseller": 8, "kiosk": 4}
)
_SALE_WEIGHTS = MappingProxyType({"given away": 3, "on account": 7, "paid at once": 90})
_EXTRA_WEIGHTS = MappingProxyType({"nothing": 93, "donation": 3, "gift card": 4})
_NEAR_THE_DOORS = timedelta(days=13)
_BY_TRANSFER_SHARE = 0.7
_BY_GIFT_CARD_SHARE = 0.3
_CASH_AT_COUNTER_SHARE = 0.5
_DISCOUNT_SHARE = 0.08
_LINE_WEIGHTS = (75, 20, 5)
_COUNTS, _COUNT_WEIGHTS = (1, 2, 3, 4, 6), (25, 45, 12, 14, 4)


@dataclass(slots=True, kw_only=True)
class Ticket:
    """A ticket of a line; `invalidated_at` is None while the ticket is valid."""

    id: str
    type: TicketType
    section_id: str | None
    is_comp: bool
    issued_at: datetime
    status: str = "valid"
    invalidated_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Line:
    """A line of an order: the price of one unit, and the tickets that are still valid."""

    number: int
    type: TicketType
    unit: Unit
    tickets: list[Ticket] = field(default_factory=list)

    @property
    def is_gift_card(self) -> bool:
        """True if the line sells stored value."""
        return self.type.component == "gift_card"


@dataclass(slots=True, kw_only=True)
class Order:
    """An order.

    Attributes:
        cash: The ledger account that receives the payment.
        is_forgotten: The buyer never pays, and comes to the doors.
        is_disputed: The buyer's bank has taken the payment back.
    """

    id: str
    event: Event
    channel: str
    cash: str
    placed_at: datetime
    status: str = "paid"
    paid_at: datetime | None = None
    changed_at: datetime
    total_minor: int = 0
    is_forgotten: bool = False
    is_disputed: bool = False
    lines: list[Line] = field(default_factory=list)
    tickets: list[Ticket] = field(default_factory=list)

    @property
    def subject(self) -> Subject:
        """The subject of its ledger transactions."""
        event = self.event
        return Subject(
            organization=event.organization,
            currency=event.market.currency,
            event=event,
            order_id=self.id,
        )

    @property
    def charge(self) -> Charge:
        """The price of its valid units."""
        charge = Charge()
        for line in self.lines:
            if line.tickets:
                charge.add(line.unit.times(len(line.tickets)))
        return charge


class BoxOffice:
    """Sells and takes back tickets, and writes each movement; `close` writes the order."""

    def __init__(self, plan: Plan, books: BooksWriter, random: Random) -> None:
        self.plan = plan
        self.random = random
        self.ledger = Ledger(plan, books, random)
        self.books = books
        self.firsts = Firsts()
        self._sale_kinds = Kinds(_SALE_WEIGHTS, every=9, times=3)
        self._channels = Kinds(_CHANNEL_WEIGHTS, every=7, times=2)
        self._extras = Kinds(_EXTRA_WEIGHTS, every=5, times=3)

    def place(self, event: Event, at: datetime) -> Order:
        """Place an order: charged and paid at once, complimentary, or paid later."""
        is_forgotten = self._is_forgotten(event, at)
        kind = "on account" if is_forgotten else self._sale_kinds.draw(self.random)
        self._sale_kinds.happened(kind)
        is_comp = kind == "given away"
        channel = "box_office" if is_comp else self._channel()
        order = Order(
            id=new_id(self.random),
            event=event,
            channel=channel,
            cash=self._cash(channel, is_on_account=kind == "on account"),
            placed_at=at,
            paid_at=at,
            changed_at=at,
            is_forgotten=is_forgotten,
        )
        if is_comp:
            self._give_away(order)
        else:
            self._sell(order, is_on_account=kind == "on account")
        return order

    def open_line(self, order: Order, offer: TicketType, *, discount_rate: float) -> Line:
        """Add a line without tickets to an order, at the event's prices."""
        discount_minor = int(offer.price_minor * discount_rate)
        line = Line(
            number=len(order.lines) + 1,
            type=offer,
            unit=self.price(order, offer, offer.price_minor, discount_minor),
        )
        order.lines.append(line)
        return line

    @staticmethod
    def price(order: Order, offer: TicketType, list_minor: int, discount_minor: int) -> Unit:
        """The price of a unit in this order."""
        at_counter = order.channel == "box_office"
        return unit_price(order.event, offer, list_minor, discount_minor, at_counter=at_counter)

    def sell_units(self, order: Order, line: Line, reason: str, count: int, at: datetime) -> None:
        """Write a movement of units of a line and issue their tickets."""
        self.move(order, line, reason, count, at)
        section_id = None
        if line.type.is_admission:
            section_id = take_seats(self.books, self.random, order.event, count, at)
        self.issue(order, line, count, section_id, at)

    def issue(
        self, order: Order, line: Line, count: int, section_id: str | None, at: datetime
    ) -> None:
        """Issue tickets of a line in a section."""
        for _ in range(count):
            ticket = Ticket(
                id=new_id(self.random),
                type=line.type,
                section_id=section_id,
                is_comp=line.unit.discount_minor == line.unit.list_minor,
                issued_at=at,
            )
            line.tickets.append(ticket)
            order.tickets.append(ticket)

    def take_back(
        self, order: Order, line: Line, reason: str, status: str, count: int, at: datetime
    ) -> Charge:
        """Take back units of a line and invalidate their tickets; return their price."""
        self.move(order, line, reason, -count, at)
        for _ in range(count):
            ticket = line.tickets.pop()
            ticket.status = status
            ticket.invalidated_at = at
        return line.unit.times(count)

    def move(self, order: Order, line: Line, reason: str, quantity: int, at: datetime) -> None:
        """Write a movement of a line's units."""
        unit = line.unit
        amounts = (unit.list_minor, unit.discount_minor, unit.fee_minor, unit.tax_minor)
        all_units = tuple(amount * quantity for amount in amounts)
        self._write_movement(order, line, reason, quantity, all_units, at)

    def move_fee(
        self, order: Order, line: Line, fee_minor: int, tax_minor: int, at: datetime
    ) -> None:
        """Write a movement of a fee only: a charge if positive, otherwise a refund."""
        self._write_movement(order, line, "fee", 0, (0, 0, fee_minor, tax_minor), at)

    def pays_with(self, order: Order, minor: int) -> str:
        """The ledger account that pays a further charge of an order."""
        cards = order.event.organization.gift_cards
        if order.cash != "gift_card_liability":
            return order.cash
        if cards[order.event.market.currency] < minor:
            return "psp_clearing"
        cards[order.event.market.currency] -= minor
        return order.cash

    def charge_organizer(self, order: Order, charge: Charge, at: datetime) -> None:
        """Charge the organiser the fees of a paid order."""
        priced_minor = charge.amounts["face_value"] + charge.amounts["addon"]
        is_by_card = order.cash == "psp_clearing"
        fees = {
            "platform_fee": priced_minor * 25 // 1000,
            "processing_fee": charge.total_minor * 14 // 1000 if is_by_card else 0,
        }
        self.ledger.organizer_fees(order.subject, fees, at)

    def close(self, order: Order) -> None:
        """Write the order and its tickets in their final state."""
        self._keep_gift_cards(order)
        changed_at = recorded(self.plan, self.random, order.changed_at)
        self.books.add(
            "ticketing.orders",
            order.id,
            order.event.organization.id,
            order.event.id,
            order.channel,
            order.status,
            order.event.market.currency,
            order.total_minor,
            order.placed_at,
            order.paid_at,
            changed_at,
        )
        for ticket in order.tickets:
            self.books.add(
                "ticketing.tickets",
                ticket.id,
                order.id,
                order.event.id,
                ticket.type.id,
                ticket.section_id,
                "true" if ticket.is_comp else "false",
                ticket.status,
                ticket.issued_at,
                ticket.invalidated_at,
                ticket.invalidated_at or ticket.issued_at,
            )

    def _is_forgotten(self, event: Event, at: datetime) -> bool:
        """The first order of the last days before an event."""
        is_past = event.ends_at < self.plan.ends_at and event.cancelled_at is None
        is_near = is_past and event.doors_at - at < _NEAR_THE_DOORS
        return is_near and bool(event.gates) and self.firsts.is_first("forgotten")

    def _channel(self) -> str:
        channel = self._channels.draw(self.random)
        self._channels.happened(channel)
        return channel

    def _cash(self, channel: str, *, is_on_account: bool) -> str:
        if is_on_account:
            is_at_bank = happens(self.random, _BY_TRANSFER_SHARE)
            is_at_bank |= self.firsts.is_first("bank transfer")
        elif channel == "box_office":
            is_at_bank = happens(self.random, _CASH_AT_COUNTER_SHARE)
            is_at_bank |= self.firsts.is_first("cash at the counter")
        else:
            is_at_bank = False
        return "bank" if is_at_bank else "psp_clearing"

    def _give_away(self, order: Order) -> None:
        offer = order.event.types[0]
        line = self.open_line(order, offer, discount_rate=1.0)
        self.sell_units(order, line, "comp", self.random.randint(1, 4), order.placed_at)

    def _sell(self, order: Order, *, is_on_account: bool) -> None:
        self._sell_lines(order)
        is_online = not is_on_account and order.channel == "web"
        if is_online and self._add_extra(order) != "gift card":
            self._pay_by_gift_card(order)
        charge = order.charge
        order.total_minor = charge.total_minor
        if is_on_account:
            order.status, order.paid_at = "pending", None
        cash = "buyer_receivable" if is_on_account else order.cash
        self.ledger.charge(order.subject, charge, cash, order.placed_at)
        if not is_on_account:
            self.charge_organizer(order, charge, order.placed_at)

    def _sell_lines(self, order: Order) -> None:
        random = self.random
        is_discounted = happens(random, _DISCOUNT_SHARE)
        discount_rate = random.choice((0.1, 0.25, 0.5)) if is_discounted else 0.0
        offers = order.event.types
        weights = [offer.weight for offer in offers]
        for _ in range(random.choices((1, 2, 3), _LINE_WEIGHTS)[0]):
            offer = random.choices(offers, weights)[0]
            count = random.choices(_COUNTS, _COUNT_WEIGHTS)[0]
            line = self.open_line(order, offer, discount_rate=discount_rate)
            self.sell_units(order, line, "sale", count, order.placed_at)

    def _add_extra(self, order: Order) -> str:
        """Add a donation or gift cards to some orders; return which."""
        extra = self._extras.draw(self.random)
        self._extras.happened(extra)
        if extra != "nothing":
            component = extra.replace(" ", "_")
            [offer] = [each for each in order.event.types if each.component == component]
            line = self.open_line(order, offer, discount_rate=0.0)
            self.sell_units(order, line, "sale", self.random.randint(1, 3), order.placed_at)
        return extra

    def _pay_by_gift_card(self, order: Order) -> None:
        """Some orders are paid with gift cards, if enough of their value is left."""
        cards = order.event.organization.gift_cards
        currency, total_minor = order.event.market.currency, order.charge.total_minor
        if total_minor <= cards.get(currency, 0) and (
            self.firsts.is_first("gift card used") or happens(self.random, _BY_GIFT_CARD_SHARE)
        ):
            cards[currency] -= total_minor
            order.cash = "gift_card_liability"

    def _keep_gift_cards(self, order: Order) -> None:
        """Buyers can use the gift cards of an order that was paid at once and never disputed."""
        if order.status != "paid" or order.paid_at != order.placed_at or order.is_disputed:
            return
        minor = order.charge.amounts["gift_card"]
        if minor:
            cards, currency = order.event.organization.gift_cards, order.event.market.currency
            cards[currency] = cards.get(currency, 0) + minor

    def _write_movement(
        self,
        order: Order,
        line: Line,
        reason: str,
        quantity: int,
        amounts: tuple[int, ...],
        at: datetime,
    ) -> None:
        order.changed_at = max(order.changed_at, at)
        self.books.add(
            "ticketing.order_line_movements",
            new_id(self.random),
            order.id,
            line.number,
            line.type.id,
            reason,
            quantity,
            *amounts,
            at,
            recorded(self.plan, self.random, at),
        )
