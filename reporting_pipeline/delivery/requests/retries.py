"""How often an attempt is repeated, and after how long: 2 s, 4 s, 8 s, 16 s, each up to half more.

The rest, by chance, keeps requests that failed together from coming back together. The wait is a
column of the request, so nobody sleeps through it.
"""

from random import SystemRandom

MAX_ATTEMPTS = 5
"""After so many a request is dead."""

_FIRST_SECONDS = 2.0
_JITTER = 0.5
_CHANCE = SystemRandom()


def wait_seconds(attempts: int) -> float:
    """How long to wait after this many attempts; at least 1."""
    return _FIRST_SECONDS * float(1 << (attempts - 1)) * (1 + _JITTER * _CHANCE.random())
