"""The event summary says what the daily tables add up to."""

from collections.abc import Collection
from datetime import date
from typing import Any

from psycopg import Connection

from reporting_pipeline.checks.finding import Findings, find, warn_where_pending


def summary_equals_dailies(connection: Connection[Any], days: Collection[date]) -> Findings:
    """Each to-date figure of report_event_summary is the sum of the dailies up to that day.

    Money from report_revenue_daily in the event's organisation and currency, admissions from
    report_attendance_daily, tickets (sold and comped together) from report_sales_daily, sold to
    date also from sold today. An event with rows in a daily table and none in the summary is
    reported by `row_count`. Expected is the sum, found what the summary says. Days that wait for
    their rebuild only warn.
    """
    findings = find(
        connection,
        days,
        check="summary_equals_dailies",
        message=(
            "{column_name} of event {event_id} is {found} in report_event_summary, "
            "{expected} by the daily tables"
        ),
    )
    return warn_where_pending(connection, findings, report_table="report_event_summary")
