"""The audit log: who asked for, downloaded, changed or accepted what, through the API.

A row is written in the transaction of the change that it is about. Rows are only added: a trigger
refuses to change or delete one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row


class Action(StrEnum):
    """The kinds of acts that the audit log records."""

    ASKED = "asked"
    DOWNLOADED = "downloaded"
    CREATED = "created"
    CHANGED = "changed"
    PAUSED = "paused"
    RESUMED = "resumed"
    ARCHIVED = "archived"
    ACCEPTED = "accepted"
    TOOK_BACK = "took back"
    RELEASED = "released"
    SUBSCRIBED = "subscribed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who does something, from where.

    Attributes:
        subject: The `sub` of the token.
        organization_id: The organisation that it is done for.
        address: Where the call comes from; None if that is unknown.
        call_id: The id of the call.
    """

    subject: str
    role: str
    organization_id: UUID
    address: str | None
    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What somebody did, not written yet.

    Attributes:
        object_kind: Such as report, request, definition, break or webhook.
        object_id: Its id, or the slug of a definition.
    """

    actor: Actor
    action: Action
    object_kind: str
    object_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One row of `catalogue.audit_log`."""

    id: int
    at: datetime
    organization_id: UUID
    subject: str
    role: str
    action: str
    object_kind: str
    object_id: str
    address: str | None
    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which rows are listed; None leaves a condition out.

    Attributes:
        since: Only rows of this time or later.
        before_id: Only rows with a smaller id, for the next page.
    """

    organization_id: UUID | None = None
    subject: str | None = None
    action: str | None = None
    object_id: str | None = None
    since: datetime | None = None
    before_id: int | None = None


_INSERT = """
    insert into catalogue.audit_log (
        at, organization_id, subject, role, action, object_kind, object_id, address, call_id
    )
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_LISTED = """
    select
        id, at, organization_id, subject, role, action, object_kind, object_id,
        host(address) as address, call_id
    from catalogue.audit_log
    where
        (%(organization_id)s::uuid is null or organization_id = %(organization_id)s)
        and (%(subject)s::text is null or subject = %(subject)s)
        and (%(action)s::text is null or action = %(action)s)
        and (%(object_id)s::text is null or object_id = %(object_id)s)
        and (%(since)s::timestamptz is null or at >= %(since)s)
        and (%(before_id)s::bigint is null or id < %(before_id)s)
    order by id desc
    limit %(limit)s
"""


def record(connection: Connection[Any], deeds: Sequence[Deed]) -> None:
    """Add rows, in the connection's transaction."""
    connection.cursor().executemany(
        _INSERT,
        [
            (
                *(each.at, each.actor.organization_id, each.actor.subject, str(each.actor.role)),
                *(str(each.action), each.object_kind, each.object_id),
                *(each.actor.address, each.actor.call_id),
            )
            for each in deeds
        ],
    )


def audit_entries(
    connection: Connection[Any], chosen: AuditFilter, *, limit: int
) -> list[AuditEntry]:
    """The rows, the newest first."""
    bound = {name: getattr(chosen, name) for name in AuditFilter.__slots__} | {"limit": limit}
    with connection.cursor(row_factory=class_row(AuditEntry)) as cursor:
        return cursor.execute(_LISTED, bound).fetchall()
