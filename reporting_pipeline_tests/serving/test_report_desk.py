"""A platform's threads get what stands, at once and from memory, and see what was restated."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from reporting_pipeline.catalogue.notices import publish_notices
from reporting_pipeline.errors import UnknownDefinition
from reporting_pipeline.report_definitions.definition import ReportDefinition, ReportFormat
from reporting_pipeline.requests.worker import work_on_next
from reporting_pipeline.serving.report_desk import ReportDesk, report_desk
from reporting_pipeline.serving.report_lookup import LookupResult
from reporting_pipeline.settings import Settings
from reporting_pipeline.store import open_store
from reporting_pipeline_tests.acceptance.given import Pipeline
from reporting_pipeline_tests.architecture.repository import DOCS
from reporting_pipeline_tests.requests.sample_requests import worker_at
from reporting_pipeline_tests.sample_reports import (
    ATTENDANCE,
    BERLIN,
    NOW,
    REVENUE,
    ReportGenerator,
    define,
    one_day,
)

DAY = date(2025, 10, 25)
MIDNIGHT = datetime(2025, 10, 25, tzinfo=UTC)
TTL_SECONDS = 600
PATIENCE_SECONDS = 10


@dataclass
class Clock:
    """Seconds that a test lets pass."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@dataclass(frozen=True, kw_only=True)
class Platform:
    """A platform with a desk, and whoever generates reports beside it."""

    desk: ReportDesk
    maker: ReportGenerator
    clock: Clock
    redis_url: str | None

    def ask(self, slug: str, organization_id: UUID = BERLIN) -> LookupResult:
        """Ask for the CSV of the day."""
        return self.desk.report(organization_id, slug, one_day(DAY), ReportFormat.CSV)

    def contents(self, slug: str, count: int = 1) -> set[bytes]:
        """What so many threads get that ask at once."""
        with ThreadPoolExecutor(count) as threads:
            answers = list(threads.map(lambda _: self.ask(slug), range(count)))
        return {b"" if each.report is None else each.report.content or b"" for each in answers}

    def restate(self, definition: ReportDefinition) -> bytes:
        """Let the report come out with another figure; its new content."""
        self.maker.query(
            "update reporting.report_attendance_daily set admission_count = admission_count + 1"
            " where organization_id = %s and date = %s",
            BERLIN,
            DAY,
        )
        [outcome] = self.maker.generate(definition, one_day(DAY))
        assert outcome.is_new_edition
        if self.redis_url is not None:
            publish_notices(self.maker.warehouse, self.redis_url, NOW)
        return self.maker.file(outcome.report.storage_path)


@contextmanager
def platform_on(pipeline: Pipeline, folder: Path, redis_url: str | None) -> Iterator[Platform]:
    clock = Clock()
    settings = Settings(
        database_url=SecretStr(pipeline.warehouse.render_as_string(hide_password=False)),
        redis_url=None if redis_url is None else SecretStr(redis_url),
        store_url=(folder / "store").as_uri(),
        hot_cache_ttl_seconds=TTL_SECONDS,
    )
    with report_desk(settings, clock=clock) as desk:
        yield Platform(
            desk=replace(desk, clock=lambda: NOW),
            maker=ReportGenerator(pipeline.warehouse, open_store(settings.store_address()), NOW),
            clock=clock,
            redis_url=redis_url,
        )


@pytest.fixture
def alone(shared_season_pipeline: Pipeline, tmp_path: Path) -> Iterator[Platform]:
    """Without Redis."""
    with platform_on(shared_season_pipeline, tmp_path, None) as platform:
        yield platform


@pytest.fixture
def told(shared_season_pipeline: Pipeline, tmp_path: Path, redis_url: str) -> Iterator[Platform]:
    """With Redis."""
    with platform_on(shared_season_pipeline, tmp_path, redis_url) as platform:
        yield platform


def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < end, f"not so after {PATIENCE_SECONDS} seconds"
        time.sleep(0.01)


def test_a_restatement_is_seen_by_all_threads_as_soon_as_redis_tells_of_it(
    told: Platform,
) -> None:
    definition = define(told.maker.warehouse, {**ATTENDANCE, "slug": "restated-told"})
    [outcome] = told.maker.generate(definition, one_day(DAY))
    former = told.maker.file(outcome.report.storage_path)
    assert told.contents(definition.slug, 8) == {former}

    restated = told.restate(definition)
    until(lambda: told.contents(definition.slug) == {restated})
    assert told.contents(definition.slug, 8) == {restated}
    assert told.clock.seconds == 0


def test_without_redis_a_restatement_is_seen_after_the_caches_time(alone: Platform) -> None:
    definition = define(alone.maker.warehouse, {**ATTENDANCE, "slug": "restated-untold"})
    [outcome] = alone.maker.generate(definition, one_day(DAY))
    former = alone.maker.file(outcome.report.storage_path)
    assert alone.contents(definition.slug, 8) == {former}

    restated = alone.restate(definition)
    alone.clock.seconds += TTL_SECONDS - 1
    assert alone.contents(definition.slug, 8) == {former}
    alone.clock.seconds += 1
    assert alone.contents(definition.slug, 8) == {restated}


def test_a_hundred_who_ask_at_once_for_what_is_not_there_are_one_request(told: Platform) -> None:
    definition = define(told.maker.warehouse, {**ATTENDANCE, "slug": "asked-by-all"})
    with ThreadPoolExecutor(100) as threads:
        answers = list(threads.map(lambda _: told.ask(definition.slug), range(100)))
    assert {each.report for each in answers} == {None}
    assert len({each.request.id for each in answers if each.request is not None}) == 1
    assert [each.is_new for each in answers].count(True) == 1


@contextmanager
def landed_through(platform: Platform, instant: datetime) -> Iterator[None]:
    """Meanwhile the sources are behind."""
    behind = "update landing.source_reads set complete_through = %s"
    [(landed,)] = platform.maker.query("select max(complete_through) from landing.source_reads")
    platform.maker.query(behind, instant)
    try:
        yield
    finally:
        platform.maker.query(behind, landed)


def work_on(platform: Platform, answer: LookupResult) -> UUID:
    """Generate what waits; the report's id."""
    assert answer.request is not None
    worker = worker_at(platform.maker.warehouse, platform.desk.settings.store_address())
    assert work_on_next(worker, among=[answer.request.id]) is not None
    return answer.request.key.id


def test_a_report_over_days_that_are_not_final_is_had_until_the_next_landing(
    alone: Platform,
) -> None:
    definition = define(alone.maker.warehouse, {**ATTENDANCE, "slug": "not-final"})
    with landed_through(alone, MIDNIGHT):
        report_id = work_on(alone, alone.ask(definition.slug))
        file = alone.desk.file(BERLIN, report_id)
        again = alone.ask(definition.slug)
    with landed_through(alone, MIDNIGHT + timedelta(hours=12)):
        still = alone.ask(definition.slug)
        alone.clock.seconds += TTL_SECONDS
        landed_since = alone.ask(definition.slug)
    assert file is not None
    assert file.content == alone.maker.file(file.edition.storage_path)
    assert again.report == still.report == file
    assert landed_since.is_new


def test_a_provisional_report_is_for_who_allows_it(alone: Platform) -> None:
    definition = define(alone.maker.warehouse, {**REVENUE, "slug": "provisional"})

    def ask(*, is_provisional_allowed: bool) -> LookupResult:
        return alone.desk.report(
            BERLIN,
            definition.slug,
            one_day(DAY),
            ReportFormat.CSV,
            is_provisional_allowed=is_provisional_allowed,
        )

    with landed_through(alone, MIDNIGHT):
        work_on(alone, ask(is_provisional_allowed=True))
        allowed = ask(is_provisional_allowed=True).report
        refused = ask(is_provisional_allowed=False)
    assert allowed is not None
    assert "PROVISIONAL" in allowed.edition.storage_path
    assert (refused.report, refused.is_new) == (None, True)


def test_a_changed_definition_is_seen_as_soon_as_redis_tells_of_it(told: Platform) -> None:
    definition = define(told.maker.warehouse, {**ATTENDANCE, "slug": "renamed-told"})
    told.maker.generate(definition, one_day(DAY))
    assert told.ask(definition.slug).report is not None

    define(told.maker.warehouse, {**ATTENDANCE, "slug": definition.slug, "name": "Visitors"})
    publish_notices(told.maker.warehouse, str(told.redis_url), NOW)
    until(lambda: told.ask(definition.slug).report is None)


def test_a_definition_that_nobody_has_is_refused_and_not_remembered(alone: Platform) -> None:
    with pytest.raises(UnknownDefinition, match="later"):
        alone.ask("later")
    define(alone.maker.warehouse, {**ATTENDANCE, "slug": "later"})
    assert alone.ask("later").request is not None


def test_a_summary_is_given_for_the_day_that_is_asked_for(alone: Platform) -> None:
    [(event_id, last)] = alone.maker.query(
        "select event_id, date from reporting.report_event_summary where organization_id = %s"
        " order by date desc, event_id limit 1",
        BERLIN,
    )
    assert isinstance(event_id, UUID)
    assert isinstance(last, date)
    found = alone.desk.summary(BERLIN, event_id, last + timedelta(days=1))
    assert found is not None
    assert found.row["date"] == str(last)


def test_the_example_of_the_documentation_runs(
    alone: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = alone.maker.warehouse
    define(warehouse, {**REVENUE, "slug": "daily-revenue", "formats": ["xlsx"]})
    address = warehouse.render_as_string(hide_password=False)
    monkeypatch.setenv("REPORTING_DATABASE_URL", address)
    monkeypatch.setenv("REPORTING_STORE_URL", alone.desk.settings.store_address())
    section = (DOCS / "reports.md").read_text("utf-8").partition("## Asking from a program")[2]
    example = section.partition("```python\n")[2].partition("```")[0]
    period = 'Period.of_token("2026-02-28")'
    assert period in example
    names: dict[str, Any] = {"organization_id": BERLIN, "event_id": UUID(int=0), "as_of": DAY}
    exec(example.replace(period, 'Period.of_token("2025-10-25")'), names)  # noqa: S102 - ours
    assert names["answer"].is_new
    assert (names["report"], names["summary"]) == (None, None)
