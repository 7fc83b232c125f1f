"""Subscriptions of webhooks: an organisation's addresses that want to know of its reports.

    report.available   a report has its first edition
    report.restated    a report has a further edition, which replaces the former one
    report.held        a report is not published, and why
    report.failed      a report could not be generated, and why

What a subscription receives is in `webhook_deliveries`; `webhooks` sends it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from reporting_pipeline.domain.webhook_signatures import new_secret
from reporting_pipeline.errors import StateConflict, UnknownWebhook

MAX_SUBSCRIPTIONS = 100
"""An organisation has at most so many, so that lists of them are short."""

_COLUMNS = "id, organization_id, address, kinds, definition_id, created_at, paused_at, pause_reason"
_SELECT = f"select {_COLUMNS} from catalogue.webhook_subscriptions"  # noqa: S608 - our own columns
# Others who add one wait for the rows that are there; the count is then of what they have added.
_LOCK = "select from catalogue.webhook_subscriptions where organization_id = %s for update"
_COUNT = "select count(*) from catalogue.webhook_subscriptions where organization_id = %s"
_SUBSCRIBE = (
    "insert into catalogue.webhook_subscriptions"  # noqa: S608 - our own columns
    " (organization_id, address, kinds, definition_id, created_at)"
    f" values (%s, %s, %s, %s, %s) returning {_COLUMNS}"
)


class WebhookKind(StrEnum):
    """What a subscription can want to know."""

    AVAILABLE = "report.available"
    RESTATED = "report.restated"
    HELD = "report.held"
    FAILED = "report.failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSubscription:
    """One row of `catalogue.webhook_subscriptions`.

    Attributes:
        kinds: What it wants to know.
        definition_id: The definition whose reports it wants; None for all of the organisation.
        paused_at: Since when nothing is sent; None while it is active.
        pause_reason: Why it is paused.
    """

    id: UUID
    organization_id: UUID
    address: str
    kinds: Sequence[str]
    definition_id: UUID | None
    created_at: datetime
    paused_at: datetime | None
    pause_reason: str | None


def subscribe(
    connection: Connection[Any],
    organization_id: UUID,
    address: str,
    *,
    kinds: Collection[WebhookKind] = tuple(WebhookKind),
    definition_id: UUID | None = None,
    now: datetime,
) -> tuple[WebhookSubscription, str]:
    """Add a subscription; return it with its secret, which is not shown again.

    Args:
        connection: To the warehouse.
        organization_id: Whose reports it is about.
        address: A form that `webhooks.addresses` has accepted.
        kinds: What it wants to know.
        definition_id: A definition of the organisation; None for all.
        now: The time now.

    Raises:
        StateConflict: The organisation has as many as it may have.
    """
    connection.execute(_LOCK, (organization_id,))
    [(count,)] = connection.execute(_COUNT, (organization_id,)).fetchall()
    if count >= MAX_SUBSCRIPTIONS:
        message = (
            f"the organisation has {count} webhooks; expected at most {MAX_SUBSCRIPTIONS}: remove "
            "one that is not needed any more"
        )
        raise StateConflict(message)
    secret = new_secret()
    bound = (organization_id, address, sorted(map(str, kinds)), definition_id, now)
    with connection.cursor(row_factory=class_row(WebhookSubscription)) as cursor:
        [found] = cursor.execute(_SUBSCRIBE, bound).fetchall()
    connection.execute(
        "insert into catalogue.webhook_secrets (subscription_id, secret) values (%s, %s)",
        (found.id, secret),
    )
    return found, secret


def subscriptions_of(
    connection: Connection[Any], organization_id: UUID
) -> list[WebhookSubscription]:
    """The subscriptions of an organisation, oldest first; at most `MAX_SUBSCRIPTIONS`."""
    statement = f"{_SELECT} where organization_id = %s order by created_at, id"
    with connection.cursor(row_factory=class_row(WebhookSubscription)) as cursor:
        return cursor.execute(statement.encode(), (organization_id,)).fetchall()


def subscription(
    connection: Connection[Any], organization_id: UUID, subscription_id: UUID
) -> WebhookSubscription:
    """One subscription of an organisation.

    Raises:
        UnknownWebhook: The organisation has no such subscription.
    """
    statement = f"{_SELECT} where organization_id = %s and id = %s"
    with connection.cursor(row_factory=class_row(WebhookSubscription)) as cursor:
        found = cursor.execute(statement.encode(), (organization_id, subscription_id)).fetchone()
    if found is None:
        raise _unknown(subscription_id)
    return found


def pause(
    connection: Connection[Any],
    organization_id: UUID,
    subscription_id: UUID,
    reason: str,
    now: datetime,
) -> None:
    """Send nothing more until `resume`; messages wait.

    Raises:
        UnknownWebhook: The organisation has no such subscription.
    """
    _change(
        connection,
        "update catalogue.webhook_subscriptions"
        " set paused_at = coalesce(paused_at, %s), pause_reason = %s"
        " where organization_id = %s and id = %s",
        (now, reason, organization_id, subscription_id),
    )


def resume(connection: Connection[Any], organization_id: UUID, subscription_id: UUID) -> None:
    """Send again, first what has waited.

    Raises:
        UnknownWebhook: The organisation has no such subscription.
    """
    _change(
        connection,
        "update catalogue.webhook_subscriptions set paused_at = null, pause_reason = null"
        " where organization_id = %s and id = %s",
        (organization_id, subscription_id),
    )


def unsubscribe(connection: Connection[Any], organization_id: UUID, subscription_id: UUID) -> None:
    """Remove a subscription, with its messages.

    Raises:
        UnknownWebhook: The organisation has no such subscription.
    """
    _change(
        connection,
        "delete from catalogue.webhook_subscriptions where organization_id = %s and id = %s",
        (organization_id, subscription_id),
    )


def _change(connection: Connection[Any], statement: str, bound: tuple[object, ...]) -> None:
    if connection.execute(statement.encode(), bound).rowcount == 0:
        raise _unknown(bound[-1])


def _unknown(subscription_id: object) -> UnknownWebhook:
    message = (
        f"the organisation has no webhook {subscription_id}; `reporting webhooks list` shows those "
        "that it has"
    )
    return UnknownWebhook(message, subscription_id=str(subscription_id))
