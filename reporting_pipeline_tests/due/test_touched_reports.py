"""Rebuilt days are forgotten when the reports that rest on them were generated, by whomever."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import URL

from reporting_pipeline.domain.period import Period
from reporting_pipeline.due.due_reports import DueReport, generate_batch
from reporting_pipeline.due.touched_reports import forgetting_rebuilt_days
from reporting_pipeline.publishing.generate import Delivery
from reporting_pipeline.publishing.report_rows import ReportRequest
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.given_reports import (
    ATTENDANCE,
    BERLIN,
    NOW,
    defined,
    one_day,
)

DAY = date(2025, 9, 10)
WEEK = Period(first=date(2025, 9, 8), end=date(2025, 9, 15))


@pytest.fixture
def delivery(warehouse_url: URL, tmp_path: Path) -> Delivery:
    """A warehouse of which one organisation's day was rebuilt, and sealed."""
    with warehouse_connection(warehouse_url) as connection:
        connection.execute(
            "insert into reporting.sealed_days values (%s, %s)",
            (DAY, datetime(2026, 1, 1, tzinfo=UTC)),
        )
    rebuild(warehouse_url, "report_attendance_daily")
    store = open_store(str(tmp_path / "store"))
    return Delivery(
        warehouse=warehouse_url, store=store, final_delay_seconds=7200, clock=lambda: NOW
    )


def rebuild(warehouse: URL, table: str) -> None:
    with warehouse_connection(warehouse) as connection:
        connection.execute(
            "insert into reporting.rebuilt_days (report_table, organization_id, report_day)"
            " values (%s, %s, %s)",
            (table, BERLIN, DAY),
        )


def remembered(delivery: Delivery) -> list[str]:
    """The tables of which a day is."""
    with warehouse_connection(delivery.warehouse) as connection:
        rows = connection.execute("select report_table from reporting.rebuilt_days order by id")
        return [table for (table,) in rows]


def generated(delivery: Delivery, *periods: Period) -> Iterator[str]:
    """Generate the attendance of periods; how each ended."""
    definition = defined(delivery.warehouse, ATTENDANCE)
    due = [
        DueReport(as_of=each.end, request=ReportRequest(definition=definition, period=each))
        for each in periods
    ]
    for result in forgetting_rebuilt_days(delivery.warehouse, generate_batch(delivery, due)):
        yield from (outcome.report.status for outcome in result.outcomes)


def test_a_day_is_forgotten_when_all_that_rests_on_it_is_generated(delivery: Delivery) -> None:
    assert list(generated(delivery, one_day(DAY))) == ["ready"]
    assert remembered(delivery) == []

    list(generated(delivery, WEEK))
    rebuild(delivery.warehouse, "report_attendance_daily")
    assert list(generated(delivery, one_day(DAY))) == ["ready"]
    assert remembered(delivery) == ["report_attendance_daily"]

    assert list(generated(delivery, WEEK, one_day(DAY))) == ["ready", "ready"]
    assert remembered(delivery) == []


def test_a_day_is_remembered_when_a_report_fails_or_the_batch_is_left(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    next(generated(delivery, one_day(DAY)))
    assert remembered(delivery) == ["report_attendance_daily"]

    with monkeypatch.context() as patched:
        patched.setattr(delivery.store.__class__, "put", _refuse)
        assert list(generated(delivery, one_day(DAY))) == ["failed"]
    assert remembered(delivery) == ["report_attendance_daily"]


def _refuse(*_: object) -> None:
    message = "the disk is full"
    raise OSError(message)
