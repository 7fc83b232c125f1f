"""The five expected report tables of books."""

from reporting_pipeline_tests.oracle.attendance import attendance_daily
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.breaks import reconciliation_breaks
from reporting_pipeline_tests.oracle.report_tables import (
    ATTENDANCE,
    BREAKS,
    REVENUE,
    SALES,
    SUMMARY,
    ReportTable,
)
from reporting_pipeline_tests.oracle.revenue import revenue_daily
from reporting_pipeline_tests.oracle.sales import sales_daily
from reporting_pipeline_tests.oracle.summary import event_summary


def expected_tables(books: Books) -> dict[str, ReportTable]:
    """Report table -> key -> row, for every report day of the books.

    Values: uuids as lower-case text, `date` as a date, minor units and counts as int, ratios as
    Decimal with six places, `proof_ids` as a sorted tuple.
    """
    dailies = {
        SALES: sales_daily(books),
        REVENUE: revenue_daily(books),
        ATTENDANCE: attendance_daily(books),
    }
    return dailies | {
        SUMMARY: event_summary(books, dailies),
        BREAKS: reconciliation_breaks(books),
    }
