"""Notices: what others are told of reports, over Redis, after it is true.

A notice is written in the transaction that makes it true and published afterwards; one that could
not be published stays and is published with the next. Two topics get each of them:

    reporting:org:{organization_id}
    reporting:definition:{definition_id}

    {"version": 1, "type": "available", "organization_id": ..., "definition_id": ...,
     "report_id": ..., "period": "2026-02-28", "format": "pdf", "edition": 2, "reason": null}

`type` is available, held or failed. A message of a request also has its `request_id`, and no
edition; its `type` is queued, started, completed, held or failed. What belongs here: writing and
publishing notices. What does not: queues and requests.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

import redis
from psycopg import Connection
from psycopg.types.json import Jsonb
from sqlalchemy import URL

from reporting_pipeline.delivery.report_keys import ReportKey
from reporting_pipeline.warehouse.engine import warehouse_connection

ReportKind: TypeAlias = Literal["available", "held", "failed"]
RequestKind: TypeAlias = Literal["queued", "started", "completed", "held", "failed"]

_MESSAGE_VERSION = 1
_TIMEOUT_SECONDS = 5
_BATCH = 500


def write_notice(
    connection: Connection[Any],
    key: ReportKey,
    kind: ReportKind,
    *,
    edition: int,
    now: datetime,
    reason: str | None = None,
) -> None:
    """Write down what is to be told of a report, in the transaction that makes it true."""
    _write(connection, key, {"type": kind, "edition": edition, "reason": reason}, now)


def write_request_notice(
    connection: Connection[Any],
    key: ReportKey,
    kind: RequestKind,
    *,
    request_id: UUID,
    now: datetime,
    reason: str | None = None,
) -> None:
    """Write down what is to be told of a request, in the transaction that makes it true."""
    told = {"type": kind, "edition": None, "reason": reason, "request_id": str(request_id)}
    _write(connection, key, told, now)


def _write(
    connection: Connection[Any], key: ReportKey, told: Mapping[str, object], now: datetime
) -> None:
    message = {
        "version": _MESSAGE_VERSION,
        "organization_id": str(key.organization_id),
        "definition_id": str(key.definition_id),
        "report_id": str(key.id),
        "period": key.period.token,
        "format": str(key.format),
        **told,
    }
    topics = (
        f"reporting:org:{key.organization_id}",
        f"reporting:definition:{key.definition_id}",
    )
    connection.cursor().executemany(
        "insert into catalogue.notices (topic, message, created_at) values (%s, %s, %s)",
        [(topic, Jsonb(message), now) for topic in topics],
    )


def publish_notices(warehouse: URL, redis_url: str, now: datetime) -> int:
    """Publish what was not published yet, oldest first; each at least once.

    Returns:
        How many were published. Where Redis cannot be reached, the rest stays for the next time.
    """
    client = redis.Redis.from_url(
        redis_url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS
    )
    published = 0
    try:
        with client:
            while batch := _publish_batch(warehouse, client, now):
                published += batch
    except redis.RedisError:
        return published
    return published


def _publish_batch(warehouse: URL, client: redis.Redis, now: datetime) -> int:
    with warehouse_connection(warehouse) as connection:
        waiting = connection.execute(
            "select id, topic, message from catalogue.notices where announced_at is null"
            " order by id limit %s for update skip locked",
            (_BATCH,),
        ).fetchall()
        for _, topic, message in waiting:
            client.publish(topic, json.dumps(message))
        connection.execute(
            "update catalogue.notices set announced_at = %s where id = any(%s)",
            (now, [row[0] for row in waiting]),
        )
    return len(waiting)
