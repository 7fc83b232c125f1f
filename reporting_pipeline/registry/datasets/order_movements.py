"""order_movements: the rows that sales are summed from."""

from reporting_pipeline.registry.columns import ColumnType, attribute, key, measure
from reporting_pipeline.registry.datasets.dataset import SCHEMA, Dataset
from reporting_pipeline.registry.datasets.itemised import column_of, figures_of
from reporting_pipeline.registry.datasets.names import with_names
from reporting_pipeline.registry.tables.sales_daily import SALES_DAILY

_MOVEMENTS = "ticketing_order_line_movements"
_REASONS = ("sale", "comp", "exchange_in", "cancel", "refund", "void", "exchange_out", "fee")

ORDER_MOVEMENTS = Dataset(
    name="order_movements",
    title="Order movements",
    grain="One row per movement of an order line.",
    description=(
        "What was sold, given and taken back, movement by movement: the rows that "
        "report_sales_daily sums, with every figure of it. The `net_` columns are signed, as the "
        "movement is; the others hold what the movement adds to its day. Movements of an event "
        "that is not known are held back."
    ),
    schema=SCHEMA,
    relation="order_movements",
    columns=with_names(
        (
            column_of(SALES_DAILY, "organization_id"),
            column_of(SALES_DAILY, "event_id"),
            column_of(SALES_DAILY, "date"),
            column_of(SALES_DAILY, "currency"),
            key("movement_id", ColumnType.UUID, "The movement.", f"{_MOVEMENTS}.id"),
            attribute("order_id", ColumnType.UUID, "Its order.", f"{_MOVEMENTS}.order_id"),
            attribute(
                "line_no",
                ColumnType.BIGINT,
                "Position of its line within the order.",
                f"{_MOVEMENTS}.line_no",
            ),
            column_of(SALES_DAILY, "ticket_type_id"),
            column_of(SALES_DAILY, "is_admission"),
            column_of(SALES_DAILY, "channel"),
            attribute(
                "reason",
                ColumnType.TEXT,
                f"Why the movement was made: {', '.join(_REASONS)}.",
                f"{_MOVEMENTS}.reason",
                values=_REASONS,
            ),
            attribute(
                "occurred_at",
                ColumnType.INSTANT,
                "When it happened; decides the report day.",
                f"{_MOVEMENTS}.occurred_at",
            ),
            attribute(
                "recorded_at",
                ColumnType.INSTANT,
                "When Ticketing wrote it down.",
                f"{_MOVEMENTS}.recorded_at",
            ),
            measure(
                "quantity_count",
                "Units given, or taken back where negative; equal to net_count.",
                f"{_MOVEMENTS}.quantity",
            ),
            measure("net_list_minor", "List price (signed).", f"{_MOVEMENTS}.list_minor"),
            measure("net_discount_minor", "Discount (signed).", f"{_MOVEMENTS}.discount_minor"),
            measure(
                "net_face_value_minor",
                "Face value: list price less discount (signed).",
                f"{_MOVEMENTS}.list_minor",
                f"{_MOVEMENTS}.discount_minor",
            ),
            measure("net_fee_minor", "Buyer fees (signed).", f"{_MOVEMENTS}.fee_minor"),
            measure("net_tax_minor", "Tax (signed).", f"{_MOVEMENTS}.tax_minor"),
            *figures_of(SALES_DAILY),
        )
    ),
    rests_on=(SALES_DAILY.name,),
)
