"""The source contract, version 1, as SQLAlchemy tables: what the four upstream domains promise.

Each table's `info` says `domain`, `mutable` (rows carry `updated_at` and may change; otherwise they
are append-only), `record_clock` (the column that decides what is new) and `business_clock` (the
column that decides the report day; None where the table has none). A check constraint's `info`
carries the `reason` that a person reads when a row breaks it.

What belongs here: the promise. What does not: reading a source, loading one, or dating rows.
"""

from collections.abc import Sequence

from sqlalchemy import (
    CHAR,
    TIMESTAMP,
    UUID,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Time,
)

CONTRACT_VERSION = 1
DOMAINS = ("ticketing", "seating", "scanning", "ledger")
BUYER_COMPONENTS = (
    "face_value",
    "addon",
    "donation",
    "service_fee",
    "facility_fee",
    "shipping_fee",
    "cancellation_fee",
    "tax",
)

metadata = MetaData()


def _id() -> Column[object]:
    return Column("id", UUID, primary_key=True)


def _uuid(name: str, *, references: str | None = None, null: bool = False) -> Column[object]:
    keys = [ForeignKey(f"{references}.id")] if references else []
    return Column(name, UUID, *keys, nullable=null)


def _text(name: str) -> Column[object]:
    return Column(name, Text, nullable=False)


def _code(name: str, length: int) -> Column[object]:
    return Column(name, CHAR(length), nullable=False)


def _instant(name: str, *, null: bool = False) -> Column[object]:
    return Column(name, TIMESTAMP(timezone=True), nullable=null)


def _boolean(name: str) -> Column[object]:
    return Column(name, Boolean, nullable=False)


def _integer(name: str) -> Column[object]:
    return Column(name, Integer, nullable=False)


def _minor(name: str) -> Column[object]:
    return Column(name, BigInteger, nullable=False)


def _check(rule: str, reason: str) -> CheckConstraint:
    return CheckConstraint(rule, info={"reason": reason})


def _one_of(column: str, values: Sequence[str]) -> CheckConstraint:
    allowed = ", ".join(f"'{value}'" for value in values)
    return _check(f"{column} in ({allowed})", f"{column} is not one of {', '.join(values)}")


def _table(
    qualified: str,
    *parts: Column[object] | CheckConstraint,
    record_clock: str = "updated_at",
    business_clock: str | None = None,
) -> Table:
    domain, name = qualified.split(".")
    info = {
        "domain": domain,
        "mutable": record_clock == "updated_at",
        "record_clock": record_clock,
        "business_clock": business_clock,
    }
    table = Table(name, metadata, *parts, schema=domain, info=info)
    Index(f"{name}_{record_clock}_idx", table.c[record_clock])
    return table


ORGANIZATIONS = _table(
    "ticketing.organizations",
    _id(),
    _text("name"),
    _text("timezone"),
    _code("currency", 3),
    _instant("updated_at"),
)
EVENTS = _table(
    "ticketing.events",
    _id(),
    _uuid("organization_id", references="ticketing.organizations"),
    _uuid("venue_id", null=True),
    _text("name"),
    _text("timezone"),
    Column("day_cutoff", Time, nullable=False, server_default="00:00"),
    _code("currency", 3),
    _text("status"),
    _instant("on_sale_at", null=True),
    _instant("doors_at", null=True),
    _instant("starts_at"),
    _instant("ends_at"),
    _instant("updated_at"),
    _one_of("status", ("draft", "on_sale", "sold_out", "postponed", "cancelled", "ended")),
)
TICKET_TYPES = _table(
    "ticketing.ticket_types",
    _id(),
    _uuid("event_id", references="ticketing.events"),
    _text("name"),
    _boolean("is_admission"),
    _instant("updated_at"),
)
ORDERS = _table(
    "ticketing.orders",
    _id(),
    _uuid("organization_id", references="ticketing.organizations"),
    _uuid("event_id", references="ticketing.events"),
    _text("channel"),
    _text("status"),
    _code("currency", 3),
    _minor("total_minor"),
    _instant("placed_at"),
    _instant("paid_at", null=True),
    _instant("updated_at"),
    _one_of("channel", ("web", "box_office", "api", "reseller", "kiosk")),
    _one_of("status", ("pending", "paid", "expired", "cancelled", "refunded")),
    _check("total_minor >= 0", "total_minor is negative"),
)
ORDER_LINE_MOVEMENTS = _table(
    "ticketing.order_line_movements",
    _id(),
    _uuid("order_id", references="ticketing.orders"),
    _integer("line_no"),
    _uuid("ticket_type_id", references="ticketing.ticket_types"),
    _text("reason"),
    _integer("quantity"),
    _minor("list_minor"),
    _minor("discount_minor"),
    _minor("fee_minor"),
    _minor("tax_minor"),
    _instant("occurred_at"),
    _instant("recorded_at"),
    _check("line_no >= 1", "line_no is less than 1"),
    _one_of(
        "reason",
        ("sale", "comp", "exchange_in", "cancel", "refund", "void", "exchange_out", "fee"),
    ),
    _check(
        "(reason in ('sale', 'comp', 'exchange_in')) = (quantity > 0)",
        "quantity must be positive for sale, comp and exchange_in, and only for these",
    ),
    _check(
        "(reason = 'fee') = (quantity = 0)",
        "quantity must be 0 for fee, and only for fee",
    ),
    _check(
        "quantity = 0 or (list_minor * sign(quantity) >= 0 and discount_minor * sign(quantity) >= 0"
        " and fee_minor * sign(quantity) >= 0 and tax_minor * sign(quantity) >= 0)",
        "list, discount, fee and tax must each have the sign of quantity or be 0",
    ),
    _check("abs(discount_minor) <= abs(list_minor)", "the discount exceeds the list price"),
    _check(
        "reason <> 'fee' or (list_minor = 0 and discount_minor = 0"
        " and sign(fee_minor) * sign(tax_minor) >= 0)",
        "of a fee, list and discount must be 0, and fee and tax of one sign",
    ),
    record_clock="recorded_at",
    business_clock="occurred_at",
)
TICKETS = _table(
    "ticketing.tickets",
    _id(),
    _uuid("order_id", references="ticketing.orders"),
    _uuid("event_id", references="ticketing.events"),
    _uuid("ticket_type_id", references="ticketing.ticket_types"),
    _uuid("section_id", null=True),
    _boolean("is_comp"),
    _text("status"),
    _instant("issued_at"),
    _instant("invalidated_at", null=True),
    _instant("updated_at"),
    _one_of("status", ("valid", "cancelled", "refunded", "voided", "exchanged")),
)
VENUES = _table(
    "seating.venues",
    _id(),
    _text("name"),
    _text("city"),
    _code("country", 2),
    _instant("updated_at"),
)
SECTIONS = _table(
    "seating.sections",
    _id(),
    _uuid("venue_id", references="seating.venues"),
    _text("name"),
    _boolean("is_seated"),
    _instant("updated_at"),
)
INVENTORY_MOVEMENTS = _table(
    "seating.inventory_movements",
    _id(),
    _uuid("event_id"),
    _uuid("section_id", references="seating.sections"),
    _text("kind"),
    _integer("quantity"),
    _instant("occurred_at"),
    _instant("recorded_at"),
    _one_of("kind", ("capacity", "hold", "kill")),
    record_clock="recorded_at",
    business_clock="occurred_at",
)
GATES = _table(
    "scanning.gates",
    _id(),
    _uuid("event_id"),
    _text("name"),
    _instant("updated_at"),
)
SCANS = _table(
    "scanning.scans",
    _id(),
    _uuid("event_id"),
    _uuid("gate_id", references="scanning.gates"),
    _uuid("device_id"),
    _minor("device_sequence"),
    _uuid("ticket_id", null=True),
    _text("direction"),
    _text("outcome"),
    Column("reject_reason", Text),
    _boolean("is_offline"),
    _instant("scanned_at"),
    _instant("received_at"),
    _uuid("reverts_scan_id", null=True),
    _one_of("direction", ("entry", "exit")),
    _one_of("outcome", ("accepted", "rejected")),
    _one_of(
        "reject_reason",
        (
            "already_used",
            "unknown",
            "cancelled",
            "unpaid",
            "wrong_gate",
            "wrong_time",
            "blocked",
            "error",
        ),
    ),
    _check(
        "(outcome = 'rejected') = (reject_reason is not null)",
        "a rejected scan, and only that, must have a reject_reason",
    ),
    record_clock="received_at",
    business_clock="scanned_at",
)
ACCOUNTS = _table(
    "ledger.accounts",
    _id(),
    _uuid("organization_id"),
    _text("kind"),
    _code("currency", 3),
    _instant("recorded_at"),
    _one_of(
        "kind",
        (
            "psp_clearing",
            "bank",
            "buyer_receivable",
            "organizer_payable",
            "organizer_reserve",
            "tax_payable",
            "gift_card_liability",
            "service_fee_income",
            "platform_fee_income",
            "processing_fee_expense",
            "chargeback_loss",
            "suspense",
        ),
    ),
    record_clock="recorded_at",
)
TRANSACTIONS = _table(
    "ledger.transactions",
    _id(),
    _uuid("organization_id"),
    _uuid("event_id", null=True),
    _uuid("order_id", null=True),
    _text("kind"),
    _uuid("reverses_transaction_id", null=True),
    _instant("effective_at"),
    _instant("recorded_at"),
    _one_of(
        "kind",
        (
            "sale",
            "payment",
            "refund",
            "repayment",
            "chargeback",
            "chargeback_reversal",
            "fee",
            "payout",
            "payout_reversal",
            "reserve_hold",
            "reserve_release",
            "adjustment",
        ),
    ),
    record_clock="recorded_at",
    business_clock="effective_at",
)
ENTRIES = _table(
    "ledger.entries",
    _id(),
    _uuid("transaction_id", references="ledger.transactions"),
    _uuid("account_id", references="ledger.accounts"),
    _text("direction"),
    _text("component"),
    _minor("amount_minor"),
    _code("currency", 3),
    _instant("recorded_at"),
    _one_of("direction", ("debit", "credit")),
    _one_of(
        "component",
        (
            *BUYER_COMPONENTS,
            "platform_fee",
            "processing_fee",
            "chargeback_fee",
            "reserve",
            "payout",
            "adjustment",
            "cash",
        ),
    ),
    _check("amount_minor > 0", "amount_minor is not positive"),
    record_clock="recorded_at",
)

# Parents before children: the order in which rows can be loaded and landed.
TABLES: tuple[Table, ...] = (
    ORGANIZATIONS,
    EVENTS,
    TICKET_TYPES,
    ORDERS,
    ORDER_LINE_MOVEMENTS,
    TICKETS,
    VENUES,
    SECTIONS,
    INVENTORY_MOVEMENTS,
    GATES,
    SCANS,
    ACCOUNTS,
    TRANSACTIONS,
    ENTRIES,
)


def tables_of(domain: str) -> tuple[Table, ...]:
    """The tables of one domain, parents before children."""
    return tuple(table for table in TABLES if table.info["domain"] == domain)
