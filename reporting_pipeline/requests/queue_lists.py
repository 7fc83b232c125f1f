"""The queue in Redis: one list per organisation, `reporting:queue:{organization_id}`.

PostgreSQL has the queue; the lists show it, and other programs push requests onto them
(`pushed_messages` has both forms of a message). At each synchronisation, hints of requests that are
no longer queued are removed, missing hints are added (after a wipe of Redis, for example), and each
pushed request becomes a row of the queue, which is committed before the message is removed. If the
process dies in between, the message is read again and leads to the same request. An invalid message
goes to `reporting:dead` with the reason.

A push with a correlation id is always answered by a notice with that id: `queued`, then those of
its request; `available` if the report is current; or `failed` if the push is invalid. The last one
is written before the message goes to `reporting:dead`, on the topic of the organisation whose list
it is, or on `reporting:pushes:failed` if the list is none of a known organisation.
"""

import json
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import redis
from psycopg import Connection, OperationalError
from sqlalchemy import URL

from reporting_pipeline.catalogue.directory import is_known_organization
from reporting_pipeline.catalogue.generated_reports import GeneratedReport
from reporting_pipeline.catalogue.notices import (
    PublishedFile,
    ReportChange,
    RequestChange,
    write_answer_notice,
    write_refusal_notice,
    write_request_notice,
)
from reporting_pipeline.errors import DefinitionInvalid, ReportingError, StoreError
from reporting_pipeline.requests.ask import AskContext, ask_within
from reporting_pipeline.requests.pushed_messages import (
    PushedRequest,
    RequestHint,
    correlation_id_of,
    parse_message,
    refusal,
    report_request_of,
)
from reporting_pipeline.requests.request_queue import AnswerState, StoredRequest
from reporting_pipeline.warehouse.engine import warehouse_connection

DEAD_LIST = "reporting:dead"
"""The list of pushed messages that are invalid."""

_LOG = logging.getLogger(__name__)
_QUEUE = "reporting:queue:"
_PAGE = 100
_MAX_PAGES = 1_000
_MAX_HINTS = 10_000
_MAX_DEAD = 10_000
_SHOWN = 1_000
_LOCK = "select pg_try_advisory_lock(hashtextextended('request lists', 0))"
_NO_ORGANIZATION = (
    "the message is in no list of a known organisation: expected `reporting:queue:` and the id of "
    "an organisation in small letters, found another name or an id that no organisation has"
)
_QUEUED = """
    select organization_id, id from catalogue.report_requests
    where status = 'queued'
    order by requested_at, id
    limit %s
"""


@dataclass(slots=True, kw_only=True)
class SyncResult:
    """The pushed messages that one synchronisation has handled.

    Attributes:
        accepted: How many became requests.
        dead: How many were invalid.
    """

    accepted: int = 0
    dead: int = 0


def queue_list(organization_id: UUID) -> str:
    """The name of an organisation's list."""
    return f"{_QUEUE}{organization_id}"


def sync_queue_lists(warehouse: URL, client: redis.Redis, context: AskContext) -> SyncResult:
    """Make requests of pushed messages, and bring the hints up to date.

    Does nothing while another process synchronises.

    Raises:
        redis.RedisError: Redis cannot be reached; nothing is lost.
        WarehouseUnavailable: The warehouse cannot be reached; nothing is lost.
    """
    result = SyncResult()
    with _sync_lock(warehouse) as connection:
        if connection is not None:
            _QueueSync(connection=connection, client=client, context=context, result=result).run()
    return result


def remove_hint(client: redis.Redis, organization_id: UUID, request_id: UUID) -> None:
    """Remove the hint of a request that is no longer queued."""
    client.lrem(queue_list(organization_id), 0, hint_message(request_id).decode())


def hint_message(request_id: UUID) -> bytes:
    """The message that shows a queued request in the list."""
    return f'{{"version": 1, "request_id": "{request_id}"}}'.encode()


@contextmanager
def _sync_lock(warehouse: URL) -> Iterator[Connection[Any] | None]:
    with warehouse_connection(warehouse) as connection:
        connection.autocommit = True
        [(is_alone,)] = connection.execute(_LOCK).fetchall()
        yield connection if is_alone else None


@dataclass(slots=True, kw_only=True)
class _QueueSync:
    """One synchronisation of all lists; the connection locks out others."""

    connection: Connection[Any]
    client: redis.Redis
    context: AskContext
    result: SyncResult
    hinted: dict[bytes, str] = field(default_factory=dict)

    def run(self) -> None:
        """Read every list, then compare the hints with the queue."""
        for name in self.client.scan_iter(match=f"{_QUEUE}*", count=1_000, _type="list"):
            self._read(name.decode(errors="replace"))
        rows = self.connection.execute(_QUEUED, (_MAX_HINTS,)).fetchall()
        queued = {hint_message(request_id): queue_list(owner) for owner, request_id in rows}
        with self.client.pipeline(transaction=False) as pipeline:
            for raw in self.hinted.keys() - queued.keys():
                pipeline.lrem(self.hinted[raw], 0, raw.decode())
            for raw, name in queued.items():
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
                    self._accept(name, raw, count)

    def _is_hint(self, name: str, raw: bytes) -> bool:
        if raw in self.hinted:
            return True
        try:
            content = parse_message(raw)
        except ReportingError:
            return False
        if not isinstance(content, RequestHint) or raw != hint_message(content.request_id):
            return False
        owner = self.connection.execute(
            "select organization_id from catalogue.report_requests where id = %s",
            (content.request_id,),
        ).fetchone()
        if owner is None or queue_list(owner[0]) != name:
            return False
        self.hinted[raw] = name
        return True

    def _accept(self, name: str, raw: bytes, count: int) -> None:
        """Make a request of a message, and then remove the message."""
        try:
            self._ask(name, raw)
        except OperationalError:
            raise
        except Exception as error:
            if isinstance(error, ReportingError) and error.retryable:
                raise
            # No message may block the list.
            self._refuse(name, raw, error)
            self._move_to_dead_list(name, raw, count, f"{type(error).__name__}: {error}")
            return
        self.client.lrem(name, count, raw)  # type: ignore[arg-type]
        self.result.accepted += count

    def _ask(self, name: str, raw: bytes) -> None:
        content = parse_message(raw)
        if not isinstance(content, PushedRequest):
            message = "request_id: the organisation has no such request"
            raise DefinitionInvalid(message)
        owner = _organization_of(name)
        try:
            self._ask_once(owner, content)
        except StoreError as error:
            # Each look would wait for the store again, and other requests behind it.
            _LOG.warning("pushed requests are accepted without a look at the store: %s", error)
            self.context = replace(self.context, store=None)
            self._ask_once(owner, content)

    def _ask_once(self, owner: UUID, content: PushedRequest) -> None:
        with self.connection.transaction():
            request = report_request_of(self.connection, owner, content)
            asked = ask_within(
                self.connection,
                self.context,
                request,
                content.format,
                correlation_id=content.correlation_id,
            )
            if asked.request is not None and asked.request.is_final:
                self._announce(asked.request, content.correlation_id)
            elif asked.report is not None and content.correlation_id is not None:
                self._announce_file(asked.report, content.correlation_id)

    def _announce(self, ended: StoredRequest, correlation_id: str | None) -> None:
        """Write the notice of an earlier request again: a program that pushes waits for one."""
        change = RequestChange(
            kind="held" if ended.state is AnswerState.HELD else "completed",
            request_id=ended.id,
            edition=ended.edition,
            reason=ended.reason,
            correlation_ids=() if correlation_id is None else (correlation_id,),
        )
        write_request_notice(self.connection, ended.key, change, self.context.now)

    def _announce_file(self, report: GeneratedReport, correlation_id: str) -> None:
        """Write the notice of a file that is there already, for one program."""
        file = PublishedFile(
            byte_count=report.byte_count or 0,
            row_count=report.row_count or 0,
            path=report.storage_path or "",
        )
        change = ReportChange(kind="available", edition=report.edition, file=file)
        write_answer_notice(self.connection, report.key, change, correlation_id, self.context.now)

    def _refuse(self, name: str, raw: bytes, error: Exception) -> None:
        """Write the notice of an invalid message, if it has a correlation id."""
        correlation_id = correlation_id_of(raw)
        if correlation_id is None:
            return
        try:
            owner: UUID | None = _organization_of(name)
        except DefinitionInvalid:
            owner = None
        reason = refusal(error)
        if owner is None or not is_known_organization(self.connection, owner):
            # Nothing of an organisation may be in a notice that others read.
            owner, reason = None, _NO_ORGANIZATION
        with self.connection.transaction():
            write_refusal_notice(
                self.connection, owner, correlation_id, reason=reason, now=self.context.now
            )

    def _move_to_dead_list(self, name: str, raw: bytes, count: int, reason: str) -> None:
        shown = raw[:_SHOWN].decode(errors="backslashreplace")
        dead = {"version": 1, "list": name, "message": shown, "reason": reason}
        with self.client.pipeline(transaction=True) as pipeline:
            pipeline.rpush(DEAD_LIST, json.dumps(dead))
            pipeline.ltrim(DEAD_LIST, -_MAX_DEAD, -1)
            pipeline.lrem(name, count, raw)  # type: ignore[arg-type]
            pipeline.execute()
        self.result.dead += count
        _LOG.warning("a message in %s is invalid: %s", name, reason)


def _organization_of(name: str) -> UUID:
    """The organisation of a list, by its name."""
    written = name.removeprefix(_QUEUE)
    try:
        owner = UUID(written)
    except ValueError:
        owner = None
    if owner is None or str(owner) != written:
        message = f"{name[:100]!r} is not the list of an organisation"
        raise DefinitionInvalid(message)
    return owner
