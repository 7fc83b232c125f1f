"""When people buy: on-sale rush, last days, and the hours of the day in the event's zone.

What belongs here: the distribution of instants. What does not: what happens at them.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

_Curve = Sequence[tuple[float, float]]

# Share of the orders -> share of the sale's time: a rush at first, a lull, more at the end.
_SALE: _Curve = ((0.0, 0.0), (0.25, 0.04), (0.75, 0.85), (1.0, 1.0))
# Share of a day's orders -> share of the local day: little at night, most in the evening.
_DAY: _Curve = ((0.0, 0.0), (0.04, 0.29), (0.35, 0.54), (0.6, 0.75), (0.93, 0.96), (1.0, 1.0))


def sale_instants(
    chance: Random, count: int, opens_at: datetime, closes_at: datetime, zone: ZoneInfo
) -> Iterator[datetime]:
    """Instants of `count` orders in [opens_at, closes_at), rising, without holding them all."""
    last = closes_at - timedelta(microseconds=1)
    share = 0.0
    for left in range(count, 0, -1):
        # The least of `left` uniform draws above the last one: sorted draws, one at a time.
        share = 1 - (1 - share) * (1 - chance.random()) ** (1 / left)
        steady = opens_at + (closes_at - opens_at) * _along(_SALE, share)
        yield min(max(_in_waking_hours(steady, zone), opens_at), last)


def _in_waking_hours(at: datetime, zone: ZoneInfo) -> datetime:
    local = at.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    passed = (local - midnight) / timedelta(days=1)
    return (midnight + timedelta(days=_along(_DAY, passed))).astimezone(UTC)


def _along(curve: _Curve, share: float) -> float:
    """The value of a rising curve, straight between its points."""
    place = min(bisect_right(curve, (share, 2.0)), len(curve) - 1)
    (x0, y0), (x1, y1) = curve[place - 1], curve[place]
    return y0 + (y1 - y0) * (share - x0) / (x1 - x0)
