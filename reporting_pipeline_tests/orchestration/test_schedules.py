"""Schedules start once per local day, also when clocks change; Dagster computes the ticks."""

from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._utils.schedules import schedule_execution_time_iterator

from reporting_pipeline.orchestration.code_location import build_definitions
from reporting_pipeline.orchestration.partitions import report_days
from reporting_pipeline.orchestration.schedules import schedules
from reporting_pipeline.settings import Settings

FIRST = date(2025, 1, 1)


def _schedules(**values: object) -> dict[str, dg.ScheduleDefinition]:
    found = schedules(Settings.model_validate(values), report_days(FIRST))
    return {schedule.name: schedule for schedule in found}


def _ticks(schedule: dg.ScheduleDefinition, begin: datetime, end: datetime) -> list[datetime]:
    """The instants at which Dagster evaluates a schedule, from `begin` until `end`."""
    all_ticks = schedule_execution_time_iterator(
        begin.timestamp(), schedule.cron_schedule, schedule.execution_timezone
    )
    return list(takewhile(lambda tick: tick < end, all_ticks))


def _result(schedule: dg.ScheduleDefinition, tick: datetime) -> Any:
    """The result of a schedule at a tick."""
    return schedule(dg.build_schedule_context(scheduled_execution_time=tick))


@pytest.mark.parametrize("at", ["01:30", "02:15", "03:00"])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("turned", [date(2026, 3, 1), date(2026, 9, 25)])
def test_the_nightly_run_starts_once_per_local_day_also_when_clocks_change(
    at: str, zone: str, turned: date
) -> None:
    nightly = _schedules(nightly_at=at, schedule_zone=zone)["nightly"]
    days = [turned + timedelta(days=n) for n in range(45)]
    begin, end = (
        datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
        for day in (days[0], days[-1] + timedelta(days=1))
    )

    keys = [_result(nightly, tick).partition_key for tick in _ticks(nightly, begin, end)]

    assert keys == [(day - timedelta(days=1)).isoformat() for day in days]


def test_the_nightly_run_has_the_partition_of_the_day_before() -> None:
    settings = Settings.model_validate({"schedule_zone": "Europe/Berlin"})
    defs = build_definitions(settings)
    tick = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)  # 03:00 in Berlin; there is no 02:15
    with dg.DagsterInstance.ephemeral() as instance:
        repository = defs.get_repository_def()
        nightly = defs.resolve_schedule_def("nightly")
        with dg.build_schedule_context(
            instance, repository_def=repository, scheduled_execution_time=tick
        ) as context:
            [request] = nightly.evaluate_tick(context).run_requests or ()

    assert (request.partition_key, request.run_key) == ("2026-03-28", "2026-03-28")


def test_a_night_before_the_first_report_day_requests_nothing() -> None:
    skipped = _result(_schedules()["nightly"], datetime(2025, 1, 1, 2, 15, tzinfo=UTC))

    assert skipped.skip_message == "2024-12-31 is before the first report day"


@pytest.mark.parametrize(
    ("minutes", "cron"), [(1, "*/1 * * * *"), (10, "*/10 * * * *"), (60, "0 * * * *")]
)
def test_landing_starts_as_often_as_the_setting_says(minutes: int, cron: str) -> None:
    assert _schedules(landing_interval_minutes=minutes)["landing_interval"].cron_schedule == cron


def test_a_landing_waits_for_the_one_before_it() -> None:
    landing = _schedules()["landing_interval"]
    with dg.instance_for_test() as instance:
        at = datetime(2026, 1, 1, 12, tzinfo=UTC)
        later = at + timedelta(minutes=10)
        # Without `with`, the instance of a context would stay the current one of the process.
        with dg.build_schedule_context(instance, scheduled_execution_time=at) as context:
            request: Any = landing(context)
        instance.add_run(
            dg.DagsterRun(job_name="land", tags=request.tags, status=dg.DagsterRunStatus.STARTED)
        )
        with dg.build_schedule_context(instance, scheduled_execution_time=later) as context:
            skipped: Any = landing(context)

    assert skipped.skip_message == "the landing run before it has not ended"


def test_the_comparison_runs_an_hour_after_the_nightly_run_unless_it_is_off() -> None:
    comparison = _schedules(nightly_at="23:15")["comparison"]
    tick = datetime(2026, 1, 1, 0, 15, tzinfo=UTC)

    assert comparison.cron_schedule == "15 0 * * *"
    assert _result(comparison, tick).tags == {"reporting/compared": "true"}
    skipped = _result(_schedules(compared_rows=0)["comparison"], tick)
    assert skipped.skip_message == "REPORTING_COMPARED_ROWS is 0"


def test_the_store_is_audited_once_per_night() -> None:
    audit = _schedules(schedule_zone="Europe/Berlin")["store_audit"]
    night = _result(audit, datetime(2026, 1, 2, 3, 0, tzinfo=UTC))

    assert night.run_key == "store_audit 2026-01-01"
