"""The audit passes what is published well, and finds each way in which that can end."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest

from reporting_pipeline.catalogue.generated_reports import GeneratedReport, published_reports
from reporting_pipeline.publishing.audit import AuditFault, held_day_faults, stored_file_faults
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.requests.sample_requests import HOLD
from reporting_pipeline_tests.sample_reports import (
    ATTENDANCE,
    BERLIN,
    NOW,
    REVENUE,
    TOKYO,
    ReportGenerator,
    define,
    one_day,
)

DAY = date(2025, 9, 10)


@pytest.fixture
def generator(season_pipeline: Pipeline, tmp_path: Path) -> ReportGenerator:
    return ReportGenerator(
        warehouse=season_pipeline.warehouse, store=open_store(str(tmp_path / "store"))
    )


@pytest.fixture
def report(generator: ReportGenerator) -> GeneratedReport:
    """The published revenue of a day; the attendance of the same day is published too."""
    generator.generate_one(define(generator.warehouse, ATTENDANCE), one_day(DAY))
    return generator.generate_one(define(generator.warehouse, REVENUE), one_day(DAY))


@pytest.fixture
def connection(generator: ReportGenerator) -> Iterator[psycopg.Connection]:
    with warehouse_connection(generator.warehouse) as connection:
        yield connection


def file_faults(connection: psycopg.Connection, generator: ReportGenerator) -> list[AuditFault]:
    return list(stored_file_faults(connection, generator.store, published_reports(connection), NOW))


def day_faults(connection: psycopg.Connection) -> list[AuditFault]:
    return list(held_day_faults(connection, published_reports(connection)))


def test_correctly_published_reports_have_no_fault(
    connection: psycopg.Connection, generator: ReportGenerator, report: GeneratedReport
) -> None:
    assert len(published_reports(connection)) == 2
    assert file_faults(connection, generator) == []
    assert day_faults(connection) == []


def test_a_deleted_file_is_a_fault(
    connection: psycopg.Connection, generator: ReportGenerator, report: GeneratedReport
) -> None:
    generator.store.delete(report.storage_path or "")

    [found] = file_faults(connection, generator)

    assert found.report.id == report.id
    assert found.fault.startswith("the file is not in the store")


def test_a_changed_file_is_a_fault_with_both_digests(
    connection: psycopg.Connection, generator: ReportGenerator, report: GeneratedReport
) -> None:
    changed = generator.store.put(report.storage_path or "", [b"456,00"])

    [found] = file_faults(connection, generator)

    assert changed.sha256 in found.fault
    assert str(report.file_sha256) in found.fault


def test_the_file_of_an_edition_that_is_being_published_is_no_fault(
    connection: psycopg.Connection, generator: ReportGenerator, report: GeneratedReport
) -> None:
    read_before = published_reports(connection)
    connection.execute(
        "update reporting.report_revenue_daily set gross_minor = gross_minor + 1 where date = %s",
        (DAY,),
    )
    connection.commit()
    generator.generate_one(define(generator.warehouse, REVENUE), one_day(DAY))

    assert list(stored_file_faults(connection, generator.store, read_before, NOW)) == []


@pytest.mark.parametrize(("organization_id", "count"), [(BERLIN, 1), (None, 1), (TOKYO, 0)])
def test_an_error_on_a_day_is_a_fault_of_the_financial_reports_of_its_organisation(
    organization_id: object, count: int, connection: psycopg.Connection, report: GeneratedReport
) -> None:
    connection.execute(HOLD, (DAY, organization_id))

    found = day_faults(connection)

    assert [each.report.slug for each in found] == ["revenue"] * count
    for each in found:
        assert each.fault == f"{DAY}: order 4711 is 1 EUR short"


def test_a_provisional_report_and_a_held_one_say_so_themselves(
    connection: psycopg.Connection, generator: ReportGenerator, report: GeneratedReport
) -> None:
    connection.execute(HOLD, (DAY, BERLIN))
    connection.commit()
    definition = define(generator.warehouse, REVENUE)
    generator.generate(definition, one_day(DAY))
    assert {each.status for each in published_reports(connection)} == {"held", "ready"}
    assert day_faults(connection) == []

    generator.generate(definition, one_day(DAY), is_provisional_allowed=True)
    assert day_faults(connection) == []
