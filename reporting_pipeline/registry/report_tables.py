"""The registry of report tables: the one home of what their columns are and mean.

The migration, dbt's yml, Dagster's metadata and the checks are generated from it or compared with
it.

What belongs here: names, types, units, additivity, words. What does not: SQL.
"""

from reporting_pipeline.errors import UnknownReport
from reporting_pipeline.registry.columns import ReportTable
from reporting_pipeline.registry.tables.attendance_daily import ATTENDANCE_DAILY
from reporting_pipeline.registry.tables.event_summary import EVENT_SUMMARY
from reporting_pipeline.registry.tables.reconciliation_breaks import (
    BREAK_KINDS,
    RECONCILIATION_BREAKS,
    WARNING_KINDS,
)
from reporting_pipeline.registry.tables.revenue_daily import REVENUE_DAILY
from reporting_pipeline.registry.tables.sales_daily import SALES_DAILY

__all__ = [
    "BREAK_KINDS",
    "RECONCILIATION_BREAKS",
    "REPORT_TABLES",
    "SCHEMA",
    "WARNING_KINDS",
    "ReportTable",
    "report_table",
]

SCHEMA = "reporting"

# The dailies, what sums them up, and what tells whether they can be trusted.
REPORT_TABLES: tuple[ReportTable, ...] = (
    SALES_DAILY,
    REVENUE_DAILY,
    ATTENDANCE_DAILY,
    EVENT_SUMMARY,
    RECONCILIATION_BREAKS,
)


def report_table(name: str) -> ReportTable:
    """The report table of that name.

    Raises:
        UnknownReport: There is none.
    """
    for table in REPORT_TABLES:
        if table.name == name:
            return table
    known = ", ".join(table.name for table in REPORT_TABLES)
    message = f"no report table is called {name!r}; there are {known}"
    raise UnknownReport(message)
