"""The asset checks of the report tables: one result per report day, which stops nothing.

Seals stop a report, not checks: an error in the books of one organisation must not hold the files
of another.

Dagster 1.13 records the `AssetCheckResult` of a run over a range as one evaluation without a
partition: every day then shows as skipped, and automation that waits for the checks of a day never
starts, or starts too early. So the evaluation of each day is an event of its own, tied to the
materialisation that it looked at.
"""

from collections.abc import Iterator

import dagster as dg

from reporting_pipeline.checks.checks import Check, checks_of
from reporting_pipeline.orchestration.assets.day_evaluations import (
    day_check_specs,
    day_evaluations,
)
from reporting_pipeline.orchestration.assets.evaluations import evaluations_of, names_of_findings
from reporting_pipeline.orchestration.assets.lineage import report_key
from reporting_pipeline.orchestration.assets.steps import RETRIES, step_failures
from reporting_pipeline.orchestration.instance.runs import check_targets
from reporting_pipeline.orchestration.partitions import days_of, partition_keys_of
from reporting_pipeline.orchestration.resources import Warehouse
from reporting_pipeline.registry.report_tables import ReportTable


def report_checks(
    table: ReportTable, days: dg.DailyPartitionsDefinition
) -> dg.AssetChecksDefinition:
    """All checks of one report table, as one step that looks at one snapshot."""
    checks = {check.name: check for check in checks_of(table.name)}

    @dg.multi_asset_check(
        name=f"{table.name}_checks",
        specs=[_spec(check, days) for check in checks.values()],
        can_subset=True,
        retry_policy=RETRIES,
    )
    def checks_of_table(
        context: dg.AssetCheckExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.AssetCheckEvaluation | dg.Output[None]]:
        targets = check_targets(
            context.instance, report_key(table.name), partition_keys_of(context)
        )
        with step_failures(), warehouse.snapshot() as connection:
            for spec in context.check_specs:
                if spec.key in context.selected_asset_check_keys:
                    findings = checks[spec.name].find(connection, days_of(context))
                    names = names_of_findings(connection, [findings])
                    yield from evaluations_of(checks[spec.name], findings, targets, names)
                    yield dg.Output(None, spec.get_python_identifier())

    return checks_of_table


def day_checks() -> dg.AssetChecksDefinition:
    """The checks of all report tables over all of their days, as one step."""

    @dg.multi_asset_check(
        name="day_checks", specs=day_check_specs(), can_subset=True, retry_policy=RETRIES
    )
    def checks_of_all_days(
        context: dg.AssetCheckExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.AssetCheckEvaluation | dg.Output[None]]:
        with step_failures(), warehouse.snapshot() as connection:
            found = {each.asset_check_key: each for each in day_evaluations(connection)}
            for spec in context.check_specs:
                if spec.key in context.selected_asset_check_keys:
                    yield found[spec.key]
                    yield dg.Output(None, spec.get_python_identifier())

    return checks_of_all_days


def _spec(check: Check, days: dg.DailyPartitionsDefinition) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        check.name,
        asset=report_key(check.report_table),
        description=check.description,
        blocking=False,
        partitions_def=days,
    )
