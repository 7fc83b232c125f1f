"""Writes what callers did to the audit log.

A change is recorded in its own transaction (`catalogue.audit_log.record`). What only reads, such as
a download from memory, is written in the background within a second, so that it needs no session.
If the warehouse cannot be reached, the deeds wait; when too many wait, calls are refused.
"""

import logging
import queue
import threading
from datetime import datetime

from sqlalchemy import URL

from reporting_pipeline.catalogue.audit_log import Action, Actor, Deed, record
from reporting_pipeline.errors import ReportingError, WarehouseUnavailable
from reporting_pipeline.warehouse.engine import warehouse_connection

_MAX_WAITING = 10_000
_BATCH = 500
_PAUSE_SECONDS = 1.0
_LOG = logging.getLogger(__name__)


class DeedWriter:
    """A thread that writes deeds until it is stopped."""

    def __init__(self, warehouse: URL) -> None:
        self._warehouse = warehouse
        self._waiting: queue.Queue[Deed] = queue.Queue(_MAX_WAITING)
        self._is_stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="audit log", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, and end the thread."""
        self._is_stopped.set()
        self._thread.join()

    def add(self, actor: Actor, action: Action, kind: str, name: object, now: datetime) -> None:
        """Let a deed be written within a second.

        Raises:
            WarehouseUnavailable: Too many wait already.
        """
        deed = Deed(actor=actor, action=action, object_kind=kind, object_id=str(name), at=now)
        try:
            self._waiting.put_nowait(deed)
        except queue.Full:
            message = f"{_MAX_WAITING} deeds wait for the audit log, which cannot be written"
            raise WarehouseUnavailable(message) from None

    def _run(self) -> None:
        taken: list[Deed] = []
        while not (self._is_stopped.is_set() and self._waiting.empty() and not taken):
            taken = taken or self._next()
            try:
                self._write(taken)
                taken = []
            except ReportingError as error:
                _LOG.warning("%s deeds wait for the audit log: %s", len(taken), error.message)
                if self._is_stopped.wait(_PAUSE_SECONDS):
                    return

    def _next(self) -> list[Deed]:
        """What waits now; if it is little, after a pause in which more may come."""
        if self._waiting.qsize() < _BATCH:
            self._is_stopped.wait(_PAUSE_SECONDS)
        found: list[Deed] = []
        while len(found) < _BATCH:
            try:
                found.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        return found

    def _write(self, deeds: list[Deed]) -> None:
        if deeds:
            with warehouse_connection(self._warehouse) as connection:
                record(connection, deeds)
