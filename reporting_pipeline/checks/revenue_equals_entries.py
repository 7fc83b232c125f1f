"""Every figure of the revenue report is the sum of its ledger entries."""

from collections.abc import Collection
from datetime import date
from typing import Any

from psycopg import Connection

from reporting_pipeline.checks.finding import Findings, find, warn_where_pending


def revenue_equals_entries(connection: Connection[Any], days: Collection[date]) -> Findings:
    """Each column of report_revenue_daily equals the sum taken straight from the entries landed.

    Named columns and control figures alike; a row that should not be there, or that is missing, is
    reported by its entry_count. Expected is what the entries give, found what the report says; in
    minor units, or a count. Days that wait for their rebuild only warn.
    """
    findings = find(
        connection,
        days,
        check="revenue_equals_entries",
        message=(
            "{column_name} of event {event_id} in {currency} is {found} in report_revenue_daily, "
            "{expected} by the ledger's entries"
        ),
    )
    return warn_where_pending(connection, findings, report_table="report_revenue_daily")
