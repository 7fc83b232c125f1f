"""The days that late rows touch: calculated by hand, and both bounds for random arrivals."""

from datetime import date
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from reporting_pipeline_tests.oracle.arrival import random_split
from reporting_pipeline_tests.oracle.books import Books, union
from reporting_pipeline_tests.oracle.hand_written import (
    OTHER_SHOW,
    PARKING,
    SHOW,
    TICKET,
    HandWritten,
    days_later,
)
from reporting_pipeline_tests.oracle.random_books import books, dice, seeds
from reporting_pipeline_tests.oracle.report_tables import (
    ACCOUNTS,
    ATTENDANCE,
    BREAKS,
    OCCUPANCY,
    QUARTERS,
    REVENUE,
    SALES,
    SUMMARY,
    TAX,
)
from reporting_pipeline_tests.oracle.touched import Touched, touchable_days, touched_days

_3RD, _4TH, _5TH, _6TH = (date(2025, 3, day) for day in (3, 4, 5, 6))
_FINAL = date(2025, 4, 3)  # the 30th day after the end of SHOW and OTHER_SHOW


def _assert_within(lower: Touched, upper: Touched) -> None:
    for table, days in lower.items():
        assert days <= upper[table], f"{table}: {sorted(days - upper[table], key=str)}"


@settings(max_examples=100, deadline=None, derandomize=True)
@given(books=books(), seed=seeds(), batches=st.integers(min_value=2, max_value=5))
def test_the_changed_days_are_within_those_of_the_definition(
    books: Books, seed: int, batches: int
) -> None:
    before = Books.of({})
    for batch in random_split(books, dice(seed), batches):
        after = before.merged(batch)
        _assert_within(touched_days(before, after), touchable_days(before, after))
        before = after


def test_the_changed_days_of_the_season_are_within_those_of_the_definition(
    season_dump: Path,
) -> None:
    batches = random_split(Books.from_dump(season_dump), dice(5), 3)
    before, after = union(batches[:2]), union(batches)

    _assert_within(touched_days(before, after), touchable_days(before, after))


def test_books_that_arrive_again_touch_nothing(season_dump: Path) -> None:
    season = Books.from_dump(season_dump)

    assert not any(touched_days(season, season).values())
    assert not any(touchable_days(season, season).values())


def test_a_late_movement_touches_its_day_the_former_first_day_and_the_later_summaries() -> None:
    writing = HandWritten()
    writing.movement("sale", 1, 1000, occurred_at=days_later(2))
    writing.charge(1000, effective_at=days_later(3))
    before = writing.books()
    writing.movement("sale", 1, 500, line_no=2)
    after = writing.books()

    # The movement of the 3rd becomes the first of the order, and the event ends on the 4th. In the
    # breaks all days of the order change: a difference of 500 remains from the 3rd to the 6th.
    expected = {
        SALES: {(SHOW, _3RD), (SHOW, _5TH)},
        REVENUE: set(),
        TAX: set(),
        ACCOUNTS: set(),
        ATTENDANCE: set(),
        QUARTERS: set(),
        OCCUPANCY: set(),
        SUMMARY: {(SHOW, day) for day in (_3RD, _4TH, _5TH, _6TH, _FINAL)},
        BREAKS: {(SHOW, day) for day in (_3RD, _5TH, _6TH)},
    }
    assert touched_days(before, after) == expected
    assert touchable_days(before, after) == expected


def test_a_ticket_that_arrives_after_its_scans_touches_their_days() -> None:
    writing = HandWritten()
    writing.scan(1, ticket_id="late", scanned_at=days_later(2))
    writing.scan(2, ticket_id="late", scanned_at=days_later(3), event_id=OTHER_SHOW)
    writing.scan(3, ticket_id=TICKET)
    before = writing.books()
    writing.ticket("late")
    after = writing.books()

    attendance = {(SHOW, _5TH), (OTHER_SHOW, _6TH)}
    assert touched_days(before, after)[ATTENDANCE] == attendance
    assert touched_days(before, after)[SUMMARY] == {(SHOW, _5TH), (SHOW, _FINAL)}
    assert touchable_days(before, after)[ATTENDANCE] == attendance
    finals = {(SHOW, _FINAL), (OTHER_SHOW, _FINAL)}
    assert touchable_days(before, after)[SUMMARY] == attendance | finals


def test_a_ticket_that_moves_to_another_section_touches_both_and_their_later_days() -> None:
    writing = HandWritten()
    writing.ticket("moved", section_id="stalls", issued_at=days_later(1))
    writing.ticket("later in stalls", section_id="stalls", issued_at=days_later(2))
    writing.ticket("later in balcony", section_id="balcony", issued_at=days_later(3))
    writing.ticket("without section", issued_at=days_later(4))
    writing.ticket("earlier in stalls", section_id="stalls", issued_at=days_later(0))
    before = writing.books()
    moved = before["ticketing.tickets"]["moved"]
    moved = moved | {"section_id": "balcony", "updated_at": days_later(9)}
    after = before.merged(Books.of({"ticketing.tickets": [moved]}))

    expected = {(SHOW, day) for day in (_4TH, _5TH, _6TH)}
    assert touched_days(before, after)[OCCUPANCY] == expected
    assert touchable_days(before, after)[OCCUPANCY] == expected
    assert not touchable_days(before, after)[ATTENDANCE]


def test_an_event_that_arrives_late_releases_its_scans_and_seats() -> None:
    writing = HandWritten()
    entry = writing.scan(1)
    writing.scan(2, event_id="late", scanned_at=days_later(1), reverts_scan_id=entry)
    writing.scan(3, scanned_at=days_later(3))
    before = writing.books()
    writing.event("late", ends_at=days_later(0))
    after = writing.books()

    # The revert now counts: the entry of the 3rd is reverted, and that of the 6th is the first.
    expected = {("late", _4TH), (SHOW, _3RD), (SHOW, _6TH)}
    assert touched_days(before, after)[ATTENDANCE] == expected
    assert touchable_days(before, after)[ATTENDANCE] == expected
    assert touched_days(before, after)[SUMMARY] == {
        ("late", _3RD),
        ("late", _4TH),
        ("late", date(2025, 4, 2)),
        (SHOW, _3RD),
        (SHOW, _4TH),  # it ends
    }


def test_an_order_that_is_paid_later_touches_the_summary_from_its_first_movement_on() -> None:
    writing = HandWritten()
    writing.order("invoice")
    writing.movement("sale", 1, 100, order_id="invoice", occurred_at=days_later(-1))
    before = writing.books()
    paid = before["ticketing.orders"]["invoice"]
    paid = paid | {"paid_at": days_later(1), "updated_at": days_later(1)}
    after = before.merged(Books.of({"ticketing.orders": [paid]}))

    changed = {(SHOW, _4TH), (SHOW, _FINAL)}
    assert touched_days(before, after)[SUMMARY] == changed
    assert touchable_days(before, after)[SUMMARY] == changed | {(SHOW, date(2025, 3, 2))}
    assert not touchable_days(before, after)[SALES]


def test_a_change_that_no_report_reads_touches_nothing() -> None:
    writing = HandWritten()
    writing.movement("sale", 1, ticket_type_id=PARKING)
    before = writing.books()
    event = before["ticketing.events"][SHOW] | {"name": "New", "updated_at": days_later(1)}
    after = before.merged(Books.of({"ticketing.events": [event]}))

    assert after["ticketing.events"][SHOW]["name"] == "New"
    assert not any(touchable_days(before, after).values())


def test_an_event_that_becomes_known_touches_the_payouts_whose_items_name_it() -> None:
    writing = HandWritten()
    payout = writing.transaction(
        "payout", "debit organizer_payable payout 100 EUR", event_id=None, order_id=None
    )
    writing.item(payout, SHOW, 60)
    writing.item(payout, "late", 40)
    before = writing.books()
    writing.event("late")
    after = writing.books()

    # The items count only now: they leave nothing on the row of no event, and the break is gone.
    of_events = {(None, _3RD), (SHOW, _3RD), ("late", _3RD)}
    assert touched_days(before, after)[REVENUE] == of_events
    assert touched_days(before, after)[ACCOUNTS] == of_events
    assert touched_days(before, after)[BREAKS] == {(None, _3RD)}
    assert touchable_days(before, after)[REVENUE] == of_events
    assert touchable_days(before, after)[BREAKS] == of_events
    assert touched_days(before, after)[SUMMARY] >= {(SHOW, _3RD), (SHOW, _4TH), ("late", _3RD)}
