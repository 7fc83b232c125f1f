"""report_account_movements_daily: what moves on each kind of account, by day."""

from typing import Final

from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.ledger import postings
from reporting_pipeline_tests.oracle.payout_items import ItemGroup, item_groups
from reporting_pipeline_tests.oracle.report_days import transaction_day
from reporting_pipeline_tests.oracle.report_tables import ACCOUNTS, ReportTable, blank

MEASURES: Final = ("debit_minor", "credit_minor", "change_minor", "entry_count")
"""The measures of the table."""

_DEBIT_ACCOUNTS: Final = (
    "psp_clearing",
    "bank",
    "buyer_receivable",
    "processing_fee_expense",
    "chargeback_loss",
)
"""The accounts on which a debit is an increase."""


def account_movements_daily(books: Books) -> ReportTable:
    """Grain: organisation, event (null: no single event), kind of account, currency, date."""
    table: ReportTable = {}
    for posting in postings(books):
        transaction = posting.transaction
        key = (
            transaction["organization_id"],
            transaction["event_id"],
            posting.account_kind,
            posting.currency,
            transaction_day(books, transaction),
        )
        row = table.setdefault(key, blank(ACCOUNTS, key, MEASURES))
        row[f"{posting.entry['direction']}_minor"] += posting.entry["amount_minor"]
        row["entry_count"] += 1
    for group in item_groups(books):
        if group.does_count:
            _move(table, group)
    for row in table.values():
        change = row["debit_minor"] - row["credit_minor"]
        row["change_minor"] = change if row["account_kind"] in _DEBIT_ACCOUNTS else -change
    return table


def _move(table: ReportTable, group: ItemGroup) -> None:
    """Move the amounts of the items on organizer_payable to the rows of their events."""
    side = "debit_minor" if group.is_debit else "credit_minor"
    organization_id = group.transaction["organization_id"]
    for item in group.items:
        for event_id, minor in (
            (None, -item["amount_minor"]),
            (item["event_id"], item["amount_minor"]),
        ):
            key = (organization_id, event_id, "organizer_payable", group.currency, group.day)
            row = table.setdefault(key, blank(ACCOUNTS, key, MEASURES))
            row[side] += minor
