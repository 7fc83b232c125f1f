"""The checks of the report tables: one result per report day, which shows and stops nothing.

What stops a report is the seal of its organisation's day (`seal_assets`): an error in one
organisation's books is no reason to hold another's files.

What belongs here: the asset checks. What does not: rules (`reporting_pipeline.checks`).
"""

from collections.abc import Iterator

import dagster as dg

from reporting_pipeline.checks.checks import Check, checks_of
from reporting_pipeline.orchestration.asset_keys import report_key
from reporting_pipeline.orchestration.check_results import evaluations, targets
from reporting_pipeline.orchestration.failures import RETRIES, step_failures
from reporting_pipeline.orchestration.partitions import days_of
from reporting_pipeline.orchestration.resources import Warehouse
from reporting_pipeline.registry.report_tables import ReportTable


def report_checks(
    table: ReportTable, days: dg.DailyPartitionsDefinition
) -> dg.AssetChecksDefinition:
    """All checks that guard one report table, as one step that looks at one snapshot."""
    checks = {check.name: check for check in checks_of(table.name)}

    @dg.multi_asset_check(
        name=f"{table.name}_checks",
        specs=[_spec(check, days) for check in checks.values()],
        can_subset=True,
        retry_policy=RETRIES,
    )
    def checks_of_table(
        context: dg.AssetCheckExecutionContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> Iterator[dg.AssetCheckEvaluation | dg.Output[None]]:
        of_partition = targets(context.instance, report_key(table.name), context.partition_keys)
        with step_failures(), warehouse.snapshot() as connection:
            for spec in context.check_specs:
                if spec.key in context.selected_asset_check_keys:
                    findings = checks[spec.name].find(connection, days_of(context))
                    yield from evaluations(spec, findings, of_partition)
                    yield dg.Output(None, spec.get_python_identifier())

    return checks_of_table


def _spec(check: Check, days: dg.DailyPartitionsDefinition) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        check.name,
        asset=report_key(check.report_table),
        description=check.description,
        blocking=False,
        partitions_def=days,
    )
