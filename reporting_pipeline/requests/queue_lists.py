"""Messages that others push onto an organisation's list, and what they ask for.

    {"version": 1, "definition": "daily-sales", "period": "2026-02-28", "format": "csv"}

`definition` is a slug or an id, of the organisation whose list it is; `provisional` may be true.
Our own hints lie in the same list: {"version": 1, "request_id": "..."}.

What belongs here: reading one message. What does not: lists (`lists`) and requests (`ask`).
"""

import json
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal
from uuid import UUID

import redis
from psycopg import Connection, OperationalError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import URL

from reporting_pipeline.catalogue.definition_store import definition_by_slug, definitions_of
from reporting_pipeline.domain.period import Period
from reporting_pipeline.errors import DefinitionInvalid, ReportingError, UnknownDefinition
from reporting_pipeline.publishing.snapshot import ReportRequest
from reporting_pipeline.report_definitions.definition import ReportDefinition, ReportFormat
from reporting_pipeline.requests.ask import AskContext, ask_within
from reporting_pipeline.warehouse.engine import warehouse_connection

MAX_MESSAGE_BYTES = 10_000
"""Longer messages are not read."""


class RequestHint(BaseModel):
    """Our own message: a request waits, or waited."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1]
    request_id: UUID


class PushedRequest(BaseModel):
    """A message of others: a report that they want."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1]
    definition: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,99}$")]
    period: Annotated[str, Field(max_length=100)]
    format: ReportFormat
    provisional: bool = False


def hint_message(request_id: UUID) -> bytes:
    """The message by which a request waits in the list."""
    return f'{{"version": 1, "request_id": "{request_id}"}}'.encode()


def parse_message(raw: bytes) -> RequestHint | PushedRequest:
    """What a message says.

    Raises:
        DefinitionInvalid: It is none of the two forms; the reason says where.
    """
    if len(raw) > MAX_MESSAGE_BYTES:
        message = f"the message has {len(raw)} bytes; expected at most {MAX_MESSAGE_BYTES}"
        raise DefinitionInvalid(message)
    form: type[RequestHint | PushedRequest] = (
        RequestHint if b'"request_id"' in raw else PushedRequest
    )
    try:
        return form.model_validate_json(raw)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, each['loc'])) or 'message'}: {each['msg']}"
            for each in error.errors(include_input=False, include_url=False)
        )
        message = f"the message is malformed: {problems}"
        raise DefinitionInvalid(message) from None


def report_request_of(
    connection: Connection[Any], organization_id: UUID, wanted: PushedRequest
) -> ReportRequest:
    """The report that a message of an organisation's list asks for.

    Raises:
        UnknownDefinition: The organisation has no such definition.
        DefinitionInvalid: The period is none.
    """
    definition = _definition(connection, organization_id, wanted.definition)
    try:
        period = Period.of_token(wanted.period)
    except ValueError as error:
        message = f"period: {error}"
        raise DefinitionInvalid(message) from error
    return ReportRequest(
        definition=definition, period=period, is_provisional_allowed=wanted.provisional
    )


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


DEAD_LIST = "reporting:dead"
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
class SyncResult:
    """What a look at the lists has moved.

    Attributes:
        asked: Messages of others that were served.
        dead: Those that could not be.
    """

    asked: int = 0
    dead: int = 0


def queue_list(organization_id: UUID) -> str:
    """The list of an organisation."""
    return f"{_QUEUE}{organization_id}"


def sync_queue_lists(warehouse: URL, client: redis.Redis, asking: AskContext) -> SyncResult:
    """Take in what others pushed, and let the lists say what waits; nothing where somebody does.

    Raises:
        redis.RedisError: Redis cannot be reached; nothing is lost.
        WarehouseUnavailable: The warehouse cannot be reached; nothing is lost.
    """
    moved = SyncResult()
    with _sync_lock(warehouse) as connection:
        if connection is not None:
            _QueueSync(connection=connection, client=client, asking=asking, moved=moved).go()
    return moved


def remove_hint(client: redis.Redis, organization_id: UUID, request_id: UUID) -> None:
    """Remove the hint of a request that waits no more; what is left goes with the next look."""
    client.lrem(queue_list(organization_id), 0, hint_message(request_id).decode())


@contextmanager
def _sync_lock(warehouse: URL) -> Iterator[Connection[Any] | None]:
    with warehouse_connection(warehouse) as connection:
        connection.autocommit = True
        [(is_alone,)] = connection.execute(_LOCK).fetchall()
        yield connection if is_alone else None


@dataclass(slots=True, kw_only=True)
class _QueueSync:
    """One look at all lists; the connection keeps others from looking."""

    connection: Connection[Any]
    client: redis.Redis
    asking: AskContext
    moved: SyncResult
    hinted: dict[bytes, str] = field(default_factory=dict)

    def go(self) -> None:
        """Read every list, then compare the hints with the table."""
        for name in self.client.scan_iter(match=f"{_QUEUE}*", count=1_000, _type="list"):
            self._read(name.decode(errors="replace"))
        rows = self.connection.execute(_QUEUED, (_MAX_HINTS,)).fetchall()
        waiting = {hint_message(request_id): queue_list(owner) for owner, request_id in rows}
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
            said = parse_message(raw)
        except ReportingError:
            return False
        if not isinstance(said, RequestHint) or raw != hint_message(said.request_id):
            return False
        owner = self.connection.execute(
            "select organization_id from catalogue.report_requests where id = %s",
            (said.request_id,),
        ).fetchone()
        if owner is None or queue_list(owner[0]) != name:
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
        said = parse_message(raw)
        if not isinstance(said, PushedRequest):
            message = "request_id: the organisation has no such request"
            raise DefinitionInvalid(message)
        owner = _organization_of(name)
        with self.connection.transaction():
            request = report_request_of(self.connection, owner, said)
            ask_within(self.connection, self.asking, request, said.format)

    def _bury(self, name: str, raw: bytes, count: int, reason: str) -> None:
        shown = raw[:_SHOWN].decode(errors="backslashreplace")
        dead = {"version": 1, "list": name, "message": shown, "reason": reason}
        with self.client.pipeline(transaction=True) as pipeline:
            pipeline.rpush(DEAD_LIST, json.dumps(dead))
            pipeline.ltrim(DEAD_LIST, -_MAX_DEAD, -1)
            pipeline.lrem(name, count, raw)  # type: ignore[arg-type]
            pipeline.execute()
        self.moved.dead += count
        _LOG.warning("a message in %s is no request: %s", name, reason)


def _organization_of(name: str) -> UUID:
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
