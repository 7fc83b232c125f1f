"""Landing, building and generating record their metrics, and log records have the report's ids."""

import json
import logging
from datetime import date
from pathlib import Path

import pytest

from reporting_pipeline.store import open_store
from reporting_pipeline.telemetry.json_log import JsonFormatter
from reporting_pipeline.telemetry.metric_store import read_totals
from reporting_pipeline.telemetry.metrics import CUMULATIVE_METRICS
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.sample_reports import ATTENDANCE, ReportGenerator, define, one_day

DAY = date(2025, 5, 1)


def counted(pipeline: Pipeline) -> dict[tuple[str, ...], tuple[int, float]]:
    """Metric and labels -> number of observations, and their sum."""
    with warehouse_connection(pipeline.warehouse) as connection:
        return {
            (each.metric.name.removeprefix("reporting_"), *each.labels): (
                sum(each.counts.values()),
                each.total,
            )
            for each in read_totals(connection, CUMULATIVE_METRICS)
        }


def test_landing_and_building_the_season_are_counted(
    shared_season_pipeline: Pipeline,
) -> None:
    found = counted(shared_season_pipeline)
    with warehouse_connection(shared_season_pipeline.warehouse) as connection:
        [(orders,)] = connection.execute("select count(*) from landing.ticketing_orders").fetchall()
    assert found["landing_rows_total", "ticketing", "orders"][1] == orders
    assert found["landing_read_rows_total", "ticketing", "orders"][1] >= orders
    landings, seconds = found["landing_duration_seconds",]
    reads = [found["landing_read_duration_seconds", source] for source in ("ledger", "scanning")]
    assert [count for count, _ in reads] == [landings, landings]
    assert 0 < sum(each for _, each in reads) < seconds
    rebuilds, seconds = found["rebuild_duration_seconds", "report_sales_daily"]
    assert rebuilds >= 1
    assert seconds > 0
    assert found["rebuilt_dates_total", "report_sales_daily"][1] > rebuilds


def test_a_report_is_counted_by_format_and_status(
    shared_season_pipeline: Pipeline, tmp_path: Path
) -> None:
    before = counted(shared_season_pipeline)
    generator = ReportGenerator(
        shared_season_pipeline.warehouse, open_store(str(tmp_path / "store"))
    )
    definition = define(generator.warehouse, {**ATTENDANCE, "formats": ["csv", "jsonl"]})
    outcomes = generator.generate(definition, one_day(DAY), is_provisional_allowed=True)
    held = define(generator.warehouse, {**ATTENDANCE, "slug": "future", "category": "financial"})
    [refused] = generator.generate(held, one_day(date(2031, 1, 1)))
    after = counted(shared_season_pipeline)

    def added(*key: str) -> tuple[int, float]:
        former = before.get(key, (0, 0.0))
        count, total = after.get(key, (0, 0.0))
        return count - former[0], total - former[1]

    for outcome in outcomes:
        report = outcome.report
        count, seconds = added("report_duration_seconds", report.format, "ready")
        assert count == 1
        assert seconds == pytest.approx(outcome.seconds)
        assert added("report_rows_total", report.format)[1] == report.row_count
        assert added("report_bytes_total", report.format)[1] == report.byte_count
    assert refused.report.status == "held"
    assert added("report_duration_seconds", "csv", "held")[0] == 1


def test_log_records_of_a_report_have_its_ids(
    shared_season_pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[dict[str, str]] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(json.loads(JsonFormatter().format(record)))

    generator = ReportGenerator(
        shared_season_pipeline.warehouse, open_store(str(tmp_path / "store"))
    )
    definition = define(generator.warehouse, {**ATTENDANCE, "slug": "logged"})

    def fails(*_: object) -> None:
        message = "a fault"
        raise RuntimeError(message)

    monkeypatch.setattr(generator.store, "put", fails)
    log, handler = logging.getLogger("reporting_pipeline"), Kept()
    log.addHandler(handler)
    try:
        [outcome] = generator.generate(definition, one_day(DAY), is_provisional_allowed=True)
    finally:
        log.removeHandler(handler)
    [logged] = lines
    assert logged["report_id"] == str(outcome.report.id)
    assert logged["organization_id"] == str(definition.organization_id)
    assert logged["definition_id"] == str(definition.id)
