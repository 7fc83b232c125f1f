"""The asset checks of the report tables: one result per report day, which stops nothing.

Seals stop a report, not checks: an error in the books of one organisation must not hold the files
of another.

Dagster 1.13 records the `AssetCheckResult` of a run over a range as one evaluation without a
partition: every day then shows as skipped, and automation that waits for the checks of a day never
starts, or starts too early. So the evaluation of each day is an event of its own, tied to the
materialisation that it looked at.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from reporting_pipeline.checks.checks import Check, checks_of
from reporting_pipeline.checks.findings import Findings
from reporting_pipeline.domain.discrepancy import Discrepancy, Severity, worst_severity
from reporting_pipeline.orchestration.assets.lineage import report_key
from reporting_pipeline.orchestration.assets.steps import RETRIES, step_failures
from reporting_pipeline.orchestration.assets.tables import LISTED, ORGANIZATION_COLUMNS, Names
from reporting_pipeline.orchestration.instance.runs import CheckTarget, check_targets
from reporting_pipeline.orchestration.partitions import days_of
from reporting_pipeline.orchestration.resources import Warehouse
from reporting_pipeline.registry.report_tables import ReportTable

_SEVERITIES = {
    Severity.WARN: dg.AssetCheckSeverity.WARN,
    Severity.ERROR: dg.AssetCheckSeverity.ERROR,
}
_SCHEMA = dg.TableSchema(
    columns=[
        dg.TableColumn("severity"),
        dg.TableColumn("what"),
        *ORGANIZATION_COLUMNS,
        dg.TableColumn("ids"),
        dg.TableColumn("currency"),
        dg.TableColumn("expected", type="int"),
        dg.TableColumn("found", type="int"),
        dg.TableColumn("difference", type="int", description="expected less found"),
    ]
)


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
        targets = check_targets(context.instance, report_key(table.name), context.partition_keys)
        with step_failures(), warehouse.snapshot() as connection:
            names = Names.read(connection)
            for spec in context.check_specs:
                if spec.key in context.selected_asset_check_keys:
                    findings = checks[spec.name].find(connection, days_of(context))
                    yield from _evaluations(spec, findings, targets, names)
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


def _evaluations(
    spec: dg.AssetCheckSpec,
    findings: Findings,
    targets: Mapping[str, CheckTarget],
    names: Names,
) -> Iterator[dg.AssetCheckEvaluation]:
    """One evaluation per day, failed if there is an error.

    A day with only warnings passes, with severity WARN and the warnings listed: Dagster treats a
    check that has not passed as failed wherever it shows days or waits for them.
    """
    for day, discrepancies in findings.items():
        worst = worst_severity(discrepancies)
        yield dg.AssetCheckEvaluation(
            asset_key=spec.asset_key,
            check_name=spec.name,
            passed=worst is not Severity.ERROR,
            severity=_SEVERITIES[worst or Severity.ERROR],
            description=_description(discrepancies),
            metadata=_metadata(discrepancies, names),
            blocking=spec.blocking,
            partition=day.isoformat(),
            target_materialization_data=targets.get(day.isoformat()),
        )


def _description(discrepancies: Sequence[Discrepancy]) -> str | None:
    if not discrepancies:
        return None
    further = f" (and {len(discrepancies) - 1} more)" if len(discrepancies) > 1 else ""
    return f"{discrepancies[0].message}{further}"


def _metadata(
    discrepancies: Sequence[Discrepancy], names: Names
) -> dict[str, dg.MetadataValue[Any]]:
    counts: dict[str, dg.MetadataValue[Any]] = {
        f"{severity}_count": dg.MetadataValue.int(
            sum(each.severity is severity for each in discrepancies)
        )
        for severity in (Severity.ERROR, Severity.WARN)
    }
    if not discrepancies:
        return counts
    return counts | {
        "discrepancies": dg.MetadataValue.table(
            [_record(each, names) for each in discrepancies[:LISTED]], schema=_SCHEMA
        )
    }


def _record(each: Discrepancy, names: Names) -> dg.TableRecord:
    difference = (
        each.expected - each.found if each.expected is not None and each.found is not None else None
    )
    return dg.TableRecord(
        {
            "severity": str(each.severity),
            "what": each.message,
            **names.of_organization(each.organization_id),
            "ids": ", ".join(f"{name} {value}" for name, value in sorted(each.ids.items())),
            "currency": each.currency,
            "expected": each.expected,
            "found": each.found,
            "difference": difference,
        }
    )
