"""A draft of random books: the rows so far, and random ids, instants and amounts for more rows."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final, TypeVar

from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.source_tables import COLUMNS, Row, record_clock

Choice = TypeVar("Choice")

# First instants of local days that do not have 24 hours, and of one normal day.
ANCHORS: Final = {
    "Pacific/Apia": "2011-12-30T10:00:00Z",  # a day that was skipped
    "America/Santiago": "2023-09-03T04:00:00Z",  # begins at 01:00
    "Asia/Kathmandu": "2024-03-09T18:15:00Z",  # UTC+5:45
    "Africa/Casablanca": "2024-03-09T23:00:00Z",  # 25 hours, for Ramadan
    "Europe/Berlin": "2025-10-25T22:00:00Z",
    "America/New_York": "2025-03-09T05:00:00Z",
    "America/St_Johns": "2010-11-07T02:30:00Z",  # the clock goes back at 00:01
}
CUTOFFS: Final = ("00:00", "00:00", "05:00", "06:30")
CURRENCIES: Final = ("EUR", "USD", "JPY")
_AMOUNTS_MINOR: Final = (0, 1, 2, 50, 100, 100, 250, 999, 4_118, 2**53 + 1)
_TICKS: Final = (
    timedelta(0),
    timedelta(microseconds=-1),
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(hours=5),
    timedelta(hours=6, minutes=30),
    timedelta(hours=12),
)
_REUSED_INSTANTS: Final = 0.3


class Draft:
    """A draft of random books.

    Attributes:
        rng: The random numbers; equal seeds give equal books.
        size: Approximate number of orders, transactions and scans.
        anchor: An instant near all rows, at which a report day begins in some zone.
        strangers: Unknown ids of each kind of row that can be unknown.
    """

    def __init__(self, rng: Random, size: int) -> None:
        self.rng = rng
        self.size = size
        self.zone = self.pick(tuple(ANCHORS))
        self.anchor = datetime.fromisoformat(ANCHORS[self.zone])
        self.strangers = {
            table: [self._id(table) for _ in range(2)]
            for table in (
                "ticketing.organizations",
                "ticketing.events",
                "ticketing.orders",
                "ticketing.tickets",
                "scanning.scans",
            )
        }
        self._rows: dict[str, list[Row]] = {table: [] for table in COLUMNS}
        self._instants: list[datetime] = []

    def books(self) -> Books:
        """The books so far."""
        return Books.of(self._rows)

    def rows(self, table: str) -> list[Row]:
        """The rows of a table so far."""
        return self._rows[table]

    def add(self, table: str, **values: Any) -> Row:
        """Add a row; other columns are null, its record clock is after the anchor."""
        row: Row = dict.fromkeys(COLUMNS[table]) | {"id": self._id(table)}
        row[record_clock(table)] = self.anchor + timedelta(seconds=self.rng.randint(0, 500_000))
        row |= values
        self._rows[table].append(row)
        return row

    def pick(self, choices: Sequence[Choice]) -> Choice:
        """One of the choices, at random."""
        return self.rng.choice(choices)

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.rng.random() < probability

    def known_or_stranger(self, table: str, stranger: float) -> str:
        """An id of the table, or an unknown id: with a probability, or if the table is empty."""
        if not self._rows[table] or self.chance(stranger):
            return self.pick(self.strangers[table])
        return str(self.pick(self._rows[table])["id"])

    def zone_name(self) -> str:
        """Mostly the zone of the anchor, otherwise any zone."""
        return self.zone if self.chance(0.6) else self.pick((*ANCHORS, "UTC"))

    def instant(self) -> datetime:
        """An instant within four days of the anchor, often on a boundary or used before."""
        if self._instants and self.chance(_REUSED_INSTANTS):
            return self.pick(self._instants)
        day = timedelta(days=self.rng.randint(-3, 4))
        tick = self.pick((*_TICKS, timedelta(seconds=self.rng.randint(0, 86_400))))
        self._instants.append(self.anchor + day + tick)
        return self._instants[-1]

    def amount_minor(self) -> int:
        """An amount >= 0, often one that other rows have too."""
        return self.pick(_AMOUNTS_MINOR)

    def _id(self, table: str) -> str:
        # The first part shows the table, the last part is random, so that the order of ids is
        # random.
        number = tuple(COLUMNS).index(table) + 1
        return f"{number:08x}-0000-4000-8000-{self.rng.getrandbits(48):012x}"
