"""freshness: how far each source is landed, and which report days wait to be rebuilt."""

from reporting_pipeline.registry.columns import ColumnType, attribute, balance, key
from reporting_pipeline.registry.datasets.dataset import SCHEMA, Dataset
from reporting_pipeline.registry.datasets.names import with_names

FRESHNESS = Dataset(
    name="freshness",
    title="Freshness",
    grain="One row per organisation and table: each source table, and each report table.",
    description=(
        "How far the pipeline is, now: its rows are of no day, and a period does not narrow them. "
        "Source tables are landed for all organisations at once, and say the same for each. Report "
        "days wait where landing touched them and no build has taken them up."
    ),
    schema=SCHEMA,
    relation="freshness",
    columns=with_names(
        (
            key(
                "organization_id",
                ColumnType.UUID,
                "Organisation that Ticketing knows.",
                "ticketing_organizations.id",
            ),
            key(
                "table_name",
                ColumnType.TEXT,
                "The table: of a source with its domain, `ledger.entries`; or a report table.",
                "watermarks.table_name",
            ),
            attribute(
                "domain",
                ColumnType.TEXT,
                "Domain of a source table; null of a report table.",
                "watermarks.domain",
                nullable=True,
            ),
            attribute(
                "record_clock",
                ColumnType.INSTANT,
                "The greatest record clock landed of a source table; null of a report table.",
                "watermarks.record_clock",
                nullable=True,
            ),
            attribute(
                "landed_at",
                ColumnType.INSTANT,
                "When a row of a source table was landed last; null of a report table.",
                "watermarks.landed_at",
                nullable=True,
            ),
            attribute(
                "complete_through",
                ColumnType.INSTANT,
                "Every row that the domain recorded before this instant is landed; null of a "
                "report table.",
                "source_reads.complete_through",
                nullable=True,
            ),
            balance(
                "waiting_day_count",
                "Report days of the organisation that wait to be rebuilt; null of a source table.",
                "touched_days.report_day",
                nullable=True,
            ),
            attribute(
                "oldest_waiting_day",
                ColumnType.DATE,
                "The first of these days; null where none waits.",
                "touched_days.report_day",
                nullable=True,
            ),
        )
    ),
    rests_on=(),
    day_column=None,
)
