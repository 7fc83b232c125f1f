"""Finding new rows: the overlap, older months, every row."""

from datetime import UTC, datetime, timedelta

import pytest

from reporting_pipeline.errors import SourceContractBroken
from reporting_pipeline.sources.landing import incoming
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
    warehouse_bytes,
)

MOVEMENTS = "ticketing.order_line_movements"
MOVEMENT = "00000005-0000-4000-8000-000000000001"
OVERLAP = timedelta(minutes=15)


@pytest.fixture
def _overlap_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treats every table as too large for a comparison of its older months."""
    monkeypatch.setattr(incoming, "_COMPARED_ROWS_MAX", -2)


def landed_ids(pipeline: Pipeline) -> set[str]:
    rows = query(pipeline.warehouse, "select id from landing.ticketing_order_line_movements")
    return {str(row_id) for (row_id,) in rows}


@pytest.mark.usefixtures("_overlap_only")
def test_a_late_row_is_found_within_the_overlap_and_not_beyond(landed: Pipeline) -> None:
    edge = newest_clock(landed.sources, MOVEMENTS) - OVERLAP
    on_the_edge = add(landed.sources, MOVEMENTS, recorded_at=edge)
    beyond = add(landed.sources, MOVEMENTS, recorded_at=edge - timedelta(microseconds=1))

    assert landed.land().new_count == 1
    assert on_the_edge in landed_ids(landed)
    assert beyond not in landed_ids(landed)

    assert land_all(landed.sources, landed.warehouse, read_all=True).new_count == 1
    assert beyond in landed_ids(landed)


@pytest.mark.usefixtures("_overlap_only")
def test_a_wider_overlap_reads_further_back(landed: Pipeline) -> None:
    late = add(
        landed.sources,
        MOVEMENTS,
        recorded_at=newest_clock(landed.sources, MOVEMENTS) - timedelta(hours=1),
    )

    land_all(landed.sources, landed.warehouse, overlap_seconds=3_600)

    assert late in landed_ids(landed)


def test_rows_with_clocks_of_earlier_months_are_found(landed: Pipeline) -> None:
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
    # Apart from the overlap, only the months of the late rows are read again.
    read = {table.table_name: table.read_count for table in result.tables}
    months = (
        "select count(*) from ticketing.order_line_movements"
        " where recorded_at < %s::timestamptz - interval '15 minutes' and"
        " date_trunc('month', recorded_at, 'UTC') in ('2019-12-01Z', '2025-02-01Z', '2025-10-01Z')"
    )
    [(in_months,)] = query(landed.sources["ticketing"], months, newest)
    assert in_months < 500
    assert read["order_line_movements"] == in_months + 8
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


def test_two_rows_with_the_same_id_are_refused(landed: Pipeline) -> None:
    drop_constraints(landed.sources, "ledger.entries")
    entry = add(landed.sources, "ledger.entries")
    add(landed.sources, "ledger.entries", id=entry, amount_minor=5)
    before = warehouse_bytes(landed.warehouse)

    with pytest.raises(SourceContractBroken, match=entry):
        landed.land()

    assert warehouse_bytes(landed.warehouse) == before
