"""Runs that the state of the warehouse needs, and which of them to request now.

Two rules decide about a needed run:

    slot        a slot has a few runs at a time; further runs wait until these have ended
    cause       a cause is requested once; if its run has ended and the cause is still there, again
                after a delay that doubles

The key of a run consists of its cause and the number of its attempts. So a repeated evaluation, or
one of another daemon, requests the same run.

`dg.AutomationCondition` does not replace this: its conditions look at materialisations and
partitions, while the causes here are rows of the warehouse (an organisation's missing report, a
late row), and it has neither a delay that doubles nor a limit per slot.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import TypeVar

import dagster as dg

from reporting_pipeline.due.expected_reports import MissingReport
from reporting_pipeline.orchestration.instance.runs import ALL_ASSETS_JOB
from reporting_pipeline.orchestration.jobs import DAILY_BUILD, DELIVER, REBUILD, SEAL
from reporting_pipeline.orchestration.partitions import (
    PARTITION_TAG,
    RANGE_END_TAG,
    RANGE_START_TAG,
    partition_of,
    range_tags,
)
from reporting_pipeline.report_definitions.definition import Schedule

SLOT_TAG = "reporting/slot"
CAUSE_TAG = "reporting/cause"
PRIORITY_TAG = "dagster/priority"
ONLY_MISSING_TAG = "reporting/only_missing"

CURRENT_PRIORITY = 10
"""Above backlogs and backfills, for runs that keep the current figures up to date."""

RUNS_PER_SLOT = 5
"""The number of runs that one evaluation requests for each slot."""

MAX_PARTITIONS_PER_RUN = 31
"""A longer run takes long, and takes long to repeat."""

ASSETS = {
    Schedule.DAILY: "daily_reports",
    Schedule.WEEKLY: "weekly_reports",
    Schedule.MONTHLY: "monthly_reports",
    Schedule.POST_EVENT: "event_reports",
}
"""Schedule of a definition -> the asset of its report files."""

_Key = TypeVar("_Key")
_FIRST_WAIT = timedelta(minutes=5)
_LONGEST_WAIT = timedelta(hours=6)
_ENDED = {dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED}
_UNFINISHED = [each for each in dg.DagsterRunStatus if each not in _ENDED]
# Yesterday still gets its last rows.
_CURRENT_DAYS = timedelta(days=1)
_DAY = timedelta(days=1)
_BUILDING_JOBS = {DAILY_BUILD.name, REBUILD.name, SEAL.name, ALL_ASSETS_JOB}


@dataclass(frozen=True, slots=True, kw_only=True)
class NeededRun:
    """A run that the state of the warehouse needs.

    Attributes:
        slot: Runs of one slot wait for each other.
        cause: The reason, in words that differ when the reason differs.
        partitions: The first and the last partition; None for assets without partitions.
        priority: Its priority in the queue of runs.
    """

    job_name: str
    slot: str
    cause: str
    partitions: tuple[str, str] | None = None
    priority: int = 0
    tags: Mapping[str, str] = field(default_factory=dict)


def requests_now(
    instance: dg.DagsterInstance, needed: Iterable[NeededRun], now: datetime
) -> list[dg.RunRequest]:
    """Requests for the first few needed runs of each free slot whose delay is over."""
    requests: list[dg.RunRequest] = []
    by_slot: dict[str, list[NeededRun]] = {}
    for run in needed:
        by_slot.setdefault(run.slot, []).append(run)
    for slot, of_slot in by_slot.items():
        if _runs(instance, {SLOT_TAG: slot}, _UNFINISHED):
            continue
        possible = (
            _request(run, run_key)
            for run in of_slot
            if (run_key := _run_key(instance, run, now)) is not None
        )
        requests.extend(islice(possible, RUNS_PER_SLOT))
    return requests


def missing_report_runs(
    schedule: Schedule, missing: Iterable[MissingReport], keys: Sequence[str]
) -> list[NeededRun]:
    """Runs over the partitions of the missing reports of a schedule, oldest first.

    Args:
        schedule: The schedule; missing reports of other schedules are left out.
        missing: Missing reports of any schedule.
        keys: All existing partitions, in their order.
    """
    causes: dict[str, list[str]] = {}
    for each in missing:
        if each.definition.schedule is schedule:
            name = f"{each.definition.id} {each.definition.version} {each.period.token}"
            causes.setdefault(_partition(each), []).append(name)
    asset = ASSETS[schedule]
    return [
        NeededRun(
            job_name=DELIVER[asset].name,
            slot=f"missing {asset}",
            cause=digest([name for key in batch for name in causes[key]]),
            partitions=(batch[0], batch[-1]),
            tags={ONLY_MISSING_TAG: "true"},
        )
        for batch in _batches([key for key in keys if key in causes], keys)
    ]


def rebuild_runs(waiting: Mapping[date, str], today: date) -> list[NeededRun]:
    """Runs that rebuild days: current days in a slot of their own, older days oldest first.

    Args:
        waiting: Day -> a mark that differs when its cause does.
        today: The current day in UTC.
    """
    current = [day for day in sorted(waiting) if day >= today - _CURRENT_DAYS]
    backlog = [day for day in sorted(waiting) if day < today - _CURRENT_DAYS]
    return [
        NeededRun(
            job_name=REBUILD.name,
            slot=slot,
            cause=digest([f"{day} {waiting[day]}" for day in batch]),
            partitions=(batch[0].isoformat(), batch[-1].isoformat()),
            priority=priority,
        )
        for slot, days, priority in (
            ("rebuild current days", current, CURRENT_PRIORITY),
            ("rebuild former days", backlog, 0),
        )
        for batch in _day_batches(days)
    ]


def seal_runs(days: Sequence[date]) -> list[NeededRun]:
    """Runs that check and seal days that were built, oldest first."""
    return [
        NeededRun(
            job_name=SEAL.name,
            slot="seal days",
            cause=digest(map(str, batch)),
            partitions=(batch[0].isoformat(), batch[-1].isoformat()),
        )
        for batch in _day_batches(sorted(days))
    ]


def days_being_built(instance: dg.DagsterInstance) -> set[date]:
    """The days of unfinished runs that may build or seal them."""
    days: set[date] = set()
    for run in instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED)):
        if run.job_name not in _BUILDING_JOBS:
            continue
        first = run.tags.get(RANGE_START_TAG, run.tags.get(PARTITION_TAG))
        last = run.tags.get(RANGE_END_TAG, first)
        if first is not None and last is not None:
            with suppress(ValueError):  # not a partition of days
                begin, end = date.fromisoformat(first), date.fromisoformat(last)
                days.update(begin + n * _DAY for n in range((end - begin).days + 1))
    return days


def digest(names: Iterable[str]) -> str:
    """A digest of names, which differs when one of them or their order does."""
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def _run_key(instance: dg.DagsterInstance, run: NeededRun, now: datetime) -> str | None:
    tried = _runs(instance, {CAUSE_TAG: _cause(run)}, list(_ENDED))
    if tried:
        ended_at = max(each.end_time or each.create_timestamp.timestamp() for each in tried)
        wait = min(_FIRST_WAIT * 2 ** min(len(tried) - 1, 16), _LONGEST_WAIT)
        if now < datetime.fromtimestamp(ended_at, UTC) + wait:
            return None
    return f"{_cause(run)}-{len(tried)}"


def _runs(
    instance: dg.DagsterInstance, tags: Mapping[str, str], statuses: Sequence[dg.DagsterRunStatus]
) -> Sequence[dg.RunRecord]:
    return instance.get_run_records(dg.RunsFilter(tags=dict(tags), statuses=list(statuses)))


def _request(run: NeededRun, run_key: str) -> dg.RunRequest:
    tags = {SLOT_TAG: run.slot, CAUSE_TAG: _cause(run), **run.tags}
    if run.priority:
        tags[PRIORITY_TAG] = str(run.priority)
    if run.partitions is not None:
        tags |= range_tags(*run.partitions)
    return dg.RunRequest(run_key=run_key, job_name=run.job_name, tags=tags)


def _cause(run: NeededRun) -> str:
    return digest((run.job_name, run.slot, *(run.partitions or ()), run.cause))[:32]


def _partition(missing: MissingReport) -> str:
    event_id = missing.period.event_id
    if event_id is not None:
        return str(event_id)
    return partition_of(missing.definition.schedule, missing.due.as_of)


def _day_batches(days: Sequence[date]) -> Iterator[list[date]]:
    if days:
        all_days = [days[0] + timedelta(days=n) for n in range((days[-1] - days[0]).days + 1)]
        yield from _batches(days, all_days)


def _batches(needed: Sequence[_Key], order: Sequence[_Key]) -> Iterator[list[_Key]]:
    """`needed` in pieces of consecutive keys, none longer than MAX_PARTITIONS_PER_RUN."""
    place = {key: number for number, key in enumerate(order)}
    batch: list[_Key] = []
    for key in needed:
        is_next = bool(batch) and place[key] == place[batch[-1]] + 1
        if batch and (not is_next or len(batch) == MAX_PARTITIONS_PER_RUN):
            yield batch
            batch = []
        batch.append(key)
    if batch:
        yield batch
