"""Restatements: what the hot caches forget because somebody says over Redis that it has changed.

    reporting:org:{organization_id}   {"version": 1, "type": "available", "report_id": ..., ...}
                                      {"version": 1, "type": "rebuilt", "organization_id": ...}
                                      {"version": 1, "type": "defined", "definition_id": ..., ...}

`available`, a report's new edition, is told by `publishing.publish`; `rebuilt`, report days of the
organisation, by `catalogue.notices`; `defined`, a definition that was changed, by the catalogue. A
message may be lost with the connection: whoever is connected again forgets everything that may be
old. Without Redis the caches' time is the bound.

What belongs here: hearing and telling. What does not: the caches.
"""

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import redis

from reporting_pipeline.serving.event_summaries import EventSummaries
from reporting_pipeline.serving.hot_cache import CacheLimits
from reporting_pipeline.serving.report_files import ReportFiles
from reporting_pipeline.serving.report_lookup import DefinitionLookup, ReportLookup
from reporting_pipeline.settings import Settings
from reporting_pipeline.store.object_store import ObjectStore

_TOPICS = "reporting:org:*"
_TIMEOUT_SECONDS = 5
_POLL_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 30.0
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingCaches:
    """All that a process keeps in memory."""

    answers: ReportLookup
    definitions: DefinitionLookup
    reports: ReportFiles
    summaries: EventSummaries

    def forget_all(self) -> None:
        """Forget which state of anything is current."""
        self.answers.forget_all()
        self.definitions.forget_all()
        self.reports.forget_all()
        self.summaries.forget_all()

    def hear(self, topic: str, message: str) -> None:
        """Forget what a message says has changed.

        A message that cannot be read makes the organisation of its topic forget all; one of another
        type, nothing.
        """
        try:
            organization_id = UUID(topic.rpartition(":")[2])
        except ValueError:
            return
        try:
            told = json.loads(message)
            kind, report_id = told["type"], told.get("report_id")
            if kind == "available":
                self.answers.forget(organization_id, UUID(report_id))
                self.reports.forget(organization_id, UUID(report_id))
            elif kind == "rebuilt":
                self.answers.forget(organization_id)
                self.summaries.forget(organization_id)
            elif kind == "defined":
                self.definitions.forget(organization_id)
        except (ValueError, KeyError, TypeError, AttributeError):
            _LOG.warning("%s: a message that cannot be read; all of it is looked up anew", topic)
            self.answers.forget(organization_id)
            self.definitions.forget(organization_id)
            self.reports.forget(organization_id)
            self.summaries.forget(organization_id)


class ChangeListener:
    """A thread that hears restatements until it is stopped; it connects again by itself."""

    def __init__(self, caches: ServingCaches, redis_url: str) -> None:
        self._caches = caches
        self._redis_url = redis_url
        self._is_stopped = threading.Event()
        self._is_listening = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="restatements", daemon=True)

    def start(self) -> None:
        """Begin to listen, in the background."""
        self._thread.start()

    def stop(self) -> None:
        """End; returns when the thread has."""
        self._is_stopped.set()
        self._thread.join()

    def wait_until_listening(self, seconds: float) -> bool:
        """Whether it is connected, at the latest after `seconds`."""
        return self._is_listening.wait(seconds)

    def _listen(self) -> None:
        wait = _POLL_SECONDS
        while not self._is_stopped.is_set():
            try:
                self._listen_while_connected()
                wait = _POLL_SECONDS
            except redis.RedisError as error:
                if self._is_listening.is_set():
                    wait = _POLL_SECONDS
                self._is_listening.clear()
                _LOG.warning("Redis cannot be heard, next try in %s s: %s", wait, error)
                self._is_stopped.wait(wait)
                wait = min(2 * wait, _LONGEST_WAIT_SECONDS)

    def _listen_while_connected(self) -> None:
        client = redis.Redis.from_url(
            self._redis_url,
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
            decode_responses=True,
            health_check_interval=_TIMEOUT_SECONDS,
        )
        with client, client.pubsub() as topics:  # type: ignore[no-untyped-call]
            topics.psubscribe(_TOPICS)
            while not self._is_stopped.is_set():
                message = topics.get_message(timeout=_POLL_SECONDS)
                if message is None:
                    continue
                if message["type"] == "psubscribe":
                    # Also after the library has connected anew by itself.
                    self._caches.forget_all()
                    self._is_listening.set()
                elif message["type"] == "pmessage":
                    self._caches.hear(message["channel"], message["data"])


def open_caches(
    settings: Settings, store: ObjectStore, clock: Callable[[], float]
) -> ServingCaches:
    """Empty caches over the settings' warehouse.

    Args:
        settings: With the warehouse's address.
        store: Where the files are.
        clock: Seconds, monotonic.
    """
    warehouse = settings.warehouse_url()
    bounds = CacheLimits(
        ttl_seconds=settings.hot_cache_ttl_seconds,
        max_entries=settings.hot_cache_entries,
        max_bytes=settings.hot_cache_bytes,
    )
    max_file_bytes = settings.hot_cache_file_bytes
    reports = ReportFiles(warehouse, store, bounds, max_file_bytes=max_file_bytes, clock=clock)
    return ServingCaches(
        answers=ReportLookup(warehouse, reports, bounds, clock),
        definitions=DefinitionLookup(warehouse, bounds, clock),
        reports=reports,
        summaries=EventSummaries(warehouse, bounds, clock),
    )
