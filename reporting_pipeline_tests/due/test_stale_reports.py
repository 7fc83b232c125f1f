"""Rebuilt days are forgotten when all reports that depend on them were generated."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import URL

from reporting_pipeline.domain.period import Period
from reporting_pipeline.due.batch import generate_batch
from reporting_pipeline.due.due_reports import DueReport
from reporting_pipeline.due.stale_reports import forget_rebuilt_days_after
from reporting_pipeline.publishing.generate import Publisher
from reporting_pipeline.publishing.snapshot import ReportRequest
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.sample_reports import (
    ATTENDANCE,
    BERLIN,
    NOW,
    define,
    one_day,
)

DAY = date(2025, 9, 10)
WEEK = Period(first=date(2025, 9, 8), end=date(2025, 9, 15))


@pytest.fixture
def publisher(warehouse_url: URL, tmp_path: Path) -> Publisher:
    """A publisher over a warehouse in which a day of one organisation was rebuilt and sealed."""
    with warehouse_connection(warehouse_url) as connection:
        connection.execute(
            "insert into reporting.sealed_days values (%s, %s)",
            (DAY, datetime(2026, 1, 1, tzinfo=UTC)),
        )
    rebuild(warehouse_url, "report_attendance_daily")
    store = open_store(str(tmp_path / "store"))
    return Publisher(
        warehouse=warehouse_url, store=store, final_delay_seconds=7200, clock=lambda: NOW
    )


def rebuild(warehouse: URL, table: str) -> None:
    with warehouse_connection(warehouse) as connection:
        connection.execute(
            "insert into reporting.rebuilt_days (report_table, organization_id, report_day)"
            " values (%s, %s, %s)",
            (table, BERLIN, DAY),
        )


def rebuilt_tables(publisher: Publisher) -> list[str]:
    """The tables with a rebuilt day."""
    with warehouse_connection(publisher.warehouse) as connection:
        rows = connection.execute("select report_table from reporting.rebuilt_days order by id")
        return [table for (table,) in rows]


def generated(publisher: Publisher, *periods: Period) -> Iterator[str]:
    """Generate the attendance report of periods; the status of each."""
    definition = define(publisher.warehouse, ATTENDANCE)
    due = [
        DueReport(as_of=each.end, request=ReportRequest(definition=definition, period=each))
        for each in periods
    ]
    for result in forget_rebuilt_days_after(publisher.warehouse, generate_batch(publisher, due)):
        yield from (outcome.report.status for outcome in result.outcomes)


def test_a_day_is_forgotten_when_all_reports_that_depend_on_it_are_generated(
    publisher: Publisher,
) -> None:
    assert list(generated(publisher, one_day(DAY))) == ["ready"]
    assert rebuilt_tables(publisher) == []

    list(generated(publisher, WEEK))
    rebuild(publisher.warehouse, "report_attendance_daily")
    assert list(generated(publisher, one_day(DAY))) == ["ready"]
    assert rebuilt_tables(publisher) == ["report_attendance_daily"]

    assert list(generated(publisher, WEEK, one_day(DAY))) == ["ready", "ready"]
    assert rebuilt_tables(publisher) == []


def test_a_day_is_remembered_when_a_report_fails_or_the_batch_is_stopped(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    next(generated(publisher, one_day(DAY)))
    assert rebuilt_tables(publisher) == ["report_attendance_daily"]

    with monkeypatch.context() as patched:
        patched.setattr(publisher.store.__class__, "put", _refuse)
        assert list(generated(publisher, one_day(DAY))) == ["failed"]
    assert rebuilt_tables(publisher) == ["report_attendance_daily"]


def _refuse(*_: object) -> None:
    message = "the disk is full"
    raise OSError(message)
