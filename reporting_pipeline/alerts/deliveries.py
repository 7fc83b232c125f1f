"""Messages to channels: written with the alerts, sent afterwards, at least once.

Each channel gets its messages in order. While a message waits for a retry, the later ones wait
too, so an unreachable channel costs one attempt per evaluation. A receiver may get a message
twice, with the same id, if the sender dies between sending the message and recording it.
"""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb
from sqlalchemy import URL

from reporting_pipeline.alerts.alert import AlertChange, StoredAlert, message_of, summary_of
from reporting_pipeline.alerts.channels import Channel
from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline.errors import ChannelFailed
from reporting_pipeline.warehouse.engine import warehouse_connection

MAX_MESSAGES_AT_ONCE = 20
"""More changes at once are summed up in the last message: nobody reads a hundred."""

MAX_ATTEMPTS = 20
"""A message is given up after so many attempts."""

_LOG = logging.getLogger(__name__)
_FIRST_WAIT = timedelta(seconds=10)
_MAX_WAIT = timedelta(hours=1)
_BUDGET_SECONDS = 20.0
# `for update` locks the message while it is sent: other senders find the channel busy.
_HEAD = """
    select id, message, attempt_count, next_attempt_at
    from catalogue.alert_deliveries
    where channel = %s and delivered_at is null and given_up_at is null
    order by id
    limit 1
    for update
"""
_LOCK_IF_FREE = "select pg_try_advisory_xact_lock(hashtext('alert channel'), hashtext(%s))"


def enqueue(
    connection: Connection[Any],
    changes: Sequence[tuple[AlertChange, StoredAlert]],
    channels: Iterable[str],
    now: datetime,
) -> None:
    """Write the messages for each channel, in the transaction of the changes."""
    messages = _messages(changes)
    connection.cursor().executemany(
        "insert into catalogue.alert_deliveries (channel, message, created_at, next_attempt_at)"
        " values (%s, %s, %s, %s)",
        [(channel, Jsonb(message), now, now) for channel in channels for message in messages],
    )


def send_pending(warehouse: URL, channels: Iterable[Channel], now: datetime) -> int:
    """Send the messages that are due, oldest first, for at most 20 seconds.

    A failing channel raises no error and does not stop the others.

    Returns:
        How many messages were delivered.
    """
    until = time.monotonic() + _BUDGET_SECONDS
    delivered = 0
    for channel in channels:
        while time.monotonic() < until and _send_next(warehouse, channel, now):
            delivered += 1
    return delivered


def wait_after(attempt_count: int) -> timedelta:
    """The wait after this many failed attempts: 10 seconds, doubled each time, at most an hour."""
    doublings = min(attempt_count - 1, 20)
    return min(_FIRST_WAIT * (1 << doublings), _MAX_WAIT)


def _messages(changes: Sequence[tuple[AlertChange, StoredAlert]]) -> list[dict[str, object]]:
    if len(changes) <= MAX_MESSAGES_AT_ONCE:
        return [message_of(change, stored) for change, stored in changes]
    ranked = sorted(changes, key=lambda each: each[1].alert.severity is not Severity.ERROR)
    single, rest = ranked[: MAX_MESSAGES_AT_ONCE - 1], ranked[MAX_MESSAGES_AT_ONCE - 1 :]
    return [*(message_of(change, stored) for change, stored in single), summary_of(rest)]


def _send_next(warehouse: URL, channel: Channel, now: datetime) -> bool:
    """Send the oldest message of a channel if it is due; return whether it was delivered."""
    with warehouse_connection(warehouse) as connection:
        [(is_locked,)] = connection.execute(_LOCK_IF_FREE, [channel.name]).fetchall()
        head = connection.execute(_HEAD, [channel.name]).fetchone() if is_locked else None
        if head is None or head[3] > now:
            return False
        delivery_id, message, attempt_count, _ = head
        failure = _send(channel, delivery_id, message, now)
        if failure is not None:
            _record_failure(connection, delivery_id, attempt_count + 1, failure, now)
            return False
        connection.execute(
            "update catalogue.alert_deliveries set delivered_at = %s, attempt_count = %s,"
            " last_error = null where id = %s",
            (now, attempt_count + 1, delivery_id),
        )
        if attempt_count:
            _LOG.info("%s accepts alerts again, after %d attempts", channel.name, attempt_count)
        return True


def _send(
    channel: Channel, delivery_id: int, message: Mapping[str, Any], now: datetime
) -> ChannelFailed | None:
    """Send a message; return why it was not accepted."""
    try:
        channel.send(f"alert_{delivery_id}", message, int(now.timestamp()))
    except ChannelFailed as error:
        return error
    except Exception as error:  # noqa: BLE001 - a bug in one channel must not silence the others
        _LOG.error("%s: unexpected error", channel.name, exc_info=error)
        return ChannelFailed(f"{channel.name}: {type(error).__name__}")
    return None


def _record_failure(
    connection: Connection[Any],
    delivery_id: int,
    attempt_count: int,
    error: ChannelFailed,
    now: datetime,
) -> None:
    is_given_up = bool(error.facts.get("is_refusal")) or attempt_count >= MAX_ATTEMPTS
    connection.execute(
        "update catalogue.alert_deliveries set attempt_count = %s, next_attempt_at = %s,"
        " last_error = %s, given_up_at = %s where id = %s",
        (
            attempt_count,
            now + wait_after(attempt_count),
            error.message,
            now if is_given_up else None,
            delivery_id,
        ),
    )
    if is_given_up:
        _LOG.error("alert message %d was given up: %s", delivery_id, error.message)
    elif attempt_count == 1:
        _LOG.warning("alerts wait: %s; it is tried again", error.message)
