"""Breaks of the kinds unbalanced, unclassified and payout_items: the ledger against its promises.

Their rows have a transaction, and its order where it has one.
"""

from collections.abc import Iterator

from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.ledger import postings
from reporting_pipeline_tests.oracle.payout_items import item_groups
from reporting_pipeline_tests.oracle.report_days import transaction_day
from reporting_pipeline_tests.oracle.report_tables import ReportRow
from reporting_pipeline_tests.oracle.source_tables import Row


def unbalanced(books: Books) -> Iterator[ReportRow]:
    """A row for each transaction and currency with different debits and credits."""
    credit_minor: dict[tuple[str, str], int] = {}
    for posting in postings(books):
        key = (posting.transaction["id"], posting.currency)
        credit_minor[key] = credit_minor.get(key, 0) + posting.credit_minor
    for (transaction_id, currency), amount in credit_minor.items():
        if amount:
            transaction = books["ledger.transactions"][transaction_id]
            yield _row(books, transaction, currency, amount) | {"kind": "unbalanced"}


def unclassified(books: Books) -> Iterator[ReportRow]:
    """A row for each entry that is not classified."""
    for posting in postings(books):
        if not posting.is_classified:
            row = _row(books, posting.transaction, posting.currency, posting.credit_minor)
            yield row | {"kind": "unclassified", "entry_id": posting.entry["id"]}


def payout_items(books: Books) -> Iterator[ReportRow]:
    """A row for each transaction and currency whose payout items do not count."""
    for group in item_groups(books):
        if not group.does_count:
            row = _row(books, group.transaction, group.currency, group.total_minor)
            yield row | {"kind": "payout_items"}


def _row(books: Books, transaction: Row, currency: str, credit_minor: int) -> ReportRow:
    return {
        "date": transaction_day(books, transaction),
        "organization_id": transaction["organization_id"],
        "event_id": transaction["event_id"],
        "order_id": transaction["order_id"],
        "transaction_id": transaction["id"],
        "entry_id": None,
        "currency": currency,
        "ticketing_minor": 0,
        "ledger_minor": credit_minor,
        "difference_minor": -credit_minor,
        "proof_ids": (transaction["id"],),
    }
