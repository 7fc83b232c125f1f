"""The box office: orders with their lines, movements and tickets, and their charges.

Amounts are whole numbers per unit, so that returning part of a line returns exactly its price.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from types import MappingProxyType

from reporting_pipeline.samples.generator.books import BooksWriter, Plan
from reporting_pipeline.samples.generator.ledger import Ledger, Subject, recorded
from reporting_pipeline.samples.generator.random_values import draw, happens, new_id
from reporting_pipeline.samples.generator.setup import take_seats
from reporting_pipeline.samples.generator.world import Event, TicketType

_CHANNEL_WEIGHTS = MappingProxyType(
    {"web": 70, "box_office": 12, "api": 6, "reseller": 8, "kiosk": 4}
)
_SALE_WEIGHTS = MappingProxyType({"given away": 3, "on account": 7, "paid at once": 90})
_CASH_WEIGHTS = MappingProxyType({"psp_clearing": 99, "gift_card_liability": 1})
_BOX_OFFICE_CASH_WEIGHTS = MappingProxyType({"psp_clearing": 50, "bank": 50})
_DISCOUNT_SHARE = 0.08
_LINE_WEIGHTS = (75, 20, 5)
_TYPE_WEIGHTS = (60, 20, 8, 10, 2)


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
    """A line of an order: the amounts of one unit, and the tickets that are still valid."""

    number: int
    type: TicketType
    list_minor: int
    discount_minor: int
    service_fee_minor: int
    facility_fee_minor: int
    tax_minor: int
    tickets: list[Ticket] = field(default_factory=list)

    def amounts(self, count: int) -> Counter[str]:
        """The price of `count` units, by ledger component."""
        return Counter(
            {
                self.type.component: (self.list_minor - self.discount_minor) * count,
                "service_fee": self.service_fee_minor * count,
                "facility_fee": self.facility_fee_minor * count,
                "tax": self.tax_minor * count,
            }
        )


@dataclass(slots=True, kw_only=True)
class Order:
    """An order; `cash` is the ledger account that receives the payment."""

    id: str
    event: Event
    channel: str
    cash: str
    placed_at: datetime
    status: str = "paid"
    paid_at: datetime | None = None
    changed_at: datetime
    total_minor: int = 0
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


class BoxOffice:
    """Sells and takes back tickets, and writes each movement; `close` writes the order."""

    def __init__(self, plan: Plan, books: BooksWriter, random: Random) -> None:
        self.plan = plan
        self.random = random
        self.ledger = Ledger(plan, books, random)
        self.books = books

    def place(self, event: Event, at: datetime) -> Order:
        """Place an order: charged and paid at once, complimentary, or paid later."""
        kind = draw(self.random, _SALE_WEIGHTS)
        is_comp = kind == "given away"
        channel = "box_office" if is_comp else draw(self.random, _CHANNEL_WEIGHTS)
        at_counter = channel == "box_office"
        order = Order(
            id=new_id(self.random),
            event=event,
            channel=channel,
            cash=draw(self.random, _BOX_OFFICE_CASH_WEIGHTS if at_counter else _CASH_WEIGHTS),
            placed_at=at,
            paid_at=at,
            changed_at=at,
        )
        if is_comp:
            self._give_away(order)
        else:
            self._sell(order, is_on_account=kind == "on account")
        return order

    def open_line(self, order: Order, offer: TicketType, *, discount_rate: float) -> Line:
        """Add a line without tickets to an order, at the event's prices."""
        event = order.event
        discount_minor = int(offer.price_minor * discount_rate)
        price_minor = offer.price_minor - discount_minor
        service_fee_minor = 0 if order.channel == "box_office" else event.service_fee_minor
        taxed = price_minor + service_fee_minor + event.facility_fee_minor
        line = Line(
            number=len(order.lines) + 1,
            type=offer,
            list_minor=offer.price_minor,
            discount_minor=discount_minor,
            service_fee_minor=service_fee_minor if price_minor else 0,
            facility_fee_minor=event.facility_fee_minor if price_minor else 0,
            tax_minor=round(taxed * event.market.tax_rate) if price_minor else 0,
        )
        order.lines.append(line)
        return line

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
                is_comp=line.discount_minor == line.list_minor,
                issued_at=at,
            )
            line.tickets.append(ticket)
            order.tickets.append(ticket)

    def take_back(
        self, order: Order, line: Line, reason: str, status: str, count: int, at: datetime
    ) -> Counter[str]:
        """Take back units of a line and invalidate their tickets; return their price."""
        self.move(order, line, reason, -count, at)
        for _ in range(count):
            ticket = line.tickets.pop()
            ticket.status = status
            ticket.invalidated_at = at
        return line.amounts(count)

    def move(self, order: Order, line: Line, reason: str, quantity: int, at: datetime) -> None:
        """Write a movement of a line's units."""
        self._write_movement(
            order,
            line,
            reason,
            quantity,
            (
                line.list_minor * quantity,
                line.discount_minor * quantity,
                (line.service_fee_minor + line.facility_fee_minor) * quantity,
                line.tax_minor * quantity,
            ),
            at,
        )

    def move_fee(self, order: Order, line: Line, fee_minor: int, at: datetime) -> None:
        """Write a movement of a fee only: a charge if positive, otherwise a refund."""
        self._write_movement(order, line, "fee", 0, (0, 0, fee_minor, 0), at)

    def close(self, order: Order) -> None:
        """Write the order and its tickets in their final state."""
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

    def _give_away(self, order: Order) -> None:
        offer = order.event.types[0]
        line = self.open_line(order, offer, discount_rate=1.0)
        self.sell_units(order, line, "comp", self.random.randint(1, 4), order.placed_at)

    def _sell(self, order: Order, *, is_on_account: bool) -> None:
        is_discounted = happens(self.random, _DISCOUNT_SHARE)
        discount_rate = self.random.choice((0.1, 0.25, 0.5)) if is_discounted else 0.0
        amounts: Counter[str] = Counter()
        offers = order.event.types
        for _ in range(self.random.choices((1, 2, 3), _LINE_WEIGHTS)[0]):
            offer = self.random.choices(offers, _TYPE_WEIGHTS[: len(offers)])[0]
            count = self.random.choices((1, 2, 3, 4, 6), (25, 45, 12, 14, 4))[0]
            line = self.open_line(order, offer, discount_rate=discount_rate)
            self.sell_units(order, line, "sale", count, order.placed_at)
            amounts.update(line.amounts(count))
        order.total_minor = amounts.total()
        if is_on_account:
            order.status, order.paid_at = "pending", None
        cash = "buyer_receivable" if is_on_account else order.cash
        self.ledger.charge(order.subject, amounts, cash, order.placed_at)
        if not is_on_account:
            self.charge_organizer(order, amounts, order.placed_at)

    def charge_organizer(self, order: Order, amounts: Counter[str], at: datetime) -> None:
        """Charge the organiser the fees of a paid order."""
        gross_minor = amounts.total()
        fees = {
            "platform_fee": (amounts["face_value"] + amounts["addon"]) * 25 // 1000,
            "processing_fee": gross_minor * 14 // 1000 if order.cash == "psp_clearing" else 0,
        }
        self.ledger.organizer_fees(order.subject, fees, at)

    def _write_movement(
        self,
        order: Order,
        line: Line,
        reason: str,
        quantity: int,
        amounts: tuple[int, int, int, int],
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
