"""Finding new rows: the overlap, older months, every row."""

from datetime import UTC, datetime, timedelta

import pytest

from reporting_pipeline.sources.landing import rotation
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.sources.landing.upstream import (
    BERLIN,
    ORDER,
    add,
    change,
    drop_constraints,
    land_all,
    newest_clock,
    query,
)

MOVEMENTS = "ticketing.order_line_movements"
MOVEMENT = "00000005-0000-4000-8000-000000000001"
OVERLAP = timedelta(minutes=15)


OVERLAP_ONLY = {"clock_count": 0}


def landed_ids(pipeline: Pipeline) -> set[str]:
    rows = query(pipeline.warehouse, "select id from landing.ticketing_order_line_movements")
    return {str(row_id) for (row_id,) in rows}


def test_a_late_row_is_found_within_the_overlap_and_not_beyond(landed: Pipeline) -> None:
    edge = newest_clock(landed.sources, MOVEMENTS) - OVERLAP
    on_the_edge = add(landed.sources, MOVEMENTS, recorded_at=edge)
    beyond = add(landed.sources, MOVEMENTS, recorded_at=edge - timedelta(microseconds=1))

    assert land_all(landed.sources, landed.warehouse, **OVERLAP_ONLY).new_count == 1
    assert on_the_edge in landed_ids(landed)
    assert beyond not in landed_ids(landed)

    assert land_all(landed.sources, landed.warehouse, read_all=True).new_count == 1
    assert beyond in landed_ids(landed)


def test_a_wider_overlap_reads_further_back(landed: Pipeline) -> None:
    late = add(
        landed.sources,
        MOVEMENTS,
        recorded_at=newest_clock(landed.sources, MOVEMENTS) - timedelta(hours=1),
    )

    land_all(landed.sources, landed.warehouse, overlap_seconds=3_600, **OVERLAP_ONLY)

    assert late in landed_ids(landed)


def test_rows_with_any_older_clock_are_found_and_few_others_are_read_again(
    landed: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "_ROWS_PER_RANGE", 100)
    newest = newest_clock(landed.sources, MOVEMENTS)
    late = {
        add(landed.sources, MOVEMENTS, recorded_at=clock)
        for clock in (
            datetime(2019, 12, 31, 23, 59, 59, tzinfo=UTC),
            datetime(2025, 2, 1, tzinfo=UTC),
            newest - OVERLAP - timedelta(microseconds=1),
        )
    }

    result = landed.land()

    assert result.new_count == 3
    assert late <= landed_ids(landed)
    # Apart from the overlap, only the ranges of the late rows are read again.
    read = {table.table_name: table.read_count for table in result.tables}
    assert read["order_line_movements"] <= 3 * 100 + 8
    assert landed.land().new_count == 0


def test_a_late_row_of_a_mutable_table_replaces_the_landed_row(
    landed: Pipeline,
) -> None:
    # Its clock changes within a past month.
    change(
        landed.sources,
        "ticketing.orders",
        ORDER,
        channel="kiosk",
        updated_at=datetime(2025, 9, 1, 8, 20, tzinfo=UTC),
    )

    assert landed.land().new_count == 1
    statement = "select channel from landing.ticketing_orders where id = %s"
    assert query(landed.warehouse, statement, ORDER) == [("kiosk",)]


def test_a_mutable_row_is_replaced_when_its_clock_changes(landed: Pipeline) -> None:
    later = datetime(2026, 1, 1, tzinfo=UTC)
    change(landed.sources, "ticketing.events", BERLIN, name="Renamed", updated_at=later)

    result = landed.land()

    assert result.new_count == 1
    statement = "select name, updated_at from landing.ticketing_events where id = %s"
    assert query(landed.warehouse, statement, BERLIN) == [("Renamed", later)]


def test_a_change_without_a_new_clock_is_found_when_every_row_is_read(landed: Pipeline) -> None:
    change(landed.sources, "ticketing.orders", ORDER, channel="kiosk")

    # Upstream broke its promise to change the clock, so a normal landing cannot find the change.
    assert landed.land().new_count == 0

    assert land_all(landed.sources, landed.warehouse, read_all=True).new_count == 1
    statement = "select channel from landing.ticketing_orders where id = %s"
    assert query(landed.warehouse, statement, ORDER) == [("kiosk",)]


def test_rows_with_the_same_id_or_none_are_set_aside(landed: Pipeline) -> None:
    drop_constraints(landed.sources, "ledger.entries")
    entry = add(landed.sources, "ledger.entries")
    add(landed.sources, "ledger.entries", id=entry, amount_minor=5)
    add(landed.sources, "ledger.entries", id=None)
    other = add(landed.sources, "ledger.entries")

    assert landed.land().new_count == 1

    assert query(landed.warehouse, "select id from landing.ledger_entries where id = %s", other)
    reasons = "select reason, row_id::text = %s from landing.row_findings order by 1"
    assert query(landed.warehouse, reasons, entry) == [
        ("id is null", False),
        ("two rows have this id", True),
    ]
