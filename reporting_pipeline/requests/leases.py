"""`reporting:lock:{definition_id}`: that somebody works on a definition, for as long as they live.

It spares a worker the wait for another one and tells others what goes on. It holds nothing right:
the report's own lock and the fence do (`catalogue.report_lock`, `leases`). Without Redis everybody
has it.

Its value names the lease, and of a definition one request is leased at a time. So an earlier lease
that still stands in Redis is a dead worker's, and is not waited for.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from random import SystemRandom
from threading import Event, Thread
from typing import Any, Literal
from uuid import UUID

import redis
from psycopg import Connection, Error
from redis.exceptions import LockNotOwnedError
from redis.lock import Lock
from sqlalchemy import URL

from reporting_pipeline.catalogue.notices import write_request_notice
from reporting_pipeline.errors import ReportingError
from reporting_pipeline.requests.request_queue import StoredRequest, stored_request
from reporting_pipeline.settings import Settings
from reporting_pipeline.warehouse.engine import warehouse_connection

_LOCK_VALUE = re.compile(rb"lease (\d{1,18})")


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

    def acquire(self) -> bool:
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
        lease = _LOCK_VALUE.fullmatch(held)
        if lease is None or int(lease[1]) >= self._fence:
            return not held
        try:
            self._lock.do_release(held.decode())
        except LockNotOwnedError:  # somebody else was quicker
            return False
        return True


MAX_FAILURES = 5
"""After so many a request is dead."""

MAX_LOST_LEASES = 10
"""After so many workers have died at it a request is dead."""

_FIRST_SECONDS = 2.0
_JITTER = 0.5
_RANDOM = SystemRandom()


def wait_seconds(failures: int) -> float:
    """How long to wait after this many failures; at least 1."""
    return _FIRST_SECONDS * float(1 << (failures - 1)) * (1 + _JITTER * _RANDOM.random())


def wait_seconds_after_loss(lost_leases: int) -> float:
    """How long to wait after this many workers have died; at least 1."""
    return wait_seconds(min(lost_leases, MAX_FAILURES) - 1) if lost_leases > 1 else 0


_TURN = "select pg_advisory_xact_lock(hashtextextended('taking a request', 0))"
# A fence is given once, so nobody waits for its lock, and who finds it free keeps nobody from it.
_HOLD = "select pg_advisory_lock(hashtextextended('request lease ' || %s, 0))"
_LOST = """
    select id, is_silent
    from (
        select id, fence, heartbeat_at < clock_timestamp() - %s * interval '1 second' as is_silent
        from catalogue.report_requests
        where status = 'running'
    ) as running
    where
        is_silent
        or pg_try_advisory_xact_lock(hashtextextended('request lease ' || fence, 0))
    order by fence
"""
# Of a definition that is worked on, nothing more is taken: both would wait for each other.
_NEXT = """
    select request.id, request.fence
    from (
        select distinct organization_id from catalogue.report_requests
        where status = 'queued' and available_at <= clock_timestamp()
    ) as organization
    cross join lateral (
        select max(fence) as fence from catalogue.report_requests as served
        where served.organization_id = organization.organization_id and served.fence is not null
    ) as last
    cross join lateral (
        select queued.id, queued.fence, queued.requested_at
        from catalogue.report_requests as queued
        where
            queued.organization_id = organization.organization_id
            and queued.status = 'queued'
            and queued.available_at <= clock_timestamp()
            and (%(ids)s::uuid[] is null or queued.id = any(%(ids)s))
            and not exists (
                select 1 from catalogue.report_requests as running
                where running.status = 'running' and running.definition_id = queued.definition_id
            )
        order by queued.requested_at, queued.id
        limit 1
        for update skip locked
    ) as request
    order by last.fence nulls first, request.requested_at, request.id
    limit 1
"""
_LEASE = """
    update catalogue.report_requests set
        status = 'running',
        attempts = attempts + 1,
        fence = nextval('catalogue.request_fences'),
        worker = %s,
        heartbeat_at = clock_timestamp(),
        started_at = clock_timestamp()
    where id = %s
"""
_DIED = "WorkerDied"
_BEAT = """
    update catalogue.report_requests set heartbeat_at = clock_timestamp()
    where id = %s and fence = %s and status = 'running'
"""
# Where a provisional file was asked for meanwhile, a report that is held is made once more.
_END = """
    update catalogue.report_requests set
        status = case
            when %(status)s = 'held' and is_provisional_allowed and not %(was_allowed)s
                then 'queued'
            else %(status)s
        end,
        finished_at = case
            when %(status)s = 'held' and is_provisional_allowed and not %(was_allowed)s then null
            else clock_timestamp()
        end,
        edition = %(edition)s,
        failure_class = %(failure_class)s,
        failure_message = %(failure_message)s
    where id = %(id)s and fence = %(fence)s and status = 'running'
    returning status
"""
_REPEAT = """
    update catalogue.report_requests set
        status = 'queued',
        attempts = attempts - %(uncounted)s,
        lost_leases = lost_leases + %(lost)s,
        available_at = clock_timestamp() + %(seconds)s * interval '1 second',
        failure_class = %(failure_class)s,
        failure_message = %(failure_message)s
    where id = %(id)s and fence = %(fence)s and status = 'running'
    returning status
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseTimes:
    """How leases are kept up.

    Attributes:
        heartbeat_seconds: Between two signs of life.
        stale_seconds: Without a sign for longer, a worker counts as dead.
    """

    heartbeat_seconds: float = 10
    stale_seconds: float = 30

    @classmethod
    def of(cls, settings: Settings) -> "LeaseTimes":
        """What the settings say."""
        return cls(
            heartbeat_seconds=settings.request_heartbeat_seconds,
            stale_seconds=settings.request_stale_seconds,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestEnd:
    """How a request ended.

    Attributes:
        edition: The report's; None where it has none.
        failure: Class and message, where it is not completed.
    """

    status: Literal["completed", "held", "failed", "dead"]
    edition: int | None = None
    failure: tuple[str, str] | None = None


def take_request(
    connection: Connection[Any],
    times: LeaseTimes,
    worker: str,
    now: datetime,
    *,
    among: Sequence[UUID] | None = None,
) -> StoredRequest | None:
    """Lease the next request, in one transaction; None where none may be taken.

    Args:
        connection: To the warehouse, outside a transaction; the lease is lost when it ends.
        times: How long a lease lives without a sign.
        worker: A name by which a person finds the process.
        now: What notices say of when they were written.
        among: Only one of these.
    """
    with connection.transaction():
        requeue_lost(connection, times, now)
        bound = {"ids": None if among is None else list(among)}
        found = connection.execute(_NEXT, bound).fetchone()
        if found is None:
            return None
        request_id, former_fence = found
        connection.execute(_LEASE, (worker, request_id))
        request = stored_request(connection, request_id)
        connection.execute(_HOLD, (request.fence,))
        if former_fence is None:
            write_request_notice(connection, request.key, "started", request_id=request.id, now=now)
        return request


def end_request(
    connection: Connection[Any], request: StoredRequest, ended: RequestEnd, now: datetime
) -> bool:
    """End a request that this worker holds, and tell of it, in the connection's transaction.

    Returns:
        Whether it counts: false where the lease went to another worker.
    """
    failure_class, failure_message = ended.failure or (None, None)
    bound = {
        "status": ended.status,
        "was_allowed": request.is_provisional_allowed,
        "edition": ended.edition,
        "failure_class": failure_class,
        "failure_message": failure_message,
        "id": request.id,
        "fence": request.fence,
    }
    found = connection.execute(_END, bound).fetchone()
    if found is not None and found[0] == ended.status:
        kind = "failed" if ended.status == "dead" else ended.status
        write_request_notice(
            connection, request.key, kind, request_id=request.id, now=now, reason=failure_message
        )
    return found is not None


def retry_later(
    connection: Connection[Any], request: StoredRequest, failure: tuple[str, str], now: datetime
) -> bool:
    """Give a request back after a failure that may pass; after the last attempt it is dead.

    Returns:
        Whether it counts, as of end.
    """
    failures = request.attempts - request.lost_leases
    if failures >= MAX_FAILURES:
        return end_request(connection, request, RequestEnd(status="dead", failure=failure), now)
    return _requeue(connection, request, failure, seconds=wait_seconds(failures))


def postpone(connection: Connection[Any], request: StoredRequest, seconds: float) -> None:
    """Give a request back on which nothing was done; the attempt does not count."""
    _requeue(connection, request, None, seconds=seconds)


def requeue_lost(connection: Connection[Any], times: LeaseTimes, now: datetime) -> None:
    """Give back what dead workers held; what has killed each of its workers is dead too.

    Nobody else takes or gives back until the transaction of the connection ends.
    """
    connection.execute(_TURN)
    for request_id, is_silent in connection.execute(_LOST, (times.stale_seconds,)).fetchall():
        request = stored_request(connection, request_id)
        message = "the worker died: its session with the warehouse has ended"
        if is_silent:
            message = f"the worker gave no sign of life for {times.stale_seconds:g} seconds"
        lost_leases = request.lost_leases + 1
        if lost_leases >= MAX_LOST_LEASES:
            message = f"{lost_leases} workers died at it; of the last one: {message}"
            end_request(
                connection, request, RequestEnd(status="dead", failure=(_DIED, message)), now
            )
        else:
            seconds = wait_seconds_after_loss(lost_leases)
            _requeue(connection, request, (_DIED, message), seconds=seconds, lost=1)


@contextmanager
def heartbeat(
    warehouse: URL, request: StoredRequest, times: LeaseTimes, lock: DefinitionLock
) -> Iterator[None]:
    """Keep a lease and the definition's lock up, from a thread, while the request is worked on."""
    is_over = Event()
    thread = Thread(
        target=_beat, args=(warehouse, request, times, lock, is_over), name="heartbeat", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _beat(
    warehouse: URL,
    request: StoredRequest,
    times: LeaseTimes,
    lock: DefinitionLock,
    is_over: Event,
) -> None:
    while not is_over.wait(times.heartbeat_seconds):
        lock.extend()
        try:
            with warehouse_connection(warehouse) as connection:
                connection.execute(_BEAT, (request.id, request.fence))
        except (ReportingError, Error):
            # The next one may get through; if none does, the fence decides.
            continue


def _requeue(
    connection: Connection[Any],
    request: StoredRequest,
    failure: tuple[str, str] | None,
    *,
    seconds: float,
    lost: int = 0,
) -> bool:
    failure_class, failure_message = failure or (None, None)
    bound = {
        "uncounted": 0 if failure else 1,
        "lost": lost,
        "seconds": seconds,
        "failure_class": failure_class,
        "failure_message": failure_message,
        "id": request.id,
        "fence": request.fence,
    }
    return connection.execute(_REPEAT, bound).fetchone() is not None
