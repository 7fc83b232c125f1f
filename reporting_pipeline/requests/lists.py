"""The lists in Redis: `reporting:queue:{organization_id}`, what waits, as others see it.

The table is the queue; the lists follow it. Each time that they are looked at, hints of requests
that wait no more go, those that are missing come (after a wipe, say), and what others have pushed
becomes a request, committed before its message is removed. A message that is no request goes to
`reporting:dead` with the reason. Who dies in between leaves a message that is read again, and is
the same request.

What belongs here: moving messages. What does not: reading one (`pushed`).
"""

import json
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import redis
from psycopg import Connection, OperationalError
from sqlalchemy import URL

from reporting_pipeline.errors import DefinitionInvalid, ReportingError
from reporting_pipeline.requests.ask import Asking, ask_within
from reporting_pipeline.requests.pushed import (
    Hint,
    Wanted,
    hint,
    message_from,
    report_wanted,
)
from reporting_pipeline.warehouse.engine import warehouse_connection

DEAD = "reporting:dead"
"""The list of what others pushed and nobody can serve."""

_QUEUE = "reporting:queue:"
_PAGE = 100
_MAX_PAGES = 1_000
_MAX_HINTS = 10_000
_MAX_DEAD = 10_000
_SHOWN = 1_000
_LOCK = "select pg_try_advisory_lock(hashtextextended('request lists', 0))"
_QUEUED = """
    select organization_id, id from catalogue.report_requests
    where status = 'queued'
    order by requested_at, id
    limit %s
"""
_LOG = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Moved:
    """What a look at the lists has moved.

    Attributes:
        asked: Messages of others that were served.
        dead: Those that could not be.
    """

    asked: int = 0
    dead: int = 0


def list_of(organization_id: UUID) -> str:
    """The list of an organisation."""
    return f"{_QUEUE}{organization_id}"


def follow(warehouse: URL, client: redis.Redis, asking: Asking) -> Moved:
    """Take in what others pushed, and let the lists say what waits; nothing where somebody does.

    Raises:
        redis.RedisError: Redis cannot be reached; nothing is lost.
        WarehouseUnavailable: The warehouse cannot be reached; nothing is lost.
    """
    moved = Moved()
    with _alone(warehouse) as connection:
        if connection is not None:
            _Look(connection=connection, client=client, asking=asking, moved=moved).go()
    return moved


def forget_hint(client: redis.Redis, organization_id: UUID, request_id: UUID) -> None:
    """Remove the hint of a request that waits no more; what is left goes with the next look."""
    client.lrem(list_of(organization_id), 0, hint(request_id).decode())


@contextmanager
def _alone(warehouse: URL) -> Iterator[Connection[Any] | None]:
    with warehouse_connection(warehouse) as connection:
        connection.autocommit = True
        [(is_alone,)] = connection.execute(_LOCK).fetchall()
        yield connection if is_alone else None


@dataclass(slots=True, kw_only=True)
class _Look:
    """One look at all lists; the connection keeps others from looking."""

    connection: Connection[Any]
    client: redis.Redis
    asking: Asking
    moved: Moved
    hinted: dict[bytes, str] = field(default_factory=dict)

    def go(self) -> None:
        """Read every list, then compare the hints with the table."""
        for name in self.client.scan_iter(match=f"{_QUEUE}*", count=1_000, _type="list"):
            self._read(name.decode(errors="replace"))
        rows = self.connection.execute(_QUEUED, (_MAX_HINTS,)).fetchall()
        waiting = {hint(request_id): list_of(owner) for owner, request_id in rows}
        with self.client.pipeline(transaction=False) as pipeline:
            for raw in self.hinted.keys() - waiting.keys():
                pipeline.lrem(self.hinted[raw], 0, raw.decode())
            for raw, name in waiting.items():
                if raw not in self.hinted:
                    pipeline.rpush(name, raw)
            pipeline.execute()

    def _read(self, name: str) -> None:
        start = 0
        for _ in range(_MAX_PAGES):
            page: list[bytes] = self.client.lrange(name, start, start + _PAGE - 1)  # type: ignore[assignment]
            if not page:
                return
            for raw, count in Counter(page).items():
                if self._is_hint(name, raw):
                    start += count
                else:
                    self._serve(name, raw, count)

    def _is_hint(self, name: str, raw: bytes) -> bool:
        if raw in self.hinted:
            return True
        try:
            said = message_from(raw)
        except ReportingError:
            return False
        if not isinstance(said, Hint) or raw != hint(said.request_id):
            return False
        owner = self.connection.execute(
            "select organization_id from catalogue.report_requests where id = %s",
            (said.request_id,),
        ).fetchone()
        if owner is None or list_of(owner[0]) != name:
            return False
        self.hinted[raw] = name
        return True

    def _serve(self, name: str, raw: bytes, count: int) -> None:
        """Make a request of a message, and only then remove it."""
        try:
            self._ask(name, raw)
        except OperationalError:
            raise
        except Exception as error:
            if isinstance(error, ReportingError) and error.retryable:
                raise
            # Whatever it is, the list must move on.
            self._bury(name, raw, count, f"{type(error).__name__}: {error}")
            return
        self.client.lrem(name, count, raw)  # type: ignore[arg-type]
        self.moved.asked += count

    def _ask(self, name: str, raw: bytes) -> None:
        said = message_from(raw)
        if not isinstance(said, Wanted):
            message = "request_id: the organisation has no such request"
            raise DefinitionInvalid(message)
        owner = _owner(name)
        with self.connection.transaction():
            request = report_wanted(self.connection, owner, said)
            ask_within(self.connection, self.asking, request, said.format)

    def _bury(self, name: str, raw: bytes, count: int, reason: str) -> None:
        shown = raw[:_SHOWN].decode(errors="backslashreplace")
        dead = {"version": 1, "list": name, "message": shown, "reason": reason}
        with self.client.pipeline(transaction=True) as pipeline:
            pipeline.rpush(DEAD, json.dumps(dead))
            pipeline.ltrim(DEAD, -_MAX_DEAD, -1)
            pipeline.lrem(name, count, raw)  # type: ignore[arg-type]
            pipeline.execute()
        self.moved.dead += count
        _LOG.warning("a message in %s is no request: %s", name, reason)


def _owner(name: str) -> UUID:
    """The organisation of a list."""
    written = name.removeprefix(_QUEUE)
    try:
        owner = UUID(written)
    except ValueError:
        owner = None
    if owner is None or str(owner) != written:
        message = f"{name[:100]!r} is no organisation's list"
        raise DefinitionInvalid(message)
    return owner
