"""Records of runs in the Dagster instance: which failures are open, and why a run failed.

A failed run is open until its work is done: until a later run of the same job and partitions has
succeeded, or until other runs have made everything that it was to make. The next landing lands a
source that was down; a sensor rebuilds a day. Failures with an alert of their own are left out: a
source that is down, reports that could not be generated.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import dagster as dg
from dagster import AssetRecordsFilter, DagsterEventType, DagsterRunStatus
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData,
)
from dagster._core.events import JobFailureData
from dagster._core.execution.plan.objects import StepFailureData
from dagster._core.storage.tags import PARTITION_NAME_TAG, WILL_RETRY_TAG

from reporting_pipeline.orchestration.instance.command_run import COMMAND_TAG
from reporting_pipeline.orchestration.partitions import RANGE_END_TAG, RANGE_START_TAG

CheckTarget = AssetCheckEvaluationTargetMaterializationData
"""Ties a check's evaluation to a materialisation; without it the UI hides the evaluation."""

HAS_ALERT = "told_by"
"""Metadata of a failure whose cause has an alert of its own: the alert, in words."""

ALL_ASSETS_JOB = "__ASSET_JOB"
"""The job of the assets that a person chose in the UI."""

# The alert sensor looks every half minute. Open alerts are watched for longer than this.
_LOOKED_BACK = timedelta(days=1)
_LATER_RUNS = 50
_FROM_OUTSIDE = "from outside the execution context"
_PARTITION_TAGS = (PARTITION_NAME_TAG, RANGE_START_TAG, RANGE_END_TAG)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRun:
    """A failed run; of several with the same job and partitions, the newest.

    Attributes:
        what: The job, or the assets that a person chose in the UI.
        partitions: `2026-02-28`, `2026-02-01 to 2026-02-28`, or empty.
        reason: The message of the first step that failed, or else how the run ended.
    """

    run_id: str
    what: str
    partitions: str
    reason: str


def open_failures(
    instance: dg.DagsterInstance, now: datetime, watched: Collection[str]
) -> Iterator[FailedRun]:
    """The open failures: runs that failed within a day or are watched, with work still to do.

    Args:
        instance: The Dagster instance.
        now: The time, with its zone.
        watched: Ids of runs that have an open alert.
    """
    seen = set()
    for record in _failed(instance, now, watched):
        run = record.dagster_run
        cause = _what(run), _partitions(run)
        if cause in seen:
            continue
        seen.add(cause)
        steps = _events(instance, run.run_id, DagsterEventType.STEP_FAILURE)
        if steps and all(map(_has_alert, steps)):
            continue
        if not _is_repeated(instance, record) and not _is_made_since(instance, run.run_id):
            what, partitions = cause
            reason = _run_reason(instance, run.run_id, steps)
            yield FailedRun(run_id=run.run_id, what=what, partitions=partitions, reason=reason)


def failure_reason(event: dg.DagsterEvent) -> str:
    """The reason of a failed step or run: the description of its failure, or its first cause."""
    data = event.event_specific_data  # None if the run was ended from outside
    failure = data.user_failure_data if isinstance(data, StepFailureData) else None
    if failure is not None and failure.description is not None:
        return failure.description
    error = data.error if isinstance(data, StepFailureData | JobFailureData) else None
    while error is not None and error.cause is not None:
        error = error.cause
    message = error.message if error is not None else event.message
    return (message or "no reason was recorded").strip()


def planned_keys(context: dg.AssetExecutionContext) -> set[dg.AssetKey | dg.AssetCheckKey]:
    """The assets and checks that the steps of a run make."""
    layer, steps = context.job_def.asset_layer, context.run.step_keys_to_execute
    keys: set[dg.AssetKey | dg.AssetCheckKey] = set(layer.executable_asset_keys)
    keys |= layer.asset_graph.asset_check_keys
    if steps is None:
        return keys
    return {key for key in keys if layer.get_op_output_handle(key).node_handle.name in steps}


def check_target(instance: dg.DagsterInstance, asset_key: dg.AssetKey) -> CheckTarget | None:
    """The newest materialisation of an asset; None if it has none."""
    for record in instance.fetch_materializations(asset_key, limit=1).records:
        return _target(record)
    return None


def check_targets(
    instance: dg.DagsterInstance, asset_key: dg.AssetKey, partition_keys: Sequence[str]
) -> dict[str, CheckTarget]:
    """The newest materialisation of each partition; partitions without one are left out."""
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
        record.partition_key: _target(record)
        for record in records
        if record.partition_key is not None
    }


def _target(record: dg.EventLogRecord) -> CheckTarget:
    return CheckTarget(
        storage_id=record.storage_id, run_id=record.run_id, timestamp=record.timestamp
    )


def _failed(
    instance: dg.DagsterInstance, now: datetime, watched: Collection[str]
) -> list[dg.RunRecord]:
    """The newest first, without those that Dagster will retry, and without commands."""
    failure = [DagsterRunStatus.FAILURE]
    filters = [dg.RunsFilter(statuses=failure, updated_after=now - _LOOKED_BACK)]
    if watched:
        filters.append(dg.RunsFilter(statuses=failure, run_ids=list(watched)))
    found = {
        each.dagster_run.run_id: each for some in filters for each in instance.get_run_records(some)
    }
    final = [each for each in found.values() if _needs_alert(each.dagster_run.tags)]
    return sorted(final, key=lambda each: each.create_timestamp, reverse=True)


def _needs_alert(tags: Mapping[str, str]) -> bool:
    """True if a run has ended for good. Who called a command has seen its error already."""
    return tags.get(WILL_RETRY_TAG) != "true" and COMMAND_TAG not in tags


def _has_alert(event: dg.DagsterEvent) -> bool:
    data = event.step_failure_data.user_failure_data
    return data is not None and HAS_ALERT in data.metadata


def _is_repeated(instance: dg.DagsterInstance, record: dg.RunRecord) -> bool:
    run = record.dagster_run
    later = dg.RunsFilter(
        job_name=run.job_name,
        statuses=[DagsterRunStatus.SUCCESS],
        tags={tag: run.tags[tag] for tag in _PARTITION_TAGS if tag in run.tags},
        created_after=record.create_timestamp,
    )
    chosen = run.asset_selection or frozenset()
    return any(
        each.asset_selection is None or chosen <= each.asset_selection
        for each in instance.get_runs(later, limit=_LATER_RUNS)
    )


def _is_made_since(instance: dg.DagsterInstance, run_id: str) -> bool:
    failures = instance.get_records_for_run(
        run_id, of_type=DagsterEventType.RUN_FAILURE, limit=1, ascending=False
    ).records
    planned = _planned(instance, run_id)
    return (
        bool(planned)
        and bool(failures)
        and all(
            _is_asset_made(instance, asset, partitions, failures[0].storage_id)
            for asset, partitions in planned.items()
        )
    )


def _is_asset_made(
    instance: dg.DagsterInstance, asset: dg.AssetKey, partitions: frozenset[str], after: int
) -> bool:
    if partitions:
        return partitions <= instance.get_materialized_partitions(asset, after_cursor=after)
    newer = AssetRecordsFilter(asset, after_storage_id=after)
    return bool(instance.fetch_materializations(newer, limit=1).records)


# Written once when a run is created; a run over years has thousands.
@lru_cache(maxsize=16)
def _planned(instance: dg.DagsterInstance, run_id: str) -> Mapping[dg.AssetKey, frozenset[str]]:
    """The assets that a run was to make, with their partitions; none for an unpartitioned asset."""
    planned: dict[dg.AssetKey, set[str]] = defaultdict(set)
    for event in _events(instance, run_id, DagsterEventType.ASSET_MATERIALIZATION_PLANNED):
        data = event.asset_materialization_planned_data
        planned[data.asset_key].update([data.partition] if data.partition else [])
    return {asset: frozenset(partitions) for asset, partitions in planned.items()}


def _run_reason(instance: dg.DagsterInstance, run_id: str, steps: list[dg.DagsterEvent]) -> str:
    """The reason of the first failed step; for a killed run, what its code server recorded."""
    ends = _events(instance, run_id, DagsterEventType.RUN_FAILURE, DagsterEventType.ENGINE_EVENT)
    places = [place for place, each in enumerate(ends) if each.is_run_failure]
    if steps or not places:
        return next(map(failure_reason, steps), "no reason was recorded")
    reason = failure_reason(ends[places[0]])
    seen = [each.message for each in ends[: places[0]] if each.message]
    return _first_sentence(seen[-1]) if _FROM_OUTSIDE in reason and seen else reason


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0].removeprefix("[DagsterApiServer] ")


def _events(
    instance: dg.DagsterInstance, run_id: str, *of_types: DagsterEventType
) -> list[dg.DagsterEvent]:
    entries = instance.all_logs(run_id, of_type=set(of_types))
    return [each.dagster_event for each in entries if each.dagster_event is not None]


def _what(run: dg.DagsterRun) -> str:
    if run.job_name != ALL_ASSETS_JOB:
        return run.job_name
    return ", ".join(sorted(each.to_user_string() for each in run.asset_selection or ()))


def _partitions(run: dg.DagsterRun) -> str:
    first, last = run.tags.get(RANGE_START_TAG), run.tags.get(RANGE_END_TAG)
    if first is None or first == last:
        return first or run.tags.get(PARTITION_NAME_TAG, "")
    return f"{first} to {last}"
