"""The generated books: their plan (size, time and seed), and the dump files with their rows."""

import csv
import gzip
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import BinaryIO, TextIO, cast

from reporting_pipeline.sources.contract import TABLES

# Late enough on the first day that every market, with its cutoff, is in this report day.
_OPENING_HOUR = 14
# Fast, because a dump is written once and read once.
_COMPRESSION_LEVEL = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The size of the books, and the seed of their random numbers.

    Attributes:
        seed: Equal plans give the same bytes.
        order_count: Number of orders, from which the size of every other table follows.
        day_count: Days from `first_day`, in UTC; further east the last report day can be one later.
        organization_count: Number of organisations; the first ones sell the most.
        first_day: The first report day.
        event_count: Number of events of each organisation; None: as many as fit the days.
    """

    seed: int
    order_count: int
    day_count: int
    organization_count: int
    first_day: date
    event_count: int | None = None

    def __post_init__(self) -> None:
        if self.order_count < 0 or self.day_count < 1 or self.organization_count < 1:
            message = (
                "books need at least 0 orders, 1 day and 1 organisation, not "
                f"{self.order_count}, {self.day_count} and {self.organization_count}"
            )
            raise ValueError(message)
        if self.event_count is not None and self.event_count < 1:
            message = f"books need at least 1 event of each organisation, not {self.event_count}"
            raise ValueError(message)

    @property
    def events_per_organization(self) -> int:
        """Number of events of each organisation."""
        return self.event_count or max(2, min(24, self.day_count // 15 + 2))

    @property
    def begins_at(self) -> datetime:
        """The first instant of the books."""
        return datetime.combine(self.first_day, time(_OPENING_HOUR), UTC)

    @property
    def ends_at(self) -> datetime:
        """The end of the books: everything happens, and is recorded, before this instant."""
        return datetime.combine(self.first_day, time(), UTC) + timedelta(days=self.day_count)

    def random(self, *subject: object) -> Random:
        """The random numbers of one subject, which do not depend on other subjects."""
        # Not for secrets; the books must be repeatable.
        return Random("/".join(map(str, (self.seed, *subject))))  # noqa: S311


class BooksWriter:
    """The open files of a dump; each row is written at once, so memory does not grow."""

    def __init__(self, files: Mapping[str, TextIO]) -> None:
        self._write_row: dict[str, Callable[[tuple[object, ...]], object]] = {}
        for table in TABLES:
            writer = csv.writer(files[table.key], lineterminator="\n")
            writer.writerow([column.name for column in table.columns])
            self._write_row[table.key] = writer.writerow

    def add(self, table: str, *values: object) -> None:
        """Add a row of `<schema>.<table>`, its values in the contract's order; None is null."""
        self._write_row[table](values)


@contextmanager
def open_books(directory: Path, *, is_packed: bool) -> Iterator[BooksWriter]:
    """Open the files of a dump in an existing folder for writing; packed files are `.csv.gz`."""
    with ExitStack() as stack:
        yield BooksWriter(
            {
                table.key: stack.enter_context(_open(stack, directory / table.key, is_packed))
                for table in TABLES
            }
        )


def _open(stack: ExitStack, path: Path, is_packed: bool) -> TextIO:
    if not is_packed:
        return path.with_name(f"{path.name}.csv").open("w", newline="", encoding="utf-8")
    file = stack.enter_context(path.with_name(f"{path.name}.csv.gz").open("wb"))
    # Without a name and a time, so that the same rows give the same bytes.
    packed = gzip.GzipFile("", "wb", _COMPRESSION_LEVEL, file, mtime=0)
    return io.TextIOWrapper(cast(BinaryIO, packed), newline="", encoding="utf-8")
