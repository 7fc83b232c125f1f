"""Runs of jobs inside this process, recorded in the Dagster instance like all others.

For the demo, which needs neither a daemon nor a code server to wait for. What belongs here: asking
for a run and saying how it went. What does not: what is run (`jobs`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import dagster as dg
from dagster import ExecuteInProcessResult
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
)

from reporting_pipeline.errors import BuildFailed
from reporting_pipeline.orchestration.build import build_definitions
from reporting_pipeline.orchestration.export_results import COUNTS
from reporting_pipeline.orchestration.failures import reason_of
from reporting_pipeline.orchestration.partitions import ENDED_EVENTS_NAME
from reporting_pipeline.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """How a run went.

    Attributes:
        check_count: Results of checks, one per check and day.
        warned_count: Of them, those that pass with a warning.
        failed_count: Of them, those that found an error; the run goes on.
        counts: Sums over all partitions of what the exports count: `ready_count` and so on.
    """

    run_id: str
    check_count: int
    warned_count: int
    failed_count: int
    counts: Mapping[str, int]


def run_assets(
    settings: Settings,
    job_name: str,
    groups: Sequence[str],
    partitions: tuple[str, str] | None = None,
) -> RunSummary:
    """Materialise what a job has of some groups, with its checks, on the instance of DAGSTER_HOME.

    Args:
        settings: The addresses.
        job_name: `daily_build` and others of `jobs`.
        groups: Names of asset groups: landing, reports, seals, exports.
        partitions: The first and the last partition, both included; None for assets without.

    Raises:
        BuildFailed: A step failed; the run is in the UI.
    """
    job = build_definitions(settings).resolve_job_def(job_name)
    of_groups = dg.AssetSelection.groups(*groups).resolve(job.asset_layer.asset_graph)
    selection = of_groups & set(job.asset_layer.executable_asset_keys)
    tags = {}
    if partitions is not None:
        tags[ASSET_PARTITION_RANGE_START_TAG], tags[ASSET_PARTITION_RANGE_END_TAG] = partitions
    with dg.DagsterInstance.get() as instance:
        result = job.execute_in_process(
            instance=instance,
            asset_selection=sorted(selection),
            tags=tags,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
        )
    return _summary(result, groups)


def ended_events() -> list[str]:
    """The partitions of ended events that the instance of DAGSTER_HOME knows."""
    with dg.DagsterInstance.get() as instance:
        return list(instance.get_dynamic_partitions(ENDED_EVENTS_NAME))


def _summary(result: ExecuteInProcessResult, groups: Sequence[str]) -> RunSummary:
    checks = result.get_asset_check_evaluations()
    if not result.success:
        failures = [event for event in result.all_events if event.is_step_failure]
        reasons = [f"step {event.step_key}: {reason_of(event)}" for event in failures]
        message = (
            f"the run of {', '.join(groups)} failed: {'; '.join(reasons[:3])}; "
            f"see run {result.run_id} in the Dagster UI (`reporting exec -- dagster dev`)"
        )
        raise BuildFailed(message)
    return RunSummary(
        run_id=result.run_id,
        check_count=len(checks),
        warned_count=sum(
            check.passed and check.severity is dg.AssetCheckSeverity.WARN for check in checks
        ),
        failed_count=sum(not check.passed for check in checks),
        counts=_counts(result),
    )


def _counts(result: ExecuteInProcessResult) -> Counter[str]:
    counts: Counter[str] = Counter()
    for event in result.get_asset_materialization_events():
        for name, metadata in event.materialization.metadata.items():
            if name in COUNTS and isinstance(metadata, dg.IntMetadataValue):
                counts[name] += metadata.value or 0
    return counts
