"""Draws from seeded random numbers: ids, choices, durations, and the instants of orders.

Small books too have each kind of row: `Kinds` and `Firsts` see to it. Most orders are placed at the
start and the end of a sale, and in the waking hours of the event's zone.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random
from zoneinfo import ZoneInfo

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_VERSION_4 = 0x4 << 76
_VARIANT = 0x8 << 60
_FIXED_BITS = ~((0xF << 76) | (0xC << 60))

_Curve = Sequence[tuple[float, float]]

# Share of the orders -> share of the sale's time: many at first, few later, more at the end.
_SALE: _Curve = ((0.0, 0.0), (0.25, 0.04), (0.75, 0.85), (1.0, 1.0))
# Share of a day's orders -> share of the local day: little at night, most in the evening.
_DAY: _Curve = ((0.0, 0.0), (0.04, 0.29), (0.35, 0.54), (0.6, 0.75), (0.93, 0.96), (1.0, 1.0))


def new_id(random: Random) -> str:
    """A version 4 UUID."""
    digits = f"{(random.getrandbits(128) & _FIXED_BITS) | _VERSION_4 | _VARIANT:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def happens(random: Random, share: float) -> bool:
    """True with the probability `share`, 0 to 1."""
    return random.random() < share


class Kinds:
    """Draws kinds by weight; every few draws, one that has not happened yet comes first.

    Args:
        weights: Kind -> weight.
        every: The number of draws from one missing kind to the next.
        times: How often each kind is to happen before only the weights decide.
    """

    def __init__(self, weights: Mapping[str, float], *, every: int, times: int = 1) -> None:
        self._kinds = tuple(weights)
        self._weights = tuple(accumulate(weights.values()))
        self._missing = deque(self._kinds * times)
        self._every = every
        self._count = 0

    def draw(self, random: Random) -> str:
        """One of the kinds."""
        self._count += 1
        if self._missing and self._count % self._every == 0:
            self._missing.rotate(-1)
            return self._missing[-1]
        return random.choices(self._kinds, cum_weights=self._weights)[0]

    def happened(self, kind: str) -> None:
        """The drawn kind was possible, so it is no longer missing."""
        if self._missing and kind in self._missing:
            self._missing.remove(kind)


class Firsts:
    """Knows which rare things have happened once."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def is_first(self, name: str) -> bool:
        """True at the first call with this name."""
        if name in self._seen:
            return False
        self._seen.add(name)
        return True


def time_between(random: Random, least_seconds: float, most_seconds: float) -> timedelta:
    """A duration between two limits, to the microsecond."""
    return timedelta(seconds=random.uniform(least_seconds, most_seconds))


def split_by_weight(total: int, weights: Sequence[float]) -> list[int]:
    """Split a whole number by weights; the sum of the parts is exactly the number."""
    parts: list[int] = []
    weight_so_far = 0.0
    for weight in weights:
        weight_so_far += weight
        parts.append(round(total * weight_so_far / sum(weights)) - sum(parts))
    return parts


def sale_instants(
    random: Random, count: int, opens_at: datetime, closes_at: datetime, zone: ZoneInfo
) -> Iterator[datetime]:
    """Rising instants of `count` orders in [opens_at, closes_at), one at a time."""
    last = closes_at - timedelta(microseconds=1)
    share = 0.0
    for left in range(count, 0, -1):
        # The smallest of `left` uniform draws above the last one: sorted draws, one at a time.
        share = 1 - (1 - share) * (1 - random.random()) ** (1 / left)
        steady = opens_at + (closes_at - opens_at) * _along(_SALE, share)
        yield min(max(_in_waking_hours(steady, zone), opens_at), last)


def _in_waking_hours(at: datetime, zone: ZoneInfo) -> datetime:
    local = at.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    passed = (local - midnight) / timedelta(days=1)
    return (midnight + timedelta(days=_along(_DAY, passed))).astimezone(UTC)


def _along(curve: _Curve, share: float) -> float:
    """The value of a rising curve that is linear between its points."""
    place = min(bisect_right(curve, (share, 2.0)), len(curve) - 1)
    (x0, y0), (x1, y1) = curve[place - 1], curve[place]
    return y0 + (y1 - y0) * (share - x0) / (x1 - x0)
