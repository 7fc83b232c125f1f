"""Leases: which worker works on which request.

A lease is a lock of the worker's database session. If the worker is killed, its session ends, and
the next caller of `take_request` finds the lock free and puts the request back into the queue. If
the worker's machine is cut off, its heartbeat stops, and the request goes back too. If a worker
only seemed dead, its fence is no longer the last one when it ends the request, so its result does
not count. All times are those of the warehouse: the clocks of the workers do not matter.

Organisations take turns: the one whose last lease is the oldest comes first.

A retry waits 2, 4, 8 or 16 seconds, each up to half longer. The random part keeps requests that
failed together from being retried together. The wait is a column of the request, so no process
sleeps. A worker seldom dies because of the request: the first loss costs no wait, and lost workers
have a higher limit than failures. A request that kills every worker still ends as dead.
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

from reporting_pipeline.catalogue.notices import RequestChange, write_request_notice
from reporting_pipeline.errors import ReportingError
from reporting_pipeline.requests.request_queue import StoredRequest, stored_request
from reporting_pipeline.settings import Settings
from reporting_pipeline.warehouse.engine import warehouse_connection

MAX_FAILURES = 5
"""A request is dead after so many failures."""

MAX_LOST_LEASES = 10
"""A request is dead after so many workers have died while working on it."""

_FIRST_SECONDS = 2.0
_JITTER = 0.5
_RANDOM = SystemRandom()
_LOCK_VALUE = re.compile(rb"lease (\d{1,18})")

_TURN = "select pg_advisory_xact_lock(hashtextextended('taking a request', 0))"
# Each fence is used once, so nobody waits for its lock, and testing the lock disturbs nobody.
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
# Only one request of a definition is taken at a time: two would wait for each other's lock.
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
    returning correlation_ids
"""
_DIED = "WorkerDied"
_BEAT = """
    update catalogue.report_requests set heartbeat_at = clock_timestamp()
    where id = %s and fence = %s and status = 'running'
"""
# If a provisional file was requested meanwhile, a held report is generated once more.
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
    returning status, correlation_ids
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
    """The times of leases and heartbeats.

    Attributes:
        heartbeat_seconds: The time between two heartbeats.
        stale_seconds: A worker without a heartbeat for this long counts as dead.
    """

    heartbeat_seconds: float = 10
    stale_seconds: float = 30

    @classmethod
    def of(cls, settings: Settings) -> "LeaseTimes":
        """The times of the settings."""
        return cls(
            heartbeat_seconds=settings.request_heartbeat_seconds,
            stale_seconds=settings.request_stale_seconds,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestEnd:
    """The end of a request.

    Attributes:
        edition: The report's edition; None if there is none.
        failure: Class and message, if the request is not completed.
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
    """Lease the next request, in one transaction; None if none can be taken.

    Args:
        connection: To the warehouse, outside a transaction; the lease ends with the connection.
        times: How long a lease lives without a heartbeat.
        worker: A name by which people find the process.
        now: The time of the notices.
        among: Take only one of these requests.
    """
    with connection.transaction():
        requeue_lost(connection, times, now)
        bound = {"ids": None if among is None else list(among)}
        found = connection.execute(_NEXT, bound).fetchone()
        if found is None:
            return None
        request_id, former_fence = found
        [(correlation_ids,)] = connection.execute(_LEASE, (worker, request_id)).fetchall()
        request = stored_request(connection, request_id)
        connection.execute(_HOLD, (request.fence,))
        if former_fence is None:
            started = RequestChange(
                kind="started", request_id=request.id, correlation_ids=correlation_ids
            )
            write_request_notice(connection, request.key, started, now)
        return request


def end_request(
    connection: Connection[Any], request: StoredRequest, ended: RequestEnd, now: datetime
) -> bool:
    """End a request of this worker and write its notice, in the connection's transaction.

    Returns:
        Whether the end counts: false if the lease went to another worker.
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
        change = RequestChange(
            kind=kind,
            request_id=request.id,
            edition=ended.edition,
            reason=failure_message,
            correlation_ids=found[1],
        )
        write_request_notice(connection, request.key, change, now)
    return found is not None


def retry_later(
    connection: Connection[Any], request: StoredRequest, failure: tuple[str, str], now: datetime
) -> bool:
    """Requeue a request after a transient failure; after the last attempt it is dead.

    Returns:
        Whether this counts, as in `end_request`.
    """
    failures = request.attempts - request.lost_leases
    if failures >= MAX_FAILURES:
        return end_request(connection, request, RequestEnd(status="dead", failure=failure), now)
    return _requeue(connection, request, failure, seconds=wait_seconds(failures))


def postpone(connection: Connection[Any], request: StoredRequest, seconds: float) -> None:
    """Put a request back into the queue without work on it; the attempt does not count."""
    _requeue(connection, request, None, seconds=seconds)


def requeue_lost(connection: Connection[Any], times: LeaseTimes, now: datetime) -> None:
    """Put the requests of dead workers back into the queue, or end them after too many deaths.

    Other processes cannot take or return requests until the connection's transaction ends.
    """
    connection.execute(_TURN)
    for request_id, is_silent in connection.execute(_LOST, (times.stale_seconds,)).fetchall():
        request = stored_request(connection, request_id)
        message = "the worker died: its session with the warehouse has ended"
        if is_silent:
            message = f"the worker sent no heartbeat for {times.stale_seconds:g} seconds"
        lost_leases = request.lost_leases + 1
        if lost_leases >= MAX_LOST_LEASES:
            message = f"{lost_leases} workers died while working on it; the last one: {message}"
            end_request(
                connection, request, RequestEnd(status="dead", failure=(_DIED, message)), now
            )
        else:
            seconds = wait_seconds_after_loss(lost_leases)
            _requeue(connection, request, (_DIED, message), seconds=seconds, lost=1)


class DefinitionLock:
    """`reporting:lock:{definition_id}`: a lock in Redis that shows who works on a definition.

    It spares workers the wait for each other, and shows the work to others. Correctness does not
    depend on it: the report's own lock and the fence protect the result. Without Redis the lock is
    always acquired. Its value names the lease. Only one request of a definition is leased at a
    time, so the lock of an earlier lease belongs to a dead worker and is taken over.

    Args:
        client: The client of Redis; None without Redis.
        request: The leased request.
        ttl_seconds: How long the lock lives without a heartbeat.
    """

    def __init__(
        self, client: redis.Redis | None, request: StoredRequest, ttl_seconds: float
    ) -> None:
        self._client = client
        self._name = f"reporting:lock:{request.definition_id}"
        self._fence = request.fence or 0
        self._lock: Lock | None = None
        if client is not None:
            # The heartbeat's thread extends the lock that the worker's thread has taken.
            self._lock = client.lock(self._name, timeout=ttl_seconds, thread_local=False)

    def acquire(self) -> bool:
        """Acquire the lock if it is free, or if its worker has died."""
        try:
            return self._take() or (self._remove_lock_of_dead_worker() and self._take())
        except redis.RedisError:
            self._lock = None
            return True

    def extend(self) -> None:
        """Extend the lock; a lost lock stays lost."""
        if self._lock is not None:
            try:
                self._lock.reacquire()
            except redis.RedisError:
                return

    def release(self) -> None:
        """Release the lock, if this worker still has it."""
        if self._lock is not None:
            try:
                self._lock.release()
            except redis.RedisError:
                return

    def _take(self) -> bool:
        if self._lock is None:
            return True
        return bool(self._lock.acquire(blocking=False, token=f"lease {self._fence}"))

    def _remove_lock_of_dead_worker(self) -> bool:
        if self._client is None or self._lock is None:
            return False
        held: bytes = self._client.get(self._name) or b""  # type: ignore[assignment]
        lease = _LOCK_VALUE.fullmatch(held)
        if lease is None or int(lease[1]) >= self._fence:
            return not held
        try:
            self._lock.do_release(held.decode())
        except LockNotOwnedError:  # another worker was quicker
            return False
        return True


@contextmanager
def heartbeat(
    warehouse: URL, request: StoredRequest, times: LeaseTimes, lock: DefinitionLock
) -> Iterator[None]:
    """Extend a lease and the definition's lock from a thread, while the context is open."""
    stop = Event()
    thread = Thread(
        target=_beat, args=(warehouse, request, times, lock, stop), name="heartbeat", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def wait_seconds(failures: int) -> float:
    """The wait after this many failures; at least 1 failure."""
    return _FIRST_SECONDS * float(1 << (failures - 1)) * (1 + _JITTER * _RANDOM.random())


def wait_seconds_after_loss(lost_leases: int) -> float:
    """The wait after this many workers have died; at least 1 worker."""
    return wait_seconds(min(lost_leases, MAX_FAILURES) - 1) if lost_leases > 1 else 0


def _beat(
    warehouse: URL,
    request: StoredRequest,
    times: LeaseTimes,
    lock: DefinitionLock,
    stop: Event,
) -> None:
    while not stop.wait(times.heartbeat_seconds):
        lock.extend()
        try:
            with warehouse_connection(warehouse) as connection:
                connection.execute(_BEAT, (request.id, request.fence))
        except (ReportingError, Error):
            # The next heartbeat may succeed; if none does, the fence decides.
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
