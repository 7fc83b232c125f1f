"""Books as they could arrive: in batches, late, out of order, and changed on the way.

Every batch holds each row's parents or follows them. A mutable row may come in older versions
before its last. A row of a later batch bears a record clock at most 15 minutes older than the
largest of its table that has already arrived, as the contract promises.

What belongs here: dealing rows out and setting their record clocks. What does not: what the
arrival changes (`touched`).
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
"""How much later than its record clock a row may become visible."""

_SCANS: Final = "scanning.scans"
_VERSIONED: Final = 0.4
_DELAYED: Final = 0.5

# What an older version of a row may have said: column -> other values, or the table of other ids.
_FORMER: Final[dict[str, dict[str, Any]]] = {
    "ticketing.organizations": {"timezone": ("UTC", "Asia/Tokyo", "America/Santiago")},
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
    },
    "ticketing.tickets": {
        "event_id": "ticketing.events",
        "ticket_type_id": "ticketing.ticket_types",
        "status": ("valid", "voided"),
    },
    "seating.venues": {"name": ("A former name",)},
    "seating.sections": {"name": ("A former name",)},
    "scanning.gates": {"name": ("A former name",)},
}


def random_split(books: Books, rng: Random, batches: int) -> list[Books]:
    """The books dealt out into batches, with record clocks as of their arrival.

    The union of the batches, newest rows winning, is `books` but for `recorded_at` and
    `updated_at`, which no report reads. Scans keep `received_at`, which reports do read: they
    arrive in its order, give or take the 15 minutes.
    """
    deal = _Deal(books, rng, batches)
    dealt: list[dict[str, list[Row]]] = [{table: [] for table in COLUMNS} for _ in range(batches)]
    for table, rows in books.tables.items():
        for row in rows.values():
            for number, version in deal.versions(table, row):
                dealt[number][table].append(version)
    return with_arrival_clocks([Books.of(rows) for rows in dealt], rng)


def with_arrival_clocks(batches: Sequence[Books], rng: Random) -> list[Books]:
    """The batches, with record clocks as they must be if they arrive in this order.

    A clock that is already possible stays; one that is too old becomes one that is at most 15
    minutes older than the largest that has arrived of its table. The versions of a mutable row get
    rising clocks. A scan's `received_at` is its record clock: where it is set anew, the scans are
    other scans, and what is expected is expected of the union of the result.
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
    """Who arrives when: the batch in which each row first arrives, parents before children."""

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
                    number = min(self.arrivals[identity], latest.get(row[column], self.last))
                    latest[row[column]] = number

    def versions(self, table: str, row: Row) -> list[tuple[int, Row]]:
        """Batch and row of each version; the last one is the row itself."""
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
        """Cut by reception; near a cut some scans come a batch or more later."""
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
        """An older version of the row, one or two columns otherwise, as batch `number` may say."""
        former = row | {"updated_at": row["updated_at"] - timedelta(hours=age)}
        columns = sorted(_FORMER[table])
        for column in self.rng.sample(columns, k=min(len(columns), self.rng.randint(1, 2))):
            others = _FORMER[table][column]
            if isinstance(others, timedelta):
                former[column] = row[column] + others
                continue
            if isinstance(others, str):
                others = [other for other in self.books[others] if self.arrivals[other] <= number]
            former[column] = self.rng.choice(others)
        return former


def _clocked(
    table: str, row: Row, largest: datetime | None, of_row: dict[str, datetime], rng: Random
) -> Row:
    clock = record_clock(table)
    instant: datetime = row[clock]
    if largest is not None and instant < largest - LATEST:
        # The oldest that is possible, often exactly.
        seconds = rng.choice((0, rng.randint(0, 30 * 60)))
        instant = largest - LATEST + timedelta(seconds=seconds)
    if is_mutable(table):
        if row["id"] in of_row:
            instant = max(instant, of_row[row["id"]] + timedelta(microseconds=1))
        of_row[row["id"]] = instant
    return row | {clock: instant}
