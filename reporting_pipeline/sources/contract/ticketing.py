"""Ticketing: organisations, series, events, ticket types, orders, movements and tickets."""

from sqlalchemy import Column, Time

from reporting_pipeline.sources.contract.columns import (
    boolean,
    check,
    code,
    contract_table,
    instant,
    integer,
    minor,
    one_of,
    optional,
    row_id,
    text,
    uuid,
)

ORGANIZATIONS = contract_table(
    "ticketing.organizations",
    row_id(),
    text("name"),
    text("timezone"),
    code("currency", 3),
    instant("updated_at"),
)
EVENT_SERIES = contract_table(
    "ticketing.event_series",
    row_id(),
    uuid("organization_id", references="ticketing.organizations"),
    text("name"),
    instant("updated_at"),
    is_optional=True,
)
EVENTS = contract_table(
    "ticketing.events",
    row_id(),
    uuid("organization_id", references="ticketing.organizations"),
    uuid("venue_id", null=True),
    text("name"),
    text("timezone"),
    Column("day_cutoff", Time, nullable=False, server_default="00:00"),
    code("currency", 3),
    text("status"),
    instant("on_sale_at", null=True),
    instant("doors_at", null=True),
    instant("starts_at"),
    instant("ends_at"),
    optional(uuid("series_id", references="ticketing.event_series", null=True)),
    optional(instant("rescheduled_from", null=True)),
    instant("updated_at"),
    one_of("status", ("draft", "on_sale", "sold_out", "postponed", "cancelled", "ended")),
)
TICKET_TYPES = contract_table(
    "ticketing.ticket_types",
    row_id(),
    uuid("event_id", references="ticketing.events"),
    text("name"),
    boolean("is_admission"),
    instant("updated_at"),
)
ORDERS = contract_table(
    "ticketing.orders",
    row_id(),
    uuid("organization_id", references="ticketing.organizations"),
    uuid("event_id", references="ticketing.events"),
    text("channel"),
    text("status"),
    code("currency", 3),
    minor("total_minor"),
    instant("placed_at"),
    instant("paid_at", null=True),
    instant("updated_at"),
    one_of("channel", ("web", "box_office", "api", "reseller", "kiosk")),
    one_of("status", ("pending", "paid", "expired", "cancelled", "refunded")),
    check("total_minor >= 0", "total_minor is negative"),
)
ORDER_LINE_MOVEMENTS = contract_table(
    "ticketing.order_line_movements",
    row_id(),
    uuid("order_id", references="ticketing.orders"),
    integer("line_no"),
    uuid("ticket_type_id", references="ticketing.ticket_types"),
    text("reason"),
    integer("quantity"),
    minor("list_minor"),
    minor("discount_minor"),
    minor("fee_minor"),
    minor("tax_minor"),
    instant("occurred_at"),
    instant("recorded_at"),
    check("line_no >= 1", "line_no is less than 1"),
    one_of(
        "reason",
        ("sale", "comp", "exchange_in", "cancel", "refund", "void", "exchange_out", "fee"),
    ),
    check(
        "(reason in ('sale', 'comp', 'exchange_in')) = (quantity > 0)",
        "quantity must be positive for sale, comp and exchange_in, and only for these",
    ),
    check(
        "(reason = 'fee') = (quantity = 0)",
        "quantity must be 0 for fee, and only for fee",
    ),
    check(
        "quantity = 0 or (list_minor * sign(quantity) >= 0 and discount_minor * sign(quantity) >= 0"
        " and fee_minor * sign(quantity) >= 0 and tax_minor * sign(quantity) >= 0)",
        "list, discount, fee and tax must each have the sign of quantity or be 0",
    ),
    check(
        "abs(discount_minor::numeric) <= abs(list_minor::numeric)",
        "the discount exceeds the list price",
    ),
    check(
        "reason <> 'fee' or (list_minor = 0 and discount_minor = 0"
        " and sign(fee_minor) * sign(tax_minor) >= 0)",
        "of a fee, list and discount must be 0, and fee and tax of one sign",
    ),
    record_clock="recorded_at",
    business_clock="occurred_at",
)
TICKETS = contract_table(
    "ticketing.tickets",
    row_id(),
    uuid("order_id", references="ticketing.orders"),
    uuid("event_id", references="ticketing.events"),
    uuid("ticket_type_id", references="ticketing.ticket_types"),
    uuid("section_id", null=True),
    boolean("is_comp"),
    text("status"),
    instant("issued_at"),
    instant("invalidated_at", null=True),
    instant("updated_at"),
    one_of("status", ("valid", "cancelled", "refunded", "voided", "exchanged")),
)

# Parents before children.
TABLES = (
    ORGANIZATIONS,
    EVENT_SERIES,
    EVENTS,
    TICKET_TYPES,
    ORDERS,
    ORDER_LINE_MOVEMENTS,
    TICKETS,
)
