"""Occupancy rows, calculated by hand."""

from datetime import date
from decimal import Decimal

from reporting_pipeline_tests.oracle.hand_written import (
    HALL,
    NOON,
    OTHER_SHOW,
    PARKING,
    SHOW,
    HandWritten,
    days_later,
)
from reporting_pipeline_tests.oracle.occupancy import occupancy_daily
from reporting_pipeline_tests.oracle.report_tables import ReportRow, ReportTable

_3RD, _4TH, _5TH = (date(2025, 3, day) for day in (3, 4, 5))


def _stalls(table: ReportTable, day: date, event: str = SHOW) -> ReportRow:
    return table[HALL, event, "stalls", day]


def _seats(writing: HandWritten, quantity: int, kind: str = "capacity", days: int = 0) -> None:
    writing.add(
        "seating.inventory_movements",
        event_id=SHOW,
        section_id="stalls",
        kind=kind,
        quantity=quantity,
        occurred_at=days_later(days),
    )


def test_a_section_has_rows_on_the_days_of_its_seats_tickets_and_admissions() -> None:
    writing = HandWritten()
    _seats(writing, 8)
    writing.ticket("one", section_id="stalls", issued_at=days_later(1), is_comp=True)
    writing.ticket("two", section_id="stalls", issued_at=NOON, invalidated_at=days_later(1))
    writing.ticket("car", section_id="stalls", ticket_type_id=PARKING, issued_at=days_later(9))
    writing.scan(1, ticket_id="one", scanned_at=days_later(2))

    table = occupancy_daily(writing.books())

    assert [day for _, _, section, day in table if section == "stalls"] == [_3RD, _4TH, _5TH]
    first, second, third = (_stalls(table, day) for day in (_3RD, _4TH, _5TH))
    assert (first["ticket_count"], first["comped_ticket_count"], first["unsold_count"]) == (1, 0, 7)
    assert (second["ticket_count"], second["comped_ticket_count"]) == (1, 1)
    assert second["sold_rate"] == Decimal("0.125000")
    assert (third["admission_to_date_count"], third["occupancy_rate"]) == (1, Decimal("0.125000"))


def test_unsold_is_unknown_until_the_section_has_seats() -> None:
    writing = HandWritten()
    writing.ticket("one", section_id="stalls")
    _seats(writing, 5, days=1)
    _seats(writing, 5, "kill", days=2)

    table = occupancy_daily(writing.books())

    assert _stalls(table, _3RD)["unsold_count"] is None
    assert _stalls(table, _4TH)["unsold_count"] == 4
    assert _stalls(table, _5TH)["unsold_count"] == -1
    assert _stalls(table, _5TH)["sold_rate"] is None


def test_an_admission_counts_where_it_was_scanned_in_the_section_of_its_ticket() -> None:
    writing = HandWritten()
    writing.ticket("one", section_id="stalls")
    writing.scan(1, ticket_id="one", event_id=OTHER_SHOW)

    table = occupancy_daily(writing.books())

    assert _stalls(table, _3RD, OTHER_SHOW)["admission_to_date_count"] == 1
    assert _stalls(table, _3RD, OTHER_SHOW)["ticket_count"] == 0
    assert _stalls(table, _3RD)["admission_to_date_count"] == 0


def test_a_ticket_that_ends_on_the_day_of_its_issue_has_a_row_and_counts_nowhere() -> None:
    writing = HandWritten()
    writing.ticket("one", section_id="stalls", invalidated_at=NOON)

    assert _stalls(occupancy_daily(writing.books()), _3RD)["ticket_count"] == 0
