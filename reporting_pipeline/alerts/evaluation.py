"""Evaluates alerts: compares the current causes with the open alerts, and records the changes.

A new cause opens an alert; an alert whose cause is missing is resolved. The alerts, their notices
and the messages for channels are written in one transaction, behind a lock. So two evaluations at
the same time open no alert twice, and a process that dies announces nothing that is not recorded.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import Connection
from sqlalchemy import URL

from reporting_pipeline.alerts import alert_store
from reporting_pipeline.alerts.alert import (
    Alert,
    AlertChange,
    AlertKind,
    CurrentCauses,
    StoredAlert,
)
from reporting_pipeline.alerts.causes import WAREHOUSE_KINDS, current_causes
from reporting_pipeline.alerts.channels import Channel
from reporting_pipeline.alerts.deliveries import enqueue, send_pending
from reporting_pipeline.catalogue.notices import publish_notices
from reporting_pipeline.warehouse.engine import warehouse_connection

_LOCK = "select pg_advisory_xact_lock(hashtext('alerts'))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The alerts that one evaluation has changed."""

    opened: tuple[StoredAlert, ...] = ()
    updated: tuple[StoredAlert, ...] = ()
    resolved: tuple[StoredAlert, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WarehouseAlerts:
    """Evaluates the alerts of a warehouse and sends them.

    Attributes:
        channels: They get opened and resolved alerts.
        redis_url: Where notices are published; without it they wait in the catalogue.
        stale_after: How long a source may stay unread.
        clock: The time now, with its zone.
    """

    warehouse: URL
    channels: Sequence[Channel]
    redis_url: str | None
    stale_after: timedelta
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def evaluate(self) -> Evaluation:
        """Compare the causes in the warehouse with the open alerts; nothing is sent."""
        now = self.clock()
        with warehouse_connection(self.warehouse) as connection:
            lock_alerts(connection)
            causes = current_causes(connection, stale_after=self.stale_after, now=now)
            return self._update(connection, causes, WAREHOUSE_KINDS, now)

    def evaluate_supplied(self, alerts: Iterable[Alert], kind: AlertKind) -> Evaluation:
        """Compare causes supplied by the caller with the open alerts of a kind.

        Pass the full list each time; missing causes are resolved. The list is read after the
        alerts are locked.
        """
        now = self.clock()
        with warehouse_connection(self.warehouse) as connection:
            lock_alerts(connection)
            return self._update(connection, CurrentCauses(alerts=tuple(alerts)), (kind,), now)

    def send(self) -> int:
        """Publish notices and send the messages that are due; failures are retried later.

        Returns:
            How many messages the channels have accepted.
        """
        if self.redis_url is not None:
            publish_notices(self.warehouse, self.redis_url, self.clock())
        return send_pending(self.warehouse, self.channels, self.clock())

    def evaluate_and_send(self) -> Evaluation:
        """Evaluate the causes in the warehouse, then send."""
        evaluation = self.evaluate()
        self.send()
        return evaluation

    def _update(
        self,
        connection: Connection[Any],
        causes: CurrentCauses,
        kinds: Collection[AlertKind],
        now: datetime,
    ) -> Evaluation:
        names = [each.name for each in self.channels]
        return update_alerts(connection, causes, kinds, channels=names, now=now)


def lock_alerts(connection: Connection[Any]) -> None:
    """Block other evaluations until the transaction ends; call it before reading causes."""
    connection.execute(_LOCK)


def update_alerts(
    connection: Connection[Any],
    causes: CurrentCauses,
    kinds: Collection[AlertKind],
    *,
    channels: Iterable[str],
    now: datetime,
) -> Evaluation:
    """Open, update and resolve alerts of `kinds`, so that the open ones match the current causes.

    Args:
        connection: To the warehouse, in a transaction that holds the lock.
        causes: All current causes of these kinds. Open alerts without a cause are resolved.
        kinds: Alerts of other kinds are not changed.
        channels: The names of the channels that get opened and resolved alerts.
        now: The time of the change.
    """
    changes = compare(causes, alert_store.open_alerts(connection, kinds))
    evaluation = Evaluation(
        opened=tuple(alert_store.insert(connection, each, now) for each in changes.opened),
        updated=tuple(
            alert_store.update(connection, stored, alert, now) for stored, alert in changes.updated
        ),
        resolved=tuple(alert_store.resolve(connection, each, now) for each in changes.resolved),
    )
    ends: list[tuple[AlertChange, StoredAlert]] = [
        *(("alert_opened", each) for each in evaluation.opened),
        *(("alert_resolved", each) for each in evaluation.resolved),
    ]
    updates: list[tuple[AlertChange, StoredAlert]] = [
        ("alert_updated", each) for each in evaluation.updated
    ]
    alert_store.write_notices(connection, [*ends, *updates], now)
    enqueue(connection, ends, channels, now)
    return evaluation


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertChanges:
    """The changes that make the open alerts match the current causes.

    Attributes:
        opened: Causes without an open alert.
        updated: Open alerts whose cause has changed, each with the cause as it is now.
        resolved: Open alerts whose cause no longer exists.
    """

    opened: tuple[Alert, ...] = ()
    updated: tuple[tuple[StoredAlert, Alert], ...] = ()
    resolved: tuple[StoredAlert, ...] = ()


def compare(causes: CurrentCauses, open_alerts: Iterable[StoredAlert]) -> AlertChanges:
    """Compare the current causes with the open alerts, cause by cause; undecided ones stay."""
    now = {each.cause: each for each in causes.alerts if each.cause not in causes.undecided}
    known = {each.alert.cause: each for each in open_alerts}
    return AlertChanges(
        opened=tuple(alert for cause, alert in now.items() if cause not in known),
        updated=tuple(
            (known[cause], alert)
            for cause, alert in now.items()
            if cause in known and known[cause].alert != alert
        ),
        resolved=tuple(
            stored
            for cause, stored in known.items()
            if cause not in now and cause not in causes.undecided
        ),
    )
