"""The queue in Redis: one list per organisation, `reporting:queue:{organization_id}`.

PostgreSQL has the queue; the lists show it, and other programs push requests onto them:

    {"version": 1, "request_id": "..."}      a hint, written here: this request is queued
    {"version": 1, "definition": "daily-sales", "period": "2026-02-28", "format": "csv"}

The second form is a pushed request: `definition` is a slug or an id of the organisation whose list
it is; `provisional` may be true. At each synchronisation, hints of requests that are no longer
queued are removed, missing hints are added (after a wipe of Redis, for example), and each pushed
request becomes a row of the queue, which is committed before the message is removed. If the process
dies in between, the message is read again and leads to the same request. An invalid message goes to
`reporting:dead` with the reason.
"""

import json
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal
from uuid import UUID

import redis
from psycopg import Connection, OperationalError
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from sqlalchemy import URL

from reporting_pipeline.catalogue.definition_store import definition_by_slug, definitions_of
from reporting_pipeline.catalogue.notices import RequestChange, write_request_notice
from reporting_pipeline.domain.period import Period
from reporting_pipeline.errors import (
    DefinitionInvalid,
    ReportingError,
    StoreError,
    UnknownDefinition,
)
from reporting_pipeline.guards.shown_text import shown
from reporting_pipeline.publishing.snapshot import ReportRequest
from reporting_pipeline.report_definitions.definition import ReportDefinition, ReportFormat
from reporting_pipeline.requests.ask import AskContext, ask_within
from reporting_pipeline.requests.request_queue import AnswerState, StoredRequest
from reporting_pipeline.warehouse.engine import warehouse_connection

DEAD_LIST = "reporting:dead"
"""The list of pushed messages that are invalid."""

MAX_MESSAGE_BYTES = 10_000
"""Longer messages are not read."""

_LOG = logging.getLogger(__name__)
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


def _is_whole(value: object) -> object:
    """A number as it is; true and 1.0 are equal to 1 for Python."""
    if type(value) is not int:
        message = "expected the whole number 1"
        raise ValueError(message)
    return value


_VersionOne = Annotated[Literal[1], BeforeValidator(_is_whole)]


class RequestHint(BaseModel):
    """A message written here: a request is or was queued."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: _VersionOne
    request_id: UUID


class PushedRequest(BaseModel):
    """A message of another program: a report that it requests."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: _VersionOne
    definition: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,99}$")]
    period: Annotated[str, Field(max_length=100)]
    format: ReportFormat
    provisional: bool = False


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


def parse_message(raw: bytes) -> RequestHint | PushedRequest:
    """The content of a message.

    Raises:
        DefinitionInvalid: The message has neither form; the error names the field.
    """
    if len(raw) > MAX_MESSAGE_BYTES:
        message = f"the message has {len(raw)} bytes; expected at most {MAX_MESSAGE_BYTES}"
        raise DefinitionInvalid(message)
    form: type[RequestHint | PushedRequest] = (
        RequestHint if b'"request_id"' in raw else PushedRequest
    )
    try:
        json.loads(raw, object_pairs_hook=_once)
        return form.model_validate_json(raw, strict=True)
    except _GivenTwice as error:
        message = f"the message is malformed: {shown(error)} is given twice"
        raise DefinitionInvalid(message) from None
    except (ValueError, RecursionError) as error:
        if not isinstance(error, ValidationError):
            message = "the message is malformed: it is no JSON"
            raise DefinitionInvalid(message) from None
        problems = "; ".join(
            f"{'.'.join(map(str, each['loc'])) or 'message'}: "
            f"{each['msg'].removeprefix('Value error, ')}"
            for each in error.errors(include_input=False, include_url=False)
        )
        message = f"the message is malformed: {problems}"
        raise DefinitionInvalid(message) from None


class _GivenTwice(ValueError):
    """A name that an object of a message has twice."""


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _GivenTwice(next(name for name in names if names.count(name) > 1))
    return found


def report_request_of(
    connection: Connection[Any], organization_id: UUID, pushed: PushedRequest
) -> ReportRequest:
    """The report that a message in an organisation's list requests.

    Raises:
        UnknownDefinition: The organisation has no such definition.
        DefinitionInvalid: The period is malformed.
    """
    definition = _definition(connection, organization_id, pushed.definition)
    try:
        period = Period.of_token(pushed.period)
    except ValueError as error:
        message = f"period: {error}"
        raise DefinitionInvalid(message) from error
    return ReportRequest(
        definition=definition, period=period, is_provisional_allowed=pushed.provisional
    )


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
            asked = ask_within(self.connection, self.context, request, content.format)
            if asked.request is not None and asked.request.is_final:
                self._announce(asked.request)

    def _announce(self, ended: StoredRequest) -> None:
        """Write the notice of an earlier request again: a program that pushes waits for one."""
        change = RequestChange(
            kind="held" if ended.state is AnswerState.HELD else "completed",
            request_id=ended.id,
            edition=ended.edition,
            reason=ended.reason,
        )
        write_request_notice(self.connection, ended.key, change, self.context.now)

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


def _definition(connection: Connection[Any], organization_id: UUID, named: str) -> ReportDefinition:
    try:
        definition_id = UUID(named)
    except ValueError:
        return definition_by_slug(connection, organization_id, named)
    for definition in definitions_of(connection, organization_id, on_unreadable=_leave_out):
        if definition.id == definition_id:
            return definition
    message = f"organisation {organization_id} has no report definition with id {definition_id}"
    raise UnknownDefinition(message)


def _leave_out(_: DefinitionInvalid) -> None:
    """An unreadable definition of the organisation must not stop requests for the others."""
