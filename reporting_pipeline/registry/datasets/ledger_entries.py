"""ledger_entries: the rows that revenue is summed from."""

from reporting_pipeline.registry.columns import ColumnType, attribute, key, measure
from reporting_pipeline.registry.datasets.dataset import SCHEMA, Dataset
from reporting_pipeline.registry.datasets.itemised import column_of, figures_of
from reporting_pipeline.registry.datasets.names import with_names
from reporting_pipeline.registry.tables.revenue_daily import REVENUE_DAILY

_ENTRIES = "ledger_entries"
_TRANSACTIONS = "ledger_transactions"

LEDGER_ENTRIES = Dataset(
    name="ledger_entries",
    title="Ledger entries",
    grain="One row per entry of the ledger.",
    description=(
        "Money as the ledger has it, entry by entry: the rows that report_revenue_daily sums, "
        "with every figure of it. Each figure holds what the entry adds to its day; "
        "transaction_count is 1 on one entry of a transaction in each currency."
    ),
    schema=SCHEMA,
    relation="ledger_entries",
    columns=with_names(
        (
            column_of(REVENUE_DAILY, "organization_id"),
            column_of(REVENUE_DAILY, "event_id"),
            column_of(REVENUE_DAILY, "date"),
            column_of(REVENUE_DAILY, "currency"),
            key("entry_id", ColumnType.UUID, "The entry.", f"{_ENTRIES}.id"),
            attribute(
                "transaction_id",
                ColumnType.UUID,
                "Its transaction.",
                f"{_ENTRIES}.transaction_id",
            ),
            attribute(
                "order_id",
                ColumnType.UUID,
                "Order of the transaction; null where it concerns none.",
                f"{_TRANSACTIONS}.order_id",
                nullable=True,
            ),
            attribute(
                "transaction_kind",
                ColumnType.TEXT,
                "What the transaction is: sale, refund, payout and so on.",
                f"{_TRANSACTIONS}.kind",
            ),
            attribute(
                "account_kind",
                ColumnType.TEXT,
                "Kind of the account that the entry stands on.",
                "ledger_accounts.kind",
            ),
            attribute(
                "component",
                ColumnType.TEXT,
                "What the money is for: face_value, tax, cash and so on.",
                f"{_ENTRIES}.component",
            ),
            attribute(
                "direction",
                ColumnType.TEXT,
                "The side that the entry stands on: debit or credit.",
                f"{_ENTRIES}.direction",
                values=("debit", "credit"),
            ),
            attribute(
                "effective_at",
                ColumnType.INSTANT,
                "When the transaction took effect; decides the report day.",
                f"{_TRANSACTIONS}.effective_at",
            ),
            attribute(
                "recorded_at",
                ColumnType.INSTANT,
                "When the ledger wrote the entry down.",
                f"{_ENTRIES}.recorded_at",
            ),
            attribute(
                "is_classified",
                ColumnType.BOOLEAN,
                "Whether component, account and kind of transaction go together; else the entry is "
                "a break.",
                f"{_ENTRIES}.component",
                f"{_TRANSACTIONS}.kind",
                "ledger_accounts.kind",
            ),
            measure(
                "net_credit_minor",
                "The amount: positive as a credit, negative as a debit.",
                f"{_ENTRIES}.direction",
                f"{_ENTRIES}.amount_minor",
            ),
            *figures_of(REVENUE_DAILY),
        )
    ),
    rests_on=(REVENUE_DAILY.name,),
)
