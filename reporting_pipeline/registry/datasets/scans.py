"""scans: the rows that attendance is counted from."""

from reporting_pipeline.registry.columns import ColumnType, attribute, key
from reporting_pipeline.registry.datasets.dataset import SCHEMA, Dataset
from reporting_pipeline.registry.datasets.itemised import column_of, figures_of
from reporting_pipeline.registry.datasets.names import with_names
from reporting_pipeline.registry.tables.attendance_daily import ATTENDANCE_DAILY

_SCANS = "scanning_scans"
_REJECT_REASONS = (
    *("already_used", "unknown", "cancelled", "unpaid"),
    *("wrong_gate", "wrong_time", "blocked", "error"),
)

SCANS = Dataset(
    name="scans",
    title="Scans",
    grain="One row per scan that stands: of repeated uploads the one received first.",
    description=(
        "Who came through which gate, scan by scan: the rows that report_attendance_daily counts, "
        "with every figure of it. Each count is 1 where the scan counts there, else 0; "
        "repeated_upload_count is the number of copies that were dropped. Scans of an event that "
        "is not known are held back."
    ),
    schema=SCHEMA,
    relation="scans",
    columns=with_names(
        (
            column_of(ATTENDANCE_DAILY, "organization_id"),
            column_of(ATTENDANCE_DAILY, "event_id"),
            column_of(ATTENDANCE_DAILY, "date"),
            key("scan_id", ColumnType.UUID, "The scan.", f"{_SCANS}.id"),
            column_of(ATTENDANCE_DAILY, "gate_id"),
            attribute(
                "ticket_id",
                ColumnType.UUID,
                "The ticket that was scanned; null where no ticket has the code.",
                f"{_SCANS}.ticket_id",
                nullable=True,
            ),
            column_of(ATTENDANCE_DAILY, "ticket_type_id"),
            attribute(
                "direction",
                ColumnType.TEXT,
                "The way through the gate: entry or exit.",
                f"{_SCANS}.direction",
                values=("entry", "exit"),
            ),
            attribute(
                "outcome",
                ColumnType.TEXT,
                "What the scanner said: accepted or rejected.",
                f"{_SCANS}.outcome",
                values=("accepted", "rejected"),
            ),
            attribute(
                "reject_reason",
                ColumnType.TEXT,
                f"Why it was rejected: {', '.join(_REJECT_REASONS)}; null where accepted.",
                f"{_SCANS}.reject_reason",
                nullable=True,
                values=_REJECT_REASONS,
            ),
            attribute(
                "is_revert",
                ColumnType.BOOLEAN,
                "Whether the scan takes another one back, which is all that it counts as.",
                f"{_SCANS}.reverts_scan_id",
                f"{_SCANS}.outcome",
            ),
            attribute(
                "reverts_scan_id",
                ColumnType.UUID,
                "The scan that it takes back; null where it takes none back.",
                f"{_SCANS}.reverts_scan_id",
                nullable=True,
            ),
            attribute("device_id", ColumnType.UUID, "The scanner.", f"{_SCANS}.device_id"),
            attribute(
                "device_sequence",
                ColumnType.BIGINT,
                "Number of the scan on its scanner.",
                f"{_SCANS}.device_sequence",
            ),
            attribute(
                "scanned_at",
                ColumnType.INSTANT,
                "When it was made, by the scanner's clock; decides the report day.",
                f"{_SCANS}.scanned_at",
            ),
            attribute(
                "received_at",
                ColumnType.INSTANT,
                "When Scanning received it.",
                f"{_SCANS}.received_at",
            ),
            *figures_of(ATTENDANCE_DAILY),
        )
    ),
    rests_on=(ATTENDANCE_DAILY.name,),
)
