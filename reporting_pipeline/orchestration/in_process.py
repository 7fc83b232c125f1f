"""Runs of the daily job inside this process, recorded in the Dagster instance like all others.

For the demo, which needs neither a daemon nor a code server to wait for. What belongs here: asking
for a run and saying how it went. What does not: what is run (`jobs`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import dagster as dg
from dagster import ExecuteInProcessResult
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
)

from reporting_pipeline.errors import BuildFailed
from reporting_pipeline.orchestration.build import build_definitions
from reporting_pipeline.orchestration.jobs import DAILY_BUILD
from reporting_pipeline.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """How a run went.

    Attributes:
        check_count: Results of checks, one per check and day.
        warned_count: Of them, those that pass with a warning.
    """

    run_id: str
    check_count: int
    warned_count: int


def run_groups(
    settings: Settings, groups: Sequence[str], days: tuple[date, date] | None = None
) -> RunSummary:
    """Materialise groups of assets, and their checks, on the instance of DAGSTER_HOME.

    Args:
        settings: The addresses.
        groups: Names of asset groups: landing, reports, exports.
        days: The first and the last report day, both included; None for groups without days.

    Raises:
        BuildFailed: A step failed, or a check did; the run is in the UI.
    """
    job = build_definitions(settings).resolve_job_def(DAILY_BUILD.name)
    selection = dg.AssetSelection.groups(*groups).resolve(job.asset_layer.asset_graph)
    tags = {}
    if days is not None:
        first, last = days
        tags[ASSET_PARTITION_RANGE_START_TAG] = first.isoformat()
        tags[ASSET_PARTITION_RANGE_END_TAG] = last.isoformat()
    with dg.DagsterInstance.get() as instance:
        result = job.execute_in_process(
            instance=instance,
            asset_selection=sorted(selection),
            tags=tags,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
        )
    return _summary(result, groups)


def _summary(result: ExecuteInProcessResult, groups: Sequence[str]) -> RunSummary:
    checks = result.get_asset_check_evaluations()
    if not result.success:
        failed = [each for each in checks if not each.passed]
        reasons = [
            f"{each.check_name} of {each.partition or 'all days'}: {each.description}"
            for each in failed
        ]
        reasons += [_reason(event) for event in result.all_events if event.is_step_failure]
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
    )


def _reason(event: dg.DagsterEvent) -> str:
    """Why a step failed: the first cause, which Dagster wraps in its own errors."""
    error = event.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    message = error.message.strip() if error is not None else "no reason was recorded"
    return f"step {event.step_key}: {message}"
