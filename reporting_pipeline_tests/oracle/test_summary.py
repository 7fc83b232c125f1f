"""Summary rows, calculated by hand."""

from datetime import date, time, timedelta
from decimal import Decimal

import pytest

from reporting_pipeline_tests.oracle.expected import expected_tables
from reporting_pipeline_tests.oracle.hand_written import (
    HALL,
    NOON,
    PARKING,
    RIVAL,
    SHOW,
    HandWritten,
    days_later,
)
from reporting_pipeline_tests.oracle.report_tables import SUMMARY, ReportRow
from reporting_pipeline_tests.oracle.summary import ratio

_MONDAY = date(2025, 3, 3)
_TUESDAY = date(2025, 3, 4)


def _rows(writing: HandWritten, event: str = SHOW) -> dict[date, ReportRow]:
    """SHOW's rows by day; SHOW ends on Tuesday."""
    rows = expected_tables(writing.books())[SUMMARY].values()
    return {row["date"]: row for row in rows if row["event_id"] == event}


def _seats(writing: HandWritten, kind: str, quantity: int, days: int = 0) -> None:
    writing.add(
        "seating.inventory_movements",
        event_id=SHOW,
        section_id="stalls",
        kind=kind,
        quantity=quantity,
        occurred_at=days_later(days),
    )


def test_an_event_has_a_row_for_each_of_its_days_its_last_day_and_30_days_later() -> None:
    writing = HandWritten()
    writing.movement("fee", 0, occurred_at=days_later(-1))
    _seats(writing, "capacity", 10, days=-3)
    writing.charge(100, effective_at=days_later(4))
    writing.charge(100, effective_at=days_later(5), organization_id=RIVAL)
    writing.scan(1, scanned_at=days_later(2))

    # 28 February seats, 2 March fee, 4 March end, 5 March scan, 7 March charge; the charge of
    # another organisation on the 8th does not count.
    assert sorted(_rows(writing)) == [
        date(2025, 2, 28),
        date(2025, 3, 2),
        date(2025, 3, 4),
        date(2025, 3, 5),
        date(2025, 3, 7),
        date(2025, 4, 3),  # the 30th day after the end
    ]


def test_capacity_and_ratios_as_of_each_day() -> None:
    writing = HandWritten()
    _seats(writing, "capacity", 9)
    _seats(writing, "hold", 2)
    _seats(writing, "hold", -1, days=1)
    _seats(writing, "kill", 1, days=1)
    writing.movement("sale", 2)
    writing.scan(1, scanned_at=days_later(1))

    monday, tuesday = _rows(writing)[_MONDAY], _rows(writing)[_TUESDAY]

    assert monday["sellable_count"] == 7  # 9 - 2 - 0
    assert monday["sell_through_rate"] == Decimal("0.285714")  # 2 / 7 = 0.2857142...
    assert monday["no_show_count"] is None
    assert tuesday["sellable_count"] == 7  # 9 - 1 - 1
    assert tuesday["unsold_count"] == 5
    assert tuesday["house_rate"] == Decimal("0.222222")  # 2 / 9
    assert tuesday["no_show_count"] == 1  # 2 sold, 1 admitted
    assert tuesday["attendance_rate"] == Decimal("0.500000")
    assert tuesday["occupancy_rate"] == Decimal("0.111111")  # 1 / 9


def test_a_return_reduces_comps_if_a_comp_opened_its_line() -> None:
    writing = HandWritten()
    writing.movement("comp", 3, line_no=1)
    writing.movement("void", -1, line_no=1, occurred_at=days_later(1))
    writing.movement("sale", 5, line_no=2)
    writing.movement("comp", 1, line_no=2, occurred_at=NOON + timedelta(hours=1))
    writing.movement("refund", -2, line_no=2, occurred_at=days_later(1))
    writing.movement("sale", 7, line_no=3, ticket_type_id=PARKING)

    monday, tuesday = _rows(writing)[_MONDAY], _rows(writing)[_TUESDAY]

    assert (monday["sold_today_count"], monday["sold_to_date_count"]) == (5, 5)
    assert monday["comped_to_date_count"] == 4  # 3 + 1
    # A comp opened line 1: 4 - 1. A sale opened line 2: 5 - 2. Parking is not an admission.
    assert (tuesday["sold_today_count"], tuesday["sold_to_date_count"]) == (-2, 3)
    assert tuesday["comped_to_date_count"] == 3


def test_a_line_that_a_fee_opened_is_not_a_comp_line() -> None:
    writing = HandWritten()
    writing.movement("fee", 0, fee_minor=1, occurred_at=NOON - timedelta(minutes=1))
    writing.movement("comp", 2)
    writing.movement("cancel", -1)

    monday = _rows(writing)[_MONDAY]

    assert (monday["sold_to_date_count"], monday["comped_to_date_count"]) == (-1, 2)


def test_of_two_movements_at_one_instant_the_smallest_id_is_the_first() -> None:
    writing = HandWritten()
    writing.movement("void", -1, id="b")
    writing.movement("comp", 1, id="a")

    assert _rows(writing)[_MONDAY]["comped_to_date_count"] == 0
    assert _rows(writing)[_MONDAY]["sold_to_date_count"] == 0


def test_money_counts_in_the_events_organization_and_currency() -> None:
    writing = HandWritten()
    writing.charge(100)
    writing.charge(70, currency="USD")
    writing.charge(5, currency="USD", effective_at=days_later(1))
    writing.charge(30, currency="JPY", organization_id=RIVAL)
    writing.charge(20, effective_at=days_later(1))
    writing.transaction("fee", "debit organizer_payable platform_fee 8 EUR")

    monday, tuesday = _rows(writing)[_MONDAY], _rows(writing)[_TUESDAY]

    assert (monday["gross_to_date_minor"], tuesday["gross_to_date_minor"]) == (100, 120)
    assert (monday["payable_to_date_minor"], tuesday["payable_to_date_minor"]) == (92, 112)
    assert (monday["platform_fee_to_date_minor"], monday["other_currency_count"]) == (8, 1)
    assert tuesday["other_currency_count"] == 1  # USD twice; JPY is another organisation's


def test_sold_units_are_unpaid_from_their_first_money_until_the_day_of_payment() -> None:
    writing = HandWritten()
    writing.order("invoice", paid_at=days_later(3))
    writing.movement("sale", 3, order_id="invoice")  # without money so far
    writing.movement("comp", 1, order_id="invoice", line_no=2)
    writing.movement(
        "fee", 0, order_id="invoice", line_no=3, fee_minor=5, occurred_at=days_later(1)
    )
    writing.movement("refund", -1, order_id="invoice", occurred_at=days_later(2))
    writing.order("never paid")
    writing.movement("sale", 2, 900, order_id="never paid", occurred_at=days_later(3))
    writing.order("free")
    writing.movement("sale", 7, order_id="free", occurred_at=days_later(3))

    rows = list(_rows(writing).values())

    assert [row["unpaid_to_date_count"] for row in rows] == [0, 3, 2, 2, 2]
    assert [row["sold_to_date_count"] for row in rows] == [3, 3, 2, 11, 11]


def test_unsold_is_unknown_until_the_event_has_seats() -> None:
    writing = HandWritten()
    writing.movement("sale", 1)
    _seats(writing, "capacity", 4, days=1)

    rows = _rows(writing)

    assert (rows[_MONDAY]["unsold_count"], rows[_TUESDAY]["unsold_count"]) == (None, 3)


def test_organizations_that_had_the_event_before_are_counted() -> None:
    writing = HandWritten()
    writing.charge(100, organization_id=RIVAL)
    writing.charge(100)
    writing.charge(100, organization_id="third", effective_at=days_later(1))

    rows = _rows(writing)

    assert rows[_MONDAY]["other_organization_count"] == 1
    assert rows[_TUESDAY]["other_organization_count"] == 2
    assert rows[_TUESDAY]["gross_to_date_minor"] == 100


def test_a_row_is_final_30_days_after_the_events_last_report_day() -> None:
    writing = HandWritten()
    writing.event("night", day_cutoff=time(6), ends_at=NOON.replace(hour=3))
    writing.order("late", event_id="night")
    for hours in (28 * 24 + 17, 28 * 24 + 18):
        movement_at = NOON + timedelta(hours=hours)
        writing.movement("sale", 1, order_id="late", occurred_at=movement_at)

    # The event ends on 3 March at 03:00, on the report day 2 March: final from 1 April, 06:00.
    found = {day: row["is_final"] for day, row in _rows(writing, "night").items()}
    assert found == {date(2025, 3, 2): False, date(2025, 3, 31): False, date(2025, 4, 1): True}
    assert _rows(writing, "night")[date(2025, 3, 2)]["organization_id"] == HALL


@pytest.mark.parametrize(
    ("numerator", "divisor", "rounded"),
    [
        (1, 3, Decimal("0.333333")),
        (2, 3, Decimal("0.666667")),
        (1, 2_000_000, Decimal("0.000001")),  # half away from zero
        (-1, 2_000_000, Decimal("-0.000001")),
        (3, 2_000_000, Decimal("0.000002")),
        (1, 2_000_001, Decimal("0.000000")),
        (-7, 2, Decimal("-3.500000")),
        (0, 5, Decimal("0.000000")),
        (5, 0, None),
        (5, -1, None),
    ],
)
def test_a_ratio_has_six_places_from_the_exact_integers(
    numerator: int, divisor: int, rounded: Decimal | None
) -> None:
    found = ratio(numerator, divisor)

    assert found == rounded
    assert str(found) == str(rounded) or not found
