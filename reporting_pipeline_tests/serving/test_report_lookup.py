"""A lookup returns a report from memory, from the catalogue, or queues a request."""

import time
from datetime import date, timedelta
from pathlib import Path

import pytest

from reporting_pipeline.errors import DefinitionInvalid
from reporting_pipeline.publishing.snapshot import ReportRequest
from reporting_pipeline.report_definitions.definition import ReportDefinition, ReportFormat
from reporting_pipeline.serving.hot_cache import CacheLimits
from reporting_pipeline.serving.report_files import ReportFiles
from reporting_pipeline.serving.report_lookup import LookupResult, ReportLookup
from reporting_pipeline.store import open_store
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.requests.sample_requests import ASKING
from reporting_pipeline_tests.sample_reports import (
    ATTENDANCE,
    BERLIN,
    NOW,
    ReportGenerator,
    define,
    one_day,
)

DAY = date(2025, 5, 1)
LIMITS = CacheLimits(ttl_seconds=600, max_entries=100, max_bytes=10**6)


@pytest.fixture
def generator(shared_season_pipeline: Pipeline, tmp_path: Path) -> ReportGenerator:
    warehouse = shared_season_pipeline.warehouse
    return ReportGenerator(warehouse, open_store(str(tmp_path / "store")), NOW)


@pytest.fixture
def reports(generator: ReportGenerator) -> ReportLookup:
    files = ReportFiles(
        generator.warehouse, generator.store, LIMITS, max_file_bytes=10**6, clock=time.monotonic
    )
    return ReportLookup(generator.warehouse, files, LIMITS, time.monotonic)


def look_up(reports: ReportLookup, definition: ReportDefinition, day: date = DAY) -> LookupResult:
    request = ReportRequest(definition=definition, period=one_day(day))
    return reports.look_up(ASKING, request, ReportFormat.CSV)


def open_requests(generator: ReportGenerator, definition: ReportDefinition) -> object:
    return generator.query(
        "select count(*) from catalogue.report_requests where definition_id = %s", definition.id
    )


def test_a_missing_report_is_queued_once_for_many_lookups(
    generator: ReportGenerator, reports: ReportLookup
) -> None:
    definition = define(generator.warehouse, {**ATTENDANCE, "slug": "asked-twice"})
    first, second = look_up(reports, definition), look_up(reports, definition)
    assert (first.is_new, second.is_new) == (True, False)
    assert first.request == second.request
    assert first.report is None


def test_a_current_report_is_returned_and_the_catalogue_is_asked_once(
    generator: ReportGenerator, reports: ReportLookup
) -> None:
    definition = define(generator.warehouse, {**ATTENDANCE, "slug": "current"})
    [outcome] = generator.generate(definition, one_day(DAY))
    first = look_up(reports, definition).report
    assert first is not None
    assert first.content == generator.file(outcome.report.storage_path)
    generator.query("update reporting.sealed_days set sealed_at = %s where date = %s", NOW, DAY)
    assert look_up(reports, definition).report == first
    assert open_requests(generator, definition) == [(0,)]

    reports.forget(BERLIN)  # as after the notice about rebuilt days
    again = look_up(reports, definition)
    assert (again.report, again.is_new) == (None, True)
    generator.query(
        "update reporting.sealed_days set sealed_at = %s where date = %s",
        NOW - timedelta(hours=12),
        DAY,
    )


def test_another_version_of_the_definition_is_another_report(
    generator: ReportGenerator, reports: ReportLookup
) -> None:
    definition = define(generator.warehouse, {**ATTENDANCE, "slug": "renamed"})
    generator.generate(definition, one_day(DAY))
    assert look_up(reports, definition).report is not None
    renamed = define(generator.warehouse, {**ATTENDANCE, "slug": "renamed", "name": "Visitors"})
    assert look_up(reports, renamed).is_new


def test_a_refusal_is_not_kept_in_memory(generator: ReportGenerator, reports: ReportLookup) -> None:
    definition = define(generator.warehouse, {**ATTENDANCE, "slug": "refused", "status": "paused"})
    for _ in range(2):
        with pytest.raises(DefinitionInvalid, match="paused"):
            look_up(reports, definition)
