"""Rows under an old record clock are found in rotation, at a cost that history does not raise."""

from datetime import UTC, datetime
from typing import Any

import pytest

from reporting_pipeline.sources.landing import LandingResult, late_rows, rotation
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.sources.landing.upstream import add, delete, land_all, query

MOVEMENTS = "ticketing.order_line_movements"
_COMPARED = (
    "select compared_count, next_clock is null, turn_ended_at is not null"
    " from landing.comparisons where table_name = 'entries' and walk = 'clocks'"
)


@pytest.fixture(autouse=True)
def _small_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "_ROWS_PER_RANGE", 100)
    monkeypatch.setattr(late_rows, "LEAST_PART", 0.0)


def land(pipeline: Pipeline, clock_count: int) -> LandingResult:
    """Land, with so many clocks compared in each of the 16 tables."""
    return land_all(pipeline.sources, pipeline.warehouse, clock_count=16 * clock_count)


def compared(pipeline: Pipeline) -> tuple[Any, ...]:
    """Clocks of ledger entries that this turn has compared; is it over; was one ever over."""
    [row] = query(pipeline.warehouse, _COMPARED)
    return row


def test_a_landing_compares_some_clocks_and_the_next_one_goes_on(landed: Pipeline) -> None:
    query(landed.sources["ledger"], "analyze")
    land(landed, 100)
    first, is_over, _ = compared(landed)
    land(landed, 100)
    second, _, _ = compared(landed)

    assert not is_over
    # Small tables leave what they do not need, so it is more than 100.
    assert 100 <= first < 2_000
    assert first + 100 <= second < 3 * first


def test_a_late_row_is_found_when_its_turn_comes(landed: Pipeline) -> None:
    land(landed, 100)
    late = add(landed.sources, "ledger.entries", recorded_at=datetime(2019, 12, 31, tzinfo=UTC))

    # The walk is past the place of the row: it is found in the next turn.
    found = [land(landed, 100).new_count]
    while not compared(landed)[1]:
        found.append(land(landed, 100).new_count)
    assert set(found) == {0}
    assert land(landed, 100).new_count == 1
    assert query(landed.warehouse, "select id from landing.ledger_entries where id = %s", late)


def test_a_deleted_row_is_found_when_its_turn_comes(landed: Pipeline) -> None:
    oldest = "select id::text from ledger.entries order by recorded_at limit 1"
    [(row_id,)] = query(landed.sources["ledger"], oldest)
    delete(landed.sources, "ledger.entries", row_id)

    land(landed, 100)

    findings = "select row_id::text, finding from landing.row_findings"
    assert query(landed.warehouse, findings) == [(row_id, "deleted")]


def test_a_turn_takes_at_most_a_hundred_landings_however_many_rows_there_are(
    landed: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late_rows, "LEAST_PART", 0.01)
    monkeypatch.setattr("reporting_pipeline.sources.landing.incoming.LEAST_PART", 0.5)
    query(landed.sources["ledger"], "analyze")

    land(landed, 1)
    first, _, _ = compared(landed)
    [(count,)] = query(landed.sources["ledger"], "select count(*) from ledger.entries")

    assert first >= 0.2 * count


def test_rows_that_cannot_be_used_are_not_read_again_in_each_turn(landed: Pipeline) -> None:
    old = datetime(2025, 2, 1, tzinfo=UTC)
    add(landed.sources, MOVEMENTS, occurred_at="infinity", recorded_at=old)
    landed.land()
    assert query(landed.warehouse, "select finding from landing.row_findings") == [("unusable",)]

    again = landed.land()

    read = {table.table_name: table.read_count for table in again.tables}
    assert read["order_line_movements"] < 100
