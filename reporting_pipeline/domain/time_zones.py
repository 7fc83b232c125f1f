"""Time zones: the IANA names that settings, report definitions and rows of sources may use.

The rules of a zone are facts of the outside world, and two programs on one machine may know
different ones. Report days and local times follow the rules of the database
(`publishing.shown_offsets`).
"""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from functools import cache
from itertools import pairwise
from zoneinfo import available_timezones

# Names whose meaning is a setting of the machine, or that have none.
_NO_ZONES = frozenset({"localtime", "posixrules", "Factory"})

_STEP = timedelta(days=5)
_SECOND = timedelta(seconds=1)

ZONE_OF_ABBREVIATION = {
    "CET": "Europe/Brussels",
    "EET": "Europe/Athens",
    "MET": "Europe/Brussels",
    "WET": "Europe/Lisbon",
}
"""Zones that PostgreSQL reads as abbreviations without summer time -> where IANA links them to."""


@cache
def zone_names() -> frozenset[str]:
    """All names of zones."""
    return frozenset(available_timezones() - _NO_ZONES)


def offsets_of(zone: tzinfo, first: datetime, end: datetime) -> list[tuple[datetime, int]]:
    """The offsets of a zone in seconds, each with its first instant, from `first` until `end`.

    No zone has changed its clock twice within five days.
    """
    found = [(first, _offset(zone, first))]
    before = first
    while before < end:
        after = min(before + _STEP, end)
        if _offset(zone, after) != found[-1][1]:
            low, high = before, after
            while high - low > _SECOND:
                middle = low + ((high - low) // _SECOND + 1) // 2 * _SECOND
                low, high = (
                    (middle, high) if _offset(zone, middle) == found[-1][1] else (low, middle)
                )
            found.append((high, _offset(zone, high)))
        before = after
    return found


def _offset(zone: tzinfo, instant: datetime) -> int:
    return (instant.astimezone(zone).utcoffset() or timedelta(0)) // _SECOND


class OffsetZone(tzinfo):
    """A time zone that is a list of offsets: it knows no rules, so all programs agree about it.

    Args:
        name: The IANA name.
        offsets: The offsets in order, each with its first instant; before the second one, the first
            offset applies.
    """

    def __init__(self, name: str, offsets: Sequence[tuple[datetime | None, timedelta]]) -> None:
        self.name = name
        self.offsets = tuple(offset for _, offset in offsets)
        self._sinces = [since.replace(tzinfo=None) for since, _ in offsets[1:] if since is not None]
        steps = list(zip(self._sinces, pairwise(self.offsets), strict=True))
        # The wall clock times at which an offset ends: a time that comes twice is of the former
        # offset at first, a time that does not come at all is of the former offset too.
        self._ends = (
            [since + max(step) for since, step in steps],
            [since + min(step) for since, step in steps],
        )

    def utcoffset(self, wall: datetime | None) -> timedelta:
        """The offset at a wall clock time; `fold` chooses between the two of a repeated one."""
        if wall is None:
            return self.offsets[0]
        return self.offsets[bisect_right(self._ends[wall.fold], wall.replace(tzinfo=None, fold=0))]

    def dst(self, _wall: datetime | None) -> None:
        """Not known."""

    def tzname(self, _wall: datetime | None) -> str:
        """The IANA name."""
        return self.name

    def fromutc(self, utc: datetime) -> datetime:
        """The wall clock time of an instant; `utc` is the instant in UTC, with this zone."""
        instant = utc.replace(tzinfo=None)
        place = bisect_right(self._sinces, instant)
        wall = (instant + self.offsets[place]).replace(tzinfo=self)
        is_second = self.utcoffset(wall) != self.offsets[place]
        return wall.replace(fold=1) if is_second else wall
