"""The expected report tables of books."""

from typing import Final

from reporting_pipeline_tests.oracle import (
    account_movements,
    attendance,
    breaks,
    occupancy,
    revenue,
    sales,
    summary,
    tax,
)
from reporting_pipeline_tests.oracle.account_movements import account_movements_daily
from reporting_pipeline_tests.oracle.attendance import attendance_daily, attendance_quarter_hourly
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.breaks import reconciliation_breaks
from reporting_pipeline_tests.oracle.occupancy import occupancy_daily
from reporting_pipeline_tests.oracle.report_tables import (
    ACCOUNTS,
    ATTENDANCE,
    BREAKS,
    KEYS,
    OCCUPANCY,
    QUARTERS,
    REVENUE,
    SALES,
    SUMMARY,
    TAX,
    ReportTable,
)
from reporting_pipeline_tests.oracle.revenue import revenue_daily
from reporting_pipeline_tests.oracle.sales import sales_daily
from reporting_pipeline_tests.oracle.summary import event_summary
from reporting_pipeline_tests.oracle.tax import tax_daily

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    SALES: (*KEYS[SALES], *sales.MEASURES, "is_admission"),
    REVENUE: (*KEYS[REVENUE], *revenue.MEASURES),
    ATTENDANCE: (*KEYS[ATTENDANCE], *attendance.MEASURES),
    QUARTERS: (*KEYS[QUARTERS], *attendance.QUARTER_MEASURES),
    OCCUPANCY: (*KEYS[OCCUPANCY], *occupancy.MEASURES),
    SUMMARY: (*KEYS[SUMMARY], *summary.MEASURES, "is_final"),
    BREAKS: (*KEYS[BREAKS], *breaks.MEASURES, "proof_ids"),
    TAX: (*KEYS[TAX], *tax.MEASURES),
    ACCOUNTS: (*KEYS[ACCOUNTS], *account_movements.MEASURES),
}
"""Report table -> all its columns."""


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
        QUARTERS: attendance_quarter_hourly(books),
        OCCUPANCY: occupancy_daily(books),
        SUMMARY: event_summary(books, dailies),
        BREAKS: reconciliation_breaks(books),
        TAX: tax_daily(books),
        ACCOUNTS: account_movements_daily(books),
    }
