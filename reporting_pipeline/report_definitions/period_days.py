"""The days of a report's period that a filter can name, with an offset in whole days.

period.first_day               the first day; not of a period that begins with an event
period.last_day                the last day
period.next_day                the day after the last one
period.last_day - 30 days      a number of days before or after one of these; `1 day`
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

from reporting_pipeline.domain.period import Period

MAX_OFFSET_DAYS = 3_660
"""The most days of an offset: ten years."""

_FIRST_DAY, _LAST_DAY, _NEXT_DAY = "first_day", "last_day", "next_day"
_WORDS = MappingProxyType(
    {
        _FIRST_DAY: "the first day of the period",
        _LAST_DAY: "the last day of the period",
        _NEXT_DAY: "the day after the period",
    }
)
_NAME = re.compile(
    rf"period\.({'|'.join(_WORDS)})(?: ([+-]) ((?!1 )[1-9]\d{{0,3}} days|1 day))?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class PeriodDay:
    """A day of any period, such as 30 days before its last day.

    Attributes:
        start: `first_day`, `last_day` or `next_day`.
        offset_days: Days after it; negative: before it.
    """

    start: str
    offset_days: int = 0

    @property
    def needs_first_day(self) -> bool:
        """True if it is unknown in a period that begins with an event."""
        return self.start == _FIRST_DAY

    @property
    def words(self) -> str:
        """The day as report files show it to people."""
        count = abs(self.offset_days)
        if count == 0:
            return _WORDS[self.start]
        days = "1 day" if count == 1 else f"{count} days"
        return f"{days} {'after' if self.offset_days > 0 else 'before'} {_WORDS[self.start]}"

    def of(self, period: Period) -> date:
        """The day of a period.

        Raises:
            ValueError: It needs the first day of a period that begins with an event.
        """
        start = {
            _FIRST_DAY: period.first,
            _LAST_DAY: period.end - timedelta(days=1),
            _NEXT_DAY: period.end,
        }[self.start]
        if start is None:
            message = f"period.{self.start} is not known of a period that begins with an event"
            raise ValueError(message)
        return start + timedelta(days=self.offset_days)


def period_day(value: object) -> PeriodDay | None:
    """The day of the period that a value of a filter names; None if it names none."""
    found = _NAME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    start, sign, days = found.groups()
    offset = 0 if days is None else int(f"{sign}{days.partition(' ')[0]}")
    return PeriodDay(start, offset) if abs(offset) <= MAX_OFFSET_DAYS else None
