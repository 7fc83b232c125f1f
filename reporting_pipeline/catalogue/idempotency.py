"""Calls with an Idempotency-Key: a second call with the key is about the same report and request.

A key is remembered for a day, for one subject of one organisation.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from reporting_pipeline.errors import CallInvalid

_KEPT = timedelta(days=1)
_FORGET = """
    delete from catalogue.idempotency_keys
    where (organization_id, subject, key) in (
        select organization_id, subject, key from catalogue.idempotency_keys
        where created_at < %s
        order by created_at
        limit 100
        for update skip locked
    )
"""
_REMEMBER = """
    insert into catalogue.idempotency_keys (organization_id, subject, key, fingerprint, created_at)
    values (%(organization_id)s, %(subject)s, %(key)s, %(fingerprint)s, %(now)s)
    on conflict (organization_id, subject, key) do update set key = excluded.key
    returning fingerprint, report_id, request_id
"""
_ANSWERED = """
    update catalogue.idempotency_keys
    set report_id = %(report_id)s, request_id = %(request_id)s
    where organization_id = %(organization_id)s and subject = %(subject)s and key = %(key)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedCall:
    """A call with a key.

    Attributes:
        fingerprint: The digest of the body.
    """

    organization_id: UUID
    subject: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerAnswer:
    """What an equal call was answered with before.

    Attributes:
        report_id: The report; None if that call did not end.
        request_id: Its request; None if the report was there.
    """

    fingerprint: str
    report_id: UUID | None
    request_id: UUID | None


def remember_call(connection: Connection[Any], call: KeyedCall, now: datetime) -> FormerAnswer:
    """Remember a call; what it was answered with before, if it is not the first with its key.

    Raises:
        CallInvalid: The first call with this key had another body.
    """
    connection.execute(_FORGET, (now - _KEPT,))
    with connection.cursor(row_factory=class_row(FormerAnswer)) as cursor:
        found = cursor.execute(_REMEMBER, {**_bound(call), "now": now}).fetchone()
    assert found is not None  # noqa: S101 - the statement returns its row
    if found.fingerprint != call.fingerprint:
        message = "a call with this Idempotency-Key had another body: use a new key for a new call"
        raise CallInvalid(message)
    return found


def remember_answer(
    connection: Connection[Any], call: KeyedCall, report_id: UUID, request_id: UUID | None
) -> None:
    """Remember what a call was answered with."""
    answer = {"report_id": report_id, "request_id": request_id}
    connection.execute(_ANSWERED, {**_bound(call), **answer})


def _bound(call: KeyedCall) -> dict[str, object]:
    return {name: getattr(call, name) for name in KeyedCall.__slots__}
