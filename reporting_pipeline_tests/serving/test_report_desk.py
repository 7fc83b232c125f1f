"""A platform's threads get current reports from memory, and see restatements."""

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
from reporting_pipeline.errors import FileLost, UnknownDefinition
from reporting_pipeline.report_definitions.definition import ReportDefinition, ReportFormat
from reporting_pipeline.requests.request_queue import AnswerState
from reporting_pipeline.requests.worker import work_on_next
from reporting_pipeline.serving.report_desk import ReportDesk, report_desk
from reporting_pipeline.serving.report_files import ReportFile
from reporting_pipeline.serving.report_lookup import LookupResult
from reporting_pipeline.settings import Settings
from reporting_pipeline.store import open_store
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.architecture.repository import DOCS
from reporting_pipeline_tests.requests.sample_requests import HOLD, worker_at
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
from reporting_pipeline_tests.serving.clock import ManualClock

DAY = date(2025, 10, 25)
MIDNIGHT = datetime(2025, 10, 25, tzinfo=UTC)
TTL_SECONDS = 600
PATIENCE_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class Platform:
    """A platform with a report desk, and a generator of reports beside it."""

    desk: ReportDesk
    maker: ReportGenerator
    clock: ManualClock
    redis_url: str | None

    def ask(self, slug: str, organization_id: UUID = BERLIN) -> LookupResult:
        """Request the CSV of the day."""
        return self.desk.report(organization_id, slug, one_day(DAY), ReportFormat.CSV)

    def contents(self, slug: str, count: int = 1) -> set[bytes]:
        """The contents that this many threads get at the same time."""
        with ThreadPoolExecutor(count) as threads:
            results = list(threads.map(lambda _: self.ask(slug), range(count)))
        return {b"" if each.report is None else each.report.content or b"" for each in results}

    def restate(self, definition: ReportDefinition) -> bytes:
        """Change a figure and generate the report again; the new content."""
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
    clock = ManualClock()
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
def unconnected(shared_season_pipeline: Pipeline, tmp_path: Path) -> Iterator[Platform]:
    """A platform without Redis."""
    with platform_on(shared_season_pipeline, tmp_path, None) as platform:
        yield platform


@pytest.fixture
def connected(
    shared_season_pipeline: Pipeline, tmp_path: Path, redis_url: str
) -> Iterator[Platform]:
    """A platform with Redis."""
    with platform_on(shared_season_pipeline, tmp_path, redis_url) as platform:
        yield platform


def until(is_true: Callable[[], bool]) -> None:
    """Wait until a condition is true."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not is_true():
        assert time.monotonic() < end, f"still false after {PATIENCE_SECONDS} seconds"
        time.sleep(0.01)


def test_a_restatement_is_seen_by_all_threads_after_its_notice(
    connected: Platform,
) -> None:
    definition = define(connected.maker.warehouse, {**ATTENDANCE, "slug": "restated-with-redis"})
    [outcome] = connected.maker.generate(definition, one_day(DAY))
    former = connected.maker.file(outcome.report.storage_path)
    assert connected.contents(definition.slug, 8) == {former}

    restated = connected.restate(definition)
    until(lambda: connected.contents(definition.slug) == {restated})
    assert connected.contents(definition.slug, 8) == {restated}
    assert connected.clock.seconds == 0


def test_without_redis_a_restatement_is_seen_when_the_caches_expire(unconnected: Platform) -> None:
    definition = define(
        unconnected.maker.warehouse, {**ATTENDANCE, "slug": "restated-without-redis"}
    )
    [outcome] = unconnected.maker.generate(definition, one_day(DAY))
    former = unconnected.maker.file(outcome.report.storage_path)
    assert unconnected.contents(definition.slug, 8) == {former}

    restated = unconnected.restate(definition)
    unconnected.clock.seconds += TTL_SECONDS - 1
    assert unconnected.contents(definition.slug, 8) == {former}
    unconnected.clock.seconds += 1
    assert unconnected.contents(definition.slug, 8) == {restated}


def test_a_hundred_simultaneous_calls_for_a_missing_report_are_one_request(
    connected: Platform,
) -> None:
    definition = define(connected.maker.warehouse, {**ATTENDANCE, "slug": "asked-by-all"})
    with ThreadPoolExecutor(100) as threads:
        results = list(threads.map(lambda _: connected.ask(definition.slug), range(100)))
    assert {each.report for each in results} == {None}
    assert len({each.request.id for each in results if each.request is not None}) == 1
    assert [each.is_new for each in results].count(True) == 1


@contextmanager
def landed_through(platform: Platform, instant: datetime) -> Iterator[None]:
    """Let the sources have landed only up to an instant, while the context is open."""
    behind = "update landing.source_reads set complete_through = %s"
    [(landed,)] = platform.maker.query("select max(complete_through) from landing.source_reads")
    platform.maker.query(behind, instant)
    try:
        yield
    finally:
        platform.maker.query(behind, landed)


def work_on(platform: Platform, result: LookupResult) -> UUID:
    """Work on the request; the report's id."""
    assert result.request is not None
    worker = worker_at(platform.maker.warehouse, platform.desk.settings.store_address())
    assert work_on_next(worker, among=[result.request.id]) is not None
    return result.request.key.id


def test_a_report_over_days_that_are_not_final_is_current_until_the_next_landing(
    unconnected: Platform,
) -> None:
    definition = define(unconnected.maker.warehouse, {**ATTENDANCE, "slug": "not-final"})
    with landed_through(unconnected, MIDNIGHT):
        report_id = work_on(unconnected, unconnected.ask(definition.slug))
        file = unconnected.desk.file(BERLIN, report_id)
        again = unconnected.ask(definition.slug)
    with landed_through(unconnected, MIDNIGHT + timedelta(hours=12)):
        still = unconnected.ask(definition.slug)
        unconnected.clock.seconds += TTL_SECONDS
        landed_since = unconnected.ask(definition.slug)
    assert isinstance(file, ReportFile)
    assert file.content == unconnected.maker.file(file.edition.storage_path)
    assert again.report == still.report == file
    assert landed_since.is_new


def test_a_provisional_report_is_only_for_callers_that_allow_it(unconnected: Platform) -> None:
    definition = define(unconnected.maker.warehouse, {**REVENUE, "slug": "provisional"})

    def ask(*, is_provisional_allowed: bool) -> LookupResult:
        return unconnected.desk.report(
            BERLIN,
            definition.slug,
            one_day(DAY),
            ReportFormat.CSV,
            is_provisional_allowed=is_provisional_allowed,
        )

    with landed_through(unconnected, MIDNIGHT):
        work_on(unconnected, ask(is_provisional_allowed=True))
        allowed = ask(is_provisional_allowed=True).report
        refused = ask(is_provisional_allowed=False)
    assert allowed is not None
    assert "PROVISIONAL" in allowed.edition.storage_path
    assert (refused.report, refused.is_new) == (None, True)


def test_a_changed_definition_is_seen_after_its_notice(connected: Platform) -> None:
    definition = define(connected.maker.warehouse, {**ATTENDANCE, "slug": "renamed-with-redis"})
    connected.maker.generate(definition, one_day(DAY))
    assert connected.ask(definition.slug).report is not None

    define(connected.maker.warehouse, {**ATTENDANCE, "slug": definition.slug, "name": "Visitors"})
    publish_notices(connected.maker.warehouse, str(connected.redis_url), NOW)
    until(lambda: connected.ask(definition.slug).report is None)


def test_an_unknown_definition_is_refused_and_not_kept_in_memory(unconnected: Platform) -> None:
    with pytest.raises(UnknownDefinition, match="later"):
        unconnected.ask("later")
    define(unconnected.maker.warehouse, {**ATTENDANCE, "slug": "later"})
    assert unconnected.ask("later").request is not None


def test_a_summary_is_as_of_the_requested_day(unconnected: Platform) -> None:
    [(event_id, last)] = unconnected.maker.query(
        "select event_id, date from reporting.report_event_summary where organization_id = %s"
        " order by date desc, event_id limit 1",
        BERLIN,
    )
    assert isinstance(event_id, UUID)
    assert isinstance(last, date)
    found = unconnected.desk.summary(BERLIN, event_id, last + timedelta(days=1))
    assert found is not None
    assert found.row["date"] == str(last)


def example_of_the_documentation(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, slug: str
) -> Callable[[], dict[str, Any]]:
    """The example of docs/reports.md for a report and the day; it returns its names."""
    warehouse = platform.maker.warehouse
    monkeypatch.setenv("REPORTING_DATABASE_URL", warehouse.render_as_string(hide_password=False))
    monkeypatch.setenv("REPORTING_STORE_URL", platform.desk.settings.store_address())
    section = (DOCS / "reports.md").read_text("utf-8").partition("## Asking from a program")[2]
    example = section.partition("```python\n")[2].partition("```")[0]
    for shown, tested in (("2026-02-28", str(DAY)), ("daily-revenue", slug), (".XLSX", ".CSV")):
        assert shown in example
        example = example.replace(shown, tested)

    def run() -> dict[str, Any]:
        names = {"organization_id": BERLIN, "event_id": UUID(int=0), "as_of": DAY}
        exec(example, names)  # noqa: S102 - ours
        return names

    return run


def test_the_example_of_the_documentation_runs_from_the_request_to_the_file(
    unconnected: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition = define(unconnected.maker.warehouse, {**REVENUE, "slug": "example"})
    run = example_of_the_documentation(unconnected, monkeypatch, definition.slug)

    waiting = run()
    work_on(unconnected, waiting["answer"])
    ready = run()

    assert waiting["answer"].is_new
    assert (waiting["later"].state, waiting["summary"]) == (AnswerState.WAITING, None)
    assert ready["answer"].state is AnswerState.READY
    assert ready["edition"].edition == 1
    assert ready["content"] == unconnected.maker.file(ready["edition"].storage_path)


def test_the_example_of_the_documentation_shows_why_a_report_is_held(
    unconnected: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition = define(unconnected.maker.warehouse, {**REVENUE, "slug": "held-example"})
    run = example_of_the_documentation(unconnected, monkeypatch, definition.slug)

    with held_day(unconnected):
        first = run()
        work_on(unconnected, first["answer"])
        held = run()

    assert held["answer"].state is AnswerState.HELD
    assert not held["answer"].is_new
    assert held["reason"] == f"{DAY}: order 4711 is 1 EUR short"
    assert "content" not in held


@contextmanager
def held_day(platform: Platform) -> Iterator[None]:
    """Let an objection hold the revenue of the day, while the context is open."""
    platform.maker.query(HOLD, DAY, BERLIN)
    try:
        yield
    finally:
        platform.maker.query("delete from reporting.seal_objections where date = %s", DAY)


def test_a_report_without_a_file_is_waiting_held_failed_or_empty(unconnected: Platform) -> None:
    desk, warehouse = unconnected.desk, unconnected.maker.warehouse
    slug = "without-a-file"
    define(warehouse, {**REVENUE, "slug": slug})

    asked = unconnected.ask(slug)
    assert asked.request is not None
    report_id = asked.request.key.id
    waiting = desk.file(BERLIN, report_id)
    with held_day(unconnected):
        work_on(unconnected, asked)
        held = desk.file(BERLIN, report_id)
    unconnected.maker.query(
        "update catalogue.report_requests set status = 'failed', failure_message = 'it is broken'"
        " where report_id = %s",
        report_id,
    )
    unconnected.maker.query("delete from catalogue.generated_reports where id = %s", report_id)
    failed = desk.file(BERLIN, report_id)
    never = {"column": "gross_minor", "operator": "=", "value": -1}
    config = {**REVENUE["config"], "filters": [never], "skip_empty": True}  # type: ignore[dict-item]
    define(warehouse, {**REVENUE, "slug": f"{slug}-or-rows", "config": config})
    empty = desk.file(BERLIN, work_on(unconnected, unconnected.ask(f"{slug}-or-rows")))

    found = [waiting, held, failed, empty]
    assert [each and (each.state, getattr(each, "reason", None)) for each in found] == [
        (AnswerState.WAITING, None),
        (AnswerState.HELD, f"{DAY}: order 4711 is 1 EUR short"),
        (AnswerState.FAILED, "it is broken"),
        (AnswerState.EMPTY, None),
    ]
    assert desk.file(TOKYO, report_id) is None
    assert desk.file(BERLIN, UUID(int=4711)) is None


def test_a_lost_file_is_requested_again_and_is_not_ready(unconnected: Platform) -> None:
    maker, desk = unconnected.maker, unconnected.desk
    definition = define(maker.warehouse, {**ATTENDANCE, "slug": "lost"})
    [outcome] = maker.generate(definition, one_day(DAY))
    content, path = maker.file(outcome.report.storage_path), outcome.report.storage_path or ""
    maker.store.delete(path)

    with pytest.raises(FileLost, match=r"request .* generates it again") as lost:
        desk.file(BERLIN, outcome.report.id)
    answer = unconnected.ask("lost")

    assert answer.report is None
    assert answer.request is not None
    assert str(answer.request.id) in lost.value.message
    assert answer.lost is not None
    worker = worker_at(maker.warehouse, desk.settings.store_address())
    work_on_next(worker, among=[answer.request.id])
    again = desk.file(BERLIN, outcome.report.id)
    assert isinstance(again, ReportFile)
    assert (again.content, again.edition.edition) == (content, 1)
