"""Who asks for a report gets it from memory, from the catalogue, or a place in the queue."""

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
from reporting_pipeline_tests.acceptance.given import Pipeline
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
BOUNDS = CacheLimits(ttl_seconds=600, max_entries=100, max_bytes=10**6)


@pytest.fixture
def generator(shared_season_pipeline: Pipeline, tmp_path: Path) -> ReportGenerator:
    warehouse = shared_season_pipeline.warehouse
    return ReportGenerator(warehouse, open_store(str(tmp_path / "store")), NOW)


@pytest.fixture
def answers(generator: ReportGenerator) -> ReportLookup:
    reports = ReportFiles(
        generator.warehouse, generator.store, BOUNDS, max_file_bytes=10**6, clock=time.monotonic
    )
    return ReportLookup(generator.warehouse, reports, BOUNDS, time.monotonic)


def asked(answers: ReportLookup, definition: ReportDefinition, day: date = DAY) -> LookupResult:
    request = ReportRequest(definition=definition, period=one_day(day))
    return answers.answer(ASKING, request, ReportFormat.CSV)


def open_requests(generator: ReportGenerator, definition: ReportDefinition) -> object:
    return generator.query(
        "select count(*) from catalogue.report_requests where definition_id = %s", definition.id
    )


def test_what_is_not_there_waits_once_however_often_it_is_asked_for(
    generator: ReportGenerator, answers: ReportLookup
) -> None:
    definition = define(generator.warehouse, {**ATTENDANCE, "slug": "asked-twice"})
    first, second = asked(answers, definition), asked(answers, definition)
    assert (first.is_new, second.is_new) == (True, False)
    assert first.request == second.request
    assert first.report is None


def test_what_stands_is_given_and_asked_of_the_catalogue_once(
    generator: ReportGenerator, answers: ReportLookup
) -> None:
    definition = define(generator.warehouse, {**ATTENDANCE, "slug": "stands"})
    [outcome] = generator.generate(definition, one_day(DAY))
    first = asked(answers, definition).report
    assert first is not None
    assert first.content == generator.file(outcome.report.storage_path)
    generator.query("update reporting.sealed_days set sealed_at = %s where date = %s", NOW, DAY)
    assert asked(answers, definition).report == first
    assert open_requests(generator, definition) == [(0,)]

    answers.forget(BERLIN)  # as the message says that tells of the day
    again = asked(answers, definition)
    assert (again.report, again.is_new) == (None, True)
    generator.query(
        "update reporting.sealed_days set sealed_at = %s where date = %s",
        NOW - timedelta(hours=12),
        DAY,
    )


def test_another_version_of_the_definition_is_another_report(
    generator: ReportGenerator, answers: ReportLookup
) -> None:
    definition = define(generator.warehouse, {**ATTENDANCE, "slug": "renamed"})
    generator.generate(definition, one_day(DAY))
    assert asked(answers, definition).report is not None
    renamed = define(generator.warehouse, {**ATTENDANCE, "slug": "renamed", "name": "Visitors"})
    assert asked(answers, renamed).is_new


def test_what_cannot_be_had_is_refused_and_not_kept(
    generator: ReportGenerator, answers: ReportLookup
) -> None:
    definition = define(generator.warehouse, {**ATTENDANCE, "slug": "refused", "status": "paused"})
    for _ in range(2):
        with pytest.raises(DefinitionInvalid, match="paused"):
            asked(answers, definition)
