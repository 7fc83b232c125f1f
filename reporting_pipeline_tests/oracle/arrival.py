"""Splits books into batches that arrive one after the other: late, out of order, and changed.

The parents of a row are in the same batch or an earlier one. Older versions of a mutable row can
arrive before its last version. As the contract promises, the record clock of a row is at most 15
minutes older than the newest clock of its table that has already arrived.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from random import Random
from typing import Any, Final

from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.source_tables import (
    COLUMNS,
    PARENTS,
    Row,
    is_mutable,
    record_clock,
)

LATEST: Final = timedelta(minutes=15)
"""How much later than its record clock a row can become visible."""

_SCANS: Final = "scanning.scans"
_VERSIONED: Final = 0.4
_DELAYED: Final = 0.5

# Values of older versions of a row: column -> other values, or the table of the other ids.
_FORMER: Final[dict[str, dict[str, Any]]] = {
    "ticketing.organizations": {"timezone": ("UTC", "Asia/Tokyo", "America/Santiago")},
    "ticketing.event_series": {"name": ("A former name",)},
    "ticketing.events": {
        "organization_id": "ticketing.organizations",
        "timezone": ("UTC", "Pacific/Apia", "America/New_York"),
        "day_cutoff": (time(0), time(5), time(12)),
        "currency": ("EUR", "USD", "GBP"),
        "ends_at": timedelta(days=3),
        "name": ("A former name",),
    },
    "ticketing.ticket_types": {"is_admission": (True, False)},
    "ticketing.orders": {
        "organization_id": "ticketing.organizations",
        "event_id": "ticketing.events",
        "channel": ("web", "box_office"),
        "status": ("pending", "paid", "expired"),
        "currency": ("EUR", "USD"),
        "paid_at": timedelta(days=1),
    },
    "ticketing.tickets": {
        "event_id": "ticketing.events",
        "ticket_type_id": "ticketing.ticket_types",
        "section_id": "seating.sections",
        "is_comp": (True, False),
        "issued_at": timedelta(days=1),
        "invalidated_at": timedelta(days=-1),
        "status": ("valid", "voided"),
    },
    "seating.venues": {"name": ("A former name",)},
    "seating.sections": {"name": ("A former name",)},
    "scanning.gates": {"name": ("A former name",)},
}


def random_split(books: Books, rng: Random, batches: int) -> list[Books]:
    """Split books at random into batches, with record clocks that fit their arrival.

    The union of the batches, with the newest version of each row, equals `books`, except for
    `recorded_at` and `updated_at`, which no report reads. Scans keep `received_at`, which reports
    read: they arrive in its order, within the 15 minutes.
    """
    deal = _Deal(books, rng, batches)
    dealt: list[dict[str, list[Row]]] = [{table: [] for table in COLUMNS} for _ in range(batches)]
    for table, rows in books.tables.items():
        for row in rows.values():
            for number, version in deal.versions(table, row):
                dealt[number][table].append(version)
    return with_arrival_clocks([Books.of(rows) for rows in dealt], rng)


def with_arrival_clocks(batches: Sequence[Books], rng: Random) -> list[Books]:
    """The batches with record clocks that are possible if they arrive in this order.

    A possible clock stays. A clock that is too old becomes at most 15 minutes older than the newest
    clock of its table that has arrived. The versions of a mutable row get rising clocks. A scan's
    `received_at` is its record clock: if it changes, the scan is a different one, so expectations
    must be computed from the union of the result.
    """
    largest: dict[str, datetime] = {}
    of_row: dict[str, datetime] = {}
    arrived = []
    for batch in batches:
        rows = {
            table: [_clocked(table, row, largest.get(table), of_row, rng) for row in held.values()]
            for table, held in batch.tables.items()
        }
        for table, held in rows.items():
            clocks = [row[record_clock(table)] for row in held]
            if clocks:
                largest[table] = max(*clocks, largest.get(table, clocks[0]))
        arrived.append(Books.of(rows))
    return arrived


class _Deal:
    """The batch in which each row first arrives, parents before children."""

    def __init__(self, books: Books, rng: Random, batches: int) -> None:
        self.books = books
        self.rng = rng
        self.last = batches - 1
        self.arrivals: dict[str, int] = self._scans()
        latest: dict[str, int] = {}
        for table in reversed(COLUMNS):
            for identity, row in books[table].items():
                if table != _SCANS:
                    self.arrivals[identity] = rng.randint(0, latest.get(identity, self.last))
                for column in PARENTS.get(table, {}):
                    if row[column] is None:
                        continue
                    number = min(self.arrivals[identity], latest.get(row[column], self.last))
                    latest[row[column]] = number

    def versions(self, table: str, row: Row) -> list[tuple[int, Row]]:
        """Batch number and row of each version; the last version is the row itself."""
        first = self.arrivals[row["id"]]
        if not is_mutable(table) or first == self.last or self.rng.random() >= _VERSIONED:
            return [(first, row)]
        more = self.rng.randint(1, min(2, self.last - first))
        later = sorted(self.rng.sample(range(first + 1, self.last + 1), k=more))
        formers = [
            (number, self._former(table, row, number, age=more - place))
            for place, number in enumerate((first, *later[:-1]))
        ]
        return [*formers, (later[-1], row)]

    def _scans(self) -> dict[str, int]:
        """Split scans by reception; near a split some scans arrive one or more batches later."""
        scans = list(self.books[_SCANS].values())
        cuts = sorted(
            self.rng.choice(scans)["received_at"] for _ in range(self.last if scans else 0)
        )
        dealt = {}
        for scan in scans:
            number = sum(cut < scan["received_at"] for cut in cuts)
            while (
                number < len(cuts)
                and scan["received_at"] >= cuts[number] - LATEST
                and self.rng.random() < _DELAYED
            ):
                number += 1
            dealt[scan["id"]] = number
        return dealt

    def _former(self, table: str, row: Row, number: int, *, age: int) -> Row:
        """An older version of the row for batch `number`, with one or two other values."""
        former = row | {"updated_at": row["updated_at"] - timedelta(hours=age)}
        columns = sorted(_FORMER[table])
        for column in self.rng.sample(columns, k=min(len(columns), self.rng.randint(1, 2))):
            others = _FORMER[table][column]
            if isinstance(others, timedelta):
                former[column] = None if row[column] is None else row[column] + others
                continue
            if isinstance(others, str):
                others = [other for other in self.books[others] if self.arrivals[other] <= number]
                others = others or [row[column]]
            former[column] = self.rng.choice(others)
        return former


def _clocked(
    table: str, row: Row, largest: datetime | None, of_row: dict[str, datetime], rng: Random
) -> Row:
    clock = record_clock(table)
    instant: datetime = row[clock]
    if largest is not None and instant < largest - LATEST:
        # Often exactly the oldest possible clock.
        seconds = rng.choice((0, rng.randint(0, 30 * 60)))
        instant = largest - LATEST + timedelta(seconds=seconds)
    if is_mutable(table):
        if row["id"] in of_row:
            instant = max(instant, of_row[row["id"]] + timedelta(microseconds=1))
        of_row[row["id"]] = instant
    return row | {clock: instant}
