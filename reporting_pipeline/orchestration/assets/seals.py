"""The seals of report days: the errors that the checks found, by organisation.

Every report reads the seals of its days before it is published. `reporting_pipeline.checks` decides
on a day, `reporting_pipeline.publishing` on a report.
"""

from collections.abc import Sequence

import dagster as dg

from reporting_pipeline.checks.seals import seal_days
from reporting_pipeline.domain.discrepancy import Discrepancy
from reporting_pipeline.orchestration.assets.lineage import SEALS, report_key
from reporting_pipeline.orchestration.assets.steps import REPORTING_TEAM, RETRIES, step_failures
from reporting_pipeline.orchestration.assets.tables import LISTED, ORGANIZATION_COLUMNS, Names
from reporting_pipeline.orchestration.partitions import days_of
from reporting_pipeline.orchestration.resources import Timing, Warehouse
from reporting_pipeline.registry.report_tables import REPORT_TABLES

_SCHEMA = dg.TableSchema(
    columns=[
        *ORGANIZATION_COLUMNS,
        dg.TableColumn("check"),
        dg.TableColumn("what"),
    ]
)


def seal_asset(
    days: dg.DailyPartitionsDefinition, freshness: dg.FreshnessPolicy
) -> dg.AssetsDefinition:
    """The seals of all organisations, by report day."""

    @dg.asset(
        key=SEALS,
        deps=[report_key(table.name) for table in REPORT_TABLES],
        partitions_def=days,
        backfill_policy=dg.BackfillPolicy.single_run(),
        retry_policy=RETRIES,
        group_name="seals",
        description=(
            "Errors that the checks found on a report day, by organisation. An error holds the "
            "financial reports of its organisation that use the day, and no others."
        ),
        owners=[REPORTING_TEAM],
        kinds={"postgres"},
        freshness_policy=freshness,
        metadata={"dagster/table_name": "reporting.sealed_days"},
    )
    def report_seals(
        context: dg.AssetExecutionContext, warehouse: Warehouse, timing: Timing
    ) -> None:
        with step_failures():
            errors = seal_days(warehouse.address(), days_of(context), timing.now())
            with warehouse.snapshot() as connection:
                names = Names.read(connection)
        for day, found in errors.items():
            context.add_asset_metadata(_metadata(found, names), partition_key=day.isoformat())

    return report_seals


def _metadata(errors: Sequence[Discrepancy], names: Names) -> dict[str, object]:
    cells = [names.of_organization(each.organization_id) for each in errors]
    with_errors = sorted({str(each["organization_id"]) for each in cells})
    metadata: dict[str, object] = {
        "error_count": len(errors),
        "organizations_with_errors": dg.MetadataValue.json(with_errors),
    }
    if errors:
        records = [
            dg.TableRecord({**of_error, "check": each.check, "what": each.message})
            for of_error, each in zip(cells[:LISTED], errors, strict=False)
        ]
        metadata["errors"] = dg.MetadataValue.table(records, schema=_SCHEMA)
    return metadata
