"""No event admits more than the tickets that were valid for it."""

from collections.abc import Collection
from datetime import date
from typing import Any

from psycopg import Connection

from reporting_pipeline.checks.finding import Findings, find, warn_where_pending


def admissions_within_tickets(connection: Connection[Any], days: Collection[date]) -> Findings:
    """Admissions to date never exceed the tickets of admission types issued for the event.

    Every issued ticket was valid once, so one that was admitted and then refunded is no fault; nor
    is one whose ticket row is younger than its scan, since the issue date is not looked at. An
    entry accepted after its ticket had left `valid` warns: a device that was offline may do so.
    Expected is the number of tickets (of a single ticket 0), found the number of admissions. Days
    that wait for their rebuild only warn.
    """
    findings = find(
        connection,
        days,
        check="admissions_within_tickets",
        message="{concerns}: {found} admitted, {expected} allowed",
    )
    return warn_where_pending(connection, findings, report_table="report_attendance_daily")
