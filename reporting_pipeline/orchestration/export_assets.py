"""The daily files of the report tables, behind their checks.

What belongs here: the assets. What does not: writing files (`reporting_pipeline.delivery`).
"""

import dagster as dg

from reporting_pipeline.delivery.daily_files import DailyExport
from reporting_pipeline.orchestration.asset_keys import export_key, report_key
from reporting_pipeline.orchestration.failures import RETRIES, step_failures
from reporting_pipeline.orchestration.partitions import days_of
from reporting_pipeline.orchestration.previews import markdown_table
from reporting_pipeline.orchestration.report_assets import OWNER
from reporting_pipeline.orchestration.resources import Store
from reporting_pipeline.reports.tables.report_table import ReportTable, Unit

_LISTED = 50


def export_asset(table: ReportTable, days: dg.DailyPartitionsDefinition) -> dg.AssetsDefinition:
    """The files of one report table, one per organisation and day.

    A file with money in it also waits for the reconciliation.
    """
    has_money = any(column.unit is Unit.MINOR for column in table.columns)
    deps = [table.name, *(["report_reconciliation_breaks"] if has_money else [])]

    @dg.asset(
        key=export_key(table.name),
        deps=[report_key(name) for name in deps],
        partitions_def=days,
        backfill_policy=dg.BackfillPolicy.single_run(),
        retry_policy=RETRIES,
        group_name="exports",
        description=f"{table.title} as CSV files in the store, one per organisation and day.",
        owners=[OWNER],
        kinds={"csv"},
    )
    def daily_files(context: dg.AssetExecutionContext, store: dg.ResourceParam[Store]) -> None:
        with step_failures():
            exported = store.export(table.name, days_of(context))
        for (_, day), part in exported.parts().items():
            context.add_asset_metadata(_metadata(part), partition_key=day.isoformat())

    return daily_files


def _metadata(part: DailyExport) -> dict[str, object]:
    listed = [
        (file.location, file.row_count, file.byte_count, file.sha256)
        for file in part.files[:_LISTED]
    ]
    return {
        "dagster/partition_row_count": part.row_count,
        "file_count": len(part.files),
        "removed_count": len(part.removed),
        "byte_count": part.byte_count,
        "files": dg.MetadataValue.md(markdown_table(("file", "rows", "bytes", "sha256"), listed)),
    }
