"""report_sales_daily: what Ticketing sold and took back, by event, ticket type and channel."""

from reporting_pipeline.registry.columns import ColumnType, ReportTable, attribute, key, measure

_MOVEMENTS = "ticketing_order_line_movements"
_UNITS = (f"{_MOVEMENTS}.reason", f"{_MOVEMENTS}.quantity")
_SIGN = (*_UNITS, f"{_MOVEMENTS}.fee_minor", f"{_MOVEMENTS}.tax_minor")
_LIST = (*_UNITS, f"{_MOVEMENTS}.list_minor")
_DISCOUNT = (*_UNITS, f"{_MOVEMENTS}.discount_minor")
_FACE_VALUE = (*_LIST, f"{_MOVEMENTS}.discount_minor")
_GROSS = (*_SIGN, f"{_MOVEMENTS}.list_minor", f"{_MOVEMENTS}.discount_minor")

SALES_DAILY = ReportTable(
    name="report_sales_daily",
    title="Sales by day",
    grain="One row per event, report day, currency, ticket type and sales channel.",
    description=(
        "Tickets and add-ons sold, given and taken back, from the order line movements of "
        "Ticketing by the time at which they occurred. Counts are units; a movement of reason "
        "`fee` has none. Movements of an event that is not known are held back. A repricing "
        "stands in gross and in returned gross. A late movement changes the row of its own day, "
        "and order_count of the day that counted its order before."
    ),
    columns=(
        key(
            "organization_id",
            ColumnType.UUID,
            "Organisation of the event.",
            "ticketing_events.organization_id",
        ),
        key("event_id", ColumnType.UUID, "Event of the order.", "ticketing_orders.event_id"),
        key(
            "date",
            ColumnType.DATE,
            "Report day of the movement, in the event's time zone after its day cutoff.",
            f"{_MOVEMENTS}.report_day",
        ),
        key(
            "currency",
            ColumnType.CURRENCY,
            "ISO 4217 code of the order's currency.",
            "ticketing_orders.currency",
        ),
        key(
            "ticket_type_id",
            ColumnType.UUID,
            "Ticket type of the movement.",
            f"{_MOVEMENTS}.ticket_type_id",
        ),
        key(
            "channel",
            ColumnType.TEXT,
            "Sales channel of the order: web, box_office, api, reseller or kiosk.",
            "ticketing_orders.channel",
            values=("web", "box_office", "api", "reseller", "kiosk"),
        ),
        attribute(
            "is_admission",
            ColumnType.BOOLEAN,
            "Whether the ticket type admits to the event; false for parking, merchandise and "
            "other add-ons.",
            "ticketing_ticket_types.is_admission",
        ),
        measure(
            "order_count",
            "Orders whose first movement (least occurred_at, then line_no, then id) stands on "
            "this row; each order counts once, ever.",
            f"{_MOVEMENTS}.order_id",
            f"{_MOVEMENTS}.occurred_at",
            f"{_MOVEMENTS}.line_no",
            f"{_MOVEMENTS}.id",
        ),
        measure("sold_count", "Units of reason sale.", *_UNITS),
        measure("comped_count", "Units of reason comp: given free of charge.", *_UNITS),
        measure("exchanged_in_count", "Units of reason exchange_in.", *_UNITS),
        measure("cancelled_count", "Units of reason cancel, as a magnitude.", *_UNITS),
        measure("refunded_count", "Units of reason refund, as a magnitude.", *_UNITS),
        measure("voided_count", "Units of reason void, as a magnitude.", *_UNITS),
        measure("exchanged_out_count", "Units of reason exchange_out, as a magnitude.", *_UNITS),
        measure(
            "net_count",
            "Sold, comped and exchanged in, less cancelled, refunded, voided and exchanged out "
            "(signed).",
            *_UNITS,
        ),
        measure("list_minor", "List price of the positive movements, net of tax.", *_LIST),
        measure("discount_minor", "Discount on the positive movements.", *_DISCOUNT),
        measure(
            "face_value_minor",
            "Face value of the positive movements: list price less discount.",
            *_FACE_VALUE,
        ),
        measure("fee_minor", "Buyer fees of the positive movements.", *_SIGN),
        measure("tax_minor", "Tax of the positive movements.", *_SIGN),
        measure(
            "gross_minor",
            "What the buyers were charged by the positive movements: face value + fee + tax.",
            *_GROSS,
        ),
        measure(
            "returned_face_value_minor",
            "Face value of the negative movements, as a magnitude.",
            *_FACE_VALUE,
        ),
        measure(
            "returned_fee_minor",
            "Buyer fees of the negative movements, as a magnitude.",
            *_SIGN,
        ),
        measure("returned_tax_minor", "Tax of the negative movements, as a magnitude.", *_SIGN),
        measure(
            "returned_gross_minor",
            "Gross of the negative movements, as a magnitude: returned face value + fee + tax.",
            *_GROSS,
        ),
        measure("net_gross_minor", "Gross less returned gross (signed).", *_GROSS),
    ),
)
