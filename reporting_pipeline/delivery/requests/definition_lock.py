"""`reporting:lock:{definition_id}`: that somebody works on a definition, for as long as they live.

It spares a worker the wait for another one and tells others what goes on. It holds nothing right:
the report's own lock and the fence do (`delivery.report_lock`, `leases`). Without Redis everybody
has it.
"""

from uuid import UUID

import redis
from redis.lock import Lock


class DefinitionLock:
    """The lock of one definition; without a client it is always had."""

    def __init__(self, client: redis.Redis | None, definition_id: UUID, ttl_seconds: float) -> None:
        self._lock: Lock | None = None
        if client is not None:
            name = f"reporting:lock:{definition_id}"
            # The heartbeat's thread extends what the worker's own has taken.
            self._lock = client.lock(name, timeout=ttl_seconds, thread_local=False)

    def is_had(self) -> bool:
        """Take it if nobody has it."""
        if self._lock is None:
            return True
        try:
            return bool(self._lock.acquire(blocking=False))
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
