"""Leases: who works on which request, kept up by a heartbeat, and ended under a fence.

A worker that dies stops its heartbeat; the request goes back to the queue. A worker that only
seemed dead finds, when it ends the request, that its fence is no longer the last, and what it says
does not count. All times are the warehouse's, so the clocks of the workers do not matter.

Organisations take turns: the one whose last lease is longest ago comes first.

What belongs here: taking a request, keeping it, ending it. What does not: the work (`work`).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Event, Thread
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection, Error
from sqlalchemy import URL

from reporting_pipeline.delivery.notices import write_request_notice
from reporting_pipeline.delivery.requests.definition_lock import DefinitionLock
from reporting_pipeline.delivery.requests.request import StoredRequest, stored_request
from reporting_pipeline.delivery.requests.retries import MAX_ATTEMPTS, wait_seconds
from reporting_pipeline.errors import ReportingError
from reporting_pipeline.warehouse.engine import warehouse_connection

_TURN = "select pg_advisory_xact_lock(hashtextextended('taking a request', 0))"
_STALE = """
    select id from catalogue.report_requests
    where status = 'running' and heartbeat_at < clock_timestamp() - %s * interval '1 second'
    order by heartbeat_at
    for update skip locked
"""
# Of a definition that is worked on, nothing more is taken: both would wait for each other.
_NEXT = """
    select request.id
    from (
        select distinct organization_id from catalogue.report_requests
        where status = 'queued' and available_at <= clock_timestamp()
    ) as organization
    cross join lateral (
        select max(fence) as fence from catalogue.report_requests as served
        where served.organization_id = organization.organization_id and served.fence is not null
    ) as last
    cross join lateral (
        select queued.id, queued.requested_at
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


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a request ended.

    Attributes:
        edition: The report's; None where it has none.
        failure: Class and message, where it is not completed.
    """

    status: Literal["completed", "held", "failed", "dead"]
    edition: int | None = None
    failure: tuple[str, str] | None = None


def take(
    connection: Connection[Any],
    times: LeaseTimes,
    worker: str,
    now: datetime,
    *,
    among: Sequence[UUID] | None = None,
) -> StoredRequest | None:
    """Lease the next request, in the connection's transaction; None where none may be taken.

    Args:
        connection: To the warehouse.
        times: How long a lease lives without a sign.
        worker: A name by which a person finds the process.
        now: What notices say of when they were written.
        among: Only one of these.
    """
    connection.execute(_TURN)
    _rescue(connection, times, now)
    bound = {"ids": None if among is None else list(among)}
    found = connection.execute(_NEXT, bound).fetchone()
    if found is None:
        return None
    connection.execute(_LEASE, (worker, found[0]))
    request = stored_request(connection, found[0])
    if request.attempts == 1:
        write_request_notice(connection, request.key, "started", request_id=request.id, now=now)
    return request


def end(connection: Connection[Any], request: StoredRequest, ended: End, now: datetime) -> bool:
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


def repeat_later(
    connection: Connection[Any], request: StoredRequest, failure: tuple[str, str], now: datetime
) -> bool:
    """Give a request back after a failure that may pass; after the last attempt it is dead.

    Returns:
        Whether it counts, as of end.
    """
    if request.attempts >= MAX_ATTEMPTS:
        return end(connection, request, End(status="dead", failure=failure), now)
    return _give_back(connection, request, failure, seconds=wait_seconds(request.attempts))


def hand_back(connection: Connection[Any], request: StoredRequest, seconds: float) -> None:
    """Give a request back on which nothing was done; the attempt does not count."""
    _give_back(connection, request, None, seconds=seconds)


@contextmanager
def kept_up(
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


def _rescue(connection: Connection[Any], times: LeaseTimes, now: datetime) -> None:
    """Give back what dead workers held; who has killed each of its workers is dead too."""
    for (request_id,) in connection.execute(_STALE, (times.stale_seconds,)).fetchall():
        request = stored_request(connection, request_id)
        message = f"the worker gave no sign of life for {times.stale_seconds:g} seconds"
        if request.attempts >= MAX_ATTEMPTS:
            ended = End(status="dead", failure=("WorkerDied", message))
            end(connection, request, ended, now)
        else:
            _give_back(connection, request, ("WorkerDied", message), seconds=0)


def _give_back(
    connection: Connection[Any],
    request: StoredRequest,
    failure: tuple[str, str] | None,
    *,
    seconds: float,
) -> bool:
    failure_class, failure_message = failure or (None, None)
    bound = {
        "uncounted": 0 if failure else 1,
        "seconds": seconds,
        "failure_class": failure_class,
        "failure_message": failure_message,
        "id": request.id,
        "fence": request.fence,
    }
    return connection.execute(_REPEAT, bound).fetchone() is not None
