"""Attendance rows, calculated by hand."""

from datetime import UTC, date, datetime, timedelta

import pytest

from reporting_pipeline_tests.oracle.attendance import (
    MEASURES,
    attendance_daily,
    attendance_quarter_hourly,
)
from reporting_pipeline_tests.oracle.hand_written import (
    GATE,
    HALL,
    NOON,
    OTHER_SHOW,
    PARKING,
    SEAT,
    SHOW,
    TICKET,
    HandWritten,
    days_later,
)
from reporting_pipeline_tests.oracle.report_tables import ReportRow

_MONDAY = date(2025, 3, 3)
_TUESDAY = date(2025, 3, 4)


def _counted(
    writing: HandWritten, *, day: date = _MONDAY, event: str = SHOW, ticket_type: str | None = SEAT
) -> ReportRow:
    """The measures of the gate's row that are not 0."""
    row = attendance_daily(writing.books())[HALL, event, day, GATE, ticket_type]
    return {name: row[name] for name in MEASURES if row[name]}


def _minutes(minutes: float) -> dict[str, object]:
    return {"scanned_at": NOON + timedelta(minutes=minutes)}


def test_a_ticket_is_admitted_once_and_then_reenters() -> None:
    writing = HandWritten()
    writing.scan(3, scanned_at=days_later(1))
    writing.scan(2, **_minutes(10))
    writing.scan(1, **_minutes(0))
    writing.scan(4, **_minutes(5), direction="exit")

    # Of the entries at 12:00 and 12:10 the first is the admission; the exit is neither.
    assert _counted(writing) == {
        "scan_count": 3,
        "accepted_count": 3,
        "admission_count": 1,
        "day_entry_count": 1,
        "reentry_count": 1,
        "exit_count": 1,
    }
    assert _counted(writing, day=_TUESDAY)["reentry_count"] == 1


def test_of_two_entries_at_one_instant_the_first_received_is_the_admission() -> None:
    writing = HandWritten()
    writing.scan(1, id="a", received_at=NOON + timedelta(seconds=9))
    writing.scan(2, id="b", received_at=NOON, event_id=OTHER_SHOW)

    assert _counted(writing, event=OTHER_SHOW)["admission_count"] == 1
    assert _counted(writing)["reentry_count"] == 1


def test_a_repeated_upload_counts_on_the_row_of_the_copy_received_first() -> None:
    writing = HandWritten()
    writing.scan(7, id="late", received_at=days_later(3), gate_id="side gate")
    writing.scan(7, id="first", received_at=days_later(2))
    writing.scan(7, id="tied", received_at=days_later(2), gate_id="side gate")

    # "first" and "tied" were received together: the smaller id counts.
    assert list(attendance_daily(writing.books())) == [(HALL, SHOW, _MONDAY, GATE, SEAT)]
    assert _counted(writing) == {
        "scan_count": 1,
        "accepted_count": 1,
        "admission_count": 1,
        "day_entry_count": 1,
        "late_count": 1,  # received two days after it was made
        "repeated_upload_count": 2,
    }


@pytest.mark.parametrize(
    "other", [{"ticket_id": "other"}, {"event_id": OTHER_SHOW}, {"scanned_at": days_later(1)}]
)
def test_a_number_that_a_device_gives_again_is_another_scan(other: dict[str, object]) -> None:
    writing = HandWritten()
    writing.ticket("other")
    writing.scan(1)
    writing.scan(1, **other)

    rows = attendance_daily(writing.books()).values()

    assert sum(row["scan_count"] for row in rows) == 2
    assert sum(row["repeated_upload_count"] for row in rows) == 0


def test_a_pass_for_three_days_is_one_admission_and_three_visits() -> None:
    writing = HandWritten()
    for number in range(6):
        writing.scan(number, scanned_at=days_later(number // 2) + timedelta(minutes=number))

    days = [_counted(writing, day=_MONDAY + timedelta(days=each)) for each in range(3)]

    assert [day.get("admission_count", 0) for day in days] == [1, 0, 0]
    assert [day["day_entry_count"] for day in days] == [1, 1, 1]
    assert [day["reentry_count"] for day in days] == [1, 2, 2]


def test_of_two_events_on_one_day_a_ticket_visits_the_first() -> None:
    writing = HandWritten()
    writing.scan(1, **_minutes(9))
    writing.scan(2, **_minutes(5), event_id=OTHER_SHOW)

    assert _counted(writing, event=OTHER_SHOW)["day_entry_count"] == 1
    assert "day_entry_count" not in _counted(writing)


def test_after_a_revert_the_next_entry_is_the_admission() -> None:
    writing = HandWritten()
    first = writing.scan(1, **_minutes(0))
    writing.scan(2, scanned_at=days_later(1))
    writing.scan(3, **_minutes(1), reverts_scan_id=first)

    assert _counted(writing) == {"scan_count": 2, "accepted_count": 2, "reverted_count": 1}
    assert _counted(writing, day=_TUESDAY)["admission_count"] == 1


def test_revert_of_a_revert_changes_nothing() -> None:
    writing = HandWritten()
    entry = writing.scan(1, **_minutes(0))
    revert = writing.scan(2, **_minutes(1), reverts_scan_id=entry)
    writing.scan(3, **_minutes(2), reverts_scan_id=revert)

    # Three accepted scans; the entry stays reverted, is counted once, and there is no admission.
    assert _counted(writing) == {"scan_count": 3, "accepted_count": 3, "reverted_count": 1}


def test_a_scan_that_reverts_itself_reverts_nothing_and_is_no_admission() -> None:
    writing = HandWritten()
    writing.scan(1, id="itself", reverts_scan_id="itself")

    assert _counted(writing) == {"scan_count": 1, "accepted_count": 1}


def test_two_reverts_of_one_scan_count_once() -> None:
    writing = HandWritten()
    entry = writing.scan(1)
    writing.scan(2, reverts_scan_id=entry)
    writing.scan(3, reverts_scan_id=entry)

    assert _counted(writing)["reverted_count"] == 1


def test_a_revert_can_name_a_dropped_copy() -> None:
    writing = HandWritten()
    writing.scan(1, id="counted", received_at=NOON)
    writing.scan(1, id="dropped", received_at=days_later(1))
    writing.scan(2, reverts_scan_id="dropped")

    counted = _counted(writing)

    assert counted["reverted_count"] == 1
    assert "admission_count" not in counted


def test_a_revert_that_is_a_dropped_repeated_upload_reverts_nothing() -> None:
    writing = HandWritten()
    entry = writing.scan(1, **_minutes(-1))
    writing.scan(2, direction="exit", received_at=NOON)
    writing.scan(2, reverts_scan_id=entry, received_at=days_later(1))

    assert "reverted_count" not in _counted(writing)


def test_a_rejected_scan_is_not_reverted_and_does_not_revert() -> None:
    writing = HandWritten()
    rejected = {"outcome": "rejected", "reject_reason": "blocked"}
    entry = writing.scan(1)
    refused = writing.scan(2, **rejected)
    writing.scan(3, reverts_scan_id=refused)
    writing.scan(4, **rejected, reverts_scan_id=entry)

    assert _counted(writing) == {
        "scan_count": 4,
        "accepted_count": 2,
        "rejected_count": 2,
        "rejected_blocked_count": 2,
        "admission_count": 1,
        "day_entry_count": 1,
    }


def test_parking_and_unknown_tickets_count_as_exits_but_not_as_admissions() -> None:
    writing = HandWritten()
    writing.ticket("car", ticket_type_id=PARKING)
    for number, ticket in enumerate(("car", None, "unheard of")):
        writing.scan(2 * number, ticket_id=ticket)
        writing.scan(2 * number + 1, ticket_id=ticket, direction="exit")

    assert _counted(writing, ticket_type=PARKING) == {
        "scan_count": 2,
        "accepted_count": 2,
        "exit_count": 1,
    }
    assert _counted(writing, ticket_type=None) == {
        "scan_count": 4,
        "accepted_count": 4,
        "exit_count": 2,
    }


def test_a_scan_of_an_unknown_event_does_not_count() -> None:
    writing = HandWritten()
    entry = writing.scan(1, received_at=days_later(1))
    writing.scan(1, event_id="unheard of", received_at=NOON)
    writing.scan(2, event_id="unheard of", scanned_at=NOON - timedelta(hours=1))
    writing.scan(3, event_id="unheard of", reverts_scan_id=entry)

    assert _counted(writing) == {
        "scan_count": 1,
        "accepted_count": 1,
        "admission_count": 1,
        "day_entry_count": 1,
        "late_count": 1,
    }


def test_a_scan_is_late_after_more_than_two_minutes() -> None:
    writing = HandWritten()
    writing.scan(1, received_at=NOON + timedelta(minutes=2), is_offline=True)
    writing.scan(2, received_at=NOON + timedelta(minutes=2, microseconds=1), ticket_id=TICKET)

    counted = _counted(writing)

    assert (counted["offline_count"], counted["late_count"]) == (1, 1)


def test_scans_are_in_the_quarter_of_an_hour_of_utc() -> None:
    writing = HandWritten()
    writing.scan(1, **_minutes(14.99))
    writing.scan(2, **_minutes(15))
    writing.scan(3, **_minutes(29), direction="exit")

    table = attendance_quarter_hourly(writing.books())

    quarters = [datetime(2025, 3, 3, 12, minute, tzinfo=UTC) for minute in (0, 15)]
    first, second = (table[HALL, SHOW, _MONDAY, GATE, quarter] for quarter in quarters)
    assert len(table) == 2
    assert (first["scan_count"], first["admission_count"], first["entry_count"]) == (1, 1, 1)
    assert (second["reentry_count"], second["entry_count"], second["exit_count"]) == (1, 1, 1)
