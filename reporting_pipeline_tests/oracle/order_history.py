"""The dated movements, charges and receivables of each order, which reconciliation compares."""

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
    """The place of an amount; `event_id` is None if the transaction has none."""

    organization_id: str
    event_id: str | None
    currency: str


class Amount(NamedTuple):
    """A signed amount with its day, its place and the row that proves it.

    The proof of a movement is its id, the proof of an entry is its transaction's id.
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
        order: Its row, or None if Ticketing does not know the order.
        movements: One amount per movement (face value + fee + tax).
        charges: One amount per charge entry; a credit is positive.
        receivables: One amount per entry on `buyer_receivable`; a debit is positive.
    """

    order_id: str
    order: Row | None
    movements: list[Amount] = field(default_factory=list)
    charges: list[Amount] = field(default_factory=list)
    receivables: list[Amount] = field(default_factory=list)

    @property
    def home(self) -> Place | None:
        """The place of the order in Ticketing: its own organisation, event and currency."""
        return None if self.order is None else _home(self.order)

    def booking_days(self) -> list[date]:
        """The days on which the order has a movement or a charge, in order."""
        return sorted({amount.day for amount in (*self.movements, *self.charges)})

    def all_days(self) -> list[date]:
        """The days of its movements, charges and entries on `buyer_receivable`, in order."""
        amounts = (*self.movements, *self.charges, *self.receivables)
        return sorted({amount.day for amount in amounts})

    def places(self) -> set[Place]:
        """Every place at which a domain has an amount of the order."""
        return {amount.place for amount in (*self.movements, *self.charges, *self.receivables)}


def order_histories(books: Books) -> dict[str, OrderHistory]:
    """Order id -> history, for every order with a movement, a charge or a receivable."""
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
