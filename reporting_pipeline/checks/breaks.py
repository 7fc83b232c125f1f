"""The open breaks, and those that a person has accepted.

A break is open while the reconciliation finds it (a row of `report_reconciliation_breaks`), until a
person accepts it. An acceptance names the organisation, the kind and the ids of each break, and
applies to the break's present amounts: if they change, the break is open again. An accepted break
holds no report; the proof of each report that depends on it shows the acceptance. An acceptance can
be taken back. Its row stays, with both names.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import Connection, sql
from psycopg.rows import class_row

from reporting_pipeline.errors import UnknownBreak
from reporting_pipeline.registry.report_tables import WARNING_KINDS
from reporting_pipeline.sources.landed_names import LandedNames

_SAME_BREAK = sql.SQL("""
    (accepted.organization_id, accepted.kind, accepted.currency)
        = (break.organization_id, break.kind, break.currency)
    and (accepted.event_id, accepted.order_id, accepted.transaction_id, accepted.entry_id)
        is not distinct from
        (break.event_id, break.order_id, break.transaction_id, break.entry_id)
    and (accepted.ticketing_minor, accepted.ledger_minor)
        = (break.ticketing_minor, break.ledger_minor)
""")
# The kinds are part of the text, so that the index of faults is used whatever is bound.
_OPEN = sql.SQL("""
    select
        break.organization_id, break.kind, break.event_id, break.order_id, break.transaction_id,
        break.entry_id, break.currency,
        min(break.date) as first_day,
        max(break.date) as last_day,
        (array_agg(break.ticketing_minor order by break.date desc))[1] as ticketing_minor,
        (array_agg(break.ledger_minor order by break.date desc))[1] as ledger_minor
    from reporting.report_reconciliation_breaks as break
    where
        break.kind not in ({warning_kinds})
        and {condition}
        and not exists (
            select from reporting.accepted_breaks as accepted
            where accepted.taken_back_at is null and {same_break}
        )
    group by
        break.organization_id, break.kind, break.event_id, break.order_id, break.transaction_id,
        break.entry_id, break.currency
""")
_ONLY = sql.SQL("""
    (%(organization_id)s::uuid is null or break.organization_id = %(organization_id)s)
    and (%(kind)s::text is null or break.kind = %(kind)s)
    and (
        %(ids)s::uuid[] is null
        or coalesce(break.entry_id, break.transaction_id, break.order_id) = any(%(ids)s)
    )
""")
_OLDEST_FIRST = sql.SQL("""
    order by
        min(break.date),
        abs((array_agg(break.difference_minor order by break.date desc))[1]) desc,
        break.organization_id, break.kind, break.entry_id, break.transaction_id, break.order_id,
        break.event_id, break.currency
""")
_ACCEPTED = sql.SQL("""
    select
        accepted.id, accepted.organization_id, accepted.kind, accepted.event_id, accepted.order_id,
        accepted.transaction_id, accepted.entry_id, accepted.currency, accepted.ticketing_minor,
        accepted.ledger_minor, accepted.accepted_by, accepted.accepted_at, accepted.reason
    from reporting.accepted_breaks as accepted
    where accepted.taken_back_at is null and {condition}
    order by accepted.accepted_at, accepted.id
""")
_OF_ORGANIZATION = sql.SQL(
    "(%(organization_id)s::uuid is null or accepted.organization_id = %(organization_id)s)"
)
_FOUND_ON_DAYS = sql.SQL("""
    accepted.organization_id = %(organization_id)s
    and exists (
        select from reporting.report_reconciliation_breaks as break
        where
            break.organization_id = %(organization_id)s
            and break.date >= %(first)s and break.date < %(end)s
            and (%(event_ids)s::uuid[] is null or break.event_id = any(%(event_ids)s))
            and {same_break}
    )
""").format(same_break=_SAME_BREAK)
_ACCEPT = """
    insert into reporting.accepted_breaks (
        organization_id, kind, event_id, order_id, transaction_id, entry_id, currency,
        ticketing_minor, ledger_minor, accepted_by, accepted_at, reason
    )
    select distinct
        organization_id, kind, event_id, order_id, transaction_id, entry_id, currency,
        ticketing_minor, ledger_minor, %(person)s, %(now)s::timestamptz, %(reason)s
    from reporting.report_reconciliation_breaks
    where
        organization_id = %(organization_id)s
        and kind = %(kind)s
        and coalesce(entry_id, transaction_id, order_id) = any(%(ids)s)
    on conflict do nothing
"""
_TAKE_BACK = """
    update reporting.accepted_breaks
    set taken_back_by = %(person)s, taken_back_at = %(now)s
    where
        taken_back_at is null
        and organization_id = %(organization_id)s
        and kind = %(kind)s
        and coalesce(entry_id, transaction_id, order_id) = any(%(ids)s)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakIdentity:
    """The identity of a break on all days on which it is found.

    Attributes:
        kind: As in `report_reconciliation_breaks`.
        event_id: None: it concerns no single event.
        currency: Of its amounts.
    """

    organization_id: UUID
    kind: str
    event_id: UUID | None
    order_id: UUID | None
    transaction_id: UUID | None
    entry_id: UUID | None
    currency: str

    @property
    def concerns(self) -> str:
        """The row that the break is about: `order ...`, `transaction ...` or `entry ...`."""
        if self.entry_id is not None:
            return f"entry {self.entry_id}"
        if self.transaction_id is not None:
            return f"transaction {self.transaction_id}"
        return f"order {self.order_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBreak(BreakIdentity):
    """A break that holds reports.

    Attributes:
        first_day: The first report day on which it is found.
        last_day: The last one.
        ticketing_minor: The booked amount on the last day, in minor units.
        ledger_minor: The charged amount on the last day, in minor units.
    """

    first_day: date
    last_day: date
    ticketing_minor: int
    ledger_minor: int

    @property
    def difference_minor(self) -> int:
        """Ticketing less ledger, in minor units."""
        return self.ticketing_minor - self.ledger_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedBreak(BreakIdentity):
    """A break that a person has accepted for its present amounts.

    Attributes:
        ticketing_minor: The accepted booked amount, in minor units.
        ledger_minor: The accepted charged amount, in minor units.
        accepted_by: The name of the person.
    """

    id: int
    ticketing_minor: int
    ledger_minor: int
    accepted_by: str
    accepted_at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A person's decision about breaks of one kind of an organisation.

    Attributes:
        ids: The order, transaction or entry that each of the breaks concerns.
        person: The name of the person.
        now: The time of the decision.
    """

    organization_id: UUID
    kind: str
    ids: tuple[UUID, ...]
    person: str
    now: datetime


def select_open(condition: sql.Composable) -> sql.Composed:
    """A SELECT of the open breaks whose rows, as `break`, meet a condition; without an order."""
    kinds = sql.SQL(", ").join(map(sql.Literal, WARNING_KINDS))
    return _OPEN.format(warning_kinds=kinds, condition=condition, same_break=_SAME_BREAK)


def select_accepted(condition: sql.Composable) -> sql.Composed:
    """A SELECT of the acceptances, as `accepted`, that meet a condition and are not taken back."""
    return _ACCEPTED.format(condition=condition)


def open_breaks(
    connection: Connection[Any], organization_id: UUID | None = None
) -> list[OpenBreak]:
    """The open breaks of one or all organisations, oldest first, then largest first."""
    return _open_breaks(connection, organization_id, kind=None, ids=None)


def accepted_breaks(
    connection: Connection[Any], organization_id: UUID | None = None
) -> list[AcceptedBreak]:
    """The acceptances of one or all organisations that are not taken back, oldest first."""
    with connection.cursor(row_factory=class_row(AcceptedBreak)) as cursor:
        return cursor.execute(
            select_accepted(_OF_ORGANIZATION), {"organization_id": organization_id}
        ).fetchall()


def accepted_breaks_of(
    connection: Connection[Any],
    organization_id: UUID,
    *,
    first: date,
    end: date,
    event_ids: Sequence[UUID] | None,
) -> tuple[AcceptedBreak, ...]:
    """The accepted breaks that are found on an organisation's report days [first, end).

    Args:
        connection: To the warehouse; nothing is written.
        organization_id: The organisation.
        first: The first report day.
        end: The day after the last.
        event_ids: Only breaks of these events; None: all of the organisation.
    """
    bound = {
        "organization_id": organization_id,
        "first": first,
        "end": end,
        "event_ids": event_ids,
    }
    with connection.cursor(row_factory=class_row(AcceptedBreak)) as cursor:
        found = cursor.execute(select_accepted(_FOUND_ON_DAYS), bound).fetchall()
    return tuple(found)


def accept_breaks(
    connection: Connection[Any], decision: Decision, *, reason: str
) -> list[OpenBreak]:
    """Accept open breaks for their present amounts, and return them.

    Args:
        connection: To the warehouse, in a transaction.
        decision: The breaks and the person.
        reason: Why the breaks are acceptable.

    Raises:
        UnknownBreak: One of the ids has no open break of this kind; then none is accepted.
    """
    found = _open_breaks(connection, decision.organization_id, kind=decision.kind, ids=decision.ids)
    _require_all(connection, decision, found, "open")
    connection.execute(_ACCEPT, {**_bound(decision), "reason": reason})
    return found


def take_back_breaks(connection: Connection[Any], decision: Decision) -> int:
    """Take back the acceptance of breaks: as long as they are found, they hold reports again.

    Returns:
        The number of acceptances taken back; a break with several amounts has several.

    Raises:
        UnknownBreak: One of the ids has no acceptance of this kind; then none is taken back.
    """
    accepted = accepted_breaks(connection, decision.organization_id)
    of_kind = [each for each in accepted if each.kind == decision.kind]
    _require_all(connection, decision, of_kind, "accepted")
    return connection.execute(_TAKE_BACK, _bound(decision)).rowcount


def _open_breaks(
    connection: Connection[Any],
    organization_id: UUID | None,
    *,
    kind: str | None,
    ids: Sequence[UUID] | None,
) -> list[OpenBreak]:
    bound = {
        "organization_id": organization_id,
        "kind": kind,
        "ids": None if ids is None else list(ids),
    }
    with connection.cursor(row_factory=class_row(OpenBreak)) as cursor:
        return cursor.execute(select_open(_ONLY) + _OLDEST_FIRST, bound).fetchall()


def _bound(decision: Decision) -> dict[str, Any]:
    return {**asdict(decision), "ids": list(decision.ids)}


def _require_all(
    connection: Connection[Any], decision: Decision, found: Sequence[BreakIdentity], state: str
) -> None:
    known = {each.entry_id or each.transaction_id or each.order_id for each in found}
    unknown = sorted(str(each) for each in decision.ids if each not in known)
    if unknown:
        name = LandedNames.read(connection).organization(decision.organization_id)
        message = (
            f"organisation {name} has no {state} break of kind "
            f"{decision.kind} with the id {', '.join(unknown)}; `reporting breaks` lists them"
        )
        raise UnknownBreak(message)
