"""Discrepancies of a day as one evaluation of an asset check.

Dagster 1.13 records a range run's `AssetCheckResult` as one evaluation of no partition: every day
then shows as skipped, and what waits for a day's checks never starts or starts too early. So the
evaluation of each day is an event of its own, tied to the materialisation that it looked at.

What belongs here: how findings look to Dagster and to a person. What does not: finding them.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
from dagster import AssetRecordsFilter, DagsterEventType

# Not exported: ties an evaluation to a materialisation; without it the UI hides the evaluation.
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData as Target,
)

from reporting_pipeline.checks.findings import Findings
from reporting_pipeline.domain.discrepancy import Discrepancy, Severity, worst_severity

_LISTED = 50


def targets(
    instance: dg.DagsterInstance, asset_key: dg.AssetKey, partition_keys: Sequence[str]
) -> dict[str, Target]:
    """The newest materialisation of each partition; those that have none are left out."""
    newest = instance.get_latest_storage_id_by_partition(
        asset_key, DagsterEventType.ASSET_MATERIALIZATION, set(partition_keys)
    )
    if not newest:
        return {}
    records = instance.fetch_materializations(
        AssetRecordsFilter(asset_key=asset_key, storage_ids=list(newest.values())),
        limit=len(newest),
    ).records
    return {
        record.partition_key: Target(
            storage_id=record.storage_id, run_id=record.run_id, timestamp=record.timestamp
        )
        for record in records
        if record.partition_key is not None
    }


def evaluations(
    spec: dg.AssetCheckSpec, findings: Findings, of_partition: Mapping[str, Target]
) -> Iterator[dg.AssetCheckEvaluation]:
    """One evaluation per day: not passed where there is an error.

    A day with warnings alone passes, with severity WARN and the warnings listed: Dagster takes what
    has not passed for failed wherever it shows days or waits for them, whatever the severity.
    """
    for day, discrepancies in findings.items():
        worst = worst_severity(discrepancies)
        yield dg.AssetCheckEvaluation(
            asset_key=spec.asset_key,
            check_name=spec.name,
            passed=worst is not Severity.ERROR,
            severity=_SEVERITIES[worst or Severity.ERROR],
            description=_description(discrepancies),
            metadata=_metadata(discrepancies),
            blocking=spec.blocking,
            partition=day.isoformat(),
            target_materialization_data=of_partition.get(day.isoformat()),
        )


_SEVERITIES = {
    Severity.WARN: dg.AssetCheckSeverity.WARN,
    Severity.ERROR: dg.AssetCheckSeverity.ERROR,
}


def _description(discrepancies: Sequence[Discrepancy]) -> str | None:
    if not discrepancies:
        return None
    further = f" (and {len(discrepancies) - 1} more)" if len(discrepancies) > 1 else ""
    return f"{discrepancies[0].message}{further}"


def _metadata(discrepancies: Sequence[Discrepancy]) -> dict[str, dg.MetadataValue[Any]]:
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
            [_record(each) for each in discrepancies[:_LISTED]], schema=_SCHEMA
        )
    }


_SCHEMA = dg.TableSchema(
    columns=[
        dg.TableColumn("severity"),
        dg.TableColumn("what"),
        dg.TableColumn("organization_id"),
        dg.TableColumn("ids"),
        dg.TableColumn("currency"),
        dg.TableColumn("expected", type="int"),
        dg.TableColumn("found", type="int"),
        dg.TableColumn("difference", type="int", description="expected less found"),
    ]
)


def _record(each: Discrepancy) -> dg.TableRecord:
    difference = (
        each.expected - each.found if each.expected is not None and each.found is not None else None
    )
    organization = None if each.organization_id is None else str(each.organization_id)
    return dg.TableRecord(
        {
            "severity": str(each.severity),
            "what": each.message,
            "organization_id": organization,
            "ids": ", ".join(f"{name} {value}" for name, value in sorted(each.ids.items())),
            "currency": each.currency,
            "expected": each.expected,
            "found": each.found,
            "difference": difference,
        }
    )
