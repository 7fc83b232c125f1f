"""Schedules: the times at which jobs start. They only trigger; sensors find what was left out.

    landing_interval   lands new rows, every few minutes
    nightly            lands, builds, seals and reports the day before, once per local day

They are no `AutomationCondition.on_cron`: the nightly run needs landing, tables, checks, seals and
files of one day in one run, in this order, and its time zone and key come from the settings.
"""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import dagster as dg

from reporting_pipeline.orchestration.jobs import DAILY_BUILD, LAND
from reporting_pipeline.orchestration.run_requests import (
    CURRENT_PRIORITY,
    PRIORITY_TAG,
    NeededRun,
    requests_now,
)
from reporting_pipeline.settings import Settings

_DAY = timedelta(days=1)
_MINUTES_PER_HOUR = 60


def schedules(
    settings: Settings, days: dg.DailyPartitionsDefinition
) -> list[dg.ScheduleDefinition]:
    """Both schedules; they run unless they are stopped in the UI."""
    return [_landing(settings), _nightly(settings, days)]


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
        at = context.scheduled_execution_time
        run = NeededRun(
            job_name=LAND.name,
            slot="landing",
            cause=at.isoformat(),
            priority=CURRENT_PRIORITY,
        )
        for request in requests_now(context.instance, [run], at):
            return request
        return dg.SkipReason("the landing before it has not ended")

    return landing_interval


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


def _day_before(context: dg.ScheduleEvaluationContext, zone: str) -> date:
    return context.scheduled_execution_time.astimezone(ZoneInfo(zone)).date() - _DAY
