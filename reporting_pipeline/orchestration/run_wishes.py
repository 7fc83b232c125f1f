"""Runs that sensors wish for, and which of them to request now.

    slot        a few runs at a time; what is wished for meanwhile comes when they have ended
    cause       the same cause is requested once; again if its run has ended and the cause stands,
                after a time that doubles

A run's key is made of its cause and of how often it was tried, so an evaluation that is repeated,
or one beside another daemon's, asks for the same run.

What belongs here: that decision. What does not: what is wished for (`sensors`).
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice

import dagster as dg
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
)

SLOT_TAG = "reporting/slot"
CAUSE_TAG = "reporting/cause"
PRIORITY_TAG = "dagster/priority"
ONLY_MISSING_TAG = "reporting/only_missing"

CURRENT_PRIORITY = 10
"""Over backlogs and backfills: of what keeps today's figures young."""

RUNS_PER_SLOT = 5
"""How many runs one evaluation asks for, of each slot."""

_FIRST_WAIT = timedelta(minutes=5)
_LONGEST_WAIT = timedelta(hours=6)
_ENDED = {dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED}
_UNFINISHED = [each for each in dg.DagsterRunStatus if each not in _ENDED]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunWish:
    """A run that somebody wishes for.

    Attributes:
        slot: Wishes of a slot wait for the runs that it has.
        cause: What it is for, in words that differ when it is for something else.
        partitions: The first and the last one; None for what has none.
        priority: Over other runs in the queue.
    """

    job_name: str
    slot: str
    cause: str
    partitions: tuple[str, str] | None = None
    priority: int = 0
    tags: Mapping[str, str] = field(default_factory=dict)


def requested_now(
    instance: dg.DagsterInstance, wishes: Iterable[RunWish], now: datetime
) -> list[dg.RunRequest]:
    """The requests of the wishes whose slot is free and whose turn it is: of each the first few."""
    requests: list[dg.RunRequest] = []
    by_slot: dict[str, list[RunWish]] = {}
    for wish in wishes:
        by_slot.setdefault(wish.slot, []).append(wish)
    for slot, of_slot in by_slot.items():
        if _runs(instance, {SLOT_TAG: slot}, _UNFINISHED):
            continue
        granted = (
            _request(wish, run_key)
            for wish in of_slot
            if (run_key := _run_key(instance, wish, now)) is not None
        )
        requests.extend(islice(granted, RUNS_PER_SLOT))
    return requests


def _run_key(instance: dg.DagsterInstance, wish: RunWish, now: datetime) -> str | None:
    tried = _runs(instance, {CAUSE_TAG: _digest(wish)}, list(_ENDED))
    if tried:
        ended_at = max(each.end_time or each.create_timestamp.timestamp() for each in tried)
        wait = min(_FIRST_WAIT * 2 ** min(len(tried) - 1, 16), _LONGEST_WAIT)
        if now < datetime.fromtimestamp(ended_at, UTC) + wait:
            return None
    return f"{_digest(wish)}-{len(tried)}"


def _runs(
    instance: dg.DagsterInstance, tags: Mapping[str, str], statuses: Sequence[dg.DagsterRunStatus]
) -> Sequence[dg.RunRecord]:
    return instance.get_run_records(dg.RunsFilter(tags=dict(tags), statuses=list(statuses)))


def _request(wish: RunWish, run_key: str) -> dg.RunRequest:
    tags = {SLOT_TAG: wish.slot, CAUSE_TAG: _digest(wish), **wish.tags}
    if wish.priority:
        tags[PRIORITY_TAG] = str(wish.priority)
    if wish.partitions is not None:
        tags[ASSET_PARTITION_RANGE_START_TAG], tags[ASSET_PARTITION_RANGE_END_TAG] = wish.partitions
    return dg.RunRequest(run_key=run_key, job_name=wish.job_name, tags=tags)


def _digest(wish: RunWish) -> str:
    text = "\n".join((wish.job_name, wish.slot, *(wish.partitions or ()), wish.cause))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
