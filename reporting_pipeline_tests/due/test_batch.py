"""A batch generates reports in order, and a failing report does not stop the others."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import cast

import psycopg
import pytest
import redis

from reporting_pipeline.catalogue.generated_reports import generated_reports
from reporting_pipeline.due import batch
from reporting_pipeline.due.batch import generate_batch, report_lines
from reporting_pipeline.due.due_reports import (
    DueReport,
)
from reporting_pipeline.errors import StoreUnavailable, UnknownDefinition
from reporting_pipeline.publishing import current
from reporting_pipeline.publishing.generate import Outcome, Publisher, generate
from reporting_pipeline.publishing.snapshot import ReportRequest
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.store import open_store
from reporting_pipeline.store.folder import FolderStore
from reporting_pipeline.store.object_store import BINARY, StoredObject
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.requests.sample_requests import HOLD
from reporting_pipeline_tests.sample_reports import (
    ATTENDANCE,
    BERLIN,
    NOW,
    REVENUE,
    define,
    one_day,
)


@pytest.fixture
def publisher(shared_season_pipeline: Pipeline, tmp_path: Path) -> Publisher:
    return Publisher(
        warehouse=shared_season_pipeline.warehouse,
        store=open_store(str(tmp_path / "store")),
        final_delay_seconds=7200,
        clock=lambda: NOW,
    )


def due_requests(publisher: Publisher) -> list[DueReport]:
    """Two reports of one day, and one of the day before."""
    revenue, attendance = (define(publisher.warehouse, each) for each in (REVENUE, ATTENDANCE))
    day = date(2025, 9, 10)
    return [
        DueReport(
            as_of=each + timedelta(days=1),
            request=ReportRequest(definition=definition, period=one_day(each)),
        )
        for definition, each in [
            (revenue, day),
            (attendance, day),
            (revenue, day - timedelta(days=1)),
        ]
    ]


@pytest.mark.parametrize(
    ("error", "reason", "is_retryable", "is_fault"),
    [
        (ZeroDivisionError("1 / 0"), "ZeroDivisionError: 1 / 0", False, True),
        (psycopg.OperationalError("gone"), "WarehouseUnavailable: the warehouse at ", True, False),
        (UnknownDefinition("none"), "UnknownDefinition: none", False, False),
    ],
)
def test_a_report_that_fails_does_not_stop_the_others(
    error: Exception,
    reason: str,
    is_retryable: bool,
    is_fault: bool,
    publisher: Publisher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def generate_or_fail(
        publisher: Publisher, request: ReportRequest, formats: Sequence[ReportFormat]
    ) -> list[Outcome]:
        if request.definition.slug == "attendance":
            raise error
        return generate(publisher, request, formats)

    monkeypatch.setattr(batch, "generate", generate_or_fail)

    lines = [
        line
        for each in generate_batch(publisher, due_requests(publisher))
        for line in report_lines(each)
    ]

    assert [(line.slug, line.status) for line in lines] == [
        ("revenue", "ready"),
        ("attendance", "failed"),
        ("revenue", "ready"),
    ]
    failed = lines[1]
    assert (failed.reason or "").startswith(reason)
    assert (failed.is_retryable, failed.is_fault) == (is_retryable, is_fault)


class _Interrupted(FolderStore):
    """A folder that cannot be reached once a number of files is written."""

    puts_left = 0

    def put(
        self,
        key: str,
        chunks: Iterable[bytes],
        media_type: str = BINARY,
        *,
        file_name: str | None = None,
    ) -> StoredObject:
        self.require_reachable()
        self.puts_left -= 1
        return super().put(key, chunks, media_type, file_name=file_name)

    def require_reachable(self) -> None:
        if not self.puts_left:
            message = "the disk is away"
            raise StoreUnavailable(message)


def interrupted(publisher: Publisher, folder: Path, puts_left: int) -> Publisher:
    store = _Interrupted(folder)
    store.puts_left = puts_left
    return replace(publisher, store=store)


def test_a_store_that_is_away_ends_the_batch_before_any_report(
    publisher: Publisher, tmp_path: Path
) -> None:
    due = due_requests(publisher)
    away = interrupted(publisher, tmp_path, 0)

    with pytest.raises(StoreUnavailable, match="the disk is away"):
        list(generate_batch(away, due))

    with warehouse_connection(publisher.warehouse) as connection:
        assert not [
            each.status
            for each in generated_reports(connection)
            if each.definition_id == due[0].request.definition.id and each.status == "failed"
        ]


def test_a_store_that_goes_away_ends_the_batch_with_one_error(
    publisher: Publisher, tmp_path: Path
) -> None:
    due = [
        DueReport(
            as_of=day + timedelta(days=1),
            request=ReportRequest(
                definition=define(publisher.warehouse, {**REVENUE, "slug": "interrupted"}),
                period=one_day(day),
            ),
        )
        for day in (date(2025, 9, number) for number in range(1, 11))
    ]
    results = generate_batch(interrupted(publisher, tmp_path, 10), due)

    with pytest.raises(StoreUnavailable, match="the next reports were not begun: run the same"):
        list(results)

    with warehouse_connection(publisher.warehouse) as connection:
        known = [
            each.status for each in generated_reports(connection) if each.slug == "interrupted"
        ]
    assert {"ready", "failed"} == set(known)
    assert len(known) < len(due)


def test_a_second_batch_renders_nothing(
    publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = due_requests(publisher)
    first = list(generate_batch(publisher, due))
    files = _written_at(tmp_path / "store")
    monkeypatch.setattr(batch, "generate", _refuse)

    second = list(generate_batch(publisher, due))

    lines = [line for each in second for line in report_lines(each)]
    assert {(line.status, line.is_new_edition, line.is_unchanged) for line in lines} == {
        ("ready", False, True)
    }
    assert [line.edition for line in lines] == [1, 1, 1]
    assert _written_at(tmp_path / "store") == files
    before = [line for each in first for line in report_lines(each)]
    assert [(each.location, each.byte_count) for each in lines] == [
        (each.location, each.byte_count) for each in before
    ]


def test_all_reports_are_rendered_again_if_somebody_wants_that(publisher: Publisher) -> None:
    due = due_requests(publisher)
    list(generate_batch(publisher, due))

    again = generate_batch(publisher, due, are_all_rendered=True)

    lines = [line for each in again for line in report_lines(each)]
    assert [(line.edition, line.is_new_edition, line.is_unchanged) for line in lines] == [
        (1, False, False)
    ] * 3


def test_only_the_format_whose_file_is_gone_is_rendered(publisher: Publisher) -> None:
    formats = ["csv", "xlsx"]
    definition = define(publisher.warehouse, {**REVENUE, "slug": "both", "formats": formats})
    request = ReportRequest(definition=definition, period=one_day(date(2025, 9, 10)))
    due = [DueReport(as_of=date(2025, 9, 11), request=request)]
    [first] = generate_batch(publisher, due)
    publisher.store.delete(first.outcomes[0].report.storage_path or "")

    [second] = generate_batch(publisher, due)

    assert [
        (each.report.format, each.report.edition, each.is_unchanged) for each in second.outcomes
    ] == [("csv", 1, False), ("xlsx", 1, True)]


@pytest.mark.parametrize("status", ["held", "empty"])
def test_a_report_without_a_file_is_not_read_again(
    publisher: Publisher, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = {"column": "gross_minor", "operator": "=", "value": -1}
    config = {**cast("dict[str, object]", REVENUE["config"]), "skip_empty": True}
    config["filters"] = [never] if status == "empty" else []
    definition = define(publisher.warehouse, {**REVENUE, "slug": status, "config": config})
    day = date(2025, 9, 12 if status == "held" else 13)
    if status == "held":
        with warehouse_connection(publisher.warehouse) as connection:
            connection.execute(HOLD, (day, BERLIN))
    request = ReportRequest(definition=definition, period=one_day(day))
    due = [DueReport(as_of=day + timedelta(days=1), request=request)]
    [first] = generate_batch(publisher, due)
    monkeypatch.setattr(batch, "generate", _refuse)

    [second] = generate_batch(publisher, due)

    [before], [after] = report_lines(first), report_lines(second)
    assert (after.status, after.is_unchanged, after.location) == (status, True, None)
    assert after.reason == before.reason


def test_a_warehouse_that_cannot_tell_what_is_current_leaves_nothing_out(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> object:
        raise psycopg.errors.InternalError

    due = due_requests(publisher)
    list(generate_batch(publisher, due))
    monkeypatch.setattr(current, "bases_of", fail)

    results = generate_batch(publisher, due)

    assert [line.is_unchanged for each in results for line in report_lines(each)] == [False] * 3


def _refuse(*_: object, **__: object) -> list[Outcome]:
    message = "no report is generated"
    raise AssertionError(message)


def _written_at(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_formats_that_a_definition_does_not_have_are_not_generated(publisher: Publisher) -> None:
    results = generate_batch(publisher, due_requests(publisher), formats=[ReportFormat.XLSX])

    assert list(results) == []


def test_notices_are_published_at_the_end_of_a_batch(publisher: Publisher, redis_url: str) -> None:
    definition = define(publisher.warehouse, {**REVENUE, "slug": "noticed"})
    request = ReportRequest(definition=definition, period=one_day(date(2025, 9, 10)))
    due_report = DueReport(as_of=date(2025, 9, 11), request=request)
    with redis.Redis.from_url(redis_url) as client, client.pubsub() as listener:
        listener.subscribe(f"reporting:definition:{definition.id}")
        listener.get_message(timeout=5)
        list(generate_batch(publisher, [due_report], redis_url=redis_url))
        message = listener.get_message(timeout=5)

    assert message is not None
    notice = json.loads(message["data"])
    assert (notice["type"], notice["period"]) == ("available", "2025-09-10")
