"""Drawing ids, choices and delays from seeded random numbers.

What belongs here: draws that several modules make. What does not: what is drawn for.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from random import Random

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_VERSION_4 = 0x4 << 76
_VARIANT = 0x8 << 60
_FIXED_BITS = ~((0xF << 76) | (0xC << 60))


def new_id(chance: Random) -> str:
    """A version 4 uuid."""
    digits = f"{(chance.getrandbits(128) & _FIXED_BITS) | _VERSION_4 | _VARIANT:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def happens(chance: Random, share: float) -> bool:
    """Whether a thing happens that befalls a `share` (0 to 1) of all."""
    return chance.random() < share


def drawn(chance: Random, weights: Mapping[str, float]) -> str:
    """One of the names, by their weights."""
    return chance.choices(tuple(weights), tuple(weights.values()))[0]


def within(chance: Random, least_seconds: float, most_seconds: float) -> timedelta:
    """A length of time between two, to the microsecond."""
    return timedelta(seconds=chance.uniform(least_seconds, most_seconds))


def shares(total: int, weights: Sequence[float]) -> list[int]:
    """Split a whole number by weights; the parts sum to it exactly."""
    parts: list[int] = []
    weight_so_far = 0.0
    for weight in weights:
        weight_so_far += weight
        parts.append(round(total * weight_so_far / sum(weights)) - sum(parts))
    return parts
