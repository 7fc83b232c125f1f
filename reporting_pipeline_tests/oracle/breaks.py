"""report_reconciliation_breaks: differences between Ticketing and the ledger, order by order.

This module has the seven kinds that compare the sums of an order; the others are in `settlement`
and `control`.
"""

from collections.abc import Iterator
from datetime import date
from typing import Final

from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.control import payout_items, unbalanced, unclassified
from reporting_pipeline_tests.oracle.order_history import (
    Amount,
    OrderHistory,
    Place,
    order_histories,
    proofs,
    total_minor,
)
from reporting_pipeline_tests.oracle.report_tables import BREAKS, KEYS, ReportRow, ReportTable
from reporting_pipeline_tests.oracle.settlement import settlement

MEASURES: Final = (
    "ticketing_minor",
    "ledger_minor",
    "difference_minor",
)
"""The measures of the table."""


def reconciliation_breaks(books: Books) -> ReportTable:
    """Grain: date, organisation, event, order, transaction, entry, currency, kind."""
    rows: list[ReportRow] = []
    for history in order_histories(books).values():
        order_rows = list(order_breaks(history))
        rows += order_rows
        # Sums change on booking days only, so the last booking day has the final sums.
        if not any(row["date"] == history.booking_days()[-1] for row in order_rows):
            rows += settlement(history)
    rows += unbalanced(books)
    rows += unclassified(books)
    rows += payout_items(books)
    table = {tuple(row[column] for column in KEYS[BREAKS]): row for row in rows}
    assert len(table) == len(rows), "two breaks share a key"
    return table


def order_breaks(history: OrderHistory) -> Iterator[ReportRow]:
    """A row for each place and day on which the booked and the charged amount differ."""
    days = history.booking_days()
    views = [_View(history, day) for day in days]
    for number, view in enumerate(views):
        for place in sorted(view.places, key=repr):
            if view.difference_minor(place):
                later = (other.difference_minor(place) for other in views[number + 1 :])
                kind = "timing" if 0 in later else view.kind(place)
                yield view.row(place, kind)


class _View:
    """One order at the end of one day."""

    def __init__(self, history: OrderHistory, day: date) -> None:
        self.day = day
        self.order_id = history.order_id
        self.home = history.home
        self.movements = _so_far(history.movements, day)
        self.charges = _so_far(history.charges, day)
        self.places = {amount.place for amount in (*self.movements, *self.charges)}

    def booked_minor(self, place: Place) -> int:
        return total_minor(self.movements, place)

    def charged_minor(self, place: Place) -> int:
        return total_minor(self.charges, place)

    def difference_minor(self, place: Place) -> int:
        return self.booked_minor(place) - self.charged_minor(place)

    def kind(self, place: Place) -> str:
        """The kind of the difference at `place`, except timing, in order of precedence.

        The kind of a row elsewhere follows from the difference of its place. The row at home has
        the kind of the charges elsewhere, if their sum is not 0.
        """
        if self.home is None or not any(movement.minor for movement in self.movements):
            return "missing_in_ticketing"
        if not self.charges:
            return "missing_in_ledger"
        elsewhere = {
            _kind_elsewhere(self.home, other)
            for other in ({place} if place != self.home else self.places)
            if other != self.home and self.charged_minor(other)
        }
        for kind in ("organization", "currency"):
            if kind in elsewhere:
                return kind
        return _kind_of_sums(self.booked_minor(place), self.charged_minor(place))

    def row(self, place: Place, kind: str) -> ReportRow:
        booked, charged = self.booked_minor(place), self.charged_minor(place)
        return {
            "date": self.day,
            **place._asdict(),
            "order_id": self.order_id,
            "transaction_id": None,
            "entry_id": None,
            "kind": kind,
            "ticketing_minor": booked,
            "ledger_minor": charged,
            "difference_minor": booked - charged,
            "proof_ids": tuple(sorted(proofs((*self.movements, *self.charges), place))),
        }


def _so_far(amounts: list[Amount], day: date) -> list[Amount]:
    return [amount for amount in amounts if amount.day <= day]


def _kind_elsewhere(home: Place, place: Place) -> str:
    same = (place.organization_id, place.event_id) == (home.organization_id, home.event_id)
    return "currency" if same else "organization"


def _kind_of_sums(booked: int, charged: int) -> str:
    is_multiple = booked != 0 and charged % booked == 0 and charged // booked >= 2
    return "duplicate" if is_multiple else "amount"
