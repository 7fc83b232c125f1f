"""Working on requests: take one, generate its report, say what became of it.

What belongs here: the work on one request, and what its outcome means. What does not: leases
(`leases`), and going on until somebody says stop (`serve`).
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import redis

from reporting_pipeline import errors
from reporting_pipeline.catalogue.definitions import definition_version
from reporting_pipeline.catalogue.generated import GeneratedReport
from reporting_pipeline.catalogue.notices import publish_notices
from reporting_pipeline.errors import ReportingError
from reporting_pipeline.publishing.generate import Delivery, generate
from reporting_pipeline.publishing.report_rows import ReportRequest
from reporting_pipeline.requests.definition_lock import DefinitionLock
from reporting_pipeline.requests.leases import (
    End,
    LeaseTimes,
    end,
    hand_back,
    kept_up,
    repeat_later,
    take,
)
from reporting_pipeline.requests.lists import forget_hint
from reporting_pipeline.requests.request import StoredRequest, stored_request
from reporting_pipeline.settings import Settings
from reporting_pipeline.telemetry.json_log import log_ids
from reporting_pipeline.telemetry.spans import annotate_span, span
from reporting_pipeline.warehouse.engine import warehouse_connection

_TIMEOUT_SECONDS = 5
# A definition that somebody else works on is asked for again so much later.
_BUSY_SECONDS = 1.0
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """Somebody who works on requests.

    Attributes:
        redis_url: None: without Redis.
        name: By which a person finds the process.
    """

    delivery: Delivery
    times: LeaseTimes
    redis_url: str | None
    name: str

    @classmethod
    def of(cls, settings: Settings, delivery: Delivery, name: str) -> "Worker":
        """Somebody of that name who works on requests as the settings say."""
        return cls(
            delivery=delivery,
            times=LeaseTimes.of(settings),
            redis_url=settings.redis_address(),
            name=name,
        )

    def client(self) -> redis.Redis | None:
        """A client for Redis that waits for no more than some seconds; None without Redis."""
        if self.redis_url is None:
            return None
        return redis.Redis.from_url(
            self.redis_url,
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
        )

    def publish(self) -> None:
        """Publish the notices that wait."""
        if self.redis_url is not None:
            publish_notices(self.delivery.warehouse, self.redis_url, self.delivery.clock())


def work_on_next(worker: Worker, *, among: Sequence[UUID] | None = None) -> StoredRequest | None:
    """Take the next request and work on it.

    Args:
        worker: Who.
        among: Only one of these.

    Returns:
        The request as it stands afterwards; None where none may be taken now.

    Raises:
        WarehouseUnavailable: The warehouse cannot be reached.
    """
    while True:
        # The session is the lease: it ends with this process, however that ends.
        with warehouse_connection(worker.delivery.warehouse) as session:
            session.autocommit = True
            request = take(session, worker.times, worker.name, worker.delivery.clock(), among=among)
            if request is None:
                return None
            client = worker.client()
            lock = DefinitionLock(client, request, worker.times.stale_seconds)
            if lock.is_had():
                try:
                    return _work(worker, request, client, lock)
                finally:
                    lock.release()
            hand_back(session, request, _BUSY_SECONDS)


def _work(
    worker: Worker, request: StoredRequest, client: redis.Redis | None, lock: DefinitionLock
) -> StoredRequest:
    if client is not None:
        _forget_hint(client, request)
    worker.publish()
    with (
        log_ids(organization_id=request.organization_id, request_id=request.id),
        span("request", attempt=request.attempts),
        kept_up(worker.delivery.warehouse, request, worker.times, lock),
    ):
        ended = _ended(worker.delivery, request)
        annotate_span(status=ended.status if isinstance(ended, End) else "failed")
    with warehouse_connection(worker.delivery.warehouse) as connection:
        now = worker.delivery.clock()
        if isinstance(ended, End):
            counts = end(connection, request, ended, now)
        else:
            counts = repeat_later(connection, request, ended, now)
        if not counts:
            _LOG.warning("request %s went to another worker meanwhile", request.id)
        standing = stored_request(connection, request.id)
    worker.publish()
    return standing


def _ended(delivery: Delivery, request: StoredRequest) -> End | tuple[str, str]:
    """How it ended, or class and message of a failure that may pass."""
    try:
        return _end_of(_generated(delivery, request))
    except ReportingError as error:
        failure = (type(error).__name__, error.message)
        return failure if error.retryable else End(status="failed", failure=failure)
    except Exception as error:  # noqa: BLE001 - it may be the machine's; after 5 attempts it is dead
        _LOG.error("request %s: a fault of the program", request.id, exc_info=error)
        return type(error).__name__, str(error)


def _end_of(report: GeneratedReport) -> End | tuple[str, str]:
    edition = report.edition or None
    if report.status == "ready":
        return End(status="completed", edition=edition)
    failure = (report.failure_class or "", report.failure_message or "")
    if report.status == "held":
        return End(status="held", edition=edition, failure=failure)
    return failure if _may_pass(failure[0]) else End(status="failed", failure=failure)


def _generated(delivery: Delivery, request: StoredRequest) -> GeneratedReport:
    with warehouse_connection(delivery.warehouse) as connection:
        definition = definition_version(connection, request.definition_id, request.version)
    key = request.key
    wanted = ReportRequest(
        definition=definition,
        period=key.period,
        is_provisional_allowed=request.is_provisional_allowed,
    )
    [outcome] = generate(delivery, wanted, [key.format])
    return outcome.report


def _may_pass(error_name: str) -> bool:
    """Whether a repetition may help; what is no expected error may have been the machine's."""
    error = getattr(errors, error_name, None)
    if isinstance(error, type) and issubclass(error, ReportingError):
        return error.retryable
    return True


def _forget_hint(client: redis.Redis, request: StoredRequest) -> None:
    try:
        forget_hint(client, request.organization_id, request.id)
    except redis.RedisError as error:
        _LOG.info("Redis cannot be reached: %s", error)
