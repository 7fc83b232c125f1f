"""A record clock in the future, and a source's clock that jumps, hide no row and finish no day.

Older months are not compared, as in tables of more than 5 million rows.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from reporting_pipeline.alerts.source_causes import clock_causes, row_causes
from reporting_pipeline.checks.seals import SealScope, SealState, seals_of
from reporting_pipeline.registry.report_tables import REPORT_TABLES
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline, assert_same
from reporting_pipeline_tests.cases import CASES
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.expected import expected_tables
from reporting_pipeline_tests.oracle.report_tables import ATTENDANCE
from reporting_pipeline_tests.sources.landing.upstream import (
    add,
    land_all,
    query,
    set_clock,
    with_own_clock,
)

SCANS = "scanning.scans"
ORGANIZATION = UUID("791f8965-a116-43a8-9bfc-4228da3fa609")
AHEAD = "c22c975e-f72f-4829-b0db-d3002782b02e"
GALA = date(2026, 11, 20)


@pytest.fixture
def books() -> Books:
    return Books.from_dump(CASES / "record_clock_ahead" / "dump")


def _land(pipeline: Pipeline) -> int:
    return land_all(with_own_clock(pipeline.sources), pipeline.warehouse, clock_count=0).new_count


def _final(pipeline: Pipeline, day: date) -> bool:
    pipeline.build_touched()
    pipeline.seal_all()
    tables = tuple(table.name for table in REPORT_TABLES)
    scope = SealScope(
        organization_id=ORGANIZATION,
        first=day,
        end=day + timedelta(days=1),
        report_tables=tables,
    )
    with warehouse_connection(pipeline.warehouse) as connection:
        return seals_of(connection, scope, delay_seconds=7200).state is SealState.FINAL


def test_rows_with_right_clocks_land_after_one_with_a_clock_in_the_future(
    pipeline: Pipeline, books: Books
) -> None:
    later = {row["id"] for row in books[SCANS].values() if row["device_sequence"] > 2}
    pipeline.arrive(books.select(lambda _, row: row["id"] not in later))
    _land(pipeline)

    pipeline.arrive(books)

    assert _land(pipeline) == len(later)
    pipeline.build_touched()
    assert_same(expected_tables(books), pipeline.tables())
    assert _admission_count(pipeline) == 5
    assert _final(pipeline, GALA)


def test_the_alert_names_table_row_and_clock(pipeline: Pipeline, books: Books) -> None:
    pipeline.arrive(books)
    _land(pipeline)

    with warehouse_connection(pipeline.warehouse) as connection:
        [alert] = row_causes(connection)
    assert (alert.facts["table"], alert.facts["row_id"]) == (SCANS, AHEAD)
    assert alert.organization_id == ORGANIZATION
    assert "received_at 2062-11-20" in alert.message


def test_days_to_come_are_not_final_whatever_clocks_say(pipeline: Pipeline, books: Books) -> None:
    pipeline.arrive(books)
    day = datetime.now(UTC).date() + timedelta(days=40)
    instant = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    add(pipeline.sources, SCANS, scanned_at=instant, received_at=instant)
    _set_clock(pipeline, timedelta(days=60))
    _land(pipeline)

    assert not _final(pipeline, day)
    with warehouse_connection(pipeline.warehouse) as connection:
        assert {alert.facts["domain"] for alert in clock_causes(connection)} == set(
            pipeline.sources
        )

    _set_clock(pipeline, timedelta())
    _land(pipeline)

    assert not _final(pipeline, day)
    assert _final(pipeline, GALA)
    with warehouse_connection(pipeline.warehouse) as connection:
        assert list(clock_causes(connection)) == []


def test_rows_of_a_clock_that_was_set_back_land(pipeline: Pipeline, books: Books) -> None:
    """While it is behind, and between the last landing of that time and the first after it."""
    pipeline.arrive(books)
    _land(pipeline)
    now = datetime.now(UTC)
    _add_scan(pipeline, now)
    _land(pipeline)

    behind = timedelta(days=-3)
    _set_clock(pipeline, behind)
    _add_scan(pipeline, now + behind)
    assert _land(pipeline) == 1

    _add_scan(pipeline, now + behind + timedelta(minutes=1))
    _set_clock(pipeline, timedelta())
    assert _land(pipeline) == 1


def test_rows_land_that_were_written_after_a_clock_ahead_was_set_back(
    pipeline: Pipeline, books: Books
) -> None:
    pipeline.arrive(books)
    _set_clock(pipeline, timedelta(days=60))
    _land(pipeline)

    _set_clock(pipeline, timedelta())
    _add_scan(pipeline, datetime.now(UTC) - timedelta(hours=2))
    assert _land(pipeline) == 1


def test_what_a_wrong_clock_of_the_warehouse_has_said_heals(
    pipeline: Pipeline, books: Books
) -> None:
    pipeline.arrive(books)
    _land(pipeline)
    ahead: Mapping[str, str] = {
        "source_reads": "complete_through = now() + interval '60 days', read_at = now()",
        "watermarks": "record_clock = now() + interval '60 days'",
    }
    for table, values in ahead.items():
        query(pipeline.warehouse, f"update landing.{table} set {values}")  # noqa: S608 - constants
    _add_scan(pipeline, datetime.now(UTC) - timedelta(minutes=1))

    assert _land(pipeline) == 1

    marks = (
        "select max(complete_through) <= now() from landing.source_reads union all"
        " select max(record_clock) <= now() from landing.watermarks where table_name = 'scans'"
    )
    assert query(pipeline.warehouse, marks) == [(True,), (True,)]


def _add_scan(pipeline: Pipeline, instant: datetime) -> None:
    sequence = 100 + len(query(pipeline.sources["scanning"], "select from scanning.scans"))
    add(
        pipeline.sources,
        SCANS,
        scanned_at=GALA,
        received_at=instant,
        device_sequence=sequence,
        ticket_id=None,
    )


def _admission_count(pipeline: Pipeline) -> int:
    return sum(row["admission_count"] for row in pipeline.tables()[ATTENDANCE].values())


def _set_clock(pipeline: Pipeline, offset: timedelta) -> None:
    """Set the clock of the database that all sources share."""
    set_clock(pipeline.sources["scanning"], offset)
