"""Ledger entries: signed amounts, buyer components, charges and classified entries."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.source_tables import Row

BUYER_COMPONENTS: Final = (
    "face_value",
    "addon",
    "donation",
    "service_fee",
    "facility_fee",
    "shipping_fee",
    "cancellation_fee",
    "tax",
)
_ASSETS: Final = ("psp_clearing", "bank", "buyer_receivable")
_CASH_ACCOUNTS: Final = (*_ASSETS, "gift_card_liability")
_BUYER_KINDS: Final = ("sale", "refund", "chargeback", "chargeback_reversal")
_ORGANIZER_COMPONENTS: Final = ("platform_fee", "processing_fee", "chargeback_fee")
_ORGANIZER_ACCOUNTS: Final = (
    "organizer_payable",
    "platform_fee_income",
    "processing_fee_expense",
    "chargeback_loss",
)


@dataclass(frozen=True)
class Posting:
    """One entry with its transaction and its account."""

    entry: Row
    transaction: Row
    account: Row

    @property
    def kind(self) -> str:
        """The transaction's kind."""
        return str(self.transaction["kind"])

    @property
    def account_kind(self) -> str:
        """The account's kind."""
        return str(self.account["kind"])

    @property
    def component(self) -> str:
        """The entry's component."""
        return str(self.entry["component"])

    @property
    def currency(self) -> str:
        """The entry's currency, also if its account has another."""
        return str(self.entry["currency"])

    @property
    def credit_minor(self) -> int:
        """The amount as a credit, which is negative for a debit."""
        amount: int = self.entry["amount_minor"]
        return amount if self.entry["direction"] == "credit" else -amount

    @property
    def debit_minor(self) -> int:
        """The amount as a debit, which is negative for a credit."""
        return -self.credit_minor

    @property
    def is_charge(self) -> bool:
        """True if the entry charges a buyer, also for a gift card, or refunds a charge."""
        is_of_buyer = self.component in (*BUYER_COMPONENTS, "gift_card")
        return self.kind in ("sale", "refund") and is_of_buyer

    @property
    def is_classified(self) -> bool:
        """True if the report knows the entry's combination of kind, account and component."""
        if self.component == "cash":
            return self.account_kind in _CASH_ACCOUNTS
        if self.account_kind in _ASSETS:
            return False
        return (
            self.component == "adjustment"
            or (self.component in BUYER_COMPONENTS and self.kind in _BUYER_KINDS)
            or (
                self.component in _ORGANIZER_COMPONENTS and self.account_kind in _ORGANIZER_ACCOUNTS
            )
            or self._is_gift_card
            or self._is_reserve
            or self._is_payout
        )

    @property
    def _is_gift_card(self) -> bool:
        return (
            self.component == "gift_card"
            and self.kind in _BUYER_KINDS
            and self.account_kind == "gift_card_liability"
        )

    @property
    def _is_reserve(self) -> bool:
        return (
            self.component == "reserve"
            and self.kind in ("reserve_hold", "reserve_release")
            and self.account_kind in ("organizer_payable", "organizer_reserve")
        )

    @property
    def _is_payout(self) -> bool:
        return (
            self.component == "payout"
            and self.kind in ("payout", "payout_reversal")
            and self.account_kind == "organizer_payable"
        )


def postings(books: Books) -> Iterator[Posting]:
    """Every entry of the books with its transaction and account."""
    transactions, accounts = books["ledger.transactions"], books["ledger.accounts"]
    for entry in books["ledger.entries"].values():
        yield Posting(entry, transactions[entry["transaction_id"]], accounts[entry["account_id"]])
