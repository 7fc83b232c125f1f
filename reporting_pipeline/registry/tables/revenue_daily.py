"""report_revenue_daily: what the ledger says was charged, refunded, kept and paid out."""

from reporting_pipeline.registry.columns import Column, ColumnType, ReportTable, key, measure

_ENTRIES = "ledger_entries"
_AMOUNT = (f"{_ENTRIES}.direction", f"{_ENTRIES}.amount_minor")
_BY_COMPONENT = (*_AMOUNT, f"{_ENTRIES}.component")
_BY_KIND = (*_BY_COMPONENT, "ledger_transactions.kind")
_BY_ACCOUNT = (*_AMOUNT, "ledger_accounts.kind")
_BY_COMPONENT_AND_ACCOUNT = (*_BY_COMPONENT, "ledger_accounts.kind")
_BY_ALL = (*_BY_KIND, "ledger_accounts.kind")


def _charged(name: str, words: str) -> Column:
    return measure(name, f"Charged to buyers: {words}, credits less debits in sales.", *_BY_KIND)


REVENUE_DAILY = ReportTable(
    name="report_revenue_daily",
    title="Revenue by day",
    grain="One row per organisation, event (null: no single event), report day and currency.",
    description=(
        "Money as the ledger has it, and only the ledger, by the time at which transactions "
        "became effective. Columns that name a component leave cash out; columns that name an "
        "account take all its entries. The control figures hold every entry, classified or not. "
        "A late entry changes the row of its transaction's day."
    ),
    columns=(
        key(
            "organization_id",
            ColumnType.UUID,
            "Organisation of the transaction.",
            "ledger_transactions.organization_id",
        ),
        key(
            "event_id",
            ColumnType.UUID,
            "Event of the transaction; null where it concerns no single event.",
            "ledger_transactions.event_id",
            nullable=True,
        ),
        key(
            "date",
            ColumnType.DATE,
            "Report day of the transaction, in the time zone of the event after its day cutoff, "
            "else of the organisation.",
            "ledger_entries.report_day",
            "ledger_transactions.report_day",
        ),
        key(
            "currency",
            ColumnType.CURRENCY,
            "ISO 4217 code of the entry's currency.",
            f"{_ENTRIES}.currency",
        ),
        _charged("face_value_minor", "face value of tickets"),
        _charged("addon_minor", "add-ons"),
        _charged("donation_minor", "donations"),
        _charged("service_fee_minor", "service fees"),
        _charged("facility_fee_minor", "facility fees"),
        _charged("shipping_fee_minor", "shipping fees"),
        _charged("cancellation_fee_minor", "cancellation fees"),
        _charged("tax_minor", "tax"),
        measure("gross_minor", "Charged to buyers: the sum of the eight components.", *_BY_KIND),
        measure(
            "refund_face_value_minor",
            "Taken back from charges: face value, debits less credits in refunds.",
            *_BY_KIND,
        ),
        measure(
            "refund_addon_minor",
            "Taken back from charges: add-ons and donations, debits less credits in refunds.",
            *_BY_KIND,
        ),
        measure(
            "refund_fee_minor",
            "Taken back from charges: service, facility, shipping and cancellation fees, debits "
            "less credits in refunds.",
            *_BY_KIND,
        ),
        measure(
            "refund_tax_minor",
            "Taken back from charges: tax, debits less credits in refunds.",
            *_BY_KIND,
        ),
        measure(
            "refund_minor",
            "Taken back from charges: the sum of face value, add-ons, fees and tax refunded.",
            *_BY_KIND,
        ),
        measure(
            "chargeback_minor",
            "Taken back by buyers' banks: the eight buyer components, debits less credits in "
            "chargebacks.",
            *_BY_KIND,
        ),
        measure(
            "chargeback_reversal_minor",
            "Won back from buyers' banks: the eight buyer components, credits less debits in "
            "chargeback reversals.",
            *_BY_KIND,
        ),
        measure(
            "net_revenue_minor",
            "Gross - refund - chargeback + chargeback reversal (signed).",
            *_BY_KIND,
        ),
        measure(
            "platform_fee_minor",
            "Platform fees that the organiser bears: debits less credits on organizer_payable.",
            *_BY_COMPONENT_AND_ACCOUNT,
        ),
        measure(
            "processing_fee_minor",
            "Payment processing fees that the organiser bears: debits less credits on "
            "organizer_payable.",
            *_BY_COMPONENT_AND_ACCOUNT,
        ),
        measure(
            "chargeback_fee_minor",
            "Chargeback fees that the organiser bears: debits less credits on organizer_payable.",
            *_BY_COMPONENT_AND_ACCOUNT,
        ),
        measure(
            "adjustment_minor",
            "Adjustments in the organiser's favour: credits less debits on organizer_payable "
            "(signed).",
            *_BY_COMPONENT_AND_ACCOUNT,
        ),
        measure(
            "reserve_held_minor",
            "Held back as a reserve: debits less credits on organizer_payable in reserve_hold.",
            *_BY_ALL,
        ),
        measure(
            "reserve_released_minor",
            "Released from the reserve: credits less debits on organizer_payable in "
            "reserve_release.",
            *_BY_ALL,
        ),
        measure(
            "payout_minor",
            "Paid out to the organiser: debits less credits on organizer_payable in payout.",
            *_BY_ALL,
        ),
        measure(
            "payout_reversal_minor",
            "Payouts that came back: credits less debits on organizer_payable in payout_reversal.",
            *_BY_ALL,
        ),
        measure(
            "payable_change_minor",
            "Change of what is owed to the organiser: all credits less all debits on "
            "organizer_payable (signed).",
            *_BY_ACCOUNT,
        ),
        measure(
            "receivable_change_minor",
            "Change of what buyers owe: all debits less all credits on buyer_receivable (signed).",
            *_BY_ACCOUNT,
        ),
        measure(
            "collected_minor",
            "Money in: debits less credits on psp_clearing in sale, payment and "
            "chargeback_reversal.",
            *_BY_ACCOUNT,
            "ledger_transactions.kind",
        ),
        measure(
            "repaid_minor",
            "Money back to buyers: credits less debits on psp_clearing in refund, repayment and "
            "chargeback.",
            *_BY_ACCOUNT,
            "ledger_transactions.kind",
        ),
        measure(
            "transaction_count",
            "Transactions with an entry on this row; one in two currencies counts on both rows.",
            f"{_ENTRIES}.transaction_id",
        ),
        measure("entry_count", "Control figure: all entries.", f"{_ENTRIES}.id"),
        measure("debit_minor", "Control figure: the sum of all debits.", *_AMOUNT),
        measure("credit_minor", "Control figure: the sum of all credits.", *_AMOUNT),
    ),
)
