"""report_revenue_daily: the entries of the ledger, by day, and the payout items that move amounts.

An unclassified entry still counts in every column whose definition it meets.
"""

from collections.abc import Sequence
from typing import Final

from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.ledger import BUYER_COMPONENTS, Posting, postings
from reporting_pipeline_tests.oracle.payout_items import ItemGroup, item_groups
from reporting_pipeline_tests.oracle.report_days import transaction_day
from reporting_pipeline_tests.oracle.report_tables import (
    REVENUE,
    Key,
    ReportRow,
    ReportTable,
    blank,
)

MEASURES: Final = (
    "face_value_minor",
    "addon_minor",
    "donation_minor",
    "service_fee_minor",
    "facility_fee_minor",
    "shipping_fee_minor",
    "cancellation_fee_minor",
    "tax_minor",
    "gross_minor",
    "refund_face_value_minor",
    "refund_addon_minor",
    "refund_donation_minor",
    "refund_fee_minor",
    "refund_tax_minor",
    "refund_minor",
    "chargeback_minor",
    "chargeback_reversal_minor",
    "chargeback_tax_minor",
    "chargeback_reversal_tax_minor",
    "gift_card_sold_minor",
    "gift_card_returned_minor",
    "net_revenue_minor",
    "platform_fee_minor",
    "processing_fee_minor",
    "chargeback_fee_minor",
    "adjustment_minor",
    "reserve_held_minor",
    "reserve_released_minor",
    "payout_minor",
    "payout_reversal_minor",
    "payable_change_minor",
    "receivable_change_minor",
    "collected_psp_minor",
    "collected_bank_minor",
    "collected_gift_card_minor",
    "collected_minor",
    "repaid_psp_minor",
    "repaid_bank_minor",
    "repaid_gift_card_minor",
    "repaid_minor",
    "psp_settled_minor",
    "psp_fee_minor",
    "transaction_count",
    "entry_count",
    "debit_minor",
    "credit_minor",
)
"""The measures of the table."""

_REFUND_COLUMN: Final = {
    "face_value": "refund_face_value_minor",
    "addon": "refund_addon_minor",
    "donation": "refund_donation_minor",
    "service_fee": "refund_fee_minor",
    "facility_fee": "refund_fee_minor",
    "shipping_fee": "refund_fee_minor",
    "cancellation_fee": "refund_fee_minor",
    "tax": "refund_tax_minor",
}
_WAYS: Final = {"psp_clearing": "psp", "bank": "bank", "gift_card_liability": "gift_card"}
"""Account -> the part of the names of its columns."""
_ITEM_COLUMN: Final = {
    "payout": "payout_minor",
    "payout_reversal": "payout_reversal_minor",
    "reserve_hold": "reserve_held_minor",
    "reserve_release": "reserve_released_minor",
}
"""Kind -> the column of its payout items."""


def revenue_daily(books: Books) -> ReportTable:
    """Grain: transaction's organisation, transaction's event, date, entry's currency.

    The event id is the transaction's, even if Ticketing does not know the event.
    """
    by_key: dict[Key, list[Posting]] = {}
    for posting in postings(books):
        by_key.setdefault(_key(books, posting), []).append(posting)
    table = {key: _row(key, on_row) for key, on_row in by_key.items()}
    for group in item_groups(books):
        if group.does_count:
            _move(table, group)
    return table


def _key(books: Books, posting: Posting) -> Key:
    transaction = posting.transaction
    return (
        transaction["organization_id"],
        transaction["event_id"],
        transaction_day(books, transaction),
        posting.currency,
    )


def _row(key: Key, on_row: Sequence[Posting]) -> ReportRow:
    row = blank(REVENUE, key, MEASURES)
    for posting in on_row:
        _add_buyer_side(row, posting)
        _add_gift_card(row, posting)
        if posting.account_kind == "organizer_payable":
            _add_payable(row, posting)
        _add_cash(row, posting)
        row["entry_count"] += 1
        row[f"{posting.entry['direction']}_minor"] += posting.entry["amount_minor"]
    row["transaction_count"] = len({posting.transaction["id"] for posting in on_row})
    _derive(row)
    return row


def _move(table: ReportTable, group: ItemGroup) -> None:
    """Move the amounts of payout items from the row of no event to the rows of their events."""
    organization_id = group.transaction["organization_id"]
    for item in group.items:
        for event_id, minor in (
            (None, -item["amount_minor"]),
            (item["event_id"], item["amount_minor"]),
        ):
            key = (organization_id, event_id, group.day, group.currency)
            row = table.setdefault(key, blank(REVENUE, key, MEASURES))
            row[_ITEM_COLUMN[group.transaction["kind"]]] += minor
            row["payable_change_minor"] += -minor if group.is_debit else minor


def _add_buyer_side(row: ReportRow, posting: Posting) -> None:
    if posting.component not in BUYER_COMPONENTS:
        return
    if posting.kind == "sale":
        row[f"{posting.component}_minor"] += posting.credit_minor
    elif posting.kind == "refund":
        row[_REFUND_COLUMN[posting.component]] += posting.debit_minor
    elif posting.kind == "chargeback":
        row["chargeback_minor"] += posting.debit_minor
        row["chargeback_tax_minor"] += posting.debit_minor if posting.component == "tax" else 0
    elif posting.kind == "chargeback_reversal":
        row["chargeback_reversal_minor"] += posting.credit_minor
        if posting.component == "tax":
            row["chargeback_reversal_tax_minor"] += posting.credit_minor


def _add_gift_card(row: ReportRow, posting: Posting) -> None:
    if posting.component == "gift_card":
        if posting.kind in ("sale", "chargeback_reversal"):
            row["gift_card_sold_minor"] += posting.credit_minor
        elif posting.kind in ("refund", "chargeback"):
            row["gift_card_returned_minor"] += posting.debit_minor


def _add_payable(row: ReportRow, posting: Posting) -> None:
    row["payable_change_minor"] += posting.credit_minor
    if posting.component in ("platform_fee", "processing_fee", "chargeback_fee"):
        row[f"{posting.component}_minor"] += posting.debit_minor
    if posting.component == "adjustment":
        row["adjustment_minor"] += posting.credit_minor
    match posting.component, posting.kind:
        case "reserve", "reserve_hold":
            row["reserve_held_minor"] += posting.debit_minor
        case "reserve", "reserve_release":
            row["reserve_released_minor"] += posting.credit_minor
        case "payout", "payout":
            row["payout_minor"] += posting.debit_minor
        case "payout", "payout_reversal":
            row["payout_reversal_minor"] += posting.credit_minor


def _add_cash(row: ReportRow, posting: Posting) -> None:
    if posting.account_kind == "buyer_receivable":
        row["receivable_change_minor"] += posting.debit_minor
    if posting.kind == "psp_settlement":
        row["psp_settled_minor"] += posting.debit_minor if posting.account_kind == "bank" else 0
        row["psp_fee_minor"] += posting.debit_minor if posting.component == "processing_fee" else 0
    if posting.component == "cash" and posting.account_kind in _WAYS:
        way = _WAYS[posting.account_kind]
        if posting.kind in ("sale", "payment", "chargeback_reversal"):
            row[f"collected_{way}_minor"] += posting.debit_minor
        if posting.kind in ("refund", "repayment", "chargeback"):
            row[f"repaid_{way}_minor"] += posting.credit_minor


def _derive(row: ReportRow) -> None:
    row["gross_minor"] = sum(row[f"{component}_minor"] for component in BUYER_COMPONENTS)
    row["refund_minor"] = sum(row[column] for column in sorted(set(_REFUND_COLUMN.values())))
    for flow in ("collected", "repaid"):
        row[f"{flow}_minor"] = sum(row[f"{flow}_{way}_minor"] for way in _WAYS.values())
    row["net_revenue_minor"] = (
        row["gross_minor"]
        - row["refund_minor"]
        - row["chargeback_minor"]
        + row["chargeback_reversal_minor"]
    )
