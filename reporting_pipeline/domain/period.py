"""The period of a report: a half-open range of report days, and its name in paths.

    2026-02-28                                 a day
    2026-02-23_2026-03-01                      a week, or any range; both days are included
    2026-02                                    a month
    event-<id>_2026-02-28                      an event, from its beginning to that day

A report definition decides which period its schedule uses (`report_definitions`).
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self
from uuid import UUID

_DAY = timedelta(days=1)
_TOKEN = re.compile(
    r"(?:event-(?P<event>[0-9a-f-]{36})_)?(?P<days>[0-9]{4}-[0-9]{2}(?:-[0-9]{2})?(?:_[0-9-]{10})?)",
    re.ASCII,
)


class _EndsExchanged(ValueError):
    """A period ends before it begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The report days [first, end), of all events or of one event.

    Attributes:
        first: The first report day; None for the beginning of the event.
        end: The first day after the period.
        event_id: The event, if the period is of one event only.
    """

    first: date | None
    end: date
    event_id: UUID | None = None

    def __post_init__(self) -> None:
        """Refuse an empty period, and a period without a first day that is not of one event."""
        if self.first is None and self.event_id is None:
            message = "a period without a first day must be an event's"
            raise ValueError(message)
        if self.first is not None and self.end <= self.first:
            message = f"it ends on {self.last}, before its first day {self.first}"
            raise _EndsExchanged(message)

    @classmethod
    def of_token(cls, token: str) -> Self:
        """The period with this name; one day of an event means the event up to that day.

        Raises:
            ValueError: No period has this name.
        """
        found = _TOKEN.fullmatch(token)
        fault = ""
        try:
            period = None if found is None else cls._of(found["days"], found["event"])
        except _EndsExchanged as error:
            period, fault = None, f": {error}"
        except (ValueError, OverflowError):
            period = None
        if period is None or period.token != token:
            message = (
                f"{token[:100]!r} is not a period{fault}; expected 2026-02-28, 2026-02, "
                "2026-02-23_2026-03-01 or event-<id>_2026-02-28"
            )
            raise ValueError(message)
        return period

    @classmethod
    def _of(cls, days: str, event: str | None) -> Self:
        event_id = None if event is None else UUID(event)
        first, _, last = days.partition("_")
        if last:
            end = date.fromisoformat(last) + _DAY
            return cls(first=date.fromisoformat(first), end=end, event_id=event_id)
        if len(first) == len("2026-02"):
            month = date.fromisoformat(f"{first}-01")
            return cls(first=month, end=_end_of_month(month) + _DAY, event_id=event_id)
        day = date.fromisoformat(first)
        return cls(first=day if event_id is None else None, end=day + _DAY, event_id=event_id)

    @property
    def last(self) -> date:
        """The last day of the period."""
        return self.end - _DAY

    @property
    def token(self) -> str:
        """The name of the period in keys of the store and in file names."""
        days = self._days()
        return days if self.event_id is None else f"event-{self.event_id}_{days}"

    @property
    def words(self) -> str:
        """The days of the period in English, as a file's own name has them."""
        return self.words_with("to")

    def words_with(self, to: str) -> str:
        """The days of the period as a file's own name has them, with the word before the last."""
        return f"{to} {self.last}" if self.first is None else self._days().replace("_", f" {to} ")

    def __str__(self) -> str:
        """The period as text for a person."""
        if self.first is None:
            return f"to {self.last}"
        return str(self.first) if self.first == self.last else f"{self.first} to {self.last}"

    def _days(self) -> str:
        if self.first is None or self.first == self.last:
            return str(self.last)
        if self.first.day == 1 and self.last == _end_of_month(self.first):
            return f"{self.first:%Y-%m}"
        return f"{self.first}_{self.last}"


def _end_of_month(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])
