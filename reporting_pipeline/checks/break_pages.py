"""Pages of the open and the accepted breaks of one organisation.

An open break is a group of rows, one for each day on which it is found. So a page reads the rows of
all faults of the organisation, along their index, and no warnings. Acceptances are read along an
index in their order, and no further than the page.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from psycopg import Connection, sql
from psycopg.rows import class_row

from reporting_pipeline.checks.breaks import (
    AcceptedBreak,
    OpenBreak,
    select_accepted,
    select_open,
)

# Texts are compared by their bytes: a cursor does not depend on the collation of the database.
_OPEN_PAGE = sql.SQL("""
    select
        found.organization_id, found.kind, found.event_id, found.order_id, found.transaction_id,
        found.entry_id, found.currency, found.first_day, found.last_day, found.ticketing_minor,
        found.ledger_minor
    from ({open_breaks}) as found
    cross join lateral (
        select
            -abs(found.ticketing_minor - found.ledger_minor) as largest_first,
            found.kind collate "C" as kind,
            coalesce(
                'entry ' || found.entry_id,
                'transaction ' || found.transaction_id,
                'order ' || found.order_id
            ) collate "C" as concerns,
            coalesce(found.event_id::text, 'None') collate "C" as event,
            found.currency::text collate "C" as currency
    ) as place
    where
        %(first_day)s::date is null
        or (
            found.first_day, place.largest_first, place.kind, place.concerns, place.event,
            place.currency
        ) > (
            %(first_day)s::date, %(largest_first)s::bigint, %(kind)s, %(concerns)s, %(event)s,
            %(currency)s
        )
    order by
        found.first_day, place.largest_first, place.kind, place.concerns, place.event,
        place.currency
    limit %(limit)s
""").format(open_breaks=select_open(sql.SQL("break.organization_id = %(organization_id)s")))
_ACCEPTED_PAGE = select_accepted(
    sql.SQL("""
        accepted.organization_id = %(organization_id)s
        and (
            %(accepted_at)s::timestamptz is null
            or (accepted.accepted_at, accepted.id) > (%(accepted_at)s::timestamptz, %(id)s::bigint)
        )
    """)
) + sql.SQL("limit %(limit)s")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBreakPlace:
    """The place of an open break in the list: oldest first, then largest first.

    Attributes:
        largest_first: The size of the difference, below 0.
        concerns: As in `BreakIdentity`.
        event: The id of the event, or None as text.
    """

    first_day: date
    largest_first: int
    kind: str
    concerns: str
    event: str
    currency: str

    @classmethod
    def of(cls, found: OpenBreak) -> Self:
        """The place of a break."""
        return cls(
            first_day=found.first_day,
            largest_first=-abs(found.difference_minor),
            kind=found.kind,
            concerns=found.concerns,
            event=str(found.event_id),
            currency=found.currency,
        )


def open_break_page(
    connection: Connection[Any], organization_id: UUID, *, after: OpenBreakPlace | None, limit: int
) -> list[OpenBreak]:
    """The open breaks of an organisation that follow a place, oldest first, then largest first.

    Args:
        connection: To the warehouse.
        organization_id: The organisation.
        after: The place of the last break of the page before.
        limit: The most breaks.
    """
    bound = {
        "organization_id": organization_id,
        **{name: getattr(after, name, None) for name in OpenBreakPlace.__slots__},
        "limit": limit,
    }
    with connection.cursor(row_factory=class_row(OpenBreak)) as cursor:
        return cursor.execute(_OPEN_PAGE, bound).fetchall()


def accepted_break_page(
    connection: Connection[Any],
    organization_id: UUID,
    *,
    after: tuple[datetime, int] | None,
    limit: int,
) -> list[AcceptedBreak]:
    """The acceptances of an organisation that follow a place and are not taken back, oldest first.

    Args:
        connection: To the warehouse.
        organization_id: The organisation.
        after: `accepted_at` and id of the last acceptance of the page before.
        limit: The most acceptances.
    """
    accepted_at, accepted_id = after or (None, None)
    bound = {
        "organization_id": organization_id,
        "accepted_at": accepted_at,
        "id": accepted_id,
        "limit": limit,
    }
    with connection.cursor(row_factory=class_row(AcceptedBreak)) as cursor:
        return cursor.execute(_ACCEPTED_PAGE, bound).fetchall()
