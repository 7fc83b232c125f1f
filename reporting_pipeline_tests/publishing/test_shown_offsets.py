"""Instants are shown by the rules of the database, which also gives rows their report days."""

from datetime import date
from pathlib import Path

import pytest

from reporting_pipeline.domain.period import Period
from reporting_pipeline.exports.manifest import MANIFEST_SUFFIX, OffsetPart
from reporting_pipeline.exports.verify.verify_file import verify_file
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.store import open_store
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.another_zone_table import another_zone_table
from reporting_pipeline_tests.sample_reports import ReportGenerator, define

# The night in which Berlin's clock goes back is in it.
WEEK = Period(first=date(2025, 10, 20), end=date(2025, 10, 27))
SCANS = {
    "slug": "scans",
    "name": "Scans",
    "category": "operational",
    "schedule": "manual",
    "status": "active",
    "formats": ["csv", "xlsx", "pdf", "parquet", "jsonl"],
    "config": {
        "dataset": "scans",
        "columns": ["date", "scanned_at", "outcome"],
        "period": "previous_week",
        "time_zone": "Europe/Berlin",
        "csv_profile": "spreadsheet",
    },
}


@pytest.fixture
def generator(season_pipeline: Pipeline, tmp_path: Path) -> ReportGenerator:
    return ReportGenerator(
        warehouse=season_pipeline.warehouse, store=open_store(str(tmp_path / "store"))
    )


def test_the_zones_of_python_change_no_file_and_no_verification(
    generator: ReportGenerator, tmp_path: Path
) -> None:
    definition = define(generator.warehouse, SCANS)
    outcomes = generator.generate(definition, WEEK)
    before = {key: generator.file(key) for key in generator.store.list_keys()}
    assert [each.report.status for each in outcomes] == ["ready"] * 5

    with another_zone_table(tmp_path, Berlin="Asia/Kolkata"):
        again = generator.generate(definition, WEEK)
        files = _local_files(generator, tmp_path)
        found = {path.suffix: verify_file(path).differences for path in files}

    assert [each.is_new_edition for each in again] == [False] * 5
    assert {key: generator.file(key) for key in generator.store.list_keys()} == before
    assert found == {f".{name}": () for name in SCANS["formats"]}


def test_a_time_agrees_with_the_report_day_beside_it(generator: ReportGenerator) -> None:
    [outcome] = generator.generate(define(generator.warehouse, SCANS), WEEK, ReportFormat.CSV)

    lines = generator.file(outcome.report.storage_path).decode("utf-8-sig").splitlines()
    shown = {tuple(line.split(";" if ";" in line else ",")[:2]) for line in lines[1:]}
    expected = generator.query(
        "select report_day::text,"
        " to_char(scanned_at at time zone 'Europe/Berlin', 'YYYY-MM-DD HH24:MI:SS')"
        " from landing.scanning_scans"
        " where report_day >= '2025-10-20' and report_day < '2025-10-27' and event_id in"
        " (select id from landing.ticketing_events where organization_id = %s)",
        define(generator.warehouse, SCANS).organization_id,
    )
    assert expected
    assert {(day, time[:19]) for day, time in shown} == {(day, time) for day, time in expected}


def test_the_manifest_has_the_offsets_of_the_shown_months(generator: ReportGenerator) -> None:
    [outcome] = generator.generate(define(generator.warehouse, SCANS), WEEK, ReportFormat.CSV)

    manifest = generator.manifest(outcome.report.storage_path)

    assert manifest.time_offsets == (
        OffsetPart(since=None, seconds=7200),
        OffsetPart(since="2025-10-26T01:00:00Z", seconds=3600),
    )


def test_a_zone_that_the_database_reads_as_an_abbreviation_has_its_summer_time(
    generator: ReportGenerator,
) -> None:
    config = {**SCANS["config"], "time_zone": "CET"}  # type: ignore[dict-item]
    definition = define(generator.warehouse, {**SCANS, "config": config})

    [outcome] = generator.generate(definition, WEEK, ReportFormat.CSV)

    manifest = generator.manifest(outcome.report.storage_path)
    assert [each.seconds for each in manifest.time_offsets] == [7200, 3600]


def _local_files(generator: ReportGenerator, folder: Path) -> list[Path]:
    found = []
    for report in generator.catalogue():
        key = report.storage_path or ""
        path = folder / key.rpartition("/")[2]
        path.write_bytes(generator.file(key))
        path.with_name(path.name + MANIFEST_SUFFIX).write_bytes(
            generator.file(key + MANIFEST_SUFFIX)
        )
        found.append(path)
    return found
