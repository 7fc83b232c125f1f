"""The worker: takes requests, generates their reports, and records how each request ended.

A worker is woken by the topics of Redis, and also checks the queue every second: pushing onto a
list wakes nobody, and without Redis there are no topics.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from threading import Event
from uuid import UUID

import redis
from psycopg import OperationalError

from reporting_pipeline import errors
from reporting_pipeline.catalogue.definition_store import definition_version
from reporting_pipeline.catalogue.generated_reports import GeneratedReport
from reporting_pipeline.catalogue.notices import publish_notices, redis_client
from reporting_pipeline.errors import ReportingError
from reporting_pipeline.publishing.generate import Publisher, generate
from reporting_pipeline.publishing.publish import settle
from reporting_pipeline.publishing.snapshot import ReportRequest
from reporting_pipeline.requests.ask import AskContext
from reporting_pipeline.requests.leases import (
    DefinitionLock,
    LeaseTimes,
    RequestEnd,
    end_request,
    heartbeat,
    postpone,
    retry_later,
    take_request,
)
from reporting_pipeline.requests.queue_lists import remove_hint, sync_queue_lists
from reporting_pipeline.requests.request_queue import StoredRequest, stored_request
from reporting_pipeline.settings import Settings
from reporting_pipeline.telemetry.json_log import log_ids
from reporting_pipeline.telemetry.spans import annotate_span, span
from reporting_pipeline.warehouse.engine import KeptConnections, warehouse_connection

# A request is tried again after so long if another worker has its definition's lock.
_BUSY_SECONDS = 1.0
_POLL_SECONDS = 1.0
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """The configuration of a worker.

    Attributes:
        redis_url: The address of Redis; None without Redis.
        name: The name by which people find the process.
    """

    publisher: Publisher
    times: LeaseTimes
    redis_url: str | None
    name: str

    @classmethod
    def of(cls, settings: Settings, publisher: Publisher, name: str) -> "Worker":
        """A worker with this name and the settings."""
        return cls(
            publisher=publisher,
            times=LeaseTimes.of(settings),
            redis_url=settings.redis_address(),
            name=name,
        )

    def client(self) -> redis.Redis | None:
        """A client of Redis with a timeout of five seconds; None without Redis."""
        if self.redis_url is None:
            return None
        return redis_client(self.redis_url)

    def sync_lists(self, client: redis.Redis, log: logging.Logger = _LOG) -> None:
        """Synchronise the lists in Redis with the queue; if Redis is down, only log that.

        Why pushes are refused is published at once, since no work on a request follows.
        """
        publisher = self.publisher
        context = AskContext(
            now=publisher.clock(),
            final_delay_seconds=publisher.final_delay_seconds,
            store=publisher.store,
        )
        try:
            result = sync_queue_lists(publisher.warehouse, client, context)
            if result.dead:
                self.publish()
        except redis.RedisError as error:
            log.warning("Redis cannot be reached; requests are taken from the table: %s", error)

    def publish(self) -> None:
        """Publish the notices that are not published yet."""
        if self.redis_url is not None:
            publish_notices(self.publisher.warehouse, self.redis_url, self.publisher.clock())


def serve(worker: Worker, stop: Event, *, once: bool = False) -> Iterator[StoredRequest]:
    """Work on requests until `stop` is set, and yield each request after the work on it.

    While the warehouse or Redis cannot be reached, the worker waits. A request that has begun is
    finished after `stop` is set.

    Args:
        worker: The worker.
        stop: Set by another thread to end the work.
        once: End when no request can be taken.

    Raises:
        WarehouseUnavailable: With `once`, if the warehouse cannot be reached.
    """
    publisher = worker.publisher
    settle(publisher.warehouse, publisher.store, publisher.clock())
    with (
        _RedisQueue.of(worker) as redis_queue,
        closing(KeptConnections(publisher.warehouse)) as kept,
    ):
        while not stop.is_set():
            try:
                redis_queue.sync()
                done = kept.context().run(work_on_next, worker)
                if done is None:
                    worker.publish()
            except (ReportingError, OperationalError) as error:
                if once:
                    raise
                _LOG.warning("no request can be taken: %s", error)
                done = None
            if done is not None:
                yield done
            elif once:
                return
            else:
                redis_queue.wait(stop)


def work_on_next(worker: Worker, *, among: Sequence[UUID] | None = None) -> StoredRequest | None:
    """Take the next request and work on it.

    Args:
        worker: The worker.
        among: Take only one of these requests.

    Returns:
        The request after the work; None if none can be taken now.

    Raises:
        WarehouseUnavailable: The warehouse cannot be reached.
    """
    while True:
        # The session holds the lease: it ends with this process, however the process ends.
        with warehouse_connection(worker.publisher.warehouse) as session:
            session.autocommit = True
            request = take_request(
                session, worker.times, worker.name, worker.publisher.clock(), among=among
            )
            if request is None:
                return None
            client = worker.client()
            lock = DefinitionLock(client, request, worker.times.stale_seconds)
            if lock.acquire():
                try:
                    return _work(worker, request, client, lock)
                finally:
                    lock.release()
            postpone(session, request, _BUSY_SECONDS)


@dataclass(slots=True, kw_only=True)
class _RedisQueue:
    """The worker's connection to the queue in Redis."""

    worker: Worker
    client: redis.Redis | None
    topics: redis.client.PubSub | None
    synced_at: float = 0.0

    @classmethod
    @contextmanager
    def of(cls, worker: Worker) -> Iterator["_RedisQueue"]:
        client = worker.client()
        if client is None:
            yield cls(worker=worker, client=None, topics=None)
            return
        with closing(client), closing(_topics(client)) as topics:
            yield cls(worker=worker, client=client, topics=topics)

    def sync(self) -> None:
        """Synchronise the lists with the queue, at most once per second."""
        now = time.monotonic()
        if self.client is None or now - self.synced_at < _POLL_SECONDS:
            return
        self.synced_at = now
        self.worker.sync_lists(self.client)

    def wait(self, stop: Event) -> None:
        """Wait for a message, for a second, or for `stop`."""
        if self.topics is None:
            stop.wait(_POLL_SECONDS)
            return
        try:
            if not self.topics.subscribed:
                self.topics.psubscribe("reporting:org:*")
            self.topics.get_message(ignore_subscribe_messages=True, timeout=_POLL_SECONDS)
        except redis.RedisError:
            stop.wait(_POLL_SECONDS)


def _topics(client: redis.Redis) -> redis.client.PubSub:
    topics: redis.client.PubSub = client.pubsub()  # type: ignore[no-untyped-call]
    return topics


def _work(
    worker: Worker, request: StoredRequest, client: redis.Redis | None, lock: DefinitionLock
) -> StoredRequest:
    if client is not None:
        _remove_hint(client, request)
    worker.publish()
    with (
        log_ids(organization_id=request.organization_id, request_id=request.id),
        span("request", attempt=request.attempts),
        heartbeat(worker.publisher.warehouse, request, worker.times, lock),
    ):
        ended = _result_of(worker.publisher, request)
        annotate_span(status=ended.status if isinstance(ended, RequestEnd) else "failed")
    with warehouse_connection(worker.publisher.warehouse) as connection:
        now = worker.publisher.clock()
        if isinstance(ended, RequestEnd):
            counts = end_request(connection, request, ended, now)
        else:
            counts = retry_later(connection, request, ended, now)
        if not counts:
            _LOG.warning("request %s was leased by another worker meanwhile", request.id)
        current = stored_request(connection, request.id)
    worker.publish()
    return current


def _result_of(publisher: Publisher, request: StoredRequest) -> RequestEnd | tuple[str, str]:
    """The end of a request, or class and message of a transient failure."""
    try:
        return _end_from(_generated(publisher, request))
    except ReportingError as error:
        failure = (type(error).__name__, error.message)
        return failure if error.retryable else RequestEnd(status="failed", failure=failure)
    except Exception as error:  # noqa: BLE001 - it may be transient; after 5 attempts the request is dead
        _LOG.error("request %s: unexpected error", request.id, exc_info=error)
        return type(error).__name__, str(error)


def _end_from(report: GeneratedReport) -> RequestEnd | tuple[str, str]:
    edition = report.edition or None
    if report.status in {"ready", "empty"}:
        return RequestEnd(status="completed", edition=edition)
    failure = (report.failure_class or "", report.failure_message or "")
    if report.status == "held":
        return RequestEnd(status="held", edition=edition, failure=failure)
    return failure if _is_transient(failure[0]) else RequestEnd(status="failed", failure=failure)


def _generated(publisher: Publisher, request: StoredRequest) -> GeneratedReport:
    with warehouse_connection(publisher.warehouse) as connection:
        definition = definition_version(connection, request.definition_id, request.version)
    key = request.key
    report_request = ReportRequest(
        definition=definition,
        period=key.period,
        is_provisional_allowed=request.is_provisional_allowed,
    )
    [outcome] = generate(publisher, report_request, [key.format])
    return outcome.report


def _is_transient(error_name: str) -> bool:
    """True if a retry may help; an error that is no ReportingError may be transient."""
    error = getattr(errors, error_name, None)
    if isinstance(error, type) and issubclass(error, ReportingError):
        return error.retryable
    return True


def _remove_hint(client: redis.Redis, request: StoredRequest) -> None:
    try:
        remove_hint(client, request.organization_id, request.id)
    except redis.RedisError as error:
        _LOG.info("Redis cannot be reached: %s", error)
