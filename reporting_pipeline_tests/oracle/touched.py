"""The days that late rows touch: a lower and an upper bound of the days that a rebuild can touch.

Lower bound: the days on which rows of report tables differ. Upper bound: the sentences of "What a
late row touches" (docs/contract/report_tables.md), read literally.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.expected import expected_tables
from reporting_pipeline_tests.oracle.reach import EventDay, Reach
from reporting_pipeline_tests.oracle.report_tables import ReportTable
from reporting_pipeline_tests.oracle.sales import MOVEMENTS
from reporting_pipeline_tests.oracle.scans import upload
from reporting_pipeline_tests.oracle.source_tables import COLUMNS, is_mutable

Touched = dict[str, set[EventDay]]
"""Report table -> events (or None) and days."""
_SCANS: Final = "scanning.scans"
_SEATS: Final = "seating.inventory_movements"
_ITEMS: Final = "ledger.payout_items"

# The columns of mutable rows that a report reads; a change of another column touches nothing.
_READ: Final = {
    "ticketing.organizations": ("timezone",),
    "ticketing.event_series": (),
    "ticketing.events": ("organization_id", "timezone", "day_cutoff", "currency", "ends_at"),
    "ticketing.ticket_types": ("is_admission",),
    "ticketing.orders": ("organization_id", "event_id", "channel", "status", "currency"),
    "ticketing.tickets": (
        *("event_id", "ticket_type_id", "section_id", "is_comp"),
        *("issued_at", "invalidated_at"),
    ),
    "seating.venues": (),
    "seating.sections": (),
    "scanning.gates": (),
}


def touched_days(before: Books, after: Books) -> Touched:
    """The lower bound: the days on which a row of a report table is added, removed or changed."""
    return changed_days(expected_tables(before), expected_tables(after))


def changed_days(before: Mapping[str, ReportTable], after: Mapping[str, ReportTable]) -> Touched:
    """The lower bound, from report tables that exist already."""
    touched: Touched = {}
    for table, rows in after.items():
        both = before[table] | rows
        touched[table] = {
            (row["event_id"], row["date"])
            for key, row in both.items()
            if before[table].get(key) != rows.get(key)
        }
    return touched


def touchable_days(before: Books, after: Books) -> Touched:
    """The upper bound: the days of all report rows that read a new or changed row.

    A mutable row is changed if a column that a report reads is changed. `after` has all rows of
    `before`, some in newer versions.
    """
    changes = _changes(before, after)
    sides = (Reach(before), Reach(after))
    _reach_sales_and_ledger(changes, sides)
    _reach_attendance(changes, sides)
    _reach_occupancy(changes, sides)
    paid = _paid_otherwise(before, after)
    for side in sides:
        side.paid(paid)
        side.events(changes.events)
        side.organizations(changes.organizations)
        side.inventory(changes[_SEATS] | changes.released[_SEATS])
    return {table: sides[0].days[table] | sides[1].days[table] for table in sides[0].days}


@dataclass(frozen=True)
class _Changes:
    """Ids by table: of new and changed rows, and of rows whose event becomes known."""

    rows: dict[str, set[str]]
    released: dict[str, set[str]]

    def __getitem__(self, table: str) -> set[str]:
        return self.rows[table]

    @property
    def events(self) -> set[str]:
        return self.rows["ticketing.events"]

    @property
    def organizations(self) -> set[str]:
        return self.rows["ticketing.organizations"]


def _changes(before: Books, after: Books) -> _Changes:
    rows = {table: _new_or_changed(table, before, after) for table in COLUMNS}
    arrived = after["ticketing.events"].keys() - before["ticketing.events"].keys()
    released = {
        table: {key for key, row in after[table].items() if row["event_id"] in arrived}
        for table in (_SCANS, _SEATS, _ITEMS)
    }
    return _Changes(rows, released)


def _new_or_changed(table: str, before: Books, after: Books) -> set[str]:
    new = after[table].keys() - before[table].keys()
    if not is_mutable(table):
        return new
    return new | {
        identity
        for identity, row in before[table].items()
        if any(row[column] != after[table][identity][column] for column in _READ[table])
    }


def _reach_sales_and_ledger(changes: _Changes, sides: tuple[Reach, Reach]) -> None:
    after = sides[1].books
    new_movements = [after[MOVEMENTS][identity] for identity in changes[MOVEMENTS]]
    lines = {(movement["order_id"], movement["line_no"]) for movement in new_movements}
    orders = {movement["order_id"] for movement in new_movements}
    # A line's first movement decides how its returns count; a changed order redates movements.
    movements = {
        identity
        for identity, movement in after[MOVEMENTS].items()
        if (movement["order_id"], movement["line_no"]) in lines
        or movement["order_id"] in changes["ticketing.orders"]
    }
    entries = [after["ledger.entries"][identity] for identity in changes["ledger.entries"]]
    items = changes[_ITEMS] | changes.released[_ITEMS]
    transactions = {entry["transaction_id"] for entry in entries}
    transactions |= {after[_ITEMS][identity]["transaction_id"] for identity in items}
    charged = {after["ledger.transactions"][identity]["order_id"] for identity in transactions}
    for side in sides:
        side.movements(movements)
        side.first_of_orders(orders | changes["ticketing.orders"])
        side.types(changes["ticketing.ticket_types"])
        side.transactions(transactions)
        side.orders(orders | charged | changes["ticketing.orders"])


def _paid_otherwise(before: Books, after: Books) -> set[str]:
    """The orders with another `paid_at`, which the summary alone reads."""
    return {
        identity
        for identity, order in before["ticketing.orders"].items()
        if order["paid_at"] != after["ticketing.orders"][identity]["paid_at"]
    }


def _reach_attendance(changes: _Changes, sides: tuple[Reach, Reach]) -> None:
    scans = changes[_SCANS] | changes.released[_SCANS]
    uploads = sides[1].uploads_of(scans)
    targets = {key for side in sides for key in side.reverted_uploads(uploads)}
    reached = uploads | targets
    tickets = {ticket for side in sides for ticket in side.tickets_of(reached)}
    of_events = {
        upload(scan)
        for scan in sides[1].books[_SCANS].values()
        if scan["event_id"] in changes.events
    }
    days = {day for side in sides for day in side.days_of_entries(reached | of_events)}
    sides[1].scan_days(sides[1].books[_SCANS][identity] for identity in scans)
    for side in sides:
        side.uploads(reached)
        side.first_entries(tickets)
        side.first_of_days(days)
        side.ticket_scans(_of_other_type(changes["ticketing.tickets"], sides))


def _of_other_type(tickets: set[str], sides: tuple[Reach, Reach]) -> set[str]:
    """The tickets that are new or have another type; attendance reads no other column."""
    before, after = (side.books["ticketing.tickets"] for side in sides)
    return {
        ticket
        for ticket in tickets
        if ticket not in before
        or before[ticket]["ticket_type_id"] != after[ticket]["ticket_type_id"]
    }


def _reach_occupancy(changes: _Changes, sides: tuple[Reach, Reach]) -> None:
    before, after = sides
    changed = changes["ticketing.tickets"]
    admitted_otherwise = {
        ticket
        for ticket in after.books["ticketing.tickets"]
        if before.admission_of(ticket) != after.admission_of(ticket)
    }
    for side in sides:
        side.tickets(changed)
        side.admissions(changed | admitted_otherwise)
