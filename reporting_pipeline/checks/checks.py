"""The table of checks: one row and one SQL file for each.

To add a check, write `<name>.sql` in this folder (`findings` lists the columns that it returns) and
add a row to `CHECKS`. To correct a check, change its SQL file. Dagster, the seals and `verify` take
the checks from here.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any, Protocol

from psycopg import Connection

from reporting_pipeline.checks.findings import Findings, find, warn_where_pending
from reporting_pipeline.checks.table_contract import table_contract
from reporting_pipeline.domain.discrepancy import BREAK_MESSAGE
from reporting_pipeline.registry.report_tables import (
    RECONCILIATION_BREAKS,
    REPORT_TABLES,
    WARNING_KINDS,
)
from reporting_pipeline.sources.landing.row_findings import CLOCK_TOLERANCE

# A scan made online is received at once. An hour is a clock in a wrong time zone; some minutes are
# one too, if no scan of many took less.
_LONGEST_ONLINE = timedelta(hours=1)
_ENOUGH_ONLINE = 10
# Devices are charged and uploaded between two events.
_LONGEST_UPLOAD = timedelta(days=7)
# People come in from some hours before the doors open until some hours after the end.
_HALF_DAY = timedelta(hours=12)
# A device makes fewer scans in a day.
_LONGEST_LEAP = 10_000
# Too short to carry a device from one event to another and back.
_AT_ONCE = timedelta(minutes=10)


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
        is_read_live: Its errors hold reports as long as their rows are found (breaks until they are
            gone or accepted, rows that are set aside); no seal stores them.
    """

    name: str
    report_table: str
    description: str
    find: FindDiscrepancies
    is_read_live: bool = False


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
    is_read_live: bool = False,
    **parameters: object,
) -> Check:
    """A row of the table for the statement `<name>.sql`.

    Args:
        name: Name of the check and of its SQL file.
        report_table: The table whose days pass or fail.
        description: As in `Check`.
        message: Text of one discrepancy; names the statement's columns in braces (`findings.find`).
        warns_while_pending: The check compares the report table with landed rows; where newer rows
            wait for the rebuild of the day, a difference is only a warning.
        is_read_live: As in `Check`.
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
        is_read_live=is_read_live,
    )


def _rows_set_aside(report_table: str) -> Check:
    return _check(
        "rows_set_aside",
        report_table,
        "Every row of the sources that concerns the table can be used. "
        "Expected is 0, found the number of rows that are set aside.",
        "{found} rows of {source_table} are set aside, such as {row_id}: {reason}; "
        "upstream must mend them",
        is_read_live=True,
        table_name=report_table,
    )


def _rows_held_back(report_table: str, landing_table: str) -> Check:
    return _check(
        "rows_held_back",
        report_table,
        "Ticketing knows the event of every row. Expected is 0, found the number of rows.",
        "{found} rows of {landing_table} are held back: Ticketing does not know event {event_id}",
        landing_table=landing_table,
    )


def _references_within_organization(report_table: str) -> Check:
    return _check(
        "references_within_organization",
        report_table,
        "No row refers to a row of another organisation. Each such row is a finding of both.",
        "{referring} of {referring_is_of} names {referred} of {referred_is_of}{remedy}",
        of_table=report_table,
    )


_FIGURES_FIT = tuple(
    _check(
        "figures_fit",
        table.name,
        "Every figure and running balance of the table fits into 64 bits. "
        "Expected is 0, found the number of rows.",
        "{found} rows of {report_table} of event {event_id} in {currency} leave 64 bits in "
        "{figures}: the row {consequence}; upstream must correct the amounts",
        table_name=table.name,
    )
    for table in REPORT_TABLES
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

_DEVICE_CHECKS = (
    _check(
        "device_clocks",
        "report_attendance_daily",
        "The clocks of devices agree with the server's, and scans lie on the days of their event. "
        "Expected is 0, found the number of scans.",
        "{concerns}; scans: {found}",
        tolerance=CLOCK_TOLERANCE,
        longest_online=_LONGEST_ONLINE,
        enough_online=_ENOUGH_ONLINE,
        longest_upload=_LONGEST_UPLOAD,
        half_day=_HALF_DAY,
    ),
    _check(
        "device_counters",
        "report_attendance_daily",
        "The counter of each device goes on from scan to scan. "
        "Expected is 0, found the number of scans at which it does not.",
        "{concerns}; scans: {found}",
        tolerance=CLOCK_TOLERANCE,
        longest_leap=_LONGEST_LEAP,
    ),
    _check(
        "device_places",
        "report_attendance_daily",
        "No device scans at two events at once. "
        "Expected is 0, found the number of scans that follow one at another event within minutes.",
        "device {device_id} at gate {gate_id} of event {event_id} scans at {elsewhere} at the same "
        "time: two devices have one id, or scans name a wrong event; scans: {found}",
        at_once=_AT_ONCE,
    ),
    _check(
        "device_uploads",
        "report_attendance_daily",
        "Uploads of one scan agree on its event and ticket. "
        "Expected is 0, found the number of uploads that do not; each counts as a scan.",
        "device {device_id} at gate {gate_id} of event {event_id} uploaded scans with the number "
        "and time of another scan, and another event or ticket; scans: {found}",
    ),
)

DEVICE_CHECK_NAMES = frozenset(each.name for each in _DEVICE_CHECKS)
"""The checks whose findings are about devices."""

CHECKS: tuple[Check, ...] = (
    *_TABLE_CONTRACTS,
    *_FIGURES_FIT,
    *(_rows_set_aside(table.name) for table in REPORT_TABLES if table != RECONCILIATION_BREAKS),
    _rows_held_back("report_sales_daily", "ticketing_order_line_movements"),
    _references_within_organization("report_sales_daily"),
    _check(
        "transactions_balanced",
        "report_revenue_daily",
        "The debits of each ledger transaction equal its credits in each currency. "
        "Expected are the debits, found the credits.",
        "transaction {transaction_id} of kind {kind} does not balance: "
        "debits {expected_shown}, credits {found_shown}",
        is_read_live=True,
    ),
    _check(
        "entries_classified",
        "report_revenue_daily",
        "The reports know the component, account and transaction kind of every ledger entry. "
        "Expected is 0, found the credit (debits negative).",
        "entry {entry_id} is not classified: {component} on {account_kind} in transaction "
        "{transaction_id} of kind {kind}, {found_shown}",
        is_read_live=True,
    ),
    _check(
        "revenue_equals_entries",
        "report_revenue_daily",
        "Every figure of report_revenue_daily is the sum of its ledger entries and payout items. "
        "Expected is that sum, found the report's figure.",
        "{column_name} of event {event_id} is {found_shown} in report_revenue_daily, "
        "{expected_shown} by the ledger's entries",
        warns_while_pending=True,
    ),
    _check(
        "upstream_promises",
        "report_revenue_daily",
        "Entries, accounts, transactions and orders agree on currency and organisation.",
        "{concerns} is of {is_of}, {other} is of {other_is_of}",
    ),
    _references_within_organization("report_revenue_daily"),
    _check(
        "tax_equals_revenue",
        "report_tax_daily",
        "Over jurisdictions and rates, tax equals the tax of report_revenue_daily. "
        "Expected is the figure of revenue, found the sum of report_tax_daily.",
        "{column_name} of event {event_id} is {found_shown} in report_tax_daily, "
        "{expected_shown} in report_revenue_daily",
        warns_while_pending=True,
    ),
    _check(
        "accounts_equal_entries",
        "report_account_movements_daily",
        "The movements of each kind of account are the sums of its ledger entries. "
        "Expected is the sum of the entries, found the report's figure.",
        "{column_name} of {account_kind} is {found_shown} in "
        "report_account_movements_daily, {expected_shown} by the ledger's entries",
        warns_while_pending=True,
    ),
    _check(
        "accounts_balanced",
        "report_account_movements_daily",
        "The debits of all accounts equal the credits, where every transaction balances. "
        "Expected are the debits, found the credits.",
        "the accounts do not balance: debits {expected_shown}, credits {found_shown}",
        warns_while_pending=True,
    ),
    _check(
        "payable_equals_revenue",
        "report_account_movements_daily",
        "What changes on organizer_payable equals the change of payable in report_revenue_daily. "
        "Expected is the figure of revenue, found the change of the account.",
        "organizer_payable of event {event_id} changes by {found_shown} in "
        "report_account_movements_daily, by {expected_shown} in report_revenue_daily",
        warns_while_pending=True,
    ),
    _rows_held_back("report_attendance_daily", "scanning_scans"),
    _references_within_organization("report_attendance_daily"),
    _check(
        "admissions_within_tickets",
        "report_attendance_daily",
        "No event admits more people than it issued admission tickets. "
        "Expected is the number of tickets, found the number of admissions to date.",
        "{concerns}: {found} admitted, {expected} allowed",
        warns_while_pending=True,
    ),
    *_DEVICE_CHECKS,
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
    _references_within_organization("report_occupancy_daily"),
    _rows_held_back("report_event_summary", "seating_inventory_movements"),
    _references_within_organization("report_event_summary"),
    _check(
        "summary_equals_dailies",
        "report_event_summary",
        "Every figure to date of report_event_summary is the sum of the daily tables up to that "
        "day. Expected is the sum, found the summary's figure.",
        "{column_name} of event {event_id} is {found_shown} in report_event_summary, "
        "{expected_shown} by the daily tables",
        warns_while_pending=True,
    ),
    _check(
        "sales_tie_to_ledger",
        "report_reconciliation_breaks",
        "The ledger charged for each order the amount that Ticketing booked. "
        "Expected is the booked amount, found the charged amount.",
        BREAK_MESSAGE,
        warning_kinds=list(WARNING_KINDS),
        is_read_live=True,
    ),
    _check(
        "charges_without_order",
        "report_reconciliation_breaks",
        "Every sale and refund of the ledger names its order. "
        "Expected is 0, found the charge (refunds negative).",
        "{transaction_count} sales and refunds of event {event_id} name no order, {found_shown}",
    ),
)
