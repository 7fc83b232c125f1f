"""What both domains know of each order, dated: the ground of reconciliation.

What belongs here: gathering movements, charges and receivables per order. What does not: judging
them (`breaks`, `settlement`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.ledger import postings
from reporting_pipeline_tests.oracle.report_days import movement_day, transaction_day
from reporting_pipeline_tests.oracle.sales import MOVEMENTS, booked_minor
from reporting_pipeline_tests.oracle.source_tables import Row


class Place(NamedTuple):
    """Where an amount is booked; `event_id` is None where a transaction bears none."""

    organization_id: str
    event_id: str | None
    currency: str


class Amount(NamedTuple):
    """A signed amount, dated, placed, with the row that proves it.

    Of a movement the proof is its id, of an entry its transaction's.
    """

    day: date
    place: Place
    minor: int
    proof_id: str


@dataclass
class OrderHistory:
    """One order.

    Attributes:
        order_id: The order.
        order: Its row, or None where Ticketing does not know it.
        movements: One amount per movement (face value + fee + tax).
        charges: One amount per charge entry, a credit positive.
        receivables: One amount per entry on `buyer_receivable`, a debit positive.
    """

    order_id: str
    order: Row | None
    movements: list[Amount] = field(default_factory=list)
    charges: list[Amount] = field(default_factory=list)
    receivables: list[Amount] = field(default_factory=list)

    @property
    def home(self) -> Place | None:
        """Where Ticketing books the order: the order's own organisation, event and currency."""
        return None if self.order is None else _home(self.order)

    def booking_days(self) -> list[date]:
        """The days on which the order has a movement or a charge, in order."""
        return sorted({amount.day for amount in (*self.movements, *self.charges)})

    def all_days(self) -> list[date]:
        """The days of its movements, charges and entries on `buyer_receivable`, in order."""
        amounts = (*self.movements, *self.charges, *self.receivables)
        return sorted({amount.day for amount in amounts})

    def places(self) -> set[Place]:
        """Every place where either domain books anything of the order."""
        return {amount.place for amount in (*self.movements, *self.charges, *self.receivables)}


def order_histories(books: Books) -> dict[str, OrderHistory]:
    """Order id -> history, of every order with a movement, a charge or a receivable."""
    histories: dict[str, OrderHistory] = {}

    def of(order_id: str) -> OrderHistory:
        order = books["ticketing.orders"].get(order_id)
        return histories.setdefault(order_id, OrderHistory(order_id, order))

    for movement in books[MOVEMENTS].values():
        history = of(movement["order_id"])
        home = _home(books["ticketing.orders"][movement["order_id"]])
        day = movement_day(books, movement)
        history.movements.append(Amount(day, home, booked_minor(movement), movement["id"]))
    for posting in postings(books):
        transaction = posting.transaction
        if transaction["order_id"] is None:
            continue
        place = Place(transaction["organization_id"], transaction["event_id"], posting.currency)
        day = transaction_day(books, transaction)
        if posting.is_charge:
            charge = Amount(day, place, posting.credit_minor, transaction["id"])
            of(transaction["order_id"]).charges.append(charge)
        if posting.account_kind == "buyer_receivable":
            receivable = Amount(day, place, posting.debit_minor, transaction["id"])
            of(transaction["order_id"]).receivables.append(receivable)
    return histories


def total_minor(amounts: Iterable[Amount], place: Place) -> int:
    """The sum of the amounts at one place."""
    return sum(amount.minor for amount in amounts if amount.place == place)


def proofs(amounts: Iterable[Amount], place: Place) -> set[str]:
    """The rows that prove the amounts at one place."""
    return {amount.proof_id for amount in amounts if amount.place == place}


def _home(order: Row) -> Place:
    return Place(order["organization_id"], order["event_id"], order["currency"])
