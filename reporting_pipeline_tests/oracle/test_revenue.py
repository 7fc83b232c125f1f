"""Revenue rows, calculated by hand."""

from datetime import date

import pytest

from reporting_pipeline_tests.oracle.hand_written import HALL, RIVAL, SHOW, HandWritten
from reporting_pipeline_tests.oracle.ledger import postings
from reporting_pipeline_tests.oracle.report_tables import ReportRow
from reporting_pipeline_tests.oracle.revenue import MEASURES, revenue_daily

_MONDAY = date(2025, 3, 3)


def _counted(writing: HandWritten, currency: str = "EUR") -> ReportRow:
    """The measures of SHOW's row that are not 0."""
    row = revenue_daily(writing.books())[HALL, SHOW, _MONDAY, currency]
    return {name: row[name] for name in MEASURES if row[name]}


def test_a_sale_with_all_its_entries() -> None:
    writing = HandWritten()
    writing.transaction(
        "sale",
        "debit psp_clearing cash 1300 EUR",
        "debit buyer_receivable cash 49 EUR",
        "credit organizer_payable face_value 1000 EUR",
        "credit organizer_payable donation 100 EUR",
        "credit service_fee_income service_fee 59 EUR",
        "credit tax_payable tax 190 EUR",
    )

    assert _counted(writing) == {
        "face_value_minor": 1000,
        "donation_minor": 100,
        "service_fee_minor": 59,
        "tax_minor": 190,
        "gross_minor": 1349,  # 1000 + 100 + 59 + 190
        "net_revenue_minor": 1349,
        "payable_change_minor": 1100,  # 1000 + 100
        "receivable_change_minor": 49,
        "collected_psp_minor": 1300,
        "collected_minor": 1300,
        "transaction_count": 1,
        "entry_count": 6,
        "debit_minor": 1349,  # 1300 + 49
        "credit_minor": 1349,
    }


def test_a_refund_that_was_partly_corrected() -> None:
    writing = HandWritten()
    writing.transaction(
        "refund",
        "debit organizer_payable face_value 500 EUR",
        "credit organizer_payable face_value 30 EUR",
        "debit service_fee_income service_fee 20 EUR",
        "debit organizer_payable shipping_fee 5 EUR",
        "debit organizer_payable addon 7 EUR",
        "credit psp_clearing cash 502 EUR",
    )

    assert _counted(writing) == {
        "refund_face_value_minor": 470,  # 500 - 30
        "refund_addon_minor": 7,
        "refund_fee_minor": 25,  # 20 + 5
        "refund_minor": 502,
        "net_revenue_minor": -502,
        "payable_change_minor": -482,  # 30 - 500 - 5 - 7
        "repaid_psp_minor": 502,
        "repaid_minor": 502,
        "transaction_count": 1,
        "entry_count": 6,
        "debit_minor": 532,
        "credit_minor": 532,
    }


def test_a_chargeback_and_its_reversal() -> None:
    writing = HandWritten()
    writing.transaction(
        "chargeback",
        "debit organizer_payable face_value 400 EUR",
        "credit psp_clearing cash 400 EUR",
        "debit organizer_payable chargeback_fee 15 EUR",
        "credit chargeback_loss chargeback_fee 15 EUR",
    )
    writing.transaction(
        "chargeback_reversal",
        "credit organizer_payable face_value 300 EUR",
        "debit psp_clearing cash 300 EUR",
    )

    assert _counted(writing) == {
        "chargeback_minor": 400,
        "chargeback_reversal_minor": 300,
        "net_revenue_minor": -100,  # - 400 + 300
        "chargeback_fee_minor": 15,  # the leg on chargeback_loss is not the organiser's
        "payable_change_minor": -115,  # - 400 - 15 + 300
        "collected_psp_minor": 300,
        "collected_minor": 300,
        "repaid_psp_minor": 400,
        "repaid_minor": 400,
        "transaction_count": 2,
        "entry_count": 6,
        "debit_minor": 715,
        "credit_minor": 715,
    }


def test_payout_reserve_and_adjustment_change_the_payable() -> None:
    writing = HandWritten()
    writing.transaction("payout", "debit organizer_payable payout 80 EUR")
    writing.transaction("payout_reversal", "credit organizer_payable payout 8 EUR")
    writing.transaction("reserve_hold", "debit organizer_payable reserve 10 EUR")
    writing.transaction("reserve_release", "credit organizer_payable reserve 4 EUR")
    writing.transaction("adjustment", "debit organizer_payable adjustment 3 EUR")
    writing.transaction("fee", "debit organizer_payable platform_fee 2 EUR")

    counted = _counted(writing)

    assert counted["payout_minor"] == 80
    assert counted["payout_reversal_minor"] == 8
    assert counted["reserve_held_minor"] == 10
    assert counted["reserve_released_minor"] == 4
    assert counted["adjustment_minor"] == -3
    assert counted["platform_fee_minor"] == 2
    assert counted["payable_change_minor"] == -80 + 8 - 10 + 4 - 3 - 2


def test_a_transaction_in_two_currencies_counts_on_both_rows() -> None:
    writing = HandWritten()
    writing.transaction(
        "payment",
        "debit psp_clearing cash 10 EUR",
        "credit buyer_receivable cash 10 EUR",
        "debit psp_clearing cash 7 USD",
    )

    assert (_counted(writing)["transaction_count"], _counted(writing)["entry_count"]) == (1, 2)
    assert _counted(writing, "USD") == {
        "collected_psp_minor": 7,
        "collected_minor": 7,
        "transaction_count": 1,
        "entry_count": 1,
        "debit_minor": 7,
    }


def test_money_counts_by_the_way_it_takes() -> None:
    writing = HandWritten()
    writing.transaction(
        "sale",
        "debit psp_clearing cash 500 EUR",
        "debit bank cash 300 EUR",
        "debit gift_card_liability cash 200 EUR",
        "credit organizer_payable face_value 1000 EUR",
    )
    writing.transaction(
        "refund",
        "debit organizer_payable donation 60 EUR",
        "credit bank cash 20 EUR",
        "credit gift_card_liability cash 40 EUR",
    )

    counted = _counted(writing)

    ways = ("psp", "bank", "gift_card")
    assert [counted.get(f"collected_{way}_minor", 0) for way in ways] == [500, 300, 200]
    assert [counted.get(f"repaid_{way}_minor", 0) for way in ways] == [0, 20, 40]
    assert (counted["collected_minor"], counted["repaid_minor"]) == (1000, 60)
    assert (counted["refund_donation_minor"], counted["refund_minor"]) == (60, 60)


def test_a_gift_card_is_no_revenue() -> None:
    writing = HandWritten()
    card = "gift_card_liability gift_card"
    writing.transaction("sale", f"credit {card} 100 EUR", "debit psp_clearing cash 100 EUR")
    writing.transaction("refund", f"debit {card} 30 EUR", "credit psp_clearing cash 30 EUR")
    writing.transaction("chargeback", f"debit {card} 7 EUR", "credit psp_clearing cash 7 EUR")
    writing.transaction("chargeback_reversal", f"credit {card} 5 EUR")

    counted = _counted(writing)

    assert counted["gift_card_sold_minor"] == 105
    assert counted["gift_card_returned_minor"] == 37
    assert not {"gross_minor", "refund_minor", "chargeback_minor", "net_revenue_minor"} & {*counted}


def test_the_payment_provider_pays_to_the_bank_less_its_fee() -> None:
    writing = HandWritten()
    writing.transaction(
        "psp_settlement",
        "debit bank cash 970 EUR",
        "debit processing_fee_expense processing_fee 30 EUR",
        "credit psp_clearing cash 1000 EUR",
    )

    assert _counted(writing) == {
        "psp_settled_minor": 970,
        "psp_fee_minor": 30,
        "transaction_count": 1,
        "entry_count": 3,
        "debit_minor": 1000,
        "credit_minor": 1000,
    }


def test_a_row_has_the_organization_and_event_of_the_transaction_even_if_unknown() -> None:
    writing = HandWritten()
    writing.charge(1, organization_id=RIVAL)
    writing.charge(1, event_id=None)
    writing.charge(1, event_id="unheard of")
    writing.transaction("sale")

    assert set(revenue_daily(writing.books())) == {
        (RIVAL, SHOW, _MONDAY, "EUR"),
        (HALL, None, _MONDAY, "EUR"),
        (HALL, "unheard of", _MONDAY, "EUR"),
    }


@pytest.mark.parametrize(
    ("kind", "account", "component", "is_classified"),
    [
        ("sale", "psp_clearing", "cash", True),
        ("sale", "gift_card_liability", "cash", True),
        ("sale", "organizer_payable", "cash", False),
        ("sale", "gift_card_liability", "gift_card", True),
        ("chargeback_reversal", "gift_card_liability", "gift_card", True),
        ("payment", "gift_card_liability", "gift_card", False),
        ("sale", "organizer_payable", "gift_card", False),
        ("sale", "gift_card_liability", "face_value", True),  # the card is no asset
        ("sale", "suspense", "face_value", True),
        ("sale", "bank", "face_value", False),  # on an asset only cash is
        ("sale", "buyer_receivable", "adjustment", False),
        ("payment", "organizer_payable", "face_value", False),
        ("chargeback_reversal", "tax_payable", "tax", True),
        ("payout", "platform_fee_income", "platform_fee", True),
        ("fee", "tax_payable", "platform_fee", False),
        ("payment", "suspense", "adjustment", True),
        ("reserve_hold", "organizer_reserve", "reserve", True),
        ("payout", "organizer_payable", "reserve", False),
        ("reserve_release", "suspense", "reserve", False),
        ("payout_reversal", "organizer_payable", "payout", True),
        ("payout", "organizer_reserve", "payout", False),
        ("payout", "bank", "payout", False),
    ],
)
def test_an_entry_is_classified_as_the_definition_lists(
    kind: str, account: str, component: str, *, is_classified: bool
) -> None:
    writing = HandWritten()
    writing.transaction(kind, f"credit {account} {component} 1 EUR")

    (posting,) = postings(writing.books())

    assert posting.is_classified == is_classified
