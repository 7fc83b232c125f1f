"""report_event_summary: where each event stands at the end of a day."""

from reporting_pipeline.registry.columns import (
    Column,
    ColumnType,
    ReportTable,
    attribute,
    balance,
    key,
    measure,
    ratio,
)

_INVENTORY = (
    "seating_inventory_movements.kind",
    "seating_inventory_movements.quantity",
    "seating_inventory_movements.report_day",
)
_UNITS = (
    "ticketing_order_line_movements.reason",
    "ticketing_order_line_movements.quantity",
    "ticketing_order_line_movements.line_no",
    "ticketing_order_line_movements.report_day",
    "ticketing_orders.event_id",
    "ticketing_ticket_types.is_admission",
)
_ADMISSIONS = (
    "scanning_scans.ticket_id",
    "scanning_scans.outcome",
    "scanning_scans.report_day",
    "ticketing_tickets.ticket_type_id",
    "ticketing_ticket_types.is_admission",
)
_LEDGER = (
    "ledger_entries.amount_minor",
    "ledger_entries.component",
    "ledger_entries.report_day",
    "ledger_transactions.kind",
    "ledger_accounts.kind",
)
_END = ("ticketing_events.ends_at", "ticketing_events.timezone", "ticketing_events.day_cutoff")


def _to_date(name: str, words: str) -> Column:
    return balance(
        name,
        f"{words}, from the first day to this one, in the event's currency.",
        *_LEDGER,
    )


EVENT_SUMMARY = ReportTable(
    name="report_event_summary",
    title="Event summary",
    grain="One row per event and report day, as of the end of that day, in the event's currency.",
    description=(
        "Seats, tickets, admissions and money of an event as of the end of a day. A row stands "
        "for each day on which the event has a row in another daily table or an inventory "
        "movement, and for the day on which it ends. To read an event as of a day, take its last "
        "row up to that day. Revenue that the ledger books to another organisation than the "
        "event's is left out. A late row changes its own day and all later days of its event."
    ),
    columns=(
        key(
            "organization_id",
            ColumnType.UUID,
            "Organisation of the event.",
            "ticketing_events.organization_id",
        ),
        key("event_id", ColumnType.UUID, "The event.", "ticketing_events.id"),
        key(
            "date",
            ColumnType.DATE,
            "Report day at whose end the figures stand.",
            "ticketing_order_line_movements.report_day",
            "ledger_entries.report_day",
            "scanning_scans.report_day",
            "seating_inventory_movements.report_day",
            *_END,
        ),
        key(
            "currency",
            ColumnType.CURRENCY,
            "ISO 4217 code of the event's currency.",
            "ticketing_events.currency",
        ),
        balance("capacity_count", "Seats of the event.", *_INVENTORY),
        balance("hold_count", "Seats held back from sale.", *_INVENTORY),
        balance("kill_count", "Seats taken out of sale for good.", *_INVENTORY),
        balance("sellable_count", "Capacity less holds less kills.", *_INVENTORY),
        measure(
            "sold_today_count",
            "Net units of admission types sold on this day, comps apart.",
            *_UNITS,
        ),
        balance(
            "sold_to_date_count",
            "Net units of admission types sold: sale and exchange_in less the returns of lines "
            "that did not begin as a comp.",
            *_UNITS,
        ),
        balance(
            "comped_to_date_count",
            "Net units of admission types given free of charge: comps less the returns of lines "
            "that began as a comp.",
            *_UNITS,
        ),
        balance(
            "unsold_count",
            "Sellable less sold to date less comped to date.",
            *_INVENTORY,
            *_UNITS,
        ),
        ratio(
            "sell_through_rate",
            "Sold to date / sellable; null where nothing is sellable.",
            *_INVENTORY,
            *_UNITS,
        ),
        balance("admission_to_date_count", "Tickets admitted, each once.", *_ADMISSIONS),
        balance(
            "no_show_count",
            "Sold and comped to date less admissions; null before the day on which the event ends.",
            *_UNITS,
            *_ADMISSIONS,
            *_END,
            nullable=True,
        ),
        ratio(
            "attendance_rate",
            "Admissions / (sold + comped to date); null where nothing is sold or comped.",
            *_UNITS,
            *_ADMISSIONS,
        ),
        ratio(
            "occupancy_rate",
            "Admissions / capacity; null where there is no capacity.",
            *_INVENTORY,
            *_ADMISSIONS,
        ),
        _to_date("gross_to_date_minor", "Charged to buyers"),
        _to_date("refund_to_date_minor", "Taken back from charges"),
        _to_date(
            "net_revenue_to_date_minor",
            "Gross - refund - chargeback + chargeback reversal (signed)",
        ),
        _to_date(
            "platform_fee_to_date_minor",
            "Platform fees that the organiser bears",
        ),
        _to_date(
            "processing_fee_to_date_minor",
            "Payment processing fees that the organiser bears",
        ),
        _to_date(
            "payable_to_date_minor",
            "What is owed to the organiser (signed)",
        ),
        balance(
            "other_currency_count",
            "Currencies other than the event's that its ledger rows bear up to this day; 0 in "
            "health.",
            "ledger_entries.currency",
        ),
        attribute(
            "is_final",
            ColumnType.BOOLEAN,
            "Whether the day is at or after the event's last local day + 30 days.",
            *_END,
        ),
    ),
)
