"""Reports of events, sections and gates over the bundled organisation equal queries of source rows.

The queries are those of `starter_figures`; the season has few of these rows.
"""

from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from reporting_pipeline.domain.period import Period
from reporting_pipeline.exports.row_spool import psycopg_statement
from reporting_pipeline.report_definitions.compile import compile_report
from reporting_pipeline.report_definitions.files import STARTER_SET, read_folder
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.acceptance.starter_figures import Row, figures_of

_STARTER = {
    f"{each.slug}.{block.name}" if block else each.slug: part
    for each in read_folder(STARTER_SET)
    for block, part in zip(each.config.blocks or (None,), each.config.parts, strict=True)
}


def _rows(
    connection: Connection[Any], name: str, organization_id: UUID, period: Period
) -> list[Row]:
    compiled = compile_report(_STARTER[name], organization_id, period)
    statement, bound = psycopg_statement(compiled.rows)
    return connection.execute(statement.encode(), bound).fetchall()


def _organization_id(connection: Connection[Any]) -> UUID:
    [(found,)] = connection.execute("select id from landing.ticketing_organizations").fetchall()
    assert isinstance(found, UUID)
    return found


@pytest.mark.parametrize(
    ("slug", "days", "row_count"),
    [
        ("event-audit", "2025-07-22", 2),
        ("event-audit", "2025-08-25", 5),
        ("event-audit", "2025-10-07", 4),
        ("event-audit", "2025-10-08", 3),
        ("event-audit", "2025-12-11", 2),
        ("event-audit", "2025-12-18", 0),
        ("weekly-occupancy", "2025-08-18_2025-08-24", 11),
        ("weekly-occupancy", "2025-09-22_2025-09-28", 9),
        ("weekly-occupancy", "2025-11-17_2025-11-23", 3),
    ],
)
def test_the_audit_lists_events_until_30_days_after_their_end_and_the_week_its_sections(
    organizer: Pipeline, slug: str, days: str, row_count: int
) -> None:
    with warehouse_connection(organizer.warehouse) as connection:
        organization_id, period = _organization_id(connection), Period.of_token(days)
        rows = _rows(connection, slug, organization_id, period)
        assert rows == figures_of(connection, slug, organization_id, period)
    assert len(rows) == row_count


def test_a_postponed_event_without_a_new_day_stays_in_the_event_audit(organizer: Pipeline) -> None:
    period = Period.of_token("2026-06-30")
    with warehouse_connection(organizer.warehouse) as connection:
        organization_id = _organization_id(connection)
        with connection.transaction(force_rollback=True):
            connection.execute(
                "update landing.ticketing_events set rescheduled_from = null"
                " where status = 'postponed'"
            )
            rows = _rows(connection, "event-audit", organization_id, period)
            assert rows == figures_of(connection, "event-audit", organization_id, period)
    assert [row[1] for row in rows] == ["Die Kammerphilharmonie spielt Brahms"]


@pytest.mark.parametrize("day", ["2025-08-24", "2025-09-23", "2025-08-22", "2025-07-30"])
def test_occupancy_of_each_event_has_the_figures_of_the_source_rows(
    organizer: Pipeline, day: str
) -> None:
    with warehouse_connection(organizer.warehouse) as connection:
        events = "select organization_id, id from landing.ticketing_events order by id"
        for organization_id, event_id in connection.execute(events).fetchall():
            period = Period.of_token(f"event-{event_id}_{day}")
            rows = _rows(connection, "occupancy", organization_id, period)
            assert rows == figures_of(connection, "occupancy", organization_id, period)


@pytest.mark.parametrize("day", ["2025-08-24", "2025-08-23", "2025-09-28", "2025-08-22"])
@pytest.mark.parametrize("block", ["gates", "quarter-hours", "rejections"])
def test_attendance_of_each_event_has_the_figures_of_the_source_rows(
    organizer: Pipeline, block: str, day: str
) -> None:
    with warehouse_connection(organizer.warehouse) as connection:
        events = "select organization_id, id from landing.ticketing_events order by id"
        row_count = 0
        for organization_id, event_id in connection.execute(events).fetchall():
            period = Period.of_token(f"event-{event_id}_{day}")
            rows = _rows(connection, f"attendance.{block}", organization_id, period)
            expected = figures_of(connection, f"attendance.{block}", organization_id, period)
            assert rows == expected
            row_count += len(rows)
    assert row_count


def test_the_last_number_of_people_inside_is_all_entries_less_all_exits(
    organizer: Pipeline,
) -> None:
    with warehouse_connection(organizer.warehouse) as connection:
        statement = """
            select event_id, sum(entry_count - exit_count),
                (array_agg(inside_count order by quarter_at desc))[1],
                count(distinct date),
                count(distinct (date, inside_count)) filter (where peak_mark = 'peak')
            from datasets.attendance_inside
            group by event_id
        """
        for _, difference, inside, day_count, peak_count in connection.execute(statement):
            assert inside == difference
            assert peak_count == day_count


@pytest.mark.parametrize(
    "week", ["2025-07-21_2025-07-27", "2025-09-08_2025-09-14", "2025-10-06_2025-10-12"]
)
def test_comps_have_the_figures_of_the_source_rows(organizer: Pipeline, week: str) -> None:
    with warehouse_connection(organizer.warehouse) as connection:
        organization_id, period = _organization_id(connection), Period.of_token(week)
        rows = [
            (*row[:-1], str(row[-1])) for row in _rows(connection, "comps", organization_id, period)
        ]
        assert rows == figures_of(connection, "comps", organization_id, period)
    assert rows


def test_no_shows_of_each_event_have_the_figures_of_the_source_rows(organizer: Pipeline) -> None:
    with warehouse_connection(organizer.warehouse) as connection:
        events = "select organization_id, id, status from landing.ticketing_events order by id"
        for organization_id, event_id, status in connection.execute(events).fetchall():
            period = Period.of_token(f"event-{event_id}_2026-01-31")
            rows = _rows(connection, "no-shows", organization_id, period)
            assert rows == figures_of(connection, "no-shows", organization_id, period)
            assert bool(rows) == (status != "cancelled")
