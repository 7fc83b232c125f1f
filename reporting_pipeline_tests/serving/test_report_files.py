"""A report's file comes from memory, is the current one, and is only for its organisation."""

import time
from datetime import date
from uuid import UUID

import pytest

from reporting_pipeline.errors import FileLost
from reporting_pipeline.publishing.generate import Outcome
from reporting_pipeline.serving.hot_cache import CacheKey, CacheLimits
from reporting_pipeline.serving.report_files import ReportFiles
from reporting_pipeline.store import open_store
from reporting_pipeline.telemetry.metric_store import read_totals
from reporting_pipeline.telemetry.metrics import CACHE_REQUESTS
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.sample_reports import (
    ATTENDANCE,
    BERLIN,
    TOKYO,
    ReportGenerator,
    define,
    one_day,
)

DAY = date(2025, 5, 1)


@pytest.fixture
def generator(shared_season_pipeline: Pipeline, store_url: str) -> ReportGenerator:
    return ReportGenerator(shared_season_pipeline.warehouse, open_store(store_url))


def files_of(generator: ReportGenerator, *, max_file_bytes: int = 10**6) -> ReportFiles:
    limits = CacheLimits(ttl_seconds=600, max_entries=100, max_bytes=10**7)
    return ReportFiles(
        generator.warehouse,
        generator.store,
        limits,
        max_file_bytes=max_file_bytes,
        clock=time.monotonic,
    )


def published(generator: ReportGenerator, slug: str, day: date = DAY) -> Outcome:
    definition = define(generator.warehouse, {**ATTENDANCE, "slug": slug})
    [outcome] = generator.generate(definition, one_day(day), is_provisional_allowed=True)
    assert outcome.report.status == "ready"
    return outcome


def replace(generator: ReportGenerator, outcome: Outcome, content: bytes) -> None:
    """Publish another edition."""
    stored = generator.store.put(str(outcome.report.storage_path), [content])
    generator.query(
        "update catalogue.generated_reports"
        " set edition = edition + 1, file_sha256 = %s, byte_count = %s where id = %s",
        stored.sha256,
        stored.byte_count,
        outcome.report.id,
    )


def test_a_file_is_read_once_and_then_comes_from_memory(generator: ReportGenerator) -> None:
    report = published(generator, "hot-once").report
    files = files_of(generator)
    assert files.kept(BERLIN, report.id) is None
    first = files.file(BERLIN, report.id)
    assert first is not None
    assert first.content == generator.file(report.storage_path)
    generator.store.delete(str(report.storage_path))
    again = files.file(BERLIN, report.id)
    assert again == first == files.kept(BERLIN, report.id)
    assert files.kept(TOKYO, report.id) is None
    files.forget(BERLIN, report.id)
    assert files.kept(BERLIN, report.id) is None


def test_another_organisation_and_an_unknown_report_get_nothing(generator: ReportGenerator) -> None:
    report = published(generator, "hot-alone").report
    files = files_of(generator)
    assert files.file(BERLIN, report.id) is not None
    assert files.file(TOKYO, report.id) is None
    assert files.file(BERLIN, UUID(int=5)) is None


def test_a_restated_file_is_returned_after_its_edition_was_dropped(
    generator: ReportGenerator,
) -> None:
    outcome = published(generator, "hot-restated")
    files = files_of(generator)
    files.file(BERLIN, outcome.report.id)
    replace(generator, outcome, b"restated")
    known = files.file(BERLIN, outcome.report.id)
    assert known is not None
    assert known.edition.edition == 1
    files.forget(TOKYO)
    assert files.file(BERLIN, outcome.report.id) == known
    files.forget(BERLIN, outcome.report.id)
    restated = files.file(BERLIN, outcome.report.id)
    assert restated is not None
    assert (restated.content, restated.edition.edition) == (b"restated", 2)


def test_a_file_restated_between_the_two_queries_is_the_new_one(
    generator: ReportGenerator,
) -> None:
    outcome = published(generator, "hot-between")
    files = files_of(generator, max_file_bytes=10**6)
    files._editions.get(  # the edition is in memory, the file is not
        _key(outcome), lambda: files._current(BERLIN, outcome.report.id)
    )
    replace(generator, outcome, b"restated")
    found = files.file(BERLIN, outcome.report.id)
    assert found is not None
    assert found.content == b"restated"


def test_a_file_that_is_altered_is_an_error(
    generator: ReportGenerator,
) -> None:
    outcome = published(generator, "hot-replaced")
    files = files_of(generator)
    generator.store.put(str(outcome.report.storage_path), [b"not in the catalogue yet"])
    with pytest.raises(FileLost, match="is lost in the store"):
        files.file(BERLIN, outcome.report.id)
    replace(generator, outcome, b"now it is")
    found = files.file(BERLIN, outcome.report.id)
    assert found is not None
    assert found.content == b"now it is"


def test_a_large_file_stays_in_the_store(generator: ReportGenerator) -> None:
    report = published(generator, "hot-large").report
    found = files_of(generator, max_file_bytes=10).file(BERLIN, report.id)
    assert found is not None
    assert (found.content, found.edition.storage_path) == (None, report.storage_path)


def test_hits_and_misses_are_added_to_the_metrics(generator: ReportGenerator) -> None:
    report = published(generator, "hot-counted").report
    before = _counted(generator)
    files = files_of(generator)
    for _ in range(4):
        files.file(BERLIN, report.id)
    files.forget_all()
    files.file(BERLIN, report.id)
    added = {result: count - before.get(result, 0) for result, count in _counted(generator).items()}
    assert added == {"hit": 3, "miss": 2}


def _counted(generator: ReportGenerator) -> dict[str, float]:
    with warehouse_connection(generator.warehouse) as connection:
        return {each.labels[1]: each.total for each in read_totals(connection, [CACHE_REQUESTS])}


def _key(outcome: Outcome) -> CacheKey:
    return CacheKey(organization_id=BERLIN, item=outcome.report.id)
