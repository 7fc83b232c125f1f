"""Runs that failed and whose work nobody has done since: what an alert tells of.

A failed run stands no more when a later run of the same job and partitions has succeeded, or when
everything that it was to make has been made by others: a source that was away is landed by the next
landing, a day is rebuilt by a sensor. What failed for a cause that has an alert of its own is left
to that one: a source that is down, reports that could not be generated.

What belongs here: which runs these are, and why they failed. What does not: the alert
(`alerts`), and when somebody looks (`alert_assets`).
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import dagster as dg
from dagster import AssetRecordsFilter, DagsterEventType, DagsterRunStatus
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
    WILL_RETRY_TAG,
)

from reporting_pipeline.orchestration.failures import is_told_elsewhere, reason_of

# Who looks does so every half minute; what was told stays under observation for longer.
_LOOKED_BACK = timedelta(days=1)
_LATER_RUNS = 50
_ALL_ASSETS_JOB = "__ASSET_JOB"
_FROM_OUTSIDE = "from outside the execution context"
_PARTITION_TAGS = (
    PARTITION_NAME_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    ASSET_PARTITION_RANGE_END_TAG,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRun:
    """A failed run; of several of one job and its partitions, the newest.

    Attributes:
        what: The job, or the assets that somebody chose in the UI.
        partitions: `2026-02-28`, `2026-02-01 to 2026-02-28`, or nothing.
        reason: What the first step that failed said, or else how the run ended.
    """

    run_id: str
    what: str
    partitions: str
    reason: str


def standing_failures(
    instance: dg.DagsterInstance, now: datetime, watched: Collection[str]
) -> Iterator[FailedRun]:
    """The runs that failed within a day, or are watched, and whose work nobody has done since.

    Args:
        instance: Whose runs.
        now: The time, with its zone.
        watched: Ids of runs that were told of before.
    """
    seen = set()
    for record in _failed(instance, now, watched):
        run = record.dagster_run
        cause = _what(run), _partitions(run)
        if cause in seen:
            continue
        seen.add(cause)
        steps = _events(instance, run.run_id, DagsterEventType.STEP_FAILURE)
        if steps and all(map(is_told_elsewhere, steps)):
            continue
        if not _is_repeated(instance, record) and not _is_made_since(instance, run.run_id):
            what, partitions = cause
            reason = _reason(instance, run.run_id, steps)
            yield FailedRun(run_id=run.run_id, what=what, partitions=partitions, reason=reason)


def _failed(
    instance: dg.DagsterInstance, now: datetime, watched: Collection[str]
) -> list[dg.RunRecord]:
    """The newest first, without those that Dagster repeats."""
    failure = [DagsterRunStatus.FAILURE]
    filters = [dg.RunsFilter(statuses=failure, updated_after=now - _LOOKED_BACK)]
    if watched:
        filters.append(dg.RunsFilter(statuses=failure, run_ids=list(watched)))
    found = {
        each.dagster_run.run_id: each for some in filters for each in instance.get_run_records(some)
    }
    final = [each for each in found.values() if each.dagster_run.tags.get(WILL_RETRY_TAG) != "true"]
    return sorted(final, key=lambda each: each.create_timestamp, reverse=True)


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


# They are written when a run is made, and stay; a run over years has thousands.
@lru_cache(maxsize=16)
def _planned(instance: dg.DagsterInstance, run_id: str) -> Mapping[dg.AssetKey, frozenset[str]]:
    """What a run was to make; an asset without partitions has none of them."""
    planned: dict[dg.AssetKey, set[str]] = defaultdict(set)
    for event in _events(instance, run_id, DagsterEventType.ASSET_MATERIALIZATION_PLANNED):
        data = event.asset_materialization_planned_data
        planned[data.asset_key].update([data.partition] if data.partition else [])
    return {asset: frozenset(partitions) for asset, partitions in planned.items()}


def _reason(instance: dg.DagsterInstance, run_id: str, steps: list[dg.DagsterEvent]) -> str:
    """Of the first step that failed; of a run that was killed, what its code server has seen."""
    ends = _events(instance, run_id, DagsterEventType.RUN_FAILURE, DagsterEventType.ENGINE_EVENT)
    places = [place for place, each in enumerate(ends) if each.is_run_failure]
    if steps or not places:
        return next(map(reason_of, steps), "no reason was recorded")
    reason = reason_of(ends[places[0]])
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
    if run.job_name != _ALL_ASSETS_JOB:
        return run.job_name
    return ", ".join(sorted(each.to_user_string() for each in run.asset_selection or ()))


def _partitions(run: dg.DagsterRun) -> str:
    first = run.tags.get(ASSET_PARTITION_RANGE_START_TAG)
    last = run.tags.get(ASSET_PARTITION_RANGE_END_TAG)
    if first is None or first == last:
        return first or run.tags.get(PARTITION_NAME_TAG, "")
    return f"{first} to {last}"
