"""report_occupancy_daily: the seats, tickets and admissions of each section at the end of a day."""

from datetime import date
from typing import Final

from reporting_pipeline_tests.oracle.attendance import admits
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.report_days import event_day
from reporting_pipeline_tests.oracle.report_tables import (
    OCCUPANCY,
    ReportRow,
    ReportTable,
    blank,
)
from reporting_pipeline_tests.oracle.scans import scan_state
from reporting_pipeline_tests.oracle.source_tables import Row
from reporting_pipeline_tests.oracle.summary import CAPACITY, Change, ratio

MEASURES: Final = (
    "capacity_count",
    "hold_count",
    "kill_count",
    "sellable_count",
    "ticket_count",
    "comped_ticket_count",
    "unsold_count",
    "admission_to_date_count",
    "sold_rate",
    "occupancy_rate",
)
"""The measures of the table."""

Section = tuple[str, str | None]
"""An event and one of its sections, or no section."""


def occupancy_daily(books: Books) -> ReportTable:
    """Grain: event's organisation, event, section (None: no section), date."""
    changes: dict[Section, list[Change]] = {}
    seated_from: dict[Section, date] = {}
    for movement in books["seating.inventory_movements"].values():
        if movement["event_id"] in books["ticketing.events"]:
            section = (movement["event_id"], movement["section_id"])
            day = event_day(books, movement["event_id"], movement["occurred_at"])
            change = Change(day, CAPACITY[movement["kind"]], movement["quantity"])
            changes.setdefault(section, []).append(change)
            seated_from[section] = min(day, seated_from.get(section, day))
    for ticket in books["ticketing.tickets"].values():
        if books["ticketing.ticket_types"][ticket["ticket_type_id"]]["is_admission"]:
            section = (ticket["event_id"], ticket["section_id"])
            changes.setdefault(section, []).extend(_ticket_changes(books, ticket))
    for scan in scan_state(books).first_entries.values():
        if admits(books, scan):
            ticket = books["ticketing.tickets"][scan["ticket_id"]]
            day = event_day(books, scan["event_id"], scan["scanned_at"])
            section = (scan["event_id"], ticket["section_id"])
            changes.setdefault(section, []).append(Change(day, "admission_to_date_count", 1))
    table: ReportTable = {}
    for section, of_section in changes.items():
        table |= _rows(books, section, of_section, seated_from.get(section))
    return table


def ticket_days(books: Books, ticket: Row) -> tuple[date, date | None]:
    """The report days on which a ticket is issued and invalidated, by its event."""
    event_id = ticket["event_id"]
    issued = event_day(books, event_id, ticket["issued_at"])
    if ticket["invalidated_at"] is None:
        return issued, None
    return issued, event_day(books, event_id, ticket["invalidated_at"])


def _ticket_changes(books: Books, ticket: Row) -> list[Change]:
    """What a ticket adds on its two days; 0 too, because its row stands on both days."""
    issued, invalidated = ticket_days(books, ticket)
    lasts = invalidated is None or invalidated > issued
    columns = ["ticket_count", *(["comped_ticket_count"] if ticket["is_comp"] else [])]
    changes = [Change(issued, column, int(lasts)) for column in columns]
    if invalidated is not None:
        changes += [Change(invalidated, column, -int(lasts)) for column in columns]
    return changes


def _rows(
    books: Books, section: Section, changes: list[Change], seated_from: date | None
) -> ReportTable:
    event_id, section_id = section
    organization_id = books["ticketing.events"][event_id]["organization_id"]
    table: ReportTable = {}
    for day in sorted({change.day for change in changes}):
        key = (organization_id, event_id, section_id, day)
        row = blank(OCCUPANCY, key, MEASURES)
        for change in changes:
            if change.day <= day:
                row[change.column] += change.amount
        _derive(row)
        if seated_from is None or seated_from > day:
            row["unsold_count"] = None
        table[key] = row
    return table


def _derive(row: ReportRow) -> None:
    row["sellable_count"] = row["capacity_count"] - row["hold_count"] - row["kill_count"]
    row["unsold_count"] = row["sellable_count"] - row["ticket_count"]
    row["sold_rate"] = ratio(row["ticket_count"], row["sellable_count"])
    row["occupancy_rate"] = ratio(row["admission_to_date_count"], row["capacity_count"])
