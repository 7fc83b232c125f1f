"""report_reconciliation_breaks: where Ticketing and the ledger differ, order by order."""

from reporting_pipeline.registry.columns import ColumnType, ReportTable, attribute, balance, key

# The kinds that warn; every other kind fails its check.
WARNING_KINDS = ("timing", "settlement")
# In order of precedence for one order; the last three stand apart.
BREAK_KINDS = (
    "timing",
    "missing_in_ticketing",
    "missing_in_ledger",
    "organization",
    "currency",
    "duplicate",
    "amount",
    "unbalanced",
    "unclassified",
    "settlement",
)

_BOOKED = (
    "ticketing_order_line_movements.list_minor",
    "ticketing_order_line_movements.discount_minor",
    "ticketing_order_line_movements.fee_minor",
    "ticketing_order_line_movements.tax_minor",
)
_CHARGED = (
    "ledger_entries.direction",
    "ledger_entries.component",
    "ledger_entries.amount_minor",
    "ledger_transactions.kind",
    "ledger_accounts.kind",
)

RECONCILIATION_BREAKS = ReportTable(
    name="report_reconciliation_breaks",
    title="Reconciliation breaks",
    grain=(
        "One row per difference: report day, organisation, event, order or transaction or entry, "
        "currency and kind."
    ),
    description=(
        "What Ticketing booked so far for an order against what the ledger charged so far, at "
        "the end of each report day on which the order has a movement or a charge; also "
        "transactions that do not balance, entries that are not classified, and orders that "
        "were left unsettled. `timing` and `settlement` warn, every other kind is an error. A "
        "late movement or entry changes all days of its order."
    ),
    columns=(
        key(
            "date",
            ColumnType.DATE,
            "Report day at whose end the difference stands.",
            "ticketing_order_line_movements.report_day",
            "ledger_transactions.report_day",
        ),
        key(
            "organization_id",
            ColumnType.UUID,
            "Organisation of the side that the row stands for: the order's of what Ticketing "
            "booked, the transaction's of what the ledger charged.",
            "ticketing_orders.organization_id",
            "ledger_transactions.organization_id",
        ),
        key(
            "event_id",
            ColumnType.UUID,
            "Event; null where a transaction concerns no single event.",
            "ticketing_orders.event_id",
            "ledger_transactions.event_id",
            nullable=True,
        ),
        key(
            "order_id",
            ColumnType.UUID,
            "The order that differs; null where a transaction or an entry does.",
            "ticketing_orders.id",
            "ledger_transactions.order_id",
            nullable=True,
        ),
        key(
            "transaction_id",
            ColumnType.UUID,
            "The transaction of an unbalanced or unclassified row; else null.",
            "ledger_transactions.id",
            nullable=True,
        ),
        key(
            "entry_id",
            ColumnType.UUID,
            "The entry of an unclassified row; else null.",
            "ledger_entries.id",
            nullable=True,
        ),
        key(
            "currency",
            ColumnType.CURRENCY,
            "ISO 4217 code of both amounts.",
            "ticketing_orders.currency",
            "ledger_entries.currency",
        ),
        key(
            "kind",
            ColumnType.TEXT,
            f"What is wrong: {', '.join(BREAK_KINDS)}.",
            *_BOOKED,
            *_CHARGED,
            values=BREAK_KINDS,
        ),
        balance(
            "ticketing_minor",
            "Booked by Ticketing up to the day: face value + fee + tax over the order's movements "
            "(signed); 0 where Ticketing is not compared.",
            *_BOOKED,
        ),
        balance(
            "ledger_minor",
            "Charged by the ledger up to the day: credits of buyer components in sales less debits "
            "in refunds (signed); of unbalanced and unclassified credits less debits; of "
            "settlement the balance of buyer_receivable.",
            *_CHARGED,
        ),
        balance("difference_minor", "Ticketing less ledger, always (signed).", *_BOOKED, *_CHARGED),
        attribute(
            "proof_ids",
            ColumnType.UUIDS,
            "Movements and transactions that the figures rest on, sorted.",
            "ticketing_order_line_movements.id",
            "ledger_transactions.id",
        ),
    ),
)
