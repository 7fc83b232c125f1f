"""The five report tables, partitioned by report day.

One step builds whatever is selected, for one day or many, so that a backfill is one run and one
invocation of dbt. The asset specs come from the registry, not from dbt's manifest: loading them
imports and parses nothing (docs/adr).

What belongs here: the assets. What does not: building (`reporting_pipeline.building.build`).
"""

from collections.abc import Iterator

import dagster as dg

from reporting_pipeline.building.build import BuildResult
from reporting_pipeline.orchestration.asset_keys import report_key, warehouse_key
from reporting_pipeline.orchestration.columns import report_lineage, report_schema
from reporting_pipeline.orchestration.failures import RETRIES, step_failures
from reporting_pipeline.orchestration.partitions import days_of
from reporting_pipeline.orchestration.previews import previews
from reporting_pipeline.orchestration.resources import Warehouse
from reporting_pipeline.registry.report_tables import REPORT_TABLES, SCHEMA, ReportTable

OWNER = "team:finance-reporting"


def report_assets(
    days: dg.DailyPartitionsDefinition, freshness: dg.FreshnessPolicy
) -> dg.AssetsDefinition:
    """The report tables as one step, of which any may be selected."""

    @dg.multi_asset(
        name="report_tables",
        specs=[_spec(table, days, freshness) for table in REPORT_TABLES],
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run(),
        retry_policy=RETRIES,
        pool="warehouse",
    )
    def report_tables(
        context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> Iterator[dg.MaterializeResult[None]]:
        selected = [t for t in REPORT_TABLES if report_key(t.name) in context.selected_asset_keys]
        with step_failures():
            built = warehouse.build(days_of(context), [table.name for table in selected])
        for table in selected:
            _describe_days(context, warehouse, table, built)
            yield dg.MaterializeResult(asset_key=report_key(table.name))

    return report_tables


def _spec(
    table: ReportTable, days: dg.DailyPartitionsDefinition, freshness: dg.FreshnessPolicy
) -> dg.AssetSpec:
    upstream = {source.partition(".")[0] for column in table.columns for source in column.sources}
    return dg.AssetSpec(
        report_key(table.name),
        deps=[warehouse_key(name) for name in sorted(upstream)],
        partitions_def=days,
        group_name="reports",
        description=f"{table.title}. {table.grain}\n\n{table.description}",
        owners=[OWNER],
        kinds={"dbt", "postgres"},
        tags={"grain": "daily"},
        freshness_policy=freshness,
        metadata={
            "dagster/table_name": f"{SCHEMA}.{table.name}",
            "dagster/column_schema": report_schema(table),
            "dagster/column_lineage": report_lineage(table),
        },
    )


def _describe_days(
    context: dg.AssetExecutionContext,
    warehouse: Warehouse,
    table: ReportTable,
    built: BuildResult,
) -> None:
    days = days_of(context)
    with warehouse.snapshot() as connection:
        first_rows = previews(connection, table, days)
    for day in days:
        row_count = built.row_counts[table.name].get(day, 0)
        metadata: dict[str, object] = {"dagster/partition_row_count": row_count}
        if table.name in built.seconds:
            # Of the whole rebuild: its days are replaced together.
            metadata["seconds"] = round(built.seconds[table.name], 3)
            metadata["day_count"] = len(days)
        if day in first_rows:
            metadata["preview"] = dg.MetadataValue.md(first_rows[day])
        if day == days[-1]:
            # The UI takes the lineage of columns from the newest materialisation.
            metadata["dagster/column_lineage"] = report_lineage(table)
        context.add_asset_metadata(
            metadata, asset_key=report_key(table.name), partition_key=day.isoformat()
        )
