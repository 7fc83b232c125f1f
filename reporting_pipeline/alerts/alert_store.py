"""Alerts in the catalogue, and the notices about their changes.

    reporting:org:{organization_id}    alerts of one organisation
    reporting:operations               alerts that concern all of them, such as of a source

The notices of an alert go to its topic above, in the transaction of the change.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from reporting_pipeline.alerts.alert import Alert, AlertChange, AlertKind, StoredAlert, message_of
from reporting_pipeline.domain.discrepancy import Severity

_OPERATIONS = "reporting:operations"
_SELECT = """
    select
        id, kind, cause, organization_id, severity, message, facts, count,
        opened_at, updated_at, resolved_at
    from catalogue.alerts
"""
# As the index of open alerts has it.
_PAGE = """
    where
        resolved_at is null
        and organization_id = %(organization_id)s
        and kind = any(%(kinds)s)
        and (
            %(after_id)s::bigint is null
            or (severity <> 'error', id) > (%(after_warning)s::boolean, %(after_id)s::bigint)
        )
    order by severity <> 'error', id
    limit %(limit)s
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
    """The open alerts of these kinds: errors before warnings, each oldest first."""
    where = "where resolved_at is null and kind = any(%s) order by severity = %s desc, id"
    return _read(connection, where, [list(map(str, kinds)), Severity.ERROR])


def open_alert_page(
    connection: Connection[Any],
    organization_id: UUID,
    kinds: Collection[AlertKind],
    *,
    after: tuple[bool, int] | None,
    limit: int,
) -> list[StoredAlert]:
    """The open alerts of an organisation that follow a place, in the order of `open_alerts`.

    Args:
        connection: To the warehouse.
        organization_id: The organisation; alerts about the pipeline as a whole are left out.
        kinds: Only these.
        after: Whether the last alert of the page before is a warning, and its id.
        limit: The most alerts.
    """
    after_warning, after_id = after or (None, None)
    bound = {
        "organization_id": organization_id,
        "kinds": list(map(str, kinds)),
        "after_warning": after_warning,
        "after_id": after_id,
        "limit": limit,
    }
    return _read(connection, _PAGE, bound)


def newest_alerts(connection: Connection[Any], limit: int) -> list[StoredAlert]:
    """The alerts that were opened last, open or resolved, newest first."""
    return _read(connection, "order by id desc limit %s", [limit])


def insert(connection: Connection[Any], alert: Alert, now: datetime) -> StoredAlert:
    """Open an alert."""
    [(alert_id,)] = connection.execute(_INSERT, _values(alert, now)).fetchall()
    return StoredAlert(id=alert_id, alert=alert, opened_at=now, updated_at=now)


def update(
    connection: Connection[Any], stored: StoredAlert, alert: Alert, now: datetime
) -> StoredAlert:
    """Record a change of an open alert's cause."""
    connection.execute(_UPDATE, {**_values(alert, now), "id": stored.id})
    return StoredAlert(id=stored.id, alert=alert, opened_at=stored.opened_at, updated_at=now)


def resolve(connection: Connection[Any], stored: StoredAlert, now: datetime) -> StoredAlert:
    """Close an alert whose cause no longer exists."""
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


def write_notices(
    connection: Connection[Any], changes: Sequence[tuple[AlertChange, StoredAlert]], now: datetime
) -> None:
    """Write the notices for Redis, in the transaction of the changes."""
    connection.cursor().executemany(
        "insert into catalogue.notices (topic, message, created_at) values (%s, %s, %s)",
        [
            (_topic(stored.alert), Jsonb(message_of(change, stored)), now)
            for change, stored in changes
        ],
    )


def _read(
    connection: Connection[Any], where: str, bound: Sequence[object] | Mapping[str, object]
) -> list[StoredAlert]:
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
