"""Evaluating alerts: what stands is compared with what is open, and the difference is written.

The alerts, their notices and what channels are to be told are one transaction, behind a lock: two
that look at once open nothing twice, and one that dies tells nothing that is not so.

What belongs here: that transaction. What does not: the comparison (`compare`), and sending.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from reporting_pipeline.alerts import book
from reporting_pipeline.alerts.alert import AlertKind, Standing, StoredAlert
from reporting_pipeline.alerts.compare import compare
from reporting_pipeline.alerts.deliveries import enqueue

_LOCK = "select pg_advisory_xact_lock(hashtext('alerts'))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What one look has changed."""

    opened: tuple[StoredAlert, ...] = ()
    updated: tuple[StoredAlert, ...] = ()
    resolved: tuple[StoredAlert, ...] = ()


def lock_alerts(connection: Connection[Any]) -> None:
    """Be the only one that evaluates, until the transaction ends; taken before looking."""
    connection.execute(_LOCK)


def record(
    connection: Connection[Any],
    standing: Standing,
    kinds: Collection[AlertKind],
    *,
    channels: Iterable[str],
    now: datetime,
) -> Evaluation:
    """Make the open alerts of `kinds` what stands now; the connection holds the lock.

    Args:
        connection: To the warehouse, in a transaction.
        standing: All that stands of these kinds. What is open and not in it is over.
        kinds: Which; alerts of other kinds are not touched.
        channels: The names of the channels that are told what is opened and resolved.
        now: The time of the change.
    """
    differences = compare(standing, book.open_alerts(connection, kinds))
    evaluation = Evaluation(
        opened=tuple(book.insert(connection, each, now) for each in differences.opened),
        updated=tuple(
            book.update(connection, stored, alert, now) for stored, alert in differences.updated
        ),
        resolved=tuple(book.resolve(connection, each, now) for each in differences.resolved),
    )
    ends: list[tuple[book.Change, StoredAlert]] = [
        *(("alert_opened", each) for each in evaluation.opened),
        *(("alert_resolved", each) for each in evaluation.resolved),
    ]
    updates: list[tuple[book.Change, StoredAlert]] = [
        ("alert_updated", each) for each in evaluation.updated
    ]
    book.write_notices(connection, [*ends, *updates], now)
    enqueue(connection, ends, channels, now)
    return evaluation
