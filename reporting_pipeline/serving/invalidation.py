"""Drops cached values when a notice over Redis announces that they have changed.

    reporting:org:{organization_id}   {"version": 1, "type": "available", "report_id": ..., ...}
                                      {"version": 1, "type": "rebuilt", "organization_id": ...}
                                      {"version": 1, "type": "defined", "definition_id": ..., ...}

`available` announces a report's new edition, `rebuilt` rebuilt report days of the organisation,
`defined` a changed definition (`catalogue.notices`). Notices may be lost with the connection, so
everything that may be out of date is dropped after each reconnection. Without Redis, values expire
with the caches.
"""

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import redis

from reporting_pipeline.publishing.replica import Replica
from reporting_pipeline.serving.event_summaries import EventSummaries
from reporting_pipeline.serving.hot_cache import CacheLimits
from reporting_pipeline.serving.report_files import ReportFiles
from reporting_pipeline.serving.report_lookup import DefinitionLookup, ReportLookup
from reporting_pipeline.settings import Settings
from reporting_pipeline.store.object_store import ObjectStore

_TOPICS = "reporting:org:*"
_TIMEOUT_SECONDS = 5
_POLL_SECONDS = 0.5
_MAX_WAIT_SECONDS = 30.0
# A person waits for a summary: a replica that is behind is looked at once.
_NO_WAIT = 0.0
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingCaches:
    """The caches of a process."""

    reports: ReportLookup
    definitions: DefinitionLookup
    files: ReportFiles
    summaries: EventSummaries

    def forget_all(self) -> None:
        """Look up the current state of everything at the next call."""
        self.reports.forget_all()
        self.definitions.forget_all()
        self.files.forget_all()
        self.summaries.forget_all()

    def apply_notice(self, topic: str, message: str) -> None:
        """Drop the values that a notice announces as changed.

        An unreadable notice drops all values of the topic's organisation. Notices of other types
        drop nothing.
        """
        try:
            organization_id = UUID(topic.rpartition(":")[2])
        except ValueError:
            return
        try:
            notice = json.loads(message)
            kind, report_id = notice["type"], notice.get("report_id")
            if kind == "available":
                self.reports.forget(organization_id, UUID(report_id))
                self.files.forget(organization_id, UUID(report_id))
            elif kind == "rebuilt":
                self.reports.forget(organization_id)
                self.summaries.forget(organization_id)
            elif kind == "defined":
                self.definitions.forget(organization_id)
        except (ValueError, KeyError, TypeError, AttributeError):
            _LOG.warning("%s: a notice cannot be read; all values are dropped", topic)
            self.reports.forget(organization_id)
            self.definitions.forget(organization_id)
            self.files.forget(organization_id)
            self.summaries.forget(organization_id)


class NoticeReader(Protocol):
    """Who reads the notices of a process beside its caches; called by one thread."""

    def connected(self) -> None:
        """The connection is new: notices may have been lost."""

    def notice(self, topic: str, message: str) -> None:
        """A notice was published."""


class ChangeListener:
    """A thread that applies notices until it is stopped; it reconnects automatically.

    Args:
        caches: The caches of the process.
        redis_url: The address of Redis.
        reader: Reads every notice too, after the caches; None: nobody does.
    """

    def __init__(
        self, caches: ServingCaches, redis_url: str, reader: NoticeReader | None = None
    ) -> None:
        self._caches = caches
        self._reader = reader
        self._redis_url = redis_url
        self._is_stopped = threading.Event()
        self._is_listening = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="invalidation", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread, and wait until it has ended."""
        self._is_stopped.set()
        self._thread.join()

    def wait_until_listening(self, seconds: float) -> bool:
        """Wait for the connection, at most `seconds`; returns whether it is connected."""
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
                _LOG.warning("Redis cannot be reached, next attempt in %s s: %s", wait, error)
                self._is_stopped.wait(wait)
                wait = min(2 * wait, _MAX_WAIT_SECONDS)

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
                    # Also after the library has reconnected by itself.
                    self._caches.forget_all()
                    if self._reader is not None:
                        self._reader.connected()
                    self._is_listening.set()
                elif message["type"] == "pmessage":
                    self._caches.apply_notice(message["channel"], message["data"])
                    if self._reader is not None:
                        self._reader.notice(message["channel"], message["data"])


def open_caches(
    settings: Settings, store: ObjectStore, clock: Callable[[], float]
) -> ServingCaches:
    """Empty caches, with the warehouse and the limits of the settings.

    Args:
        settings: Settings with the warehouse's address.
        store: The store with the files.
        clock: Seconds, monotonic.
    """
    warehouse = settings.warehouse_url()
    limits = CacheLimits(
        ttl_seconds=settings.hot_cache_ttl_seconds,
        max_entries=settings.hot_cache_entries,
        max_bytes=settings.hot_cache_bytes,
    )
    max_file_bytes = settings.hot_cache_file_bytes
    files = ReportFiles(warehouse, store, limits, max_file_bytes=max_file_bytes, clock=clock)
    return ServingCaches(
        reports=ReportLookup(warehouse, files, limits, clock),
        definitions=DefinitionLookup(warehouse, limits, clock),
        files=files,
        summaries=EventSummaries(
            warehouse, limits, clock, Replica.of(settings, wait_seconds=_NO_WAIT)
        ),
    )
