"""Sales rows, calculated by hand."""

from datetime import date, timedelta

from reporting_pipeline_tests.oracle.hand_written import (
    HALL,
    NOON,
    ORDER,
    PARKING,
    RIVAL,
    SEAT,
    SHOW,
    HandWritten,
    days_later,
)
from reporting_pipeline_tests.oracle.report_tables import ReportRow
from reporting_pipeline_tests.oracle.sales import sales_daily

_MONDAY = date(2025, 3, 3)


def _row(writing: HandWritten, *, day: date = _MONDAY, ticket_type: str = SEAT) -> ReportRow:
    return sales_daily(writing.books())[HALL, SHOW, day, "EUR", ticket_type, "web"]


def _shown(row: ReportRow, *columns: str) -> tuple[object, ...]:
    return tuple(row[column] for column in columns)


def test_units_and_money_of_a_sale_and_its_partial_refund() -> None:
    writing = HandWritten()
    writing.movement("sale", 3, 3000, discount_minor=600, fee_minor=90, tax_minor=456)
    writing.movement("refund", -1, -1000, discount_minor=-200, fee_minor=0, tax_minor=-152)

    row = _row(writing)

    assert _shown(row, "sold_count", "refunded_count", "net_count") == (3, 1, 2)
    # 3000 - 600 = 2400; + 90 + 456 = 2946
    assert _shown(row, "list_minor", "discount_minor", "face_value_minor") == (3000, 600, 2400)
    assert _shown(row, "fee_minor", "tax_minor", "gross_minor") == (90, 456, 2946)
    # 1000 - 200 = 800; + 0 + 152 = 952
    assert _shown(row, "returned_face_value_minor", "returned_fee_minor") == (800, 0)
    assert _shown(row, "returned_tax_minor", "returned_gross_minor") == (152, 952)
    assert row["net_gross_minor"] == 2946 - 952


def test_repricing_counts_in_gross_and_in_returned_gross() -> None:
    writing = HandWritten()
    writing.movement("sale", 1, 1000)
    writing.movement("exchange_out", -1, -1000, occurred_at=days_later(1))
    writing.movement("exchange_in", 1, 700, occurred_at=days_later(1))

    row = _row(writing, day=date(2025, 3, 4))

    assert _shown(row, "exchanged_in_count", "exchanged_out_count", "net_count") == (1, 1, 0)
    assert _shown(row, "gross_minor", "returned_gross_minor", "net_gross_minor") == (
        700,
        1000,
        -300,
    )


def test_a_fee_counts_money_by_its_sign_and_never_units() -> None:
    writing = HandWritten()
    writing.movement("fee", 0, fee_minor=50, tax_minor=9)
    writing.movement("fee", 0, fee_minor=-20, tax_minor=0)

    row = _row(writing)

    assert _shown(row, "fee_minor", "tax_minor", "gross_minor") == (50, 9, 59)
    assert _shown(row, "returned_fee_minor", "returned_gross_minor", "net_count") == (20, 20, 0)


def test_a_fee_of_0_makes_a_row_and_can_be_the_first_of_its_order() -> None:
    writing = HandWritten()
    writing.movement("fee", 0, ticket_type_id=PARKING)
    writing.movement("sale", 1, 1000, occurred_at=NOON + timedelta(seconds=1))

    fee = _row(writing, ticket_type=PARKING)

    assert _shown(fee, "order_count", "gross_minor", "returned_gross_minor") == (1, 0, 0)
    assert not fee["is_admission"]
    assert _row(writing)["order_count"] == 0


def test_the_first_movement_is_the_earliest_then_the_smallest_line_and_id() -> None:
    writing = HandWritten()
    writing.movement("sale", 1, id="a", line_no=2, occurred_at=NOON)
    writing.movement("sale", 1, id="c", line_no=1, occurred_at=NOON)
    writing.movement("comp", 1, id="b", line_no=1, ticket_type_id=PARKING)
    writing.movement("sale", 1, id="0", line_no=1, occurred_at=days_later(1))

    # Line 1 before line 2; in line 1 "b" before "c"; "0" is a day later.
    assert _row(writing, ticket_type=PARKING)["order_count"] == 1
    assert _row(writing)["order_count"] == 0
    assert _row(writing, day=date(2025, 3, 4))["order_count"] == 0


def test_a_row_has_the_organization_and_the_currency_of_the_order() -> None:
    writing = HandWritten()
    writing.order("foreign", organization_id=RIVAL, currency="JPY", channel="kiosk")
    writing.movement("sale", 1, order_id="foreign")
    writing.movement("sale", 1, order_id=ORDER)

    assert sorted(sales_daily(writing.books())) == [
        (HALL, SHOW, _MONDAY, "EUR", SEAT, "web"),
        (RIVAL, SHOW, _MONDAY, "JPY", SEAT, "kiosk"),
    ]
