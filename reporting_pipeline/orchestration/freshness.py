"""How old a table may be, by the settings; the UI shows which are older.

    landing          by REPORTING_SOURCE_STALE_SECONDS; half of it warns
    report tables    built between REPORTING_NIGHTLY_AT and REPORTING_DAILY_DEADLINE_HOURS after
    and seals        midnight

Dagster looks at the newest materialisation, whichever partition it was: after a backfill of old
days a table counts as fresh. A report that is missing is told by an alert, which knows its day.

What belongs here: which setting goes where. What does not: alerts (`alerts`).
"""

from datetime import time, timedelta

import dagster as dg

from reporting_pipeline.settings import Settings

_MINUTES_PER_DAY = 24 * 60
_SHORTEST = timedelta(minutes=1)


def landing_freshness(settings: Settings) -> dg.FreshnessPolicy:
    """Of what is landed every few minutes."""
    stale = timedelta(seconds=settings.source_stale_seconds)
    warns = stale / 2
    return dg.FreshnessPolicy.time_window(
        fail_window=stale, warn_window=warns if warns >= _SHORTEST else None
    )


def nightly_freshness(settings: Settings) -> dg.FreshnessPolicy:
    """Of what is built each night, and as often as rows come."""
    begins, deadline = settings.nightly_at, settings.daily_deadline_hours % 24
    # A deadline before the nightly run is that of the night before.
    minutes = (deadline * 60 - _minute_of(begins)) % _MINUTES_PER_DAY
    return dg.FreshnessPolicy.cron(
        deadline_cron=f"0 {deadline} * * *",
        lower_bound_delta=timedelta(minutes=minutes or _MINUTES_PER_DAY),
        timezone=settings.schedule_zone,
    )


def _minute_of(of_day: time) -> int:
    return of_day.hour * 60 + of_day.minute
