"""Admissions beyond the tickets are found; a ticket that was admitted and then refunded is none."""

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from reporting_pipeline.checks.admissions_within_tickets import admissions_within_tickets
from reporting_pipeline.domain.discrepancy import Severity


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


def test_more_admissions_than_tickets_are_found(
    admitted: TupleRow, books: Connection[TupleRow]
) -> None:
    event, day = admitted[:2]
    books.execute("delete from landing.ticketing_tickets where event_id = %s", [event])

    [found] = admissions_within_tickets(books, [day])[day]

    assert found.severity is Severity.ERROR
    assert found.ids == {"event_id": event}
    assert found.expected == 0
    assert found.found is not None
    assert found.found > 0


def test_admissions_of_all_days_up_to_this_one_count(
    admitted: TupleRow, books: Connection[TupleRow]
) -> None:
    event, day = admitted[:2]
    books.execute("delete from landing.ticketing_tickets where event_id = %s", [event])
    books.execute(
        "update reporting.report_attendance_daily set date = date - 1"
        " where event_id = %s and admission_count > 0",
        [event],
    )

    findings = admissions_within_tickets(books, [day.fromordinal(day.toordinal() - 1)])

    assert [len(found) for found in findings.values()] == [1]


def test_a_ticket_refunded_after_its_admission_is_no_fault(
    admitted: TupleRow, books: Connection[TupleRow]
) -> None:
    day, ticket, scanned_at = admitted[1], admitted[2], admitted[4]
    books.execute(
        "update landing.ticketing_tickets set status = 'refunded',"
        " invalidated_at = %s + interval '1 day' where id = %s",
        [scanned_at, ticket],
    )

    assert admissions_within_tickets(books, [day]) == {day: []}


def test_a_ticket_accepted_after_it_was_cancelled_warns(
    admitted: TupleRow, books: Connection[TupleRow]
) -> None:
    _, day, ticket, scan, scanned_at = admitted
    books.execute(
        "update landing.ticketing_tickets set status = 'cancelled', invalidated_at = %s"
        " where id = %s",
        [scanned_at, ticket],
    )

    found = admissions_within_tickets(books, [day])[day]

    assert {each.severity for each in found} == {Severity.WARN}
    assert scan in {each.ids["scan_id"] for each in found}
    assert {each.ids["ticket_id"] for each in found} == {ticket}
