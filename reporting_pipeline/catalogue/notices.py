"""Notices: messages over Redis about committed changes of reports, requests and definitions.

A notice is written in the transaction of the change and published afterwards. If it cannot be
published, it is published with the next ones. If the process dies after publishing a notice and
before recording that, the same message is published again, with the same `id`. Each notice is
published on two topics:

    reporting:org:{organization_id}
    reporting:definition:{definition_id}

    {"id": 4711, "version": 1, "type": "available", "organization_id": ..., "definition_id": ...,
     "report_id": ..., "slug": "daily-revenue", "period": "2026-02-28", "format": "pdf",
     "edition": 2, "reason": null, "byte_count": 18211, "row_count": 44, "path": ...,
     "correlation_id": null}

`type` is available, held or failed. An available report has the size of its file, its rows, and
its key in the store. A notice about a request also has its `request_id`, and no edition; its `type`
is queued, started, completed, held or failed. A notice about a changed
definition has the `type` defined, the `slug` and the `definition_version`. A notice about rebuilt
report days has the `type` rebuilt, and only the organisation's topic.

`correlation_id` is what a program that pushed the request calls it. If several pushed the same
request, each of them gets a notice of its own, with its id. A push that is refused is answered with
the `type` failed, the `reason` and no report, on the organisation's topic only, or if the
organisation is not known on

    reporting:pushes:failed
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

import redis
from psycopg import Connection, sql
from psycopg.types.json import Jsonb
from sqlalchemy import URL

from reporting_pipeline.catalogue.report_keys import ReportKey
from reporting_pipeline.catalogue.webhook_deliveries import enqueue_deliveries
from reporting_pipeline.catalogue.webhook_subscriptions import WebhookKind
from reporting_pipeline.errors import EnvironmentNotReady
from reporting_pipeline.registry.report_tables import REPORT_TABLES, SCHEMA
from reporting_pipeline.report_definitions.definition import ReportDefinition
from reporting_pipeline.warehouse.engine import warehouse_connection

ReportKind: TypeAlias = Literal["available", "held", "failed"]
RequestKind: TypeAlias = Literal["queued", "started", "completed", "held", "failed"]

_MESSAGE_VERSION = 1
_TIMEOUT_SECONDS = 5
_BATCH = 500

_REBUILT = """
    insert into catalogue.notices (topic, message, created_at)
    select
        'reporting:org:' || organization_id,
        jsonb_build_object('version', 1, 'type', 'rebuilt', 'organization_id', organization_id),
        %(now)s
    from ({organizations}) as concerned
    order by organization_id
"""

_REFUSED_PUSHES = "reporting:pushes:failed"
_AWAITED = """
    select distinct correlation_id
    from catalogue.report_requests as request
    cross join unnest(request.correlation_ids) as correlation_id
    where request.report_id = %s and request.status in ('queued', 'running')
    order by correlation_id
"""
_PUBLISHED = """
    select 1 from catalogue.notices
    where id = %(id)s and topic = %(topic)s and announced_at is not null
"""
_SINCE = """
    select notice.id, notice.message
    from catalogue.notices as notice
    where
        notice.topic = %(topic)s
        and notice.id <> %(id)s
        and notice.announced_at >= (
            select seen.announced_at from catalogue.notices as seen
            where seen.id = %(id)s and seen.topic = %(topic)s
        )
    order by notice.announced_at, notice.id
    limit %(limit)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFile:
    """The file of a published edition.

    Attributes:
        path: Its key in the store.
    """

    byte_count: int
    row_count: int
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportChange:
    """A change of a report.

    Attributes:
        edition: Its edition now; 0 if it has none.
        reason: Why it is held or failed.
        file: The file of an available report.
    """

    kind: ReportKind
    edition: int
    reason: str | None = None
    file: PublishedFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestChange:
    """A change of a request.

    Attributes:
        edition: The report's edition, if the request has ended and the report has one.
        reason: Why the request is held or failed.
        correlation_ids: What programs call the request; each gets a notice of its own.
    """

    kind: RequestKind
    request_id: UUID
    edition: int | None = None
    reason: str | None = None
    correlation_ids: Sequence[str] = ()


def write_report_notice(
    connection: Connection[Any], key: ReportKey, change: ReportChange, now: datetime
) -> None:
    """Write a notice about a report and the messages for webhooks, in the change's transaction.

    Programs whose requests for the report are open get a notice with their correlation id.
    """
    fields = _fields_of(change)
    awaited = [each for (each,) in connection.execute(_AWAITED, (key.id,))]
    _write(connection, key, {"type": change.kind, **fields}, awaited, now)
    enqueue_deliveries(connection, {**_report_of(key), **fields}, _webhook_kind(change), now)


def write_answer_notice(
    connection: Connection[Any],
    key: ReportKey,
    change: ReportChange,
    correlation_id: str,
    now: datetime,
) -> None:
    """Write a notice about a report that has not changed, for a program that has asked for it."""
    _write(connection, key, {"type": change.kind, **_fields_of(change)}, [correlation_id], now)


def write_refusal_notice(
    connection: Connection[Any],
    organization_id: UUID | None,
    correlation_id: str,
    *,
    reason: str,
    now: datetime,
) -> None:
    """Write a notice about a push that is refused.

    Args:
        connection: To the warehouse.
        organization_id: The organisation, for its topic; None if it is not known.
        correlation_id: What the program that pushed calls its request.
        reason: What was expected and what was found.
        now: The time of the notice.
    """
    topic = f"reporting:org:{organization_id}" if organization_id else _REFUSED_PUSHES
    message = {
        "version": _MESSAGE_VERSION,
        "type": "failed",
        "organization_id": None if organization_id is None else str(organization_id),
        "report_id": None,
        "request_id": None,
        "reason": reason,
        "correlation_id": correlation_id,
    }
    _write_messages(connection, [topic], [message], now)


def write_request_notice(
    connection: Connection[Any], key: ReportKey, change: RequestChange, now: datetime
) -> None:
    """Write a notice about a request, in the transaction of the change."""
    fields = {
        "type": change.kind,
        "edition": change.edition,
        "reason": change.reason,
        "request_id": str(change.request_id),
    }
    _write(connection, key, fields, change.correlation_ids, now)


def write_definition_notice(
    connection: Connection[Any], definition: ReportDefinition, now: datetime
) -> None:
    """Write a notice about a changed definition, in the transaction of the change."""
    message = {
        "version": _MESSAGE_VERSION,
        "type": "defined",
        "organization_id": str(definition.organization_id),
        "definition_id": str(definition.id),
        "slug": definition.slug,
        "definition_version": definition.version,
    }
    topics = _topics(definition.organization_id, definition.id)
    _write_messages(connection, topics, [message], now)


def publish_notices(warehouse: URL, redis_url: str, now: datetime) -> int:
    """Publish the notices that were not published yet, oldest first; each at least once.

    Returns:
        How many were published. If Redis cannot be reached, the rest waits for the next call.
    """
    published = 0
    try:
        with redis_client(redis_url) as client:
            batch = _BATCH
            while batch == _BATCH:
                batch = _publish_batch(warehouse, client, now)
                published += batch
    except redis.RedisError:
        return published
    return published


def notices_since(
    connection: Connection[Any], organization_id: UUID, notice_id: int, limit: int
) -> list[dict[str, Any]] | None:
    """The messages of an organisation's topic that were published with a notice or after it.

    Some may be those that the reader has seen: notices of one batch are published together.

    Returns:
        None if the topic has no such notice, or more than `limit` follow it.
    """
    topic = f"reporting:org:{organization_id}"
    bound = {"topic": topic, "id": notice_id, "limit": limit + 1}
    if connection.execute(_PUBLISHED, bound).fetchone() is None:
        return None
    found = connection.execute(_SINCE, bound).fetchall()
    return None if len(found) > limit else [{"id": row[0], **row[1]} for row in found]


def redis_client(redis_url: str) -> redis.Redis:
    """A client of Redis whose calls fail after five seconds without an answer."""
    return redis.Redis.from_url(
        redis_url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS
    )


def answering_redis(redis_url: str) -> str:
    """The name and version of the server that answers.

    Raises:
        EnvironmentNotReady: It cannot be reached, or does not accept the password.
    """
    try:
        with redis_client(redis_url) as client:
            found = client.info("server")
    except redis.RedisError as error:
        message = f"Redis does not answer: {error}"
        raise EnvironmentNotReady(message) from error
    name = found.get("server_name", "redis")
    return f"{name} {found.get(f'{name}_version', found['redis_version'])} answers"


def notify_rebuilt_days(
    warehouse: URL,
    days: Collection[date],
    *,
    redis_url: str | None,
    clock: Callable[[], datetime],
) -> None:
    """Notify the organisations with rows on rebuilt report days; does nothing without Redis."""
    if redis_url is None or not days:
        return
    with warehouse_connection(warehouse) as connection:
        organizations = sql.SQL(" union ").join(
            sql.SQL("select organization_id from {} where date = any(%(days)s)").format(
                sql.Identifier(SCHEMA, table.name)
            )
            for table in REPORT_TABLES
        )
        statement = sql.SQL(_REBUILT).format(organizations=organizations)
        connection.execute(statement, {"days": sorted(days), "now": clock()})
    publish_notices(warehouse, redis_url, clock())


def _write(
    connection: Connection[Any],
    key: ReportKey,
    fields: Mapping[str, object],
    correlation_ids: Sequence[str],
    now: datetime,
) -> None:
    message = {"version": _MESSAGE_VERSION, **_report_of(key), **fields}
    answered: Sequence[str | None] = correlation_ids or [None]
    messages = [{**message, "correlation_id": each} for each in answered]
    topics = _topics(key.organization_id, key.definition_id)
    _write_messages(connection, topics, messages, now)


def _fields_of(change: ReportChange) -> dict[str, object]:
    published = {} if change.file is None else asdict(change.file)
    return {"edition": change.edition, "reason": change.reason, **published}


def _report_of(key: ReportKey) -> dict[str, object]:
    return {
        "organization_id": str(key.organization_id),
        "definition_id": str(key.definition_id),
        "report_id": str(key.id),
        "slug": key.slug,
        "period": key.period.token,
        "format": str(key.format),
    }


def _webhook_kind(change: ReportChange) -> WebhookKind:
    if change.kind == "available":
        return WebhookKind.AVAILABLE if change.edition == 1 else WebhookKind.RESTATED
    return WebhookKind.HELD if change.kind == "held" else WebhookKind.FAILED


def _topics(organization_id: UUID, definition_id: UUID) -> list[str]:
    return [f"reporting:org:{organization_id}", f"reporting:definition:{definition_id}"]


def _write_messages(
    connection: Connection[Any],
    topics: Sequence[str],
    messages: Sequence[Mapping[str, object]],
    now: datetime,
) -> None:
    connection.cursor().executemany(
        "insert into catalogue.notices (topic, message, created_at) values (%s, %s, %s)",
        [(topic, Jsonb(dict(each)), now) for each in messages for topic in topics],
    )


def _publish_batch(warehouse: URL, client: redis.Redis, now: datetime) -> int:
    with warehouse_connection(warehouse) as connection:
        waiting = connection.execute(
            "select id, topic, message from catalogue.notices where announced_at is null"
            " order by id limit %s for update skip locked",
            (_BATCH,),
        ).fetchall()
        for notice_id, topic, message in waiting:
            client.publish(topic, json.dumps({"id": notice_id, **message}))
        connection.execute(
            "update catalogue.notices set announced_at = %s where id = any(%s)",
            (now, [row[0] for row in waiting]),
        )
    return len(waiting)
