"""The table of checks: one row and one SQL file for each.

To add a check, write `<name>.sql` in this folder (`findings` lists the columns that it returns) and
add a row to `CHECKS`. To correct a check, change its SQL file. Dagster, the seals and `verify` take
the checks from here.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, Protocol

from psycopg import Connection

from reporting_pipeline.checks.findings import Findings, find, warn_where_pending
from reporting_pipeline.checks.table_contract import table_contract
from reporting_pipeline.registry.report_tables import REPORT_TABLES, WARNING_KINDS


class FindDiscrepancies(Protocol):
    """Returns the discrepancies of each of the days; reads only."""

    def __call__(self, connection: Connection[Any], days: Collection[date]) -> Findings:
        """Every day that was asked for, also those without a discrepancy."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check of one report table.

    Attributes:
        name: Name in Dagster and in the seals.
        report_table: The table whose days pass or fail.
        description: What is true when the check passes, then what `expected` and `found` mean.
        find: Runs the check.
        finds_breaks: Its errors are rows of the reconciliation breaks, which hold reports
            themselves until they are gone or accepted.
    """

    name: str
    report_table: str
    description: str
    find: FindDiscrepancies
    finds_breaks: bool = False


def checks_of(report_table: str) -> tuple[Check, ...]:
    """The checks of one report table."""
    return tuple(check for check in CHECKS if check.report_table == report_table)


def _check(
    name: str,
    report_table: str,
    description: str,
    message: str,
    *,
    warns_while_pending: bool = False,
    finds_breaks: bool = False,
    **parameters: object,
) -> Check:
    """A row of the table for the statement `<name>.sql`.

    Args:
        name: Name of the check and of its SQL file.
        report_table: The table whose days pass or fail.
        description: As in `Check`.
        message: Text of one discrepancy; names the statement's columns in braces.
        warns_while_pending: The check compares the report table with landed rows; where newer rows
            wait for the rebuild of the day, a difference is only a warning.
        finds_breaks: As in `Check`.
        parameters: Further parameters of the statement.
    """

    def find_discrepancies(connection: Connection[Any], days: Collection[date]) -> Findings:
        findings = find(connection, days, check=name, message=message, parameters=parameters)
        if warns_while_pending:
            return warn_where_pending(connection, findings, report_table=report_table)
        return findings

    return Check(
        name=name,
        report_table=report_table,
        description=description,
        find=find_discrepancies,
        finds_breaks=finds_breaks,
    )


def _rows_held_back(report_table: str, landing_table: str) -> Check:
    return _check(
        "rows_held_back",
        report_table,
        "Ticketing knows the event of every row. Expected is 0, found the number of rows.",
        "{found} rows of {landing_table} are held back: Ticketing does not know event {event_id}",
        landing_table=landing_table,
    )


_TABLE_CONTRACTS = tuple(
    Check(
        name="table_contract",
        report_table=table.name,
        description="The table has the columns, types, nulls and unique key of the registry.",
        find=partial(table_contract, table_name=table.name),
    )
    for table in REPORT_TABLES
)

CHECKS: tuple[Check, ...] = (
    *_TABLE_CONTRACTS,
    _rows_held_back("report_sales_daily", "ticketing_order_line_movements"),
    _check(
        "transactions_balanced",
        "report_revenue_daily",
        "The debits of each ledger transaction equal its credits in each currency. "
        "Expected are the debits, found the credits, in minor units.",
        "transaction {transaction_id} of kind {kind} does not balance: "
        "debits {expected}, credits {found} minor units of {currency}",
        finds_breaks=True,
    ),
    _check(
        "entries_classified",
        "report_revenue_daily",
        "The reports know the component, account and transaction kind of every ledger entry. "
        "Expected is 0, found the credit (debits negative) in minor units.",
        "entry {entry_id} is not classified: {component} on {account_kind} in transaction "
        "{transaction_id} of kind {kind}, {found} minor units of {currency}",
        finds_breaks=True,
    ),
    _check(
        "revenue_equals_entries",
        "report_revenue_daily",
        "Every figure of report_revenue_daily is the sum of its ledger entries and payout items. "
        "Expected is that sum, found the report's figure, in minor units or a count.",
        "{column_name} of event {event_id} in {currency} is {found} in report_revenue_daily, "
        "{expected} by the ledger's entries",
        warns_while_pending=True,
    ),
    _check(
        "upstream_promises",
        "report_revenue_daily",
        "Entries, accounts, transactions and orders agree on currency and organisation.",
        "{concerns} is of {is_of}, {other} is of {other_is_of}",
    ),
    _check(
        "tax_equals_revenue",
        "report_tax_daily",
        "Over jurisdictions and rates, tax equals the tax of report_revenue_daily. "
        "Expected is the figure of revenue, found the sum of report_tax_daily, in minor units.",
        "{column_name} of event {event_id} in {currency} is {found} in report_tax_daily, "
        "{expected} in report_revenue_daily",
        warns_while_pending=True,
    ),
    _check(
        "accounts_equal_entries",
        "report_account_movements_daily",
        "The movements of each kind of account are the sums of its ledger entries. "
        "Expected is the sum of the entries, found the report's figure, in minor units or a count.",
        "{column_name} of {account_kind} in {currency} is {found} in "
        "report_account_movements_daily, {expected} by the ledger's entries",
        warns_while_pending=True,
    ),
    _check(
        "accounts_balanced",
        "report_account_movements_daily",
        "The debits of all accounts equal the credits, where every transaction balances. "
        "Expected are the debits, found the credits, in minor units.",
        "the accounts do not balance: debits {expected}, credits {found} minor units of {currency}",
        warns_while_pending=True,
    ),
    _check(
        "payable_equals_revenue",
        "report_account_movements_daily",
        "What changes on organizer_payable equals the change of payable in report_revenue_daily. "
        "Expected is the figure of revenue, found the change of the account, in minor units.",
        "organizer_payable of event {event_id} changes by {found} minor units of {currency} in "
        "report_account_movements_daily, by {expected} in report_revenue_daily",
        warns_while_pending=True,
    ),
    _rows_held_back("report_attendance_daily", "scanning_scans"),
    _check(
        "admissions_within_tickets",
        "report_attendance_daily",
        "No event admits more people than it issued admission tickets. "
        "Expected is the number of tickets, found the number of admissions to date.",
        "{concerns}: {found} admitted, {expected} allowed",
        warns_while_pending=True,
    ),
    _check(
        "device_counters",
        "report_attendance_daily",
        "No device counts from the beginning again. "
        "Expected is 0, found the count of numbers that the device has used before.",
        "device {device_id} at event {event_id} gave {found} numbers of earlier scans again: its "
        "counter has begun again, or another device has its id",
    ),
    _check(
        "quarter_hours_equal_day",
        "report_attendance_quarter_hourly",
        "The quarters of an hour of a gate add up to its day. "
        "Expected is the figure of report_attendance_daily, found the sum of the quarters.",
        "{column_name} of gate {gate_id} at event {event_id} is {found} over the quarters of an "
        "hour, {expected} in report_attendance_daily",
        warns_while_pending=True,
    ),
    _check(
        "tickets_equal_units",
        "report_occupancy_daily",
        "The tickets of an event over its sections are its units sold and comped to date. "
        "Expected is the number of units, found the number of tickets.",
        "event {event_id} has {found} valid tickets, and {expected} units sold and comped",
    ),
    _rows_held_back("report_event_summary", "seating_inventory_movements"),
    _check(
        "summary_equals_dailies",
        "report_event_summary",
        "Every figure to date of report_event_summary is the sum of the daily tables up to that "
        "day. Expected is the sum, found the summary's figure, in minor units or a count.",
        "{column_name} of event {event_id} is {found} in report_event_summary, "
        "{expected} by the daily tables",
        warns_while_pending=True,
    ),
    _check(
        "sales_tie_to_ledger",
        "report_reconciliation_breaks",
        "The ledger charged for each order the amount that Ticketing booked. "
        "Expected is the booked amount, found the charged amount, in minor units.",
        "{kind}: {concerns}, Ticketing {expected}, ledger {found} minor units of {currency}",
        warning_kinds=list(WARNING_KINDS),
        finds_breaks=True,
    ),
    _check(
        "charges_without_order",
        "report_reconciliation_breaks",
        "Every sale and refund of the ledger names its order. "
        "Expected is 0, found the charge (refunds negative) in minor units.",
        "{transaction_count} sales and refunds of event {event_id} name no order, "
        "{found} minor units of {currency}",
    ),
)
