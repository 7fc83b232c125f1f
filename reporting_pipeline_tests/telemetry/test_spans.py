"""Spans have a name, ids and a parent; without an SDK they do nothing."""

import json
import logging
from datetime import date
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import format_trace_id

from reporting_pipeline.checks.checks import CHECKS
from reporting_pipeline.due.batch import generate_batch
from reporting_pipeline.due.due_reports import DueReport
from reporting_pipeline.publishing.snapshot import ReportRequest
from reporting_pipeline.requests.worker import work_on_next
from reporting_pipeline.telemetry.json_log import JsonFormatter, log_ids
from reporting_pipeline.telemetry.spans import annotate_span, span
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.requests.sample_requests import queued, worker_at
from reporting_pipeline_tests.sample_reports import ATTENDANCE, define, one_day

DAY = date(2025, 10, 25)


def drawn(kept: InMemorySpanExporter) -> list[str]:
    """The spans as `parent > name`, in the order of their ends."""
    ended = kept.get_finished_spans()
    names = {each.context.span_id: each.name for each in ended if each.context is not None}
    parents = (names.get(each.parent.span_id) if each.parent else None for each in ended)
    return [
        each.name if parent is None else f"{parent} > {each.name}"
        for each, parent in zip(ended, parents, strict=True)
    ]


def test_a_span_has_the_log_ids_and_its_annotations(kept_spans: InMemorySpanExporter) -> None:
    with log_ids(run_id="r1"), span("outer", days=2), span("inner"):
        annotate_span(status="ready")
    inner, outer = kept_spans.get_finished_spans()
    assert dict(outer.attributes or {}) == {"reporting.run_id": "r1", "reporting.days": 2}
    assert dict(inner.attributes or {}) == {
        "reporting.run_id": "r1",
        "reporting.status": "ready",
    }
    assert drawn(kept_spans) == ["outer > inner", "outer"]


def test_an_error_is_recorded_on_the_span_and_raised(kept_spans: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="invalid literal"), span("work"):
        int("x")
    [ended] = kept_spans.get_finished_spans()
    assert (ended.status.description or "").startswith("ValueError: invalid literal")
    assert [each.name for each in ended.events] == ["exception"]


def test_a_log_record_within_a_span_has_its_trace_id(kept_spans: InMemorySpanExporter) -> None:
    def logged() -> dict[str, str]:
        record = logging.LogRecord("x", logging.INFO, "f", 1, "held", (), None)
        fields: dict[str, str] = json.loads(JsonFormatter().format(record))
        return fields

    with span("work"):
        within = logged()
    [ended] = kept_spans.get_finished_spans()
    assert ended.context is not None
    assert within["trace_id"] == format_trace_id(ended.context.trace_id)
    assert "trace_id" not in logged()


def test_without_an_sdk_the_work_continues() -> None:
    with span("work", days=1):
        annotate_span(status="ready")


def test_landing_building_and_sealing_are_spans(
    kept_spans: InMemorySpanExporter, shared_season_pipeline: Pipeline
) -> None:
    shared_season_pipeline.land()
    assert drawn(kept_spans) == ["land > land.read", "land"]
    kept_spans.clear()
    shared_season_pipeline.build([DAY])
    assert drawn(kept_spans) == ["build"]
    [build] = kept_spans.get_finished_spans()
    assert (build.attributes or {})["reporting.first"] == str(DAY)
    kept_spans.clear()
    shared_season_pipeline.seal_all()
    assert drawn(kept_spans) == ["seal > check"] * len(CHECKS) + ["seal"]


def test_reports_generated_in_parallel_have_the_run_id_and_are_within_its_step(
    kept_spans: InMemorySpanExporter, shared_season_pipeline: Pipeline, tmp_path: Path
) -> None:
    warehouse = shared_season_pipeline.warehouse
    definitions = [
        define(warehouse, {**ATTENDANCE, "slug": f"side-{number}"}) for number in range(4)
    ]
    due = [
        DueReport(
            request=ReportRequest(definition=each, period=one_day(DAY)),
            as_of=DAY,
        )
        for each in definitions
    ]
    publisher = worker_at(warehouse, (tmp_path / "store").as_uri()).publisher
    with log_ids(run_id="r1"), span("step"):
        assert len(list(generate_batch(publisher, due))) == 4
    assert drawn(kept_spans).count("step > report") == 4
    ended = kept_spans.get_finished_spans()
    assert {(each.attributes or {})["reporting.run_id"] for each in ended} == {"r1"}


def test_a_request_and_its_report_are_one_trace(
    kept_spans: InMemorySpanExporter, shared_season_pipeline: Pipeline, tmp_path: Path
) -> None:
    warehouse, store_url = shared_season_pipeline.warehouse, (tmp_path / "store").as_uri()
    definition = define(warehouse, {**ATTENDANCE, "slug": "traced"})
    request = queued(warehouse, definition)
    assert work_on_next(worker_at(warehouse, store_url), among=[request.id]) is not None
    assert drawn(kept_spans) == [
        "report > report.read",
        "report > report.file",
        "request > report",
        "request",
    ]
    read, file, report, outer = kept_spans.get_finished_spans()
    ids = {
        "reporting.organization_id": str(definition.organization_id),
        "reporting.request_id": str(request.id),
    }
    assert ids.items() <= dict(outer.attributes or {}).items()
    known = {**ids, "reporting.definition_id": str(definition.id)}
    for each in (read, file, report):
        assert known.items() <= dict(each.attributes or {}).items()
    assert (file.attributes or {})["reporting.report_id"] == str(request.key.id)
    assert (file.attributes or {})["reporting.status"] == "ready"
