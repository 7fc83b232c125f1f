"""Sensors: what is missing, touched or behind becomes runs.

    missing_reports    reports that should exist and do not; by partitions, oldest first
    touched_days       days of which late rows have landed; those that run now have a slot of their
                       own, so a backlog does not keep them waiting
    stale_reports      generated reports that rest on rebuilt days, or whose days have settled

They look at the warehouse, not at ticks: whatever was down, and for however long, the next
evaluation asks for all that is open. What they ask for is the same when it is asked twice.

What belongs here: wishes made of what is open. What does not: what is open (`upkeep`), and which
wish is granted (`run_wishes`).
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import TypeVar

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from reporting_pipeline.due.expected_reports import MissingReport
from reporting_pipeline.orchestration.jobs import DELIVER, REBUILD, RESTATE
from reporting_pipeline.orchestration.partitions import (
    ENDED_EVENTS,
    ENDED_EVENTS_NAME,
    partition_of,
    report_days,
    report_months,
    report_weeks,
)
from reporting_pipeline.orchestration.run_wishes import (
    CURRENT_PRIORITY,
    ONLY_MISSING_TAG,
    RunWish,
    requested_now,
)
from reporting_pipeline.orchestration.upkeep import Upkeep
from reporting_pipeline.report_definitions.definition import Schedule

MAX_PARTITIONS_PER_RUN = 31
"""A run over more is long to wait for, and long to repeat."""

_Key = TypeVar("_Key")
_INTERVAL_SECONDS = 60
# Yesterday still gets its last rows.
_CURRENT_DAYS = timedelta(days=1)
_ASSETS = {
    Schedule.DAILY: "daily_reports",
    Schedule.WEEKLY: "weekly_reports",
    Schedule.MONTHLY: "monthly_reports",
    Schedule.POST_EVENT: "event_reports",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a look at the warehouse makes one wish for.

    Attributes:
        open: What is open, in words.
        new_events: Ended events that have no partition yet.
    """

    wishes: Sequence[RunWish]
    open: str
    new_events: Sequence[str] = ()


def sensors(first_day: date) -> list[dg.SensorDefinition]:
    """All sensors of the upkeep; they run unless they are stopped in the UI."""
    return [
        _sensor(
            "missing_reports",
            list(DELIVER.values()),
            "Asks for every report that should exist and does not.",
            partial(_missing_reports, first_day),
        ),
        _sensor(
            "touched_days",
            [REBUILD],
            "Rebuilds the days of which late rows have landed, as far back as the horizon.",
            partial(_touched_days, first_day),
        ),
        _sensor(
            "stale_reports",
            [RESTATE],
            "Generates the reports again that rest on rebuilt days, or have settled.",
            _stale_reports,
        ),
    ]


def _sensor(
    name: str,
    jobs: Sequence[UnresolvedAssetJobDefinition],
    description: str,
    look: Callable[[Upkeep, dg.DagsterInstance], Wanted],
) -> dg.SensorDefinition:
    @dg.sensor(
        name=name,
        jobs=jobs,
        minimum_interval_seconds=_INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=description,
    )
    def evaluate(
        context: dg.SensorEvaluationContext, upkeep: dg.ResourceParam[Upkeep]
    ) -> dg.SensorResult:
        wanted = look(upkeep, context.instance)
        requests = requested_now(context.instance, wanted.wishes, upkeep.clock())
        if not requests:
            reason = f"{wanted.open}; nothing is to be asked for now"
            return dg.SensorResult(skip_reason=reason)
        additions = [ENDED_EVENTS.build_add_request(wanted.new_events)] if wanted.new_events else []
        return dg.SensorResult(run_requests=requests, dynamic_partitions_requests=additions)

    return evaluate


def _missing_reports(first_day: date, upkeep: Upkeep, instance: dg.DagsterInstance) -> Wanted:
    missing, now = upkeep.requestable(), upkeep.clock()
    known = instance.get_dynamic_partitions(ENDED_EVENTS_NAME)
    ended = {str(each.period.event_id): None for each in missing if each.period.event_id}
    new = [key for key in ended if key not in known]
    keys = {
        Schedule.DAILY: report_days(first_day).get_partition_keys(current_time=now),
        Schedule.WEEKLY: report_weeks(first_day).get_partition_keys(current_time=now),
        Schedule.MONTHLY: report_months(first_day).get_partition_keys(current_time=now),
        Schedule.POST_EVENT: [*known, *new],
    }
    return Wanted(
        wishes=[
            wish for schedule in keys for wish in missing_wishes(schedule, missing, keys[schedule])
        ],
        open=f"{len(missing)} reports are missing",
        new_events=new,
    )


def _touched_days(first_day: date, upkeep: Upkeep, _: dg.DagsterInstance) -> Wanted:
    waiting, horizon = upkeep.waiting_days(), upkeep.first_day_to_rebuild()
    keys = set(report_days(first_day).get_partition_keys(current_time=upkeep.clock()))
    within = {
        day: mark for day, mark in waiting.items() if day >= horizon and day.isoformat() in keys
    }
    beyond = len(waiting) - len(within)
    return Wanted(
        wishes=rebuild_wishes(within, upkeep.today()),
        open=f"{len(within)} days wait to be rebuilt, {beyond} more are beyond the horizon",
    )


def _stale_reports(upkeep: Upkeep, _: dg.DagsterInstance) -> Wanted:
    stale = upkeep.stale()
    if not stale.due:
        upkeep.forget(stale)  # no report rests on these days
    names = [f"{each.request.definition.id} {each.request.period.token}" for each in stale.due]
    cause = _digest([*names, *map(str, stale.rebuilt_ids)])
    wish = RunWish(job_name=RESTATE.name, slot="restate", cause=cause)
    return Wanted(
        wishes=[wish] if names else [], open=f"{len(names)} reports are behind their days"
    )


def missing_wishes(
    schedule: Schedule, missing: Iterable[MissingReport], keys: Sequence[str]
) -> list[RunWish]:
    """Runs over the partitions of missing reports of a schedule, oldest first.

    Args:
        schedule: Whose.
        missing: Of any schedule.
        keys: Of all partitions that exist, in their order.
    """
    causes: dict[str, list[str]] = {}
    for each in missing:
        if each.definition.schedule is schedule:
            name = f"{each.definition.id} {each.definition.version} {each.period.token}"
            causes.setdefault(_partition(each), []).append(name)
    asset = _ASSETS[schedule]
    return [
        RunWish(
            job_name=DELIVER[asset].name,
            slot=f"missing {asset}",
            cause=_digest([name for key in batch for name in causes[key]]),
            partitions=(batch[0], batch[-1]),
            tags={ONLY_MISSING_TAG: "true"},
        )
        for batch in _batches([key for key in keys if key in causes], keys)
    ]


def _partition(missing: MissingReport) -> str:
    event_id = missing.period.event_id
    if event_id is not None:
        return str(event_id)
    return partition_of(missing.definition.schedule, missing.due.as_of)


def rebuild_wishes(waiting: Mapping[date, str], today: date) -> list[RunWish]:
    """Runs that rebuild days: those that run now, and apart from them the others, oldest first.

    Args:
        waiting: Day -> a mark that differs when its cause does.
        today: The day that runs in UTC.
    """
    current = [day for day in sorted(waiting) if day >= today - _CURRENT_DAYS]
    backlog = [day for day in sorted(waiting) if day < today - _CURRENT_DAYS]
    return [
        RunWish(
            job_name=REBUILD.name,
            slot=slot,
            cause=_digest([f"{day} {waiting[day]}" for day in batch]),
            partitions=(batch[0].isoformat(), batch[-1].isoformat()),
            priority=priority,
        )
        for slot, days, priority in (
            ("rebuild current days", current, CURRENT_PRIORITY),
            ("rebuild former days", backlog, 0),
        )
        for batch in _day_batches(days)
    ]


def _day_batches(days: Sequence[date]) -> Iterator[list[date]]:
    if days:
        all_days = [days[0] + timedelta(days=n) for n in range((days[-1] - days[0]).days + 1)]
        yield from _batches(days, all_days)


def _batches(wanted: Sequence[_Key], order: Sequence[_Key]) -> Iterator[list[_Key]]:
    """What is wanted, cut where the order has something between, and where a run would be long."""
    place = {key: number for number, key in enumerate(order)}
    batch: list[_Key] = []
    for key in wanted:
        is_next = bool(batch) and place[key] == place[batch[-1]] + 1
        if batch and (not is_next or len(batch) == MAX_PARTITIONS_PER_RUN):
            yield batch
            batch = []
        batch.append(key)
    if batch:
        yield batch


def _digest(names: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(names).encode()).hexdigest()
