"""All checks, with the report table that each guards.

What belongs here: which check guards what. What does not: rules, and what a failure stops.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, Protocol

from psycopg import Connection

from reporting_pipeline.checks.admissions_within_tickets import admissions_within_tickets
from reporting_pipeline.checks.charges_without_order import charges_without_order
from reporting_pipeline.checks.entries_classified import entries_classified
from reporting_pipeline.checks.finding import Findings
from reporting_pipeline.checks.revenue_equals_entries import revenue_equals_entries
from reporting_pipeline.checks.rows_held_back import rows_held_back
from reporting_pipeline.checks.sales_tie_to_ledger import sales_tie_to_ledger
from reporting_pipeline.checks.summary_equals_dailies import summary_equals_dailies
from reporting_pipeline.checks.table_contract import table_contract
from reporting_pipeline.checks.transactions_balanced import transactions_balanced
from reporting_pipeline.checks.upstream_promises import upstream_promises
from reporting_pipeline.registry.report_tables import REPORT_TABLES


class FindDiscrepancies(Protocol):
    """What a check does: gives the discrepancies of each of the days."""

    def __call__(self, connection: Connection[Any], days: Collection[date]) -> Findings:
        """Look at the days; nothing is written."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check of one report table.

    Attributes:
        report_table: The table whose days it passes or fails.
        description: What holds when it passes, in a sentence.
    """

    name: str
    report_table: str
    description: str
    find: FindDiscrepancies


def _check(function: Callable[..., Findings], report_table: str, **bound: str) -> Check:
    return Check(
        name=function.__name__,
        report_table=report_table,
        description=(function.__doc__ or "").partition("\n")[0],
        find=partial(function, **bound),
    )


CHECKS: tuple[Check, ...] = (
    *(_check(table_contract, table.name, table_name=table.name) for table in REPORT_TABLES),
    _check(
        rows_held_back,
        "report_sales_daily",
        landing_table="ticketing_order_line_movements",
    ),
    _check(transactions_balanced, "report_revenue_daily"),
    _check(entries_classified, "report_revenue_daily"),
    _check(revenue_equals_entries, "report_revenue_daily"),
    _check(upstream_promises, "report_revenue_daily"),
    _check(rows_held_back, "report_attendance_daily", landing_table="scanning_scans"),
    _check(admissions_within_tickets, "report_attendance_daily"),
    _check(rows_held_back, "report_event_summary", landing_table="seating_inventory_movements"),
    _check(summary_equals_dailies, "report_event_summary"),
    _check(sales_tie_to_ledger, "report_reconciliation_breaks"),
    _check(charges_without_order, "report_reconciliation_breaks"),
)


def checks_of(report_table: str) -> tuple[Check, ...]:
    """The checks that guard one report table."""
    return tuple(check for check in CHECKS if check.report_table == report_table)
