"""Schedules: the times at which jobs start. They only trigger; sensors find what was left out.

    landing_interval   lands new rows, every few minutes
    comparison         lands, and compares older rows with the sources, once per night
    nightly            lands, builds, seals and reports the day before, once per local day
    store_audit        compares a part of the store with the catalogue, once per night
    lake               writes the days that were rebuilt to the lake each hour, if there is one

They are no `AutomationCondition.on_cron`: the nightly run needs landing, tables, checks, seals and
files of one day in one run, in this order, and its time zone and key come from the settings.
"""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import dagster as dg

from reporting_pipeline.orchestration.assets.landing import COMPARED_TAG
from reporting_pipeline.orchestration.jobs import (
    AUDIT_STORE,
    DAILY_BUILD,
    LAND,
    WRITE_LAKE,
)
from reporting_pipeline.orchestration.run_requests import (
    CURRENT_PRIORITY,
    PRIORITY_TAG,
    NeededRun,
    requests_now,
)
from reporting_pipeline.settings import Settings

_DAY = timedelta(days=1)
_MINUTES_PER_HOUR = 60
_HOURS_PER_DAY = 24
# The reports of the night come first.
_HOURS_AFTER_NIGHTLY = 1
# Between two landings that begin with the hour.
_LAKE_MINUTE = 35


def schedules(
    settings: Settings, days: dg.DailyPartitionsDefinition
) -> list[dg.ScheduleDefinition]:
    """All schedules; they run unless they are stopped in the UI."""
    return [
        _landing(settings),
        _comparison(settings),
        _nightly(settings, days),
        _store_audit(settings),
        *([] if settings.lake_url is None else [_lake()]),
    ]


def _landing(settings: Settings) -> dg.ScheduleDefinition:
    minutes = settings.landing_interval_minutes
    every = "0" if minutes == _MINUTES_PER_HOUR else f"*/{minutes}"

    @dg.schedule(
        name="landing_interval",
        job=LAND,
        cron_schedule=f"{every} * * * *",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Lands new rows; skips a tick while an earlier landing runs.",
    )
    def landing_interval(
        context: dg.ScheduleEvaluationContext,
    ) -> dg.RunRequest | dg.SkipReason:
        return _unless_running(context, LAND.name, "landing")

    return landing_interval


def _comparison(settings: Settings) -> dg.ScheduleDefinition:
    zone, at = settings.schedule_zone, settings.nightly_at
    hour = (at.hour + _HOURS_AFTER_NIGHTLY) % _HOURS_PER_DAY

    @dg.schedule(
        name="comparison",
        job=LAND,
        cron_schedule=f"{at.minute} {hour} * * *",
        execution_timezone=zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Lands new rows, and compares older ones with the sources, in rotation.",
    )
    def comparison(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if settings.compared_rows == 0:
            return dg.SkipReason("REPORTING_COMPARED_ROWS is 0")
        at_night = context.scheduled_execution_time.isoformat()
        return dg.RunRequest(run_key=f"comparison {at_night}", tags={COMPARED_TAG: "true"})

    return comparison


def _nightly(settings: Settings, days: dg.DailyPartitionsDefinition) -> dg.ScheduleDefinition:
    zone, at = settings.schedule_zone, settings.nightly_at

    @dg.schedule(
        name="nightly",
        job=DAILY_BUILD,
        cron_schedule=f"{at.minute} {at.hour} * * *",
        execution_timezone=zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Lands, builds, seals and reports the day before, once per local day.",
    )
    def nightly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        key = _day_before(context, zone).isoformat()
        if key < days.start.date().isoformat():
            return dg.SkipReason(f"{key} is before the first report day")
        tags = {PRIORITY_TAG: str(CURRENT_PRIORITY)}
        return dg.RunRequest(run_key=key, partition_key=key, tags=tags)

    return nightly


def _store_audit(settings: Settings) -> dg.ScheduleDefinition:
    at = settings.store_audit_at

    @dg.schedule(
        name="store_audit",
        job=AUDIT_STORE,
        cron_schedule=f"{at.minute} {at.hour} * * *",
        execution_timezone=settings.schedule_zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Compares a part of the files in the store with the catalogue, in rotation.",
    )
    def store_audit(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        day = _day_before(context, settings.schedule_zone)
        return dg.RunRequest(run_key=f"store_audit {day}")

    return store_audit


def _lake() -> dg.ScheduleDefinition:
    @dg.schedule(
        name="lake",
        job=WRITE_LAKE,
        cron_schedule=f"{_LAKE_MINUTE} * * * *",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Writes the days that were rebuilt to the lake; skips while a run is at it.",
    )
    def lake(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        return _unless_running(context, WRITE_LAKE.name, "lake")

    return lake


def _unless_running(
    context: dg.ScheduleEvaluationContext, job_name: str, slot: str
) -> dg.RunRequest | dg.SkipReason:
    """A run of a job, if the one before it in the slot has ended."""
    at = context.scheduled_execution_time
    run = NeededRun(job_name=job_name, slot=slot, cause=at.isoformat(), priority=CURRENT_PRIORITY)
    for request in requests_now(context.instance, [run], at):
        return request
    return dg.SkipReason(f"the {slot} run before it has not ended")


def _day_before(context: dg.ScheduleEvaluationContext, zone: str) -> date:
    return context.scheduled_execution_time.astimezone(ZoneInfo(zone)).date() - _DAY
