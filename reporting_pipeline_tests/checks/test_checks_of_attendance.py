"""Admissions beyond the tickets are errors; rows whose event is not known are counted."""

from datetime import date

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline_tests.checks.conftest import RunCheck

# Takes the report day from the rows of an event, as if the event had not landed.
HOLD_BACK = {
    "report_sales_daily": """
        update landing.ticketing_order_line_movements set report_day = null
        where order_id in (select id from landing.ticketing_orders where event_id = %s)
        returning (occurred_at at time zone 'utc')::date
    """,
    "report_attendance_daily": """
        update landing.scanning_scans set report_day = null where event_id = %s
        returning (scanned_at at time zone 'utc')::date
    """,
    "report_event_summary": """
        update landing.seating_inventory_movements set report_day = null where event_id = %s
        returning (occurred_at at time zone 'utc')::date
    """,
}


@pytest.fixture
def admitted(books: Connection[TupleRow]) -> TupleRow:
    """Event, day, ticket, scan and time of one accepted entry of the season."""
    row = books.execute("""
        select scan.event_id, scan.report_day, scan.ticket_id, scan.id, scan.scanned_at
        from landing.scanning_scans as scan
        inner join landing.ticketing_tickets as ticket on scan.ticket_id = ticket.id
        where
            scan.outcome = 'accepted' and scan.direction = 'entry' and scan.reverts_scan_id is null
            and scan.id not in (
                select reverts_scan_id
                from landing.scanning_scans
                where reverts_scan_id is not null
            )
        order by scan.id
        limit 1
    """).fetchone()
    assert row is not None
    return row


# admissions_within_tickets


def test_more_admissions_than_tickets_are_found(
    admitted: TupleRow, books: Connection[TupleRow], run_check: RunCheck
) -> None:
    event, day = admitted[:2]
    books.execute("delete from landing.ticketing_tickets where event_id = %s", [event])

    [found] = run_check("admissions_within_tickets", [day])[day]

    assert found.severity is Severity.ERROR
    assert found.ids == {"event_id": event}
    assert found.expected == 0
    assert found.found is not None
    assert found.found > 0


def test_admissions_of_all_days_up_to_this_one_count(
    admitted: TupleRow, books: Connection[TupleRow], run_check: RunCheck
) -> None:
    event, day = admitted[:2]
    books.execute("delete from landing.ticketing_tickets where event_id = %s", [event])
    books.execute(
        "update reporting.report_attendance_daily set date = date - 1"
        " where event_id = %s and admission_count > 0",
        [event],
    )

    findings = run_check("admissions_within_tickets", [day.fromordinal(day.toordinal() - 1)])

    assert [len(found) for found in findings.values()] == [1]


def test_a_ticket_refunded_after_its_admission_is_no_error(
    admitted: TupleRow, books: Connection[TupleRow], run_check: RunCheck
) -> None:
    day, ticket, scanned_at = admitted[1], admitted[2], admitted[4]
    books.execute(
        "update landing.ticketing_tickets set status = 'refunded',"
        " invalidated_at = %s + interval '1 day' where id = %s",
        [scanned_at, ticket],
    )

    assert run_check("admissions_within_tickets", [day]) == {day: []}


def test_a_ticket_accepted_after_it_was_cancelled_warns(
    admitted: TupleRow, books: Connection[TupleRow], run_check: RunCheck
) -> None:
    _, day, ticket, scan, scanned_at = admitted
    books.execute(
        "update landing.ticketing_tickets set status = 'cancelled', invalidated_at = %s"
        " where id = %s",
        [scanned_at, ticket],
    )

    found = run_check("admissions_within_tickets", [day])[day]

    assert {each.severity for each in found} == {Severity.WARN}
    assert scan in {each.ids["scan_id"] for each in found}
    assert {each.ids["ticket_id"] for each in found} == {ticket}


# rows_held_back


@pytest.mark.parametrize("report_table", HOLD_BACK)
def test_rows_held_back_are_counted_per_event_and_warn(
    report_table: str, books: Connection[TupleRow], run_check: RunCheck
) -> None:
    event_row = books.execute("select id from landing.ticketing_events order by id").fetchone()
    assert event_row is not None
    [event] = event_row
    rows = [day for (day,) in books.execute(HOLD_BACK[report_table].encode(), [event])]

    findings = run_check("rows_held_back", set(rows), report_table)

    assert sum(each.found or 0 for [each] in findings.values()) == len(rows)
    assert {each.ids["event_id"] for [each] in findings.values()} == {event}
    assert {each.severity for [each] in findings.values()} == {Severity.WARN}


def test_rows_held_back_concern_only_the_report_of_their_table(
    books: Connection[TupleRow], run_check: RunCheck
) -> None:
    books.execute("update landing.scanning_scans set report_day = null")

    day = date(2025, 10, 25)
    assert run_check("rows_held_back", [day], "report_event_summary") == {day: []}


# quarter_hours_equal_day and tickets_equal_units


def test_a_quarter_of_an_hour_that_is_missing_is_an_error(
    admitted: TupleRow, books: Connection[TupleRow], run_check: RunCheck
) -> None:
    event, day = admitted[:2]
    [(gate, scans)] = books.execute(
        """
        delete from reporting.report_attendance_quarter_hourly
        where (event_id, date) = (%s, %s) and quarter_at = (
            select min(quarter_at) from reporting.report_attendance_quarter_hourly
            where (event_id, date) = (%s, %s)
        )
        returning gate_id, scan_count
        """,
        [event, day, event, day],
    ).fetchall()

    found = run_check("quarter_hours_equal_day", [day])[day]

    [of_scans] = [each for each in found if each.message.startswith("scan_count of gate")]
    assert of_scans.severity is Severity.ERROR
    assert of_scans.ids == {"event_id": event, "gate_id": gate}
    assert of_scans.expected is not None
    assert of_scans.found == of_scans.expected - scans


def test_tickets_that_are_not_the_units_sold_and_comped_warn(
    books: Connection[TupleRow], run_check: RunCheck
) -> None:
    [(event, day, tickets)] = books.execute("""
        update reporting.report_occupancy_daily set ticket_count = ticket_count + 5
        where (event_id, section_id, date) = (
            select event_id, section_id, date from reporting.report_occupancy_daily
            where section_id is not null order by date desc, event_id, section_id limit 1
        )
        returning event_id, date, ticket_count
    """).fetchall()

    [found] = run_check("tickets_equal_units", [day])[day]

    assert tickets > 5
    assert found.severity is Severity.WARN
    assert found.ids == {"event_id": event}
    assert (found.expected, found.found) == (found.found and found.found - 5, found.found)
