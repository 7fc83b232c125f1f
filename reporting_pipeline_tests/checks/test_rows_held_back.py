"""Rows of an event that Ticketing does not know are counted under the date of their clock."""

from datetime import date

import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from reporting_pipeline.checks.rows_held_back import rows_held_back
from reporting_pipeline.domain.discrepancy import Severity

HOLD_BACK = {
    "ticketing_order_line_movements": """
        update landing.ticketing_order_line_movements set report_day = null
        where order_id in (select id from landing.ticketing_orders where event_id = %s)
        returning (occurred_at at time zone 'utc')::date
    """,
    "scanning_scans": """
        update landing.scanning_scans set report_day = null where event_id = %s
        returning (scanned_at at time zone 'utc')::date
    """,
    "seating_inventory_movements": """
        update landing.seating_inventory_movements set report_day = null where event_id = %s
        returning (occurred_at at time zone 'utc')::date
    """,
}


@pytest.mark.parametrize("table", HOLD_BACK)
def test_rows_held_back_are_counted_per_event_and_warn(
    table: str, books: Connection[TupleRow]
) -> None:
    event_row = books.execute("select id from landing.ticketing_events order by id").fetchone()
    assert event_row is not None
    [event] = event_row
    rows = [day for (day,) in books.execute(HOLD_BACK[table].encode(), [event])]

    findings = rows_held_back(books, set(rows), landing_table=table)

    assert sum(each.found or 0 for [each] in findings.values()) == len(rows)
    assert {each.ids["event_id"] for [each] in findings.values()} == {event}
    assert {each.severity for [each] in findings.values()} == {Severity.WARN}


def test_other_tables_are_left_to_their_own_check(books: Connection[TupleRow]) -> None:
    books.execute("update landing.scanning_scans set report_day = null")

    day = date(2025, 10, 25)
    assert rows_held_back(books, [day], landing_table="seating_inventory_movements") == {day: []}
