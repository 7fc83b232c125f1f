"""Findings about single rows of the sources: which are open, and which a person has accepted.

A landing finds them (`landing.row_findings`). A person accepts one for the row as it is now: it
then holds no report, and raises no alert. The figures stay as they are: they count the landed row,
and a correction is a further row of the source. A row that changes again has an open finding again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from reporting_pipeline.errors import UnknownFinding

_OPEN = """
    select
        domain, table_name, row_id, finding, organization_id, event_id, first_day, last_day,
        reason, since
    from landing.open_findings
    where %(organization_id)s::uuid is null or organization_id = %(organization_id)s
    order by since, domain, table_name, finding, row_id
"""
_ACCEPTED = """
    select domain, table_name, row_id, finding, accepted_by, accepted_at, reason
    from landing.accepted_findings
    where taken_back_at is null
    order by accepted_at, id
"""
_ACCEPT = """
    insert into landing.accepted_findings
        (domain, table_name, row_id, finding, record, accepted_by, accepted_at, reason)
    select domain, table_name, row_id, finding, record, %(person)s, %(now)s, %(reason)s
    from landing.open_findings
    where
        domain || '.' || table_name = %(table)s and finding = %(finding)s
        and (%(ids)s::uuid[] is null or row_id = any(%(ids)s))
    returning row_id
"""
_TAKE_BACK = """
    update landing.accepted_findings
    set taken_back_by = %(person)s, taken_back_at = %(now)s
    where
        taken_back_at is null
        and domain || '.' || table_name = %(table)s and finding = %(finding)s
        and (%(ids)s::uuid[] is null or row_id = any(%(ids)s))
    returning row_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFinding:
    """An open finding about a row of a source.

    Attributes:
        finding: Its kind (`landing.row_findings`).
        organization_id: None: not known.
        event_id: None: no single event, or not known.
        first_day: The first report day that it concerns; None: every day.
        last_day: The last one.
    """

    domain: str
    table_name: str
    row_id: UUID
    finding: str
    organization_id: UUID | None
    event_id: UUID | None
    first_day: date | None
    last_day: date | None
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedFinding:
    """A finding that a person has accepted."""

    domain: str
    table_name: str
    row_id: UUID
    finding: str
    accepted_by: str
    accepted_at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingDecision:
    """A person's decision about findings of one kind in a source table.

    Attributes:
        table: Such as `ledger.entries`.
        finding: The kind.
        ids: The rows; None: all of them.
        person: The name of the person.
        now: The time of the decision.
    """

    table: str
    finding: str
    ids: tuple[UUID, ...] | None
    person: str
    now: datetime


def open_findings(
    connection: Connection[Any], organization_id: UUID | None = None
) -> list[SourceFinding]:
    """The open findings of one or all organisations, oldest first."""
    with connection.cursor(row_factory=class_row(SourceFinding)) as cursor:
        return cursor.execute(_OPEN, {"organization_id": organization_id}).fetchall()


def accepted_findings(connection: Connection[Any]) -> list[AcceptedFinding]:
    """The acceptances that are not taken back, oldest first."""
    with connection.cursor(row_factory=class_row(AcceptedFinding)) as cursor:
        return cursor.execute(_ACCEPTED).fetchall()


def accept_findings(
    connection: Connection[Any], decision: FindingDecision, *, reason: str
) -> list[UUID]:
    """Accept open findings for their present rows, and return the ids.

    Args:
        connection: To the warehouse, in a transaction.
        decision: The findings and the person.
        reason: Why the landed rows are right without the source.

    Raises:
        UnknownFinding: One of the ids has no open finding of this kind; then none is accepted.
    """
    found = connection.execute(_ACCEPT, {**_bound(decision), "reason": reason}).fetchall()
    return _require_all(decision, [row_id for (row_id,) in found], "open")


def take_back_findings(connection: Connection[Any], decision: FindingDecision) -> list[UUID]:
    """Take back acceptances: as long as they are found, the findings hold reports again.

    Raises:
        UnknownFinding: One of the ids has no acceptance of this kind; then none is taken back.
    """
    found = connection.execute(_TAKE_BACK, _bound(decision)).fetchall()
    return _require_all(decision, [row_id for (row_id,) in found], "accepted")


def _bound(decision: FindingDecision) -> dict[str, Any]:
    return {
        "table": decision.table,
        "finding": decision.finding,
        "ids": None if decision.ids is None else list(decision.ids),
        "person": decision.person,
        "now": decision.now,
    }


def _require_all(decision: FindingDecision, found: Sequence[UUID], state: str) -> list[UUID]:
    unknown = sorted(str(each) for each in {*(decision.ids or ())} - {*found})
    if unknown or not found:
        ids = f" with the id {', '.join(unknown)}" if unknown else ""
        message = (
            f"{decision.table} has no {state} finding of kind {decision.finding}{ids}; "
            "`reporting sources findings` lists them"
        )
        raise UnknownFinding(message)
    return sorted(found)
