"""Working on requests until somebody says stop.

A worker is woken by the topics of Redis, and looks by itself every second: what is pushed onto a
list wakes nobody, and without Redis there is nothing else.

What belongs here: going on. What does not: the work (`work`).
"""

import logging
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from threading import Event

import redis
from psycopg import OperationalError

from reporting_pipeline.errors import ReportingError
from reporting_pipeline.publishing.publish import settle
from reporting_pipeline.requests.ask import Asking
from reporting_pipeline.requests.lists import follow
from reporting_pipeline.requests.request import StoredRequest
from reporting_pipeline.requests.work import Worker, work_on_next

_POLL_SECONDS = 1.0
_LOG = logging.getLogger(__name__)


def serve(worker: Worker, stop: Event, *, once: bool = False) -> Iterator[StoredRequest]:
    """Work on requests; what each has come to is yielded.

    A warehouse or a Redis that is away is waited for. What has begun is finished when `stop` is
    set.

    Args:
        worker: Who.
        stop: Set from elsewhere to end it.
        once: End where nothing may be taken now.

    Raises:
        WarehouseUnavailable: With `once`, where the warehouse cannot be reached.
    """
    delivery = worker.delivery
    settle(delivery.warehouse, delivery.store, delivery.clock())
    with _Lists.of(worker) as lists:
        while not stop.is_set():
            try:
                lists.look()
                done = work_on_next(worker)
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
                lists.wait(stop)


@dataclass(slots=True, kw_only=True)
class _Lists:
    """The worker's eye on Redis."""

    worker: Worker
    client: redis.Redis | None
    topics: redis.client.PubSub | None
    looked_at: float = 0.0

    @classmethod
    @contextmanager
    def of(cls, worker: Worker) -> Iterator["_Lists"]:
        client = worker.client()
        if client is None:
            yield cls(worker=worker, client=None, topics=None)
            return
        with closing(client), closing(_topics(client)) as topics:
            yield cls(worker=worker, client=client, topics=topics)

    def look(self) -> None:
        """Take in what was pushed, if nobody has looked for a while."""
        now = time.monotonic()
        if self.client is None or now - self.looked_at < _POLL_SECONDS:
            return
        self.looked_at = now
        delivery = self.worker.delivery
        asking = Asking(now=delivery.clock(), final_delay_seconds=delivery.final_delay_seconds)
        try:
            follow(delivery.warehouse, self.client, asking)
        except redis.RedisError as error:
            _LOG.warning("Redis cannot be reached, requests are taken from the table: %s", error)

    def wait(self, stop: Event) -> None:
        """Wait for a message, a second, or the stop."""
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
