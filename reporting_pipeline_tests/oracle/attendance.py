"""report_attendance_daily and report_attendance_quarter_hourly: scans and people at the gates."""

from datetime import UTC, datetime, timedelta
from typing import Final

from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.report_days import event_day
from reporting_pipeline_tests.oracle.report_tables import (
    ATTENDANCE,
    QUARTERS,
    Key,
    ReportRow,
    ReportTable,
    blank,
)
from reporting_pipeline_tests.oracle.scans import (
    ScanState,
    is_entry,
    is_exit,
    scan_state,
    upload,
)
from reporting_pipeline_tests.oracle.source_tables import Row

MEASURES: Final = (
    "scan_count",
    "accepted_count",
    "rejected_count",
    "rejected_already_used_count",
    "rejected_unknown_count",
    "rejected_cancelled_count",
    "rejected_unpaid_count",
    "rejected_wrong_gate_count",
    "rejected_wrong_time_count",
    "rejected_blocked_count",
    "rejected_error_count",
    "admission_count",
    "day_entry_count",
    "reentry_count",
    "exit_count",
    "reverted_count",
    "offline_count",
    "late_count",
    "repeated_upload_count",
)
"""The measures of report_attendance_daily."""

QUARTER_MEASURES: Final = (
    "scan_count",
    "rejected_count",
    "admission_count",
    "reentry_count",
    "day_entry_count",
    "exit_count",
    "entry_count",
)
"""The measures of report_attendance_quarter_hourly."""

_LATE_AFTER: Final = timedelta(minutes=2)


def attendance_daily(books: Books) -> ReportTable:
    """Grain: event's organisation, event, date, gate, ticket type (None if unknown)."""
    table: ReportTable = {}
    state = scan_state(books)
    for scan in state.counted.values():
        key = _key(books, scan)
        row = table.setdefault(key, blank(ATTENDANCE, key, MEASURES))
        _add_scan(row, scan)
        row["repeated_upload_count"] += len(state.copies[upload(scan)]) - 1
        row["reverted_count"] += scan["id"] in state.reverted
        _add_passage(row, books, state, scan)
    return table


def attendance_quarter_hourly(books: Books) -> ReportTable:
    """Grain: event's organisation, event, date, gate, first instant of a quarter hour in UTC."""
    table: ReportTable = {}
    state = scan_state(books)
    for scan in state.counted.values():
        key = (*_key(books, scan)[:-1], _quarter(scan["scanned_at"]))
        row = table.setdefault(key, blank(QUARTERS, key, QUARTER_MEASURES))
        row["scan_count"] += 1
        row["rejected_count"] += scan["outcome"] == "rejected"
        _add_passage(row, books, state, scan)
        row["entry_count"] = row["admission_count"] + row["reentry_count"]
    return table


def admits(books: Books, scan: Row) -> bool:
    """True if the scan has a known ticket of an admission type.

    Only an entry with such a ticket is an admission or a re-entry. An exit counts with any ticket:
    for parking, for a T-shirt, or unknown.
    """
    ticket = books["ticketing.tickets"].get(scan["ticket_id"])
    if ticket is None:
        return False
    is_admission: bool = books["ticketing.ticket_types"][ticket["ticket_type_id"]]["is_admission"]
    return is_admission


def _key(books: Books, scan: Row) -> Key:
    ticket = books["ticketing.tickets"].get(scan["ticket_id"])
    return (
        books["ticketing.events"][scan["event_id"]]["organization_id"],
        scan["event_id"],
        event_day(books, scan["event_id"], scan["scanned_at"]),
        scan["gate_id"],
        ticket["ticket_type_id"] if ticket else None,
    )


def _quarter(instant: datetime) -> datetime:
    in_utc = instant.astimezone(UTC)
    return in_utc.replace(minute=in_utc.minute // 15 * 15, second=0, microsecond=0)


def _add_passage(row: ReportRow, books: Books, state: ScanState, scan: Row) -> None:
    row["exit_count"] += is_exit(scan, state.reverted)
    if is_entry(scan, state.reverted) and admits(books, scan):
        is_first = state.first_entries[scan["ticket_id"]]["id"] == scan["id"]
        row["admission_count" if is_first else "reentry_count"] += 1
        day = event_day(books, scan["event_id"], scan["scanned_at"])
        row["day_entry_count"] += state.first_of_days[scan["ticket_id"], day]["id"] == scan["id"]


def _add_scan(row: ReportRow, scan: Row) -> None:
    row["scan_count"] += 1
    row[f"{scan['outcome']}_count"] += 1
    if scan["outcome"] == "rejected":
        row[f"rejected_{scan['reject_reason']}_count"] += 1
    row["offline_count"] += scan["is_offline"]
    row["late_count"] += scan["received_at"] - scan["scanned_at"] > _LATE_AFTER
