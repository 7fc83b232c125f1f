"""The report days as Dagster partitions.

What belongs here: which days there are, and which of them a step is about. What does not: which
instant belongs to which day (`landing.report_day`).
"""

from datetime import date

import dagster as dg

# Days are counted in UTC here and begin up to 14 hours earlier where an event is: besides the day
# that runs in UTC, tomorrow is running somewhere.
_RUNNING_DAYS = 2


def report_days(first_day: date) -> dg.DailyPartitionsDefinition:
    """Every report day from the first one to those that are running; keys are ISO dates."""
    return dg.DailyPartitionsDefinition(
        start_date=first_day.isoformat(), end_offset=_RUNNING_DAYS, timezone="UTC"
    )


def days_of(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> list[date]:
    """The report days that a step is about: one, or all those of a range."""
    return [date.fromisoformat(key) for key in context.partition_keys]
