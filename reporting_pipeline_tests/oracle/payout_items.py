"""Payout items: of which events a payout or a reserve of no single event is made."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.ledger import postings
from reporting_pipeline_tests.oracle.report_days import transaction_day
from reporting_pipeline_tests.oracle.source_tables import Row

ITEMS: Final = "ledger.payout_items"
_COMPONENTS: Final = {
    "payout": "payout",
    "payout_reversal": "payout",
    "reserve_hold": "reserve",
    "reserve_release": "reserve",
}
_DEBITS: Final = ("payout", "reserve_hold")


@dataclass(frozen=True)
class ItemGroup:
    """All items of one transaction in one currency: they count together, or none does.

    Attributes:
        day: The report day of the transaction.
        does_count: True if the items move their amounts to the rows of their events.
    """

    transaction: Row
    currency: str
    items: tuple[Row, ...]
    day: date
    does_count: bool

    @property
    def total_minor(self) -> int:
        """The sum of the items."""
        return sum(item["amount_minor"] for item in self.items)

    @property
    def is_debit(self) -> bool:
        """True if the items are debits on organizer_payable: of a payout or a reserve held."""
        return self.transaction["kind"] in _DEBITS


def item_groups(books: Books) -> Iterator[ItemGroup]:
    """The items by transaction and currency."""
    amounts = _amounts_minor(books)
    by_group: dict[tuple[str, str], list[Row]] = {}
    for item in books[ITEMS].values():
        by_group.setdefault((item["transaction_id"], item["currency"]), []).append(item)
    for (transaction_id, currency), items in by_group.items():
        transaction = books["ledger.transactions"][transaction_id]
        total = sum(item["amount_minor"] for item in items)
        does_count = (
            transaction["kind"] in _COMPONENTS
            and transaction["event_id"] is None
            and all(item["event_id"] in books["ticketing.events"] for item in items)
            and total <= amounts.get((transaction_id, currency), 0)
        )
        day = transaction_day(books, transaction)
        yield ItemGroup(transaction, currency, tuple(items), day, does_count)


def _amounts_minor(books: Books) -> dict[tuple[str, str], int]:
    """Transaction and currency -> what it adds to the revenue column of its kind."""
    amounts: dict[tuple[str, str], int] = {}
    for posting in postings(books):
        component = _COMPONENTS.get(posting.kind)
        if posting.account_kind == "organizer_payable" and posting.component == component:
            key = (posting.transaction["id"], posting.currency)
            minor = posting.debit_minor if posting.kind in _DEBITS else posting.credit_minor
            amounts[key] = amounts.get(key, 0) + minor
    return amounts
