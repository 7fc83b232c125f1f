"""report_attendance_daily: who came through which gate."""

from reporting_pipeline.registry.columns import Column, ColumnType, ReportTable, key, measure

_SCANS = "scanning_scans"
_OUTCOME = (f"{_SCANS}.outcome",)
_PASSAGE = (
    f"{_SCANS}.direction",
    f"{_SCANS}.outcome",
    f"{_SCANS}.reverts_scan_id",
    f"{_SCANS}.ticket_id",
    f"{_SCANS}.scanned_at",
    f"{_SCANS}.received_at",
    f"{_SCANS}.id",
    "ticketing_tickets.ticket_type_id",
    "ticketing_ticket_types.is_admission",
)


def _rejected(reason: str, words: str) -> Column:
    return measure(
        f"rejected_{reason}_count",
        f"Scans rejected because {words}.",
        f"{_SCANS}.reject_reason",
    )


ATTENDANCE_DAILY = ReportTable(
    name="report_attendance_daily",
    title="Attendance by day",
    grain="One row per event, report day, gate and ticket type (null: ticket unknown).",
    description=(
        "Scans by the time of the device, less repeated uploads: of rows with the same device "
        "and sequence the one received first (then least id) stands. A revert counts in scan, "
        "accepted, offline and late, never as admission, re-entry or exit. Scans of an event "
        "that is not known are held back. A late scan changes its own day, the day of the scan "
        "that it takes back, and the day that counted the ticket's admission before."
    ),
    columns=(
        key(
            "organization_id",
            ColumnType.UUID,
            "Organisation of the event.",
            "ticketing_events.organization_id",
        ),
        key("event_id", ColumnType.UUID, "Event of the scan.", f"{_SCANS}.event_id"),
        key(
            "date",
            ColumnType.DATE,
            "Report day of the scan, in the event's time zone after its day cutoff.",
            f"{_SCANS}.report_day",
        ),
        key("gate_id", ColumnType.UUID, "Gate of the scan.", f"{_SCANS}.gate_id"),
        key(
            "ticket_type_id",
            ColumnType.UUID,
            "Type of the scanned ticket; null where the ticket is unknown.",
            "ticketing_tickets.ticket_type_id",
            nullable=True,
        ),
        measure("scan_count", "All scans that stand: accepted and rejected.", *_OUTCOME),
        measure("accepted_count", "Scans that were accepted, reverts included.", *_OUTCOME),
        measure("rejected_count", "Scans that were rejected.", *_OUTCOME),
        _rejected("already_used", "the ticket had been used"),
        _rejected("unknown", "no ticket has the code"),
        _rejected("cancelled", "the ticket is cancelled"),
        _rejected("unpaid", "the order is not paid"),
        _rejected("wrong_gate", "the ticket belongs to another gate"),
        _rejected("wrong_time", "the ticket is not valid at that time"),
        _rejected("blocked", "the ticket is blocked"),
        _rejected("error", "the scanner failed"),
        measure(
            "admission_count",
            "Entries that are their ticket's first: least scanned_at, then received_at, then id, "
            "among its accepted entries that are not reverted, over all gates and days. Each "
            "ticket of an admission type counts once, ever.",
            *_PASSAGE,
        ),
        measure(
            "reentry_count",
            "Accepted entries of a known ticket of an admission type, not reverted, that are not "
            "its first.",
            *_PASSAGE,
        ),
        measure(
            "exit_count",
            "Accepted exits, not reverted, whatever their ticket is.",
            *_PASSAGE,
        ),
        measure(
            "reverted_count",
            "Accepted scans that a revert takes back.",
            f"{_SCANS}.reverts_scan_id",
        ),
        measure("offline_count", "Scans made offline.", f"{_SCANS}.is_offline"),
        measure(
            "late_count",
            "Scans received more than 2 minutes after they were made.",
            f"{_SCANS}.scanned_at",
            f"{_SCANS}.received_at",
        ),
        measure(
            "repeated_upload_count",
            "Rows dropped as repeated uploads, on the row of the one that stands.",
            f"{_SCANS}.device_id",
            f"{_SCANS}.device_sequence",
            f"{_SCANS}.received_at",
            f"{_SCANS}.id",
        ),
    ),
)
