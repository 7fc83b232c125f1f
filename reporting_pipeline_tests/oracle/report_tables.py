"""The five report tables of the oracle: keys, columns and types."""

from typing import Any, Final

ReportRow = dict[str, Any]
Key = tuple[Any, ...]
ReportTable = dict[Key, ReportRow]
"""Key -> row; a row also has the columns of its key."""

SALES: Final = "report_sales_daily"
REVENUE: Final = "report_revenue_daily"
ATTENDANCE: Final = "report_attendance_daily"
SUMMARY: Final = "report_event_summary"
BREAKS: Final = "report_reconciliation_breaks"

KEYS: Final[dict[str, tuple[str, ...]]] = {
    SALES: ("organization_id", "event_id", "date", "currency", "ticket_type_id", "channel"),
    REVENUE: ("organization_id", "event_id", "date", "currency"),
    ATTENDANCE: ("organization_id", "event_id", "date", "gate_id", "ticket_type_id"),
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
}

_MEASURES: Final = {
    SALES: "order_count sold_count comped_count exchanged_in_count cancelled_count refunded_count"
    " voided_count exchanged_out_count net_count list_minor discount_minor face_value_minor"
    " fee_minor tax_minor gross_minor returned_face_value_minor returned_fee_minor"
    " returned_tax_minor returned_gross_minor net_gross_minor",
    REVENUE: "face_value_minor addon_minor donation_minor service_fee_minor facility_fee_minor"
    " shipping_fee_minor cancellation_fee_minor tax_minor gross_minor refund_face_value_minor"
    " refund_addon_minor refund_fee_minor refund_tax_minor refund_minor chargeback_minor"
    " chargeback_reversal_minor net_revenue_minor platform_fee_minor processing_fee_minor"
    " chargeback_fee_minor adjustment_minor reserve_held_minor reserve_released_minor"
    " payout_minor payout_reversal_minor payable_change_minor receivable_change_minor"
    " collected_minor repaid_minor transaction_count entry_count debit_minor credit_minor",
    ATTENDANCE: "scan_count accepted_count rejected_count rejected_already_used_count"
    " rejected_unknown_count rejected_cancelled_count rejected_unpaid_count"
    " rejected_wrong_gate_count rejected_wrong_time_count rejected_blocked_count"
    " rejected_error_count admission_count reentry_count exit_count reverted_count offline_count"
    " late_count repeated_upload_count",
    SUMMARY: "capacity_count hold_count kill_count sellable_count sold_today_count"
    " sold_to_date_count comped_to_date_count unsold_count sell_through_rate"
    " admission_to_date_count no_show_count attendance_rate occupancy_rate gross_to_date_minor"
    " refund_to_date_minor net_revenue_to_date_minor platform_fee_to_date_minor"
    " processing_fee_to_date_minor payable_to_date_minor other_currency_count",
    BREAKS: "ticketing_minor ledger_minor difference_minor",
}

_OTHERS: Final = {SALES: ("is_admission",), SUMMARY: ("is_final",), BREAKS: ("proof_ids",)}

MEASURES: Final[dict[str, tuple[str, ...]]] = {
    table: tuple(names.split()) for table, names in _MEASURES.items()
}
"""Report table -> its measures, in the order of their definition."""

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    table: (*KEYS[table], *MEASURES[table], *_OTHERS.get(table, ())) for table in KEYS
}
"""Report table -> all its columns."""


def blank(table: str, key: Key) -> ReportRow:
    """A row of `table` with `key`, whose measures are 0."""
    return dict(zip(KEYS[table], key, strict=True)) | dict.fromkeys(MEASURES[table], 0)
