"""What channels are to be told: written with the alerts, sent afterwards, at least once.

Each channel gets its messages in order: while one waits to be sent again, those behind it wait too,
and a channel that is away costs one attempt per round. A receiver may get a message twice, with the
same id: if the sender dies between sending it and noting so.

What belongs here: the table of deliveries, and when to try again. What does not: channels.
"""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb
from sqlalchemy import URL

from reporting_pipeline.alerts.alert import StoredAlert
from reporting_pipeline.alerts.book import Change, message_of
from reporting_pipeline.alerts.channels import Channel
from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline.errors import ChannelFailed
from reporting_pipeline.warehouse.engine import warehouse_connection

_LOG = logging.getLogger(__name__)
# More at once are one message: nobody reads the hundredth.
MOST_AT_ONCE = 20
MOST_ATTEMPTS = 20
_FIRST_WAIT = timedelta(seconds=10)
_LONGEST_WAIT = timedelta(hours=1)
_BUDGET_SECONDS = 20.0
# `for update` holds it while it is sent; who comes meanwhile finds the channel busy.
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
    changes: Sequence[tuple[Change, StoredAlert]],
    channels: Iterable[str],
    now: datetime,
) -> None:
    """Write down what each channel is to be told, in the transaction that makes it true."""
    messages = _messages(changes)
    connection.cursor().executemany(
        "insert into catalogue.alert_deliveries (channel, message, created_at, next_attempt_at)"
        " values (%s, %s, %s, %s)",
        [(channel, Jsonb(message), now, now) for channel in channels for message in messages],
    )


def send_pending(warehouse: URL, channels: Iterable[Channel], now: datetime) -> int:
    """Send what is due, oldest first, for twenty seconds at most; no channel's failure is raised.

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
    """How long a channel is left alone after attempts in vain: 10 seconds, doubled, to an hour."""
    doublings = min(attempt_count - 1, 20)
    return min(_FIRST_WAIT * (1 << doublings), _LONGEST_WAIT)


def _send_next(warehouse: URL, channel: Channel, now: datetime) -> bool:
    """Try the oldest message of a channel, if it is due; whether it was delivered."""
    with warehouse_connection(warehouse) as connection:
        [(is_ours,)] = connection.execute(_LOCK_IF_FREE, [channel.name]).fetchall()
        head = connection.execute(_HEAD, [channel.name]).fetchone() if is_ours else None
        if head is None or head[3] > now:
            return False
        delivery_id, message, attempt_count, _ = head
        failure = _failure(channel, delivery_id, message, now)
        if failure is not None:
            _note_failure(connection, delivery_id, attempt_count + 1, failure, now)
            return False
        connection.execute(
            "update catalogue.alert_deliveries set delivered_at = %s, attempt_count = %s,"
            " last_error = null where id = %s",
            (now, attempt_count + 1, delivery_id),
        )
        if attempt_count:
            _LOG.info("%s takes alerts again, after %d attempts", channel.name, attempt_count)
        return True


def _failure(
    channel: Channel, delivery_id: int, message: Mapping[str, Any], now: datetime
) -> ChannelFailed | None:
    """Send a message; why it was not taken."""
    try:
        channel.send(f"alert_{delivery_id}", message, int(now.timestamp()))
    except ChannelFailed as error:
        return error
    except Exception as error:  # noqa: BLE001 - one channel's fault must not silence the others
        _LOG.error("%s: a fault of the program", channel.name, exc_info=error)
        return ChannelFailed(f"{channel.name}: {type(error).__name__}")
    return None


def _note_failure(
    connection: Connection[Any],
    delivery_id: int,
    attempt_count: int,
    error: ChannelFailed,
    now: datetime,
) -> None:
    is_over = bool(error.facts.get("is_refusal")) or attempt_count >= MOST_ATTEMPTS
    connection.execute(
        "update catalogue.alert_deliveries set attempt_count = %s, next_attempt_at = %s,"
        " last_error = %s, given_up_at = %s where id = %s",
        (
            attempt_count,
            now + wait_after(attempt_count),
            error.message,
            now if is_over else None,
            delivery_id,
        ),
    )
    if is_over:
        _LOG.error("alert message %d was given up: %s", delivery_id, error.message)
    elif attempt_count == 1:
        _LOG.warning("alerts wait: %s; it is tried again", error.message)


def _messages(changes: Sequence[tuple[Change, StoredAlert]]) -> list[dict[str, object]]:
    if len(changes) <= MOST_AT_ONCE:
        return [message_of(change, stored) for change, stored in changes]
    ranked = sorted(changes, key=lambda each: each[1].alert.severity is not Severity.ERROR)
    told, untold = ranked[: MOST_AT_ONCE - 1], ranked[MOST_AT_ONCE - 1 :]
    return [*(message_of(change, stored) for change, stored in told), _summary(untold)]


def _summary(changes: Sequence[tuple[Change, StoredAlert]]) -> dict[str, object]:
    counts: dict[str, int] = {"alert_opened": 0, "alert_resolved": 0}
    kinds: dict[str, int] = {}
    for change, stored in changes:
        counts[change] += 1
        kinds[str(stored.alert.kind)] = kinds.get(str(stored.alert.kind), 0) + 1
    severities: Mapping[bool, str] = {True: "error", False: "warn"}
    listed = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    return {
        "version": 1,
        "type": "alert_summary",
        "kind": f"{len(changes)} more",
        "severity": severities[
            any(stored.alert.severity is Severity.ERROR for _, stored in changes)
        ],
        "opened_count": counts["alert_opened"],
        "resolved_count": counts["alert_resolved"],
        "count_by_kind": kinds,
        "message": (
            f"{counts['alert_opened']} more alerts were opened and {counts['alert_resolved']} "
            f"resolved ({listed}); `reporting alerts` lists them"
        ),
    }
