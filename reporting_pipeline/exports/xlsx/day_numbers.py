"""Instants and dates as Excel's day numbers, exact to the microsecond, in both directions.

A day number is a double. Between the two limits below, it distinguishes each microsecond. Instants
outside, and instants whose offset has odd seconds, are written as text in UTC. Dates before March
1900 are text too, because Excel counts a 29 February 1900.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from reporting_pipeline.exports.xlsx.styles import ambiguous_styles

if TYPE_CHECKING:
    import pyarrow as pa

_ZERO = date(1899, 12, 30)
_ZERO_MIDNIGHT = datetime(1899, 12, 30)  # noqa: DTZ001 a wall clock time, of no zone
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNIX_DAY = (date(1970, 1, 1) - _ZERO).days
_FIRST_DAY = 61  # 1900-03-01
_LAST_DAY = 2_958_465  # 9999-12-31
# Since then, all offsets have whole minutes.
_FIRST_MICROS = (datetime(1973, 1, 2, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
# From day 65536 on, two neighbouring doubles are 1.3 microseconds apart.
_END_MICROS = (datetime(2079, 6, 4, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
_MINUTE = 60_000_000
_DAY = 86_400_000_000
_REMEMBERED_MINUTES = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class WallTimes:
    """Instants as day numbers of a zone's wall clock.

    Attributes:
        numbers: The day numbers; null where there is no instant, or it must be text.
        offsets: The offset from UTC in microseconds, for an instant whose wall clock time comes
            twice; otherwise null.
    """

    numbers: "pa.DoubleArray"
    offsets: "pa.Int64Array"


class WallClock:
    """The wall clock of a zone; it remembers the minutes that it looked up.

    Args:
        zone: Its time zone.
    """

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._styles = ambiguous_styles(zone)
        self._known: dict[int, tuple[int | None, int | None]] = {}

    def wall_times(self, instants: "pa.TimestampArray") -> WallTimes:
        """The day numbers of a column of instants."""
        import pyarrow as pa
        from pyarrow import compute as pc

        micros = instants.cast(pa.int64())
        inside = pc.and_(pc.greater_equal(micros, _FIRST_MICROS), pc.less(micros, _END_MICROS))
        micros = pc.if_else(inside, micros, pa.scalar(None, pa.int64()))
        minutes = pc.divide(micros, _MINUTE).dictionary_encode()
        facts = [self._offset_at(minute) for minute in minutes.dictionary.to_pylist()]
        shifts = pa.array([shift for shift, _ in facts], pa.int64()).take(minutes.indices)
        local = pc.add(micros, shifts)
        days = pc.divide(local, _DAY)
        of_day = pc.subtract(local, pc.multiply(days, _DAY))
        # Days and fractions stay apart until one rounding at the end, below half a microsecond.
        part = pc.divide(of_day.cast(pa.float64()), float(_DAY))
        return WallTimes(
            numbers=pc.add(pc.add(days, _UNIX_DAY).cast(pa.float64()), part),
            offsets=pa.array([twice for _, twice in facts], pa.int64()).take(minutes.indices),
        )

    def instant(self, number: float, offset: timedelta | None) -> datetime:
        """The instant of a day number; `offset` is the one in the number format of its cell."""
        day = int(number)
        micros = round((number - day) * _DAY)
        wall = _ZERO_MIDNIGHT + timedelta(days=day, microseconds=micros)
        if offset is not None:
            return wall.replace(tzinfo=UTC) - offset
        return wall.replace(tzinfo=self._zone).astimezone(UTC)

    def _offset_at(self, minute: int | None) -> tuple[int | None, int | None]:
        """The offset of a minute since 1970, and the same again if its wall clock comes twice."""
        if minute is None:
            return None, None
        if minute not in self._known:
            if len(self._known) >= _REMEMBERED_MINUTES:
                self._known.clear()
            self._known[minute] = self._looked_up(minute)
        return self._known[minute]

    def _looked_up(self, minute: int) -> tuple[int | None, int | None]:
        wall = (_EPOCH + timedelta(minutes=minute)).astimezone(self._zone)
        offset = wall.utcoffset() or timedelta(0)
        micros = offset // timedelta(microseconds=1)
        if offset % timedelta(minutes=1):
            return None, None
        if wall.replace(fold=0).utcoffset() == wall.replace(fold=1).utcoffset():
            return micros, None
        return (micros, micros) if offset in self._styles else (None, None)


def date_numbers(dates: "pa.Date32Array") -> "pa.Int32Array":
    """The day numbers of a column of dates; null where there is no date, or it must be text."""
    import pyarrow as pa
    from pyarrow import compute as pc

    days = pc.add(dates.cast(pa.int32()), pa.scalar(_UNIX_DAY, pa.int32()))
    inside = pc.and_(pc.greater_equal(days, _FIRST_DAY), pc.less_equal(days, _LAST_DAY))
    return pc.if_else(inside, days, pa.scalar(None, pa.int32()))


def date_of(number: int) -> date:
    """The date of a day number."""
    return _ZERO + timedelta(days=number)
