"""Rows of tax, calculated by hand."""

from decimal import Decimal

from reporting_pipeline_tests.oracle.hand_written import HandWritten
from reporting_pipeline_tests.oracle.report_tables import ReportRow
from reporting_pipeline_tests.oracle.tax import MEASURES, tax_daily


def _rows(writing: HandWritten) -> dict[tuple[str | None, Decimal | None], ReportRow]:
    """The measures that are not 0, by jurisdiction and rate."""
    return {
        (row["tax_jurisdiction"], row["tax_rate"]): {
            name: row[name] for name in MEASURES if row[name]
        }
        for row in tax_daily(writing.books()).values()
    }


def test_each_jurisdiction_and_rate_has_its_row() -> None:
    writing = HandWritten()
    writing.transaction(
        "sale",
        "credit tax_payable tax 190 EUR DE 0.19 1000",
        "credit tax_payable tax 19 EUR DE 0.19 100",
        "credit suspense tax 7 EUR DE 0.07 100",
        "credit tax_payable tax 5 EUR",
    )

    assert _rows(writing) == {
        ("DE", Decimal("0.19")): {
            "tax_minor": 209,
            "net_tax_minor": 209,
            "taxable_minor": 1100,
            "net_taxable_minor": 1100,
            "entry_count": 2,
        },
        ("DE", Decimal("0.07")): {
            "tax_minor": 7,
            "net_tax_minor": 7,
            "taxable_minor": 100,
            "net_taxable_minor": 100,
            "entry_count": 1,
        },
        (None, None): {
            "tax_minor": 5,
            "net_tax_minor": 5,
            "unknown_taxable_count": 1,
            "entry_count": 1,
        },
    }


def test_taxable_amounts_have_the_sign_of_their_entries() -> None:
    writing = HandWritten()
    writing.transaction("sale", "debit tax_payable tax 19 EUR DE 0.19 100")
    writing.transaction("refund", "debit tax_payable tax 38 EUR DE 0.19 200")
    writing.transaction("chargeback", "debit tax_payable tax 57 EUR DE 0.19 300")
    writing.transaction("chargeback_reversal", "credit tax_payable tax 76 EUR DE 0.19 400")
    writing.transaction("payment", "credit tax_payable tax 1 EUR DE 0.19 1")

    assert _rows(writing) == {
        ("DE", Decimal("0.19")): {
            "tax_minor": -19,
            "refund_tax_minor": 38,
            "chargeback_tax_minor": 57,
            "chargeback_reversal_tax_minor": 76,
            "net_tax_minor": -38,  # -19 - 38 - 57 + 76
            "taxable_minor": -100,
            "refund_taxable_minor": 200,
            "chargeback_taxable_minor": 300,
            "chargeback_reversal_taxable_minor": 400,
            "net_taxable_minor": -200,  # -100 - 200 - 300 + 400
            "entry_count": 4,
        }
    }
