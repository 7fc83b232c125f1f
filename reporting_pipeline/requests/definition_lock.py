"""`reporting:lock:{definition_id}`: that somebody works on a definition, for as long as they live.

It spares a worker the wait for another one and tells others what goes on. It holds nothing right:
the report's own lock and the fence do (`catalogue.report_lock`, `leases`). Without Redis everybody
has it.

Its value names the lease, and of a definition one request is leased at a time. So an earlier lease
that still stands in Redis is a dead worker's, and is not waited for.
"""

import re

import redis
from redis.exceptions import LockNotOwnedError
from redis.lock import Lock

from reporting_pipeline.requests.request import StoredRequest

_LEASE = re.compile(rb"lease (\d{1,18})")


class DefinitionLock:
    """The lock of a leased request's definition; without a client it is always had.

    Args:
        client: For Redis.
        request: As it was leased.
        ttl_seconds: How long the lock stands without a sign of life.
    """

    def __init__(
        self, client: redis.Redis | None, request: StoredRequest, ttl_seconds: float
    ) -> None:
        self._client = client
        self._name = f"reporting:lock:{request.definition_id}"
        self._fence = request.fence or 0
        self._lock: Lock | None = None
        if client is not None:
            # The heartbeat's thread extends what the worker's own has taken.
            self._lock = client.lock(self._name, timeout=ttl_seconds, thread_local=False)

    def is_had(self) -> bool:
        """Take it if nobody has it, or only a worker that has died."""
        try:
            return self._is_taken() or (self._is_freed_of_the_dead() and self._is_taken())
        except redis.RedisError:
            self._lock = None
            return True

    def extend(self) -> None:
        """Keep it for another while; lost is lost."""
        if self._lock is not None:
            try:
                self._lock.reacquire()
            except redis.RedisError:
                return

    def release(self) -> None:
        """Give it back, if it is still ours."""
        if self._lock is not None:
            try:
                self._lock.release()
            except redis.RedisError:
                return

    def _is_taken(self) -> bool:
        if self._lock is None:
            return True
        return bool(self._lock.acquire(blocking=False, token=f"lease {self._fence}"))

    def _is_freed_of_the_dead(self) -> bool:
        if self._client is None or self._lock is None:
            return False
        held: bytes = self._client.get(self._name) or b""  # type: ignore[assignment]
        lease = _LEASE.fullmatch(held)
        if lease is None or int(lease[1]) >= self._fence:
            return not held
        try:
            self._lock.do_release(held.decode())
        except LockNotOwnedError:  # somebody else was quicker
            return False
        return True
