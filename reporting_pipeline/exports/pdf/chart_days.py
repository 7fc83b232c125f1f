"""The places of bars over days: each calendar day of the period, or each month of a long one.

A day without rows has a place of its own, so that distances are those of the calendar.

What belongs here: days to places in order. What does not: what is summed (`chart`), drawing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from babel.dates import format_skeleton

from reporting_pipeline.exports.presentation import date_for_people

_MOST_DAYS = 92  # three months; more bars are too thin to tell apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The days [first, end) of a picture.

    Attributes:
        is_by_month: The days are summed by month; the first and the last may be parts of theirs.
    """

    first: date
    end: date

    @classmethod
    def of(cls, first: date | None, end: date, days: Iterable[date]) -> "Calendar":
        """The days of a period, and any others that rows have; of an open period, from these on."""
        known = sorted(days)
        begin = min([first or end - timedelta(days=1), *known[:1]])
        last = max([end - timedelta(days=1), *known[-1:]])
        return cls(first=begin, end=last + timedelta(days=1))

    @property
    def is_by_month(self) -> bool:
        """Whether there are too many days for a bar each."""
        return (self.end - self.first).days > _MOST_DAYS

    def places(self, sums: Mapping[date, int], locale: str) -> Iterator[tuple[str, int]]:
        """Each day or month in order: how it reads, and its sum; 0 where there are no rows."""
        found: dict[str, int] = {}
        for number in range((self.end - self.first).days):
            day = self.first + timedelta(days=number)
            label = self._label(day, locale)
            found[label] = found.get(label, 0) + sums.get(day, 0)
        yield from found.items()

    def _label(self, day: date, locale: str) -> str:
        if self.is_by_month:
            return str(format_skeleton("yMMM", day, locale=locale))
        return date_for_people(day, locale)
