"""How often an attempt is repeated, and after how long: 2 s, 4 s, 8 s, 16 s, each up to half more.

The rest, by chance, keeps requests that failed together from coming back together. The wait is a
column of the request, so nobody sleeps through it.

A worker that died is seldom the request's doing: its first loss costs no wait, and more of them are
borne than of failures. A request that ends each of its workers is dead all the same.
"""

from random import SystemRandom

MAX_FAILURES = 5
"""After so many a request is dead."""

MAX_LOST_LEASES = 10
"""After so many workers have died at it a request is dead."""

_FIRST_SECONDS = 2.0
_JITTER = 0.5
_CHANCE = SystemRandom()


def wait_seconds(failures: int) -> float:
    """How long to wait after this many failures; at least 1."""
    return _FIRST_SECONDS * float(1 << (failures - 1)) * (1 + _JITTER * _CHANCE.random())


def wait_seconds_after_loss(lost_leases: int) -> float:
    """How long to wait after this many workers have died; at least 1."""
    return wait_seconds(min(lost_leases, MAX_FAILURES) - 1) if lost_leases > 1 else 0
