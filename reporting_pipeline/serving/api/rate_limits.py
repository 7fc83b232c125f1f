"""How many calls a caller may make: so many in a minute that begins with the first one.

Counted in the memory of each process: it protects the process, and costs a call no round trip.
"""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from cachetools import TTLCache

from reporting_pipeline.errors import TooManyCalls

_WINDOW_SECONDS = 60
_MAX_CALLERS = 100_000
_POLICY = "calls"


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left of a caller's minute."""

    limit: int
    remaining: int
    seconds: int
    is_exceeded: bool

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The headers of the answer, as the IETF's draft of RateLimit fields says."""
        policy = f'"{_POLICY}";q={self.limit};w={_WINDOW_SECONDS}'
        left = f'"{_POLICY}";r={self.remaining};t={self.seconds}'
        return [(b"ratelimit-policy", policy.encode()), (b"ratelimit", left.encode())]


@dataclass(slots=True)
class _Window:
    ends_at: float
    call_count: int = 0


class CallLimits:
    """The calls of each caller in this process; all methods are thread-safe.

    Args:
        calls_per_minute: The most calls of one caller.
        clock: Seconds, monotonic.
    """

    def __init__(self, calls_per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = calls_per_minute
        self._clock = clock
        self._windows: TTLCache[str, _Window] = TTLCache(_MAX_CALLERS, _WINDOW_SECONDS, timer=clock)
        self._lock = threading.Lock()

    def count(self, caller: str) -> Quota:
        """Count one call of a caller; what is left."""
        with self._lock:
            now = self._clock()
            window = self._windows.get(caller)
            if window is None:
                window = self._windows[caller] = _Window(now + _WINDOW_SECONDS)
            window.call_count += 1
            left = self._limit - window.call_count
        seconds = max(1, math.ceil(window.ends_at - now))
        return Quota(self._limit, max(0, left), seconds, is_exceeded=left < 0)


def require_quota(quota: Quota) -> None:
    """Refuse a call that is one too many.

    Raises:
        TooManyCalls: The caller has made all calls of the minute.
    """
    if quota.is_exceeded:
        message = f"all {quota.limit} calls of this minute are made: wait {quota.seconds} seconds"
        raise TooManyCalls(message, seconds=quota.seconds)
