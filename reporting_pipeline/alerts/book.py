"""The alerts in the catalogue, and the notices of what becomes of them.

    reporting:org:{organization_id}    alerts of an organisation
    reporting:operations               alerts that concern all of them, such as of a source

What belongs here: rows of `catalogue.alerts` and their notices. What does not: which stand.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from reporting_pipeline.alerts.alert import Alert, AlertKind, StoredAlert
from reporting_pipeline.domain.discrepancy import Severity

Change = Literal["alert_opened", "alert_updated", "alert_resolved"]

_MESSAGE_VERSION = 1
_OPERATIONS = "reporting:operations"
_SELECT = """
    select
        id, kind, cause, organization_id, severity, message, facts, count,
        opened_at, updated_at, resolved_at
    from catalogue.alerts
"""
_INSERT = """
    insert into catalogue.alerts
        (kind, cause, organization_id, severity, message, facts, count, opened_at, updated_at)
    values (
        %(kind)s, %(cause)s, %(organization_id)s, %(severity)s, %(message)s, %(facts)s, %(count)s,
        %(now)s, %(now)s
    )
    returning id
"""
_UPDATE = """
    update catalogue.alerts set
        severity = %(severity)s, message = %(message)s, facts = %(facts)s, count = %(count)s,
        updated_at = %(now)s
    where id = %(id)s
"""


def open_alerts(
    connection: Connection[Any], kinds: Collection[AlertKind] = tuple(AlertKind)
) -> list[StoredAlert]:
    """The alerts that are open, the oldest first."""
    where = "where resolved_at is null and kind = any(%s) order by id"
    return _read(connection, where, [list(map(str, kinds))])


def newest_alerts(connection: Connection[Any], limit: int) -> list[StoredAlert]:
    """The alerts that were opened last, open or resolved, the newest first."""
    return _read(connection, "order by id desc limit %s", [limit])


def insert(connection: Connection[Any], alert: Alert, now: datetime) -> StoredAlert:
    """Open an alert."""
    [(alert_id,)] = connection.execute(_INSERT, _values(alert, now)).fetchall()
    return StoredAlert(id=alert_id, alert=alert, opened_at=now, updated_at=now)


def update(
    connection: Connection[Any], stored: StoredAlert, alert: Alert, now: datetime
) -> StoredAlert:
    """Say of an open alert how its cause stands now."""
    connection.execute(_UPDATE, {**_values(alert, now), "id": stored.id})
    return StoredAlert(id=stored.id, alert=alert, opened_at=stored.opened_at, updated_at=now)


def resolve(connection: Connection[Any], stored: StoredAlert, now: datetime) -> StoredAlert:
    """Close an alert: its cause does not stand any more."""
    connection.execute(
        "update catalogue.alerts set resolved_at = %s, updated_at = %s where id = %s",
        (now, now, stored.id),
    )
    return StoredAlert(
        id=stored.id,
        alert=stored.alert,
        opened_at=stored.opened_at,
        updated_at=now,
        resolved_at=now,
    )


def message_of(change: Change, stored: StoredAlert) -> dict[str, object]:
    """What programs are told of an alert, over Redis and by webhooks."""
    alert = stored.alert
    return {
        "version": _MESSAGE_VERSION,
        "type": change,
        "alert_id": stored.id,
        "kind": str(alert.kind),
        "cause": alert.cause,
        "severity": str(alert.severity),
        "organization_id": None if alert.organization_id is None else str(alert.organization_id),
        "count": alert.count,
        "message": alert.message,
        "facts": dict(alert.facts),
        "opened_at": _text(stored.opened_at),
        "resolved_at": None if stored.resolved_at is None else _text(stored.resolved_at),
    }


def write_notices(
    connection: Connection[Any], changes: Sequence[tuple[Change, StoredAlert]], now: datetime
) -> None:
    """Write down what is to be told over Redis, in the transaction that makes it true."""
    connection.cursor().executemany(
        "insert into catalogue.notices (topic, message, created_at) values (%s, %s, %s)",
        [
            (_topic(stored.alert), Jsonb(message_of(change, stored)), now)
            for change, stored in changes
        ],
    )


def _read(connection: Connection[Any], where: str, bound: Sequence[object]) -> list[StoredAlert]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return [_stored(row) for row in cursor.execute((_SELECT + where).encode(), bound)]


def _stored(row: Mapping[str, Any]) -> StoredAlert:
    return StoredAlert(
        id=row["id"],
        alert=Alert(
            kind=AlertKind(row["kind"]),
            cause=row["cause"],
            severity=Severity(row["severity"]),
            message=row["message"],
            facts=row["facts"],
            organization_id=row["organization_id"],
            count=row["count"],
        ),
        opened_at=row["opened_at"],
        updated_at=row["updated_at"],
        resolved_at=row["resolved_at"],
    )


def _values(alert: Alert, now: datetime) -> dict[str, object]:
    return {
        "kind": str(alert.kind),
        "cause": alert.cause,
        "organization_id": alert.organization_id,
        "severity": str(alert.severity),
        "message": alert.message,
        "facts": Jsonb(dict(alert.facts)),
        "count": alert.count,
        "now": now,
    }


def _topic(alert: Alert) -> str:
    if alert.organization_id is None:
        return _OPERATIONS
    return f"reporting:org:{alert.organization_id}"


def _text(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
