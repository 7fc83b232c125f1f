"""Faults for the season's books: one of each kind of break, with the rows that must be found.

Each fault is planted into a different order that has one movement, one sale and one payment on one
day.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.order_history import order_histories
from reporting_pipeline_tests.oracle.report_tables import ReportRow
from reporting_pipeline_tests.oracle.source_tables import Row

TRANSACTIONS = "ledger.transactions"
ENTRIES = "ledger.entries"
ITEMS = "ledger.payout_items"
MOVEMENTS = "ticketing.order_line_movements"


@dataclass(frozen=True, kw_only=True)
class PlainOrder:
    """An order of one movement, one sale and one payment, all on `day`; `minor` is its amount."""

    order_id: str
    organization_id: str
    event_id: str
    currency: str
    day: date
    minor: int
    movement_id: str
    sale_id: str
    payment_id: str

    def row(self, kind: str, ticketing: int, ledger: int, *proofs: str, **other: Any) -> ReportRow:
        """A break of this order; `other` has the columns that are different."""
        row = {
            "date": self.day,
            "organization_id": self.organization_id,
            "event_id": self.event_id,
            "order_id": self.order_id,
            "transaction_id": None,
            "entry_id": None,
            "currency": self.currency,
            "kind": kind,
            "ticketing_minor": ticketing,
            "ledger_minor": ledger,
            "difference_minor": ticketing - ledger,
            "proof_ids": tuple(sorted(proofs)),
        }
        assert other.keys() <= row.keys()
        return row | other


Plant = Callable[[Books, PlainOrder], tuple[Books, list[ReportRow]]]
"""Returns the books with the fault, and the breaks that it causes."""


def plain_orders(books: Books) -> list[PlainOrder]:
    """The orders into which a fault can be planted."""
    transactions: dict[str, list[Row]] = {}
    for row in books[TRANSACTIONS].values():
        transactions.setdefault(row["order_id"], []).append(row)
    found = []
    for order_id, history in sorted(order_histories(books).items()):
        by_kind = {row["kind"]: row["id"] for row in transactions.get(order_id, ())}
        is_plain = len(history.movements) == 1 and len(history.all_days()) == 1
        if is_plain and by_kind.keys() == {"sale", "payment"} and history.home is not None:
            [movement] = history.movements
            found.append(
                PlainOrder(
                    order_id=order_id,
                    **history.home._asdict(),
                    day=movement.day,
                    minor=movement.minor,
                    movement_id=movement.proof_id,
                    sale_id=by_kind["sale"],
                    payment_id=by_kind["payment"],
                )
            )
    return found


def _missing_in_ticketing(books: Books, order: PlainOrder) -> tuple[Books, list[ReportRow]]:
    row = order.row("missing_in_ticketing", 0, order.minor, order.sale_id)
    return _without(books, [order.movement_id]), [row]


def _missing_in_ledger(books: Books, order: PlainOrder) -> tuple[Books, list[ReportRow]]:
    row = order.row("missing_in_ledger", order.minor, 0, order.movement_id)
    return _without(books, [order.sale_id, order.payment_id]), [row]


def _organization(books: Books, order: PlainOrder) -> tuple[Books, list[ReportRow]]:
    other = next(each for each in books["ticketing.organizations"] if each != order.organization_id)
    rows = [
        order.row("organization", order.minor, 0, order.movement_id),
        order.row("organization", 0, order.minor, order.sale_id, organization_id=other),
    ]
    return _changed(books, TRANSACTIONS, [order.sale_id], organization_id=other), rows


def _currency(books: Books, order: PlainOrder) -> tuple[Books, list[ReportRow]]:
    rows = [
        order.row("currency", order.minor, 0, order.movement_id),
        order.row("currency", 0, order.minor, order.sale_id, currency="CHF"),
    ]
    return _changed(books, ENTRIES, _entries(books, order.sale_id), currency="CHF"), rows


def _duplicate(books: Books, order: PlainOrder) -> tuple[Books, list[ReportRow]]:
    copy_id = order.sale_id.replace("-0000-", "-ffff-", 1)
    sale = books[TRANSACTIONS][order.sale_id] | {"id": copy_id}
    entries = [
        books[ENTRIES][each]
        | {"id": each.replace("-0000-", "-ffff-", 1), "transaction_id": copy_id}
        for each in _entries(books, order.sale_id)
    ]
    proofs = (order.movement_id, order.sale_id, copy_id)
    row = order.row("duplicate", order.minor, 2 * order.minor, *proofs)
    return books.merged(Books.of({TRANSACTIONS: [sale], ENTRIES: entries})), [row]


def _amount(books: Books, order: PlainOrder) -> tuple[Books, list[ReportRow]]:
    for component in ("cash", "face_value"):
        [entry_id] = _entries(books, order.sale_id, component=component)
        amount = books[ENTRIES][entry_id]["amount_minor"] - 1
        books = _changed(books, ENTRIES, [entry_id], amount_minor=amount)
    proofs = (order.movement_id, order.sale_id)
    return books, [order.row("amount", order.minor, order.minor - 1, *proofs)]


def _timing(books: Books, order: PlainOrder) -> tuple[Books, list[ReportRow]]:
    later = books[TRANSACTIONS][order.sale_id]["effective_at"] + timedelta(days=1)
    row = order.row("timing", order.minor, 0, order.movement_id)
    return _changed(books, TRANSACTIONS, [order.sale_id], effective_at=later), [row]


def _unbalanced(books: Books, order: PlainOrder) -> tuple[Books, list[ReportRow]]:
    [entry_id] = _entries(books, order.payment_id, direction="debit")
    row = order.row("unbalanced", 0, 7, order.payment_id, transaction_id=order.payment_id)
    return _changed(books, ENTRIES, [entry_id], amount_minor=order.minor - 7), [row]


def _unclassified(books: Books, order: PlainOrder) -> tuple[Books, list[ReportRow]]:
    [entry_id] = _entries(books, order.payment_id, direction="debit")
    concerned = {"transaction_id": order.payment_id, "entry_id": entry_id}
    row = order.row("unclassified", 0, -order.minor, order.payment_id, **concerned)
    return _changed(books, ENTRIES, [entry_id], component="reserve"), [row]


def _payout_items(books: Books, order: PlainOrder) -> tuple[Books, list[ReportRow]]:
    """An item of a payment, which may have none."""
    payment = books[TRANSACTIONS][order.payment_id]
    item = {
        "id": order.payment_id.replace("-0000-", "-eeee-", 1),
        "transaction_id": order.payment_id,
        "event_id": order.event_id,
        "amount_minor": 5,
        "currency": order.currency,
        "recorded_at": payment["recorded_at"],
    }
    row = order.row("payout_items", 0, 5, order.payment_id, transaction_id=order.payment_id)
    return books.merged(Books.of({ITEMS: [item]})), [row]


def _settlement(books: Books, order: PlainOrder) -> tuple[Books, list[ReportRow]]:
    row = order.row("settlement", 0, order.minor, order.sale_id)
    return _without(books, [order.payment_id]), [row]


FAULTS: dict[str, Plant] = {
    "timing": _timing,
    "missing_in_ticketing": _missing_in_ticketing,
    "missing_in_ledger": _missing_in_ledger,
    "organization": _organization,
    "currency": _currency,
    "duplicate": _duplicate,
    "amount": _amount,
    "unbalanced": _unbalanced,
    "unclassified": _unclassified,
    "payout_items": _payout_items,
    "settlement": _settlement,
}
"""Kind of break -> function that plants it."""


def _entries(books: Books, transaction_id: str, **values: str) -> list[str]:
    wanted = {"transaction_id": transaction_id, **values}
    rows = books[ENTRIES].items()
    return [identity for identity, row in rows if wanted.items() <= row.items()]


def _without(books: Books, identities: Iterable[str]) -> Books:
    """The books without these rows, and without the entries of these transactions."""
    gone = set(identities)
    return books.select(
        lambda _, row: row["id"] not in gone and row.get("transaction_id") not in gone
    )


def _changed(books: Books, table: str, identities: Iterable[str], **values: Any) -> Books:
    rows = dict(books[table])
    for identity in identities:
        rows[identity] = rows[identity] | values
    return Books(books.tables | {table: rows})
