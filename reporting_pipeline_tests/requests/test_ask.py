"""Asking for reports: current ones are returned, and equal requests are one request."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any, cast
from uuid import UUID

import pytest
from sqlalchemy import URL

from reporting_pipeline.catalogue.generated_reports import GeneratedReport
from reporting_pipeline.domain.period import Period
from reporting_pipeline.errors import DefinitionInvalid
from reporting_pipeline.publishing.current import current_report
from reporting_pipeline.publishing.snapshot import ReportRequest
from reporting_pipeline.report_definitions.definition import ReportDefinition, ReportFormat
from reporting_pipeline.requests.ask import AskResult, ask
from reporting_pipeline.requests.leases import RequestEnd, end_request
from reporting_pipeline.requests.request_queue import (
    AnswerState,
    StoredRequest,
    listed_requests,
    waiting_requests,
)
from reporting_pipeline.requests.worker import work_on_next
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.requests.sample_requests import (
    ASKING,
    HOLD,
    IdleWorkers,
    ask_for,
    notices,
    queued,
    seen,
    worker_at,
)
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
CONFIG = cast("dict[str, object]", REVENUE["config"])


def test_twenty_equal_requests_at_once_are_one_request(warehouse_url: URL) -> None:
    revenue = define(warehouse_url, REVENUE)
    start = Barrier(20)

    def ask_once(_: int) -> AskResult:
        start.wait()
        return ask_for(warehouse_url, revenue)

    with ThreadPoolExecutor(20) as pool:
        results = list(pool.map(ask_once, range(20)))

    [request] = {each.request.id: each.request for each in results if each.request}.values()
    assert [each.is_new for each in results].count(True) == 1
    assert notices(warehouse_url, request) == ["queued"]


def test_a_request_that_ends_while_another_caller_asks_is_not_queued_again(
    season_pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = season_pipeline.warehouse
    attendance = define(warehouse, ATTENDANCE)
    worker = worker_at(warehouse, tmp_path.as_uri())
    first = queued(warehouse, attendance, DAY)
    looked: list[GeneratedReport | None] = []

    def look(*arguments: Any, **more: Any) -> GeneratedReport | None:
        looked.append(current_report(*arguments, **more))
        if len(looked) == 1:  # the first caller's request ends right after this look
            work_on_next(worker)
        return looked[-1]

    monkeypatch.setattr("reporting_pipeline.requests.ask.current_report", look)
    found = ask(
        warehouse,
        ASKING,
        ReportRequest(definition=attendance, period=one_day(DAY)),
        ReportFormat.CSV,
    )

    assert looked[0] is None
    assert found.report is not None
    assert found.request is None
    assert seen(warehouse, first).status == "completed"
    with warehouse_connection(warehouse) as connection:
        assert connection.execute("select count(*) from catalogue.report_requests").fetchone() == (
            1,
        )


def test_a_report_can_be_requested_again_after_its_request_ended(
    warehouse_url: URL, workers: IdleWorkers
) -> None:
    revenue = define(warehouse_url, REVENUE)
    first = queued(warehouse_url, revenue)
    running = workers.must_take(warehouse_url)
    assert not ask_for(warehouse_url, revenue).is_new
    with warehouse_connection(warehouse_url) as connection:
        end_request(
            connection, running, RequestEnd(status="failed", failure=("RenderFailed", "no")), NOW
        )

    again = ask_for(warehouse_url, revenue)
    assert again.is_new
    assert again.request is not None
    assert again.request.id != first.id


def test_another_version_is_another_request(warehouse_url: URL) -> None:
    first = queued(warehouse_url, define(warehouse_url, REVENUE))
    renamed = define(warehouse_url, {**REVENUE, "name": "Takings"})
    second = queued(warehouse_url, renamed)
    assert (first.version, second.version) == (1, 2)


def test_a_caller_that_allows_a_provisional_file_gets_it_after_a_hold(
    warehouse_url: URL, workers: IdleWorkers
) -> None:
    revenue = define(warehouse_url, REVENUE)
    queued(warehouse_url, revenue)
    running = workers.must_take(warehouse_url)
    ask_for(warehouse_url, revenue, is_provisional_allowed=True)
    held = RequestEnd(status="held", failure=("held", "a break"))
    with warehouse_connection(warehouse_url) as connection:
        assert end_request(connection, running, held, NOW)

    assert seen(warehouse_url, running).status == "queued"
    again = workers.must_take(warehouse_url)
    assert again.is_provisional_allowed
    with warehouse_connection(warehouse_url) as connection:
        assert end_request(connection, again, held, NOW)
    assert seen(warehouse_url, again).status == "held"
    assert notices(warehouse_url, again) == ["queued", "started", "held"]


@pytest.mark.parametrize(
    ("changed", "period", "format_", "reason"),
    [
        ({"status": "paused"}, one_day(DAY), "csv", "the definition is paused"),
        ({"status": "archived"}, one_day(DAY), "csv", "the definition is archived"),
        ({}, one_day(DAY), "pdf", "it has no format pdf, but csv"),
        ({}, one_day(date(2026, 1, 3)), "csv", "2026-01-03 has not begun"),
        (
            {},
            Period(first=date(2010, 1, 1), end=date(2025, 1, 1)),
            "csv",
            "has more than 1830 days",
        ),
        (
            {},
            Period(first=None, end=DAY, event_id=UUID(int=5)),
            "csv",
            "the organisation has no event 00000000",
        ),
        (
            {"config": {**CONFIG, "period": "previous_week"}},
            one_day(date(2025, 2, 28)),
            "csv",
            "covers whole weeks from Monday on; take 2025-02-24_2025-03-02",
        ),
    ],
)
def test_an_impossible_report_is_refused_before_it_is_queued(
    warehouse_url: URL, changed: dict[str, object], period: Period, format_: str, reason: str
) -> None:
    definition = define(warehouse_url, {**REVENUE, **changed})
    request = ReportRequest(definition=definition, period=period)

    with pytest.raises(DefinitionInvalid, match=reason):
        ask(warehouse_url, ASKING, request, ReportFormat(format_))
    with warehouse_connection(warehouse_url) as connection:
        assert waiting_requests(connection, 1) == []


def test_a_report_whose_days_have_not_changed_needs_no_request(
    season_pipeline: Pipeline, store_url: str
) -> None:
    warehouse = season_pipeline.warehouse
    revenue = define(warehouse, REVENUE)
    ReportGenerator(warehouse, open_store(store_url)).generate_one(revenue, one_day(DAY))

    result = ask_for(warehouse, revenue, DAY)
    assert result.request is None
    assert result.report is not None
    assert (result.report.status, result.report.edition) == ("ready", 1)

    changes = (
        "update reporting.sealed_days set sealed_at = '2026-02-01' where date = %s",
        "delete from reporting.sealed_days where date = %s",
    )
    for change in changes:
        with warehouse_connection(warehouse) as connection:
            connection.execute(change.encode(), (DAY,))
        assert ask_for(warehouse, revenue, DAY).request is not None


def test_a_report_of_another_version_or_never_generated_is_requested(
    shared_season_pipeline: Pipeline, store_url: str
) -> None:
    warehouse = shared_season_pipeline.warehouse
    attendance = define(warehouse, ATTENDANCE)
    ReportGenerator(warehouse, open_store(store_url)).generate_one(attendance, one_day(DAY))
    assert ask_for(warehouse, attendance, DAY).report is not None

    assert ask_for(warehouse, attendance, DAY + timedelta(days=1)).request is not None
    renamed = define(warehouse, {**ATTENDANCE, "name": "Who came"})
    assert ask_for(warehouse, renamed, DAY).request is not None


def _held(warehouse: URL, store_url: str, definition: ReportDefinition) -> StoredRequest:
    """The request for a report of the day, which the gate has held."""
    request = queued(warehouse, definition, DAY)
    work_on_next(worker_at(warehouse, store_url), among=[request.id])
    held = seen(warehouse, request)
    assert held.state is AnswerState.HELD
    return held


def _change(warehouse: URL, statement: str, *values: object) -> None:
    with warehouse_connection(warehouse) as connection:
        connection.execute(statement.encode(), values)


def test_asking_again_after_a_hold_queues_nothing_while_nothing_has_changed(
    season_pipeline: Pipeline, store_url: str
) -> None:
    warehouse = season_pipeline.warehouse
    revenue = define(warehouse, REVENUE)
    _change(warehouse, HOLD, DAY, BERLIN)
    held = _held(warehouse, store_url, revenue)

    again = [ask_for(warehouse, revenue, DAY) for _ in range(3)]

    assert [each.request for each in again] == [held] * 3
    assert {(each.state, each.is_new) for each in again} == {(AnswerState.HELD, False)}
    assert again[0].reason == f"{DAY}: order 4711 is 1 EUR short"
    assert ask_for(warehouse, revenue, DAY, is_provisional_allowed=True).is_new


@pytest.mark.parametrize(
    "change",
    [
        "delete from reporting.seal_objections where date = %s",
        "update reporting.seal_objections set message = 'it is 2 EUR short' where date = %s",
        "update reporting.sealed_days set sealed_at = clock_timestamp() where date = %s",
        "delete from reporting.sealed_days where date = %s",
    ],
)
def test_a_held_report_is_queued_again_after_a_day_or_seal_has_changed(
    season_pipeline: Pipeline, store_url: str, change: str
) -> None:
    warehouse = season_pipeline.warehouse
    revenue = define(warehouse, REVENUE)
    _change(warehouse, HOLD, DAY, BERLIN)
    held = _held(warehouse, store_url, revenue)
    _change(warehouse, change, DAY)

    again = ask_for(warehouse, revenue, DAY)

    assert again.is_new
    assert again.state is AnswerState.WAITING
    assert again.request is not None
    assert again.request.id != held.id


def test_a_held_report_is_queued_again_with_another_version(
    season_pipeline: Pipeline, store_url: str
) -> None:
    warehouse = season_pipeline.warehouse
    _change(warehouse, HOLD, DAY, BERLIN)
    _held(warehouse, store_url, define(warehouse, REVENUE))

    assert ask_for(warehouse, define(warehouse, {**REVENUE, "name": "Takings"}), DAY).is_new


def test_a_report_without_rows_is_answered_as_empty_until_its_day_changes(
    season_pipeline: Pipeline, store_url: str
) -> None:
    warehouse = season_pipeline.warehouse
    never = {"column": "gross_minor", "operator": "=", "value": -1}
    config = {**CONFIG, "filters": [never], "skip_empty": True}
    none = define(warehouse, {**REVENUE, "config": config})
    request = queued(warehouse, none, DAY)
    work_on_next(worker_at(warehouse, store_url), among=[request.id])

    again = ask_for(warehouse, none, DAY)
    assert (again.state, again.is_new) == (AnswerState.EMPTY, False)
    _change(warehouse, "update reporting.sealed_days set sealed_at = now() where date = %s", DAY)
    assert ask_for(warehouse, none, DAY).is_new


def test_the_list_has_what_waits_and_what_has_no_file_yet(
    season_pipeline: Pipeline, store_url: str
) -> None:
    warehouse = season_pipeline.warehouse
    revenue, attendance = define(warehouse, REVENUE), define(warehouse, ATTENDANCE)
    _change(warehouse, HOLD, DAY, BERLIN)
    held = _held(warehouse, store_url, revenue)
    done = queued(warehouse, attendance, DAY)
    work_on_next(worker_at(warehouse, store_url), among=[done.id])
    waiting = queued(warehouse, attendance, DAY + timedelta(days=1))

    with warehouse_connection(warehouse) as connection:
        listed = listed_requests(connection, limit=10)
        every = listed_requests(connection, BERLIN, are_ended_included=True, limit=10)
        others = listed_requests(connection, TOKYO, limit=10)
        generator = ReportGenerator(warehouse, open_store(store_url))
        generator.generate(revenue, one_day(DAY), is_provisional_allowed=True)
        published = listed_requests(connection, limit=10)

    assert [each.id for each in listed] == [waiting.id, held.id]
    assert {each.id for each in every} == {waiting.id, held.id, done.id}
    assert others == []
    assert [each.id for each in published] == [waiting.id]


def test_a_report_of_a_former_period_rule_can_be_requested_again(
    season_pipeline: Pipeline, store_url: str
) -> None:
    warehouse = season_pipeline.warehouse
    revenue = define(warehouse, REVENUE)
    ReportGenerator(warehouse, open_store(store_url)).generate_one(revenue, one_day(DAY))

    weekly = define(warehouse, {**REVENUE, "config": {**CONFIG, "period": "previous_week"}})

    assert ask_for(warehouse, weekly, DAY).is_new
    with pytest.raises(DefinitionInvalid, match="take 2025-09-08_2025-09-14"):
        ask_for(warehouse, weekly, DAY + timedelta(days=1))
