"""A device whose counter begins again at each event makes scans of its own, and is named."""

from datetime import date
from uuid import UUID

import pytest

from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline, assert_same
from reporting_pipeline_tests.cases import CASES
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.expected import expected_tables

DUMP = CASES / "counter_restarts" / "dump"

FRIDAY = UUID("95fbb08d-a3f1-4b72-9ae9-3e5f40af6205")
SATURDAY = UUID("d73761d4-5caf-48ee-991a-999cbd854d53")
OF_OTHER_ORGANIZATION = UUID("e4bca663-a0fd-499f-884b-a28cc595af30")

DAYS = {
    FRIDAY: date(2026, 9, 18),
    SATURDAY: date(2026, 9, 19),
    OF_OTHER_ORGANIZATION: date(2026, 9, 25),
}
GATES = {
    SATURDAY: UUID("11a70e77-d1bf-45e9-b443-3c04211d02fa"),
    OF_OTHER_ORGANIZATION: UUID("208e3a3d-9f2f-4e9e-91f5-29f2124ddc86"),
}
DEVICE = UUID("e4ece004-aad5-473a-bb4b-ecd33253b38e")


@pytest.fixture
def built(pipeline: Pipeline) -> Pipeline:
    """The case, landed and built."""
    load_dump(DUMP, pipeline.sources)
    pipeline.land()
    pipeline.build_touched()
    return pipeline


def test_every_ticket_is_admitted_and_no_scan_is_a_repeated_upload(built: Pipeline) -> None:
    with warehouse_connection(built.warehouse) as connection:
        daily = connection.execute(
            "select event_id, date, scan_count, admission_count, repeated_upload_count, late_count"
            " from reporting.report_attendance_daily"
        ).fetchall()
        to_date = connection.execute(
            "select distinct on (event_id) event_id, admission_to_date_count"
            " from reporting.report_event_summary order by event_id, date desc"
        ).fetchall()

    assert set(daily) == {(event, day, 20, 20, 0, 0) for event, day in DAYS.items()}
    assert dict(to_date) == dict.fromkeys(DAYS, 20)


def test_the_tables_are_those_of_the_contract(built: Pipeline) -> None:
    assert_same(expected_tables(Books.from_dump(DUMP)), built.tables())


def test_the_checks_name_device_gate_and_event_of_the_later_days(built: Pipeline) -> None:
    found = [each for each in built.discrepancies() if each.check.startswith("device_")]

    assert {each.check for each in found} == {"device_counters"}
    assert {each.severity for each in found} == {Severity.WARN}
    assert {(each.day, each.ids["event_id"], each.ids["gate_id"]) for each in found} == {
        (DAYS[event], event, gate) for event, gate in GATES.items()
    }
    for each in found:
        assert each.ids["device_id"] == DEVICE
        assert each.found == 20
        for named in each.ids.values():
            assert str(named) in each.message
        assert "numbers up to 20 were used before" in each.message
