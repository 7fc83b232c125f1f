"""Messages for webhooks: written with the change that they tell, and sent afterwards.

A message waits until its receiver has accepted it. The messages of one report are sent in their
order; a message that waits for a further attempt holds up the later ones of its report only.
A sender claims a message for a minute: if it dies meanwhile, the message is sent again, with the
same `webhook-id`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from reporting_pipeline.catalogue.webhook_subscriptions import WebhookKind

CLAIM = timedelta(minutes=1)
"""A message that was claimed longer ago is free again: its sender has died."""

MAX_AT_ONCE_EACH = 2
"""So many messages of a subscription a sender sends at once."""

_ENQUEUE = """
    insert into catalogue.webhook_deliveries
        (subscription_id, report_id, kind, message, created_at, next_attempt_at)
    select wanted.id, %(report_id)s, %(kind)s, %(message)s, %(now)s, %(now)s
    from catalogue.webhook_subscriptions as wanted
    where
        wanted.organization_id = %(organization_id)s
        and (wanted.definition_id is null or wanted.definition_id = %(definition_id)s)
        and %(kind)s = any(wanted.kinds)
"""
# Only the oldest message of a report can be claimed, and few of a subscription at once: a receiver
# that answers slowly must not take the place of the others.
_CLAIM = """
    with heads as (
        select distinct on (waiting.subscription_id, waiting.report_id)
            waiting.id,
            waiting.subscription_id,
            waiting.next_attempt_at
        from catalogue.webhook_deliveries as waiting
        where waiting.delivered_at is null and waiting.given_up_at is null
        order by waiting.subscription_id, waiting.report_id, waiting.id
    ),

    due as (
        select
            heads.id,
            row_number() over (partition by heads.subscription_id order by heads.id) as place
        from heads
        inner join catalogue.webhook_subscriptions as wanted on heads.subscription_id = wanted.id
        where
            heads.next_attempt_at <= %(now)s
            and wanted.paused_at is null
            and not heads.subscription_id = any(%(busy)s::uuid[])
    ),

    free as (
        select delivery.id
        from catalogue.webhook_deliveries as delivery
        inner join due on delivery.id = due.id
        where due.place <= %(for_each)s and delivery.next_attempt_at <= %(now)s
        order by due.place, delivery.id
        limit %(limit)s
        for update of delivery skip locked
    )

    update catalogue.webhook_deliveries as delivery
    set attempt_count = delivery.attempt_count + 1, next_attempt_at = %(now)s + %(claim)s
    from free, catalogue.webhook_subscriptions as wanted, catalogue.webhook_secrets as signed
    where
        delivery.id = free.id
        and delivery.delivered_at is null and delivery.given_up_at is null
        and wanted.id = delivery.subscription_id
        and signed.subscription_id = delivery.subscription_id
    returning
        delivery.id, delivery.subscription_id, wanted.organization_id, wanted.address,
        signed.secret, delivery.message, delivery.attempt_count
"""
_REPLAY = """
    update catalogue.webhook_deliveries as delivery
    set
        delivered_at = null,
        given_up_at = null,
        attempt_count = 0,
        next_attempt_at = %(now)s
    from catalogue.webhook_subscriptions as wanted
    where
        wanted.id = delivery.subscription_id
        and wanted.organization_id = %(organization_id)s and wanted.id = %(subscription_id)s
        and delivery.created_at >= %(since)s
        and (
            delivery.given_up_at is not null
            or (not %(only_dead)s and delivery.delivered_at is not null)
        )
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedDelivery:
    """A message that this sender has to send now.

    Attributes:
        secret: The secret of the subscription, as text.
        attempt_count: Which attempt this is, from 1.
    """

    id: int
    subscription_id: UUID
    organization_id: UUID
    address: str
    secret: str
    message: Mapping[str, Any]
    attempt_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDelivery:
    """One row of `catalogue.webhook_deliveries`, without its message.

    Attributes:
        delivered_at: When the receiver accepted it; None while it waits.
        given_up_at: When it was given up, after its last attempt.
    """

    id: int
    report_id: UUID
    kind: str
    created_at: datetime
    attempt_count: int
    next_attempt_at: datetime
    last_error: str | None
    delivered_at: datetime | None
    given_up_at: datetime | None


def enqueue_deliveries(
    connection: Connection[Any],
    report: Mapping[str, object],
    kind: WebhookKind,
    now: datetime,
) -> None:
    """Write the message about a report for each subscription that wants it.

    Args:
        connection: In the transaction of the change.
        report: What the notice about it says, with `report_id`, `organization_id` and
            `definition_id`.
        kind: What has happened.
        now: The time now.
    """
    message = {"type": kind.value, "timestamp": now.isoformat(), "data": dict(report)}
    ids = {name: report[name] for name in ("report_id", "organization_id", "definition_id")}
    connection.execute(_ENQUEUE, {**ids, "kind": kind, "message": Jsonb(message), "now": now})


def claim(
    connection: Connection[Any], now: datetime, limit: int, busy: Sequence[UUID] = ()
) -> list[ClaimedDelivery]:
    """Take messages that are due, the oldest of each report; commit before they are sent.

    Args:
        connection: To the warehouse.
        now: The time now.
        limit: The most messages.
        busy: Subscriptions whose messages this sender is sending; they get no further one.
    """
    bound = {
        "now": now,
        "limit": limit,
        "claim": CLAIM,
        "for_each": MAX_AT_ONCE_EACH,
        "busy": [*busy],
    }
    with connection.cursor(row_factory=class_row(ClaimedDelivery)) as cursor:
        return cursor.execute(_CLAIM, bound).fetchall()


def record_delivered(connection: Connection[Any], delivery_id: int, now: datetime) -> None:
    """Record that the receiver has accepted a message."""
    connection.execute(
        "update catalogue.webhook_deliveries set delivered_at = %s, last_error = null"
        " where id = %s",
        (now, delivery_id),
    )


def record_failed(
    connection: Connection[Any],
    delivery_id: int,
    error: str,
    *,
    again_at: datetime | None,
    now: datetime,
) -> None:
    """Record a failed attempt; `again_at`: when the next one is, or None: it is given up."""
    connection.execute(
        "update catalogue.webhook_deliveries set last_error = %(error)s,"
        " next_attempt_at = coalesce(%(again_at)s, next_attempt_at),"
        " given_up_at = case when %(again_at)s::timestamptz is null then %(now)s end"
        " where id = %(id)s",
        {"error": error, "again_at": again_at, "now": now, "id": delivery_id},
    )


def deliveries_of(
    connection: Connection[Any], subscription_id: UUID, limit: int
) -> list[WebhookDelivery]:
    """The newest messages of a subscription, newest first."""
    statement = (
        "select id, report_id, kind, created_at, attempt_count, next_attempt_at, last_error,"
        " delivered_at, given_up_at from catalogue.webhook_deliveries"
        " where subscription_id = %s order by id desc limit %s"
    )
    with connection.cursor(row_factory=class_row(WebhookDelivery)) as cursor:
        return cursor.execute(statement, (subscription_id, limit)).fetchall()


def replay(
    connection: Connection[Any],
    organization_id: UUID,
    subscription_id: UUID,
    *,
    since: datetime,
    only_dead: bool,
    now: datetime,
) -> int:
    """Send messages again, with the ids that they had; return how many.

    Args:
        connection: To the warehouse.
        organization_id: Whose subscription it is.
        subscription_id: The subscription.
        since: Messages that were written then or later.
        only_dead: Only those that were given up, not those that were accepted.
        now: The time now.
    """
    bound = {
        "organization_id": organization_id,
        "subscription_id": subscription_id,
        "since": since,
        "only_dead": only_dead,
        "now": now,
    }
    return connection.execute(_REPLAY, bound).rowcount


def dead_deliveries(connection: Connection[Any]) -> Sequence[tuple[UUID, UUID, int, str]]:
    """Organisation, subscription, number and last error of messages that were given up."""
    return connection.execute(
        "select wanted.organization_id, wanted.id, count(*),"
        " (array_agg(dead.last_error order by dead.id desc))[1]"
        " from catalogue.webhook_deliveries as dead"
        " inner join catalogue.webhook_subscriptions as wanted on dead.subscription_id = wanted.id"
        " where dead.given_up_at is not null"
        " group by wanted.organization_id, wanted.id"
        " order by wanted.organization_id, wanted.id"
    ).fetchall()
