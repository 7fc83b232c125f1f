"""report_tax_daily: the tax entries of the ledger, by jurisdiction and rate."""

from typing import Final

from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.ledger import postings
from reporting_pipeline_tests.oracle.report_days import transaction_day
from reporting_pipeline_tests.oracle.report_tables import TAX, ReportTable, blank

MEASURES: Final = (
    "tax_minor",
    "refund_tax_minor",
    "chargeback_tax_minor",
    "chargeback_reversal_tax_minor",
    "net_tax_minor",
    "taxable_minor",
    "refund_taxable_minor",
    "chargeback_taxable_minor",
    "chargeback_reversal_taxable_minor",
    "net_taxable_minor",
    "unknown_taxable_count",
    "entry_count",
)
"""The measures of the table."""

# Kind -> the prefix of its columns, the side that counts as positive, and its sign in the net.
_KINDS: Final = {
    "sale": ("", "credit", 1),
    "refund": ("refund_", "debit", -1),
    "chargeback": ("chargeback_", "debit", -1),
    "chargeback_reversal": ("chargeback_reversal_", "credit", 1),
}


def tax_daily(books: Books) -> ReportTable:
    """Grain: organisation, event, date, currency, jurisdiction, rate; the last two can be null."""
    table: ReportTable = {}
    for posting in postings(books):
        if posting.component != "tax" or posting.kind not in _KINDS:
            continue
        entry, transaction = posting.entry, posting.transaction
        key = (
            transaction["organization_id"],
            transaction["event_id"],
            transaction_day(books, transaction),
            posting.currency,
            entry["tax_jurisdiction"],
            entry["tax_rate"],
        )
        row = table.setdefault(key, blank(TAX, key, MEASURES))
        prefix, positive_side, net_sign = _KINDS[posting.kind]
        sign = 1 if entry["direction"] == positive_side else -1
        taxable = entry["taxable_minor"] or 0
        row[f"{prefix}tax_minor"] += sign * entry["amount_minor"]
        row[f"{prefix}taxable_minor"] += sign * taxable
        row["net_tax_minor"] += net_sign * sign * entry["amount_minor"]
        row["net_taxable_minor"] += net_sign * sign * taxable
        row["unknown_taxable_count"] += entry["taxable_minor"] is None
        row["entry_count"] += 1
    return table
