"""The report tables of the oracle: keys, columns and types."""

from collections.abc import Iterable
from typing import Any, Final

ReportRow = dict[str, Any]
Key = tuple[Any, ...]
ReportTable = dict[Key, ReportRow]
"""Key -> row; a row also has the columns of its key."""

SALES: Final = "report_sales_daily"
REVENUE: Final = "report_revenue_daily"
ATTENDANCE: Final = "report_attendance_daily"
QUARTERS: Final = "report_attendance_quarter_hourly"
OCCUPANCY: Final = "report_occupancy_daily"
SUMMARY: Final = "report_event_summary"
BREAKS: Final = "report_reconciliation_breaks"
TAX: Final = "report_tax_daily"
ACCOUNTS: Final = "report_account_movements_daily"

KEYS: Final[dict[str, tuple[str, ...]]] = {
    SALES: ("organization_id", "event_id", "date", "currency", "ticket_type_id", "channel"),
    REVENUE: ("organization_id", "event_id", "date", "currency"),
    ATTENDANCE: ("organization_id", "event_id", "date", "gate_id", "ticket_type_id"),
    QUARTERS: ("organization_id", "event_id", "date", "gate_id", "quarter_at"),
    OCCUPANCY: ("organization_id", "event_id", "section_id", "date"),
    SUMMARY: ("organization_id", "event_id", "date", "currency"),
    BREAKS: (
        "date",
        "organization_id",
        "event_id",
        "order_id",
        "transaction_id",
        "entry_id",
        "currency",
        "kind",
    ),
    TAX: ("organization_id", "event_id", "date", "currency", "tax_jurisdiction", "tax_rate"),
    ACCOUNTS: ("organization_id", "event_id", "account_kind", "currency", "date"),
}


def blank(table: str, key: Key, measures: Iterable[str]) -> ReportRow:
    """A row of `table` with `key`, whose measures are 0."""
    return dict(zip(KEYS[table], key, strict=True)) | dict.fromkeys(measures, 0)
