"""Scans that a wrong clock has dated outside an event: the tables agree, and people are alerted."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import openpyxl
import pytest

from reporting_pipeline.alerts.alert import AlertKind
from reporting_pipeline.alerts.device_causes import device_causes
from reporting_pipeline.checks.device_findings import device_findings
from reporting_pipeline.domain.period import Period
from reporting_pipeline.exports.verify.verify_file import verify_file
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline, assert_same
from reporting_pipeline_tests.cases import CASES
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.expected import expected_tables
from reporting_pipeline_tests.sample_reports import ATTENDANCE, ReportGenerator, define

ORGANIZATION = UUID("791f8965-a116-43a8-9bfc-4228da3fa609")
EVENT = UUID("d73761d4-5caf-48ee-991a-999cbd854d53")
DAY = date(2026, 9, 19)
BEHIND, AHEAD = date(2000, 1, 1), date(2063, 4, 5)
BACK_AT = datetime(2000, 1, 1, 12, tzinfo=UTC)
AHEAD_AT = datetime(2063, 4, 5, 12, tzinfo=UTC)
_ATTENDANCE = {**ATTENDANCE, "schedule": "post_event", "formats": ["csv", "xlsx", "pdf"]}
_ATTENDANCE["config"] = {
    "dataset": "attendance_daily",
    "columns": ["date", "gate_id", "ticket_type_id", "admission_count"],
    "period": "event_to_date",
}


def _books() -> Books:
    """The event with 5 of its 20 scans at 2000-01-01 and 3 in 2063, each by a device of its own."""
    books = Books.from_dump(CASES / "counter_restarts" / "dump")
    scans = books["scanning.scans"]
    of_event = [scan for scan in scans.values() if str(scan["event_id"]) == str(EVENT)]
    ordered = sorted(of_event, key=lambda scan: scan["device_sequence"])
    for number, scan in enumerate(ordered[:8]):
        made = BACK_AT if number < 5 else AHEAD_AT
        changed: dict[str, Any] = {
            "device_id": type(scan["device_id"])(str(UUID(int=number + 1))),
            "scanned_at": made + timedelta(minutes=number),
        }
        scans[scan["id"]] = {**scan, **changed}
    return replace(books)


@pytest.fixture
def built(pipeline: Pipeline) -> Pipeline:
    """These books, landed, built and sealed."""
    pipeline.arrive(_books())
    pipeline.land()
    pipeline.build_touched()
    pipeline.seal_all()
    return pipeline


def test_the_tables_of_the_event_hold_the_same_scans(built: Pipeline) -> None:
    assert_same(expected_tables(_books()), built.tables())
    with warehouse_connection(built.warehouse) as connection:
        daily = connection.execute(
            "select date, sum(admission_count), sum(late_count) from"
            " reporting.report_attendance_daily where event_id = %s group by date",
            [EVENT],
        ).fetchall()
        quarters = connection.execute(
            "select date, sum(admission_count) from reporting.report_attendance_quarter_hourly"
            " where event_id = %s group by date",
            [EVENT],
        ).fetchall()
        to_date = connection.execute(
            "select date, admission_to_date_count from reporting.report_event_summary"
            " where event_id = %s and date >= %s",
            [EVENT, DAY],
        ).fetchall()
        objections = connection.execute("select message from reporting.seal_objections").fetchall()

    # By the contract a scan is late if it was received after it was made, not before.
    assert set(daily) == {(BEHIND, 5, 5), (DAY, 12, 0), (AHEAD, 3, 0)}
    assert set(quarters) == {(BEHIND, 5), (DAY, 12), (AHEAD, 3)}
    assert set(to_date) == {(DAY, 17), (DAY + timedelta(days=30), 17), (AHEAD, 20)}
    assert objections == []


def test_eight_wrong_devices_are_one_alert_and_are_listed_each(built: Pipeline) -> None:
    with warehouse_connection(built.warehouse) as connection:
        [alert] = device_causes(connection, datetime(2026, 9, 20, tzinfo=UTC))
        found = device_findings(connection, event_id=EVENT, limit=100)

    assert (alert.kind, alert.count) == (AlertKind.DEVICE, 8)
    assert f"devices at event saturday ({EVENT}) are wrong: 8 of them" in alert.message
    assert "report days: 2000-01-01 to 2063-04-05, checks: device_clocks" in alert.message
    clocks = [each for each in found if each.check_name == "device_clocks"]
    assert sorted(each.date for each in clocks) == [BEHIND] * 5 + [DAY] + [AHEAD] * 3
    [of_event] = [each.message for each in clocks if each.date == DAY]
    assert of_event == (
        f"event {EVENT}: wrong clocks have dated scans to 2000-01-01 to 2063-04-05, outside its "
        "days 2026-09-19 to 2026-09-19; devices: 8; scans: 8"
    )


def test_a_report_of_the_event_has_a_note_of_the_scans_outside_its_days(
    built: Pipeline, tmp_path: Path
) -> None:
    generator = ReportGenerator(built.warehouse, open_store(str(tmp_path / "store")))
    definition = define(built.warehouse, _ATTENDANCE, ORGANIZATION)
    period = Period(first=None, end=DAY + timedelta(days=1), event_id=EVENT)

    outcomes = generator.generate(
        definition, period, *definition.formats, is_provisional_allowed=True
    )

    note = (
        "Wrong clocks have dated scans to 2000-01-01 to 2063-04-05, outside its days 2026-09-19 to "
        "2026-09-19; devices: 8; scans: 8"
    )
    for outcome in outcomes:
        file = tmp_path / f"report.{outcome.report.format}"
        file.write_bytes(generator.file(outcome.report.storage_path))
        manifest = generator.manifest(outcome.report.storage_path)
        assert verify_file(file, manifest).agrees
        if outcome.report.format == "xlsx":
            control = openpyxl.load_workbook(file)["Control"]
            shown = [(row[0].value, row[1].value) for row in control.iter_rows(max_col=2)]
            assert shown.count(("Note", note)) == 1


def test_the_alert_ends_a_week_after_the_event(built: Pipeline) -> None:
    with warehouse_connection(built.warehouse) as connection:
        assert not list(device_causes(connection, datetime(2026, 9, 27, tzinfo=UTC)))
