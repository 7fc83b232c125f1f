"""The partitions that exist, and the days on which their reports are due."""

from datetime import UTC, date, datetime
from uuid import UUID

import dagster as dg
import pytest

from reporting_pipeline.orchestration.partitions import (
    ENDED_EVENTS,
    add_ended_events,
    due_days,
    partition_keys_of,
    partition_of,
    range_tags,
    report_days,
    report_months,
    report_weeks,
)
from reporting_pipeline.report_definitions.definition import Schedule

FIRST = date(2025, 1, 1)
NOW = datetime(2025, 2, 3, 12, tzinfo=UTC)


def test_days_run_from_the_first_to_tomorrow_in_utc() -> None:
    days = report_days(date(2025, 1, 1))

    keys = days.get_partition_keys(current_time=datetime(2025, 1, 3, 12, tzinfo=UTC))

    assert keys == ["2025-01-01", "2025-01-02", "2025-01-03", "2025-01-04"]


def test_weeks_and_months_cover_the_first_day_and_only_the_last_week_is_incomplete() -> None:
    assert report_weeks(FIRST).get_partition_keys(current_time=NOW) == [
        *("2024-12-30", "2025-01-06", "2025-01-13", "2025-01-20", "2025-01-27", "2025-02-03")
    ]
    assert report_months(FIRST).get_partition_keys(current_time=NOW) == ["2025-01-01"]


@pytest.mark.parametrize(
    ("partitions", "key", "first", "last"),
    [
        (report_days(FIRST), "2025-01-31", date(2025, 2, 1), date(2025, 2, 1)),
        (report_weeks(FIRST), "2025-01-27", date(2025, 1, 28), date(2025, 2, 3)),
        (report_months(FIRST), "2025-01-01", date(2025, 1, 2), date(2025, 2, 1)),
    ],
)
def test_reports_are_due_on_the_days_after_those_of_the_partition(
    partitions: dg.TimeWindowPartitionsDefinition, key: str, first: date, last: date
) -> None:
    days = due_days(partitions, key)

    assert (days[0], days[-1], len(days)) == (first, last, (last - first).days + 1)


@pytest.mark.parametrize(
    ("schedule", "partitions"),
    [
        (Schedule.DAILY, report_days(FIRST)),
        (Schedule.WEEKLY, report_weeks(FIRST)),
        (Schedule.MONTHLY, report_months(FIRST)),
    ],
)
def test_a_due_day_belongs_to_one_partition(
    schedule: Schedule, partitions: dg.TimeWindowPartitionsDefinition
) -> None:
    keys = partitions.get_partition_keys(current_time=NOW)
    of_days = {day: key for key in keys for day in due_days(partitions, key)}

    assert {day: partition_of(schedule, day) for day in of_days} == of_days


def test_an_ended_event_is_one_partition_however_often_it_is_added() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        add_ended_events(instance, [UUID(int=1)])
        add_ended_events(instance, [UUID(int=1), UUID(int=2)])

        assert ENDED_EVENTS.get_partition_keys(dynamic_partitions_store=instance) == [
            str(UUID(int=1)),
            str(UUID(int=2)),
        ]


def _failures(asset: dg.AssetsDefinition, first: str, last: str) -> list[str]:
    """The reasons why a run over a range of partitions fails."""
    with dg.DagsterInstance.ephemeral() as instance:
        add_ended_events(instance, [UUID(int=1), UUID(int=2), UUID(int=3)])
        result = dg.materialize(
            [asset], instance=instance, tags=range_tags(first, last), raise_on_error=False
        )
    failures = [each.step_failure_data for each in result.all_events if each.is_step_failure]
    reasons = [each.user_failure_data for each in failures]
    return [each.description or "" for each in reasons if each is not None]


@pytest.mark.parametrize(
    ("partitions", "first", "last"),
    [
        (report_days(FIRST), "2025-01-01", "2025-01-03"),
        (report_weeks(FIRST), "2025-01-06", "2025-01-27"),
        (report_months(FIRST), "2025-01-01", "2025-03-01"),
        (ENDED_EVENTS, str(UUID(int=1)), str(UUID(int=3))),
    ],
)
def test_a_range_with_its_ends_exchanged_is_refused(
    partitions: dg.PartitionsDefinition[str], first: str, last: str
) -> None:
    @dg.asset(partitions_def=partitions, backfill_policy=dg.BackfillPolicy.single_run())
    def table(context: dg.AssetExecutionContext) -> None:
        assert partition_keys_of(context)[0] == first

    assert _failures(table, first, last) == []
    [reason] = _failures(table, last, first)
    assert reason.startswith(f"the range of partitions {last}...{first} has none: its ends are")
