"""The partitions: report days, weeks, months and ended events, and which days each one covers.

`landing.report_day` in the warehouse says which instant belongs to which report day.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

import dagster as dg

from reporting_pipeline.report_definitions.definition import Schedule

PARTITION_TAG = "dagster/partition"
RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"

# Days are counted in UTC here and begin up to 14 hours earlier where an event is: besides the
# current day in UTC, tomorrow has begun somewhere.
_RUNNING_DAYS = 2
_DAY = timedelta(days=1)
_MONDAY = 1  # Dagster counts from Sunday

ENDED_EVENTS_NAME = "ended_events"
ENDED_EVENTS = dg.DynamicPartitionsDefinition(name=ENDED_EVENTS_NAME)
"""Events after which a report is due; the keys are their ids."""


def report_days(first_day: date) -> dg.DailyPartitionsDefinition:
    """Every report day from the first one to tomorrow; the keys are ISO dates."""
    return dg.DailyPartitionsDefinition(
        start_date=first_day.isoformat(), end_offset=_RUNNING_DAYS, timezone="UTC"
    )


def report_weeks(first_day: date) -> dg.WeeklyPartitionsDefinition:
    """Every week from that of the first report day to the current one; the keys are its Monday.

    Reports of a week that begins on another day than Monday are due within the current week.
    """
    monday = first_day - first_day.weekday() * _DAY
    return dg.WeeklyPartitionsDefinition(
        start_date=monday.isoformat(), day_offset=_MONDAY, end_offset=1, timezone="UTC"
    )


def report_months(first_day: date) -> dg.MonthlyPartitionsDefinition:
    """Every past month from that of the first report day on; the keys are its first day."""
    return dg.MonthlyPartitionsDefinition(
        start_date=first_day.replace(day=1).isoformat(), timezone="UTC"
    )


def due_days(partitions: dg.TimeWindowPartitionsDefinition, key: str) -> list[date]:
    """The days on which the reports of a partition are due: the day after each of its days."""
    window = partitions.time_window_for_partition_key(key)
    first, end = window.start.date(), window.end.date()
    return [first + offset * _DAY for offset in range(1, (end - first).days + 1)]


def partition_of(schedule: Schedule, due_day: date) -> str:
    """The partition of a schedule that has `due_day` among its due days."""
    last = due_day - _DAY
    if schedule is Schedule.WEEKLY:
        return (last - last.weekday() * _DAY).isoformat()
    return (last.replace(day=1) if schedule is Schedule.MONTHLY else last).isoformat()


def days_outside(
    days: Iterable[date], partitions: dg.DailyPartitionsDefinition, now: datetime
) -> list[date]:
    """The days without a partition: before the first report day, or after tomorrow."""
    keys = set(partitions.get_partition_keys(current_time=now))
    return [day for day in days if day.isoformat() not in keys]


def range_tags(first: str, last: str) -> dict[str, str]:
    """The tags of a run over the partitions from `first` to `last`, both included."""
    return {RANGE_START_TAG: first, RANGE_END_TAG: last}


def add_ended_events(instance: dg.DagsterInstance, event_ids: Sequence[UUID]) -> None:
    """Add the partitions of ended events; existing partitions do not change."""
    instance.add_dynamic_partitions(ENDED_EVENTS_NAME, [str(each) for each in event_ids])


def partition_keys_of(
    context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext,
) -> list[str]:
    """The partitions of a step: one, or all of a range.

    Raises:
        dagster.Failure: The range has no partition, as where its ends are exchanged: Dagster itself
            takes that for a run without work, which succeeds.
    """
    keys = list(context.partition_keys)
    if not keys:
        first, last = context.partition_key_range
        raise dg.Failure(
            description=(
                f"the range of partitions {first}...{last} has none: its ends are exchanged, or it "
                "is outside the report days; give the earlier one first"
            ),
            allow_retries=False,
        )
    return keys


def is_by_event(context: dg.AssetExecutionContext) -> bool:
    """True if the partitions of a step are events; the keys are then their ids."""
    return bool(context.assets_def.partitions_def == ENDED_EVENTS)


def days_of(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> list[date]:
    """The report days of a step: one day, or all days of a range.

    Raises:
        dagster.Failure: As partition_keys_of.
    """
    return [date.fromisoformat(key) for key in partition_keys_of(context)]
