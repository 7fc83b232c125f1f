"""Alerts in Dagster: a run shows the open alerts, and the sensor evaluates without a run."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import psycopg
import pytest
from sqlalchemy import URL

from reporting_pipeline.alerts.alert import AlertKind
from reporting_pipeline.orchestration.assets.alerts import alert_asset
from reporting_pipeline.orchestration.resources import AlertEvaluator
from reporting_pipeline.orchestration.sensors import alert_sensor
from reporting_pipeline.settings import Settings
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.orchestration.clocks import timing_at
from reporting_pipeline_tests.orchestration.shown import shown
from reporting_pipeline_tests.sample_reports import BERLIN, NOW, REVENUE, define

_FAULT = """
    insert into landing.source_faults values
        ('ledger', 'SourceUnavailable', 'source ledger is down', %(at)s, %(at)s, 1)
"""


@pytest.fixture
def alert_evaluator(warehouse_url: URL) -> AlertEvaluator:
    address = warehouse_url.render_as_string(hide_password=False)
    with psycopg.connect(conninfo(warehouse_url)) as connection:
        connection.execute(_FAULT, {"at": datetime(2026, 1, 1, tzinfo=UTC)})
    settings = Settings.model_validate({"database_url": address, "alert_channels": "log://"})
    return AlertEvaluator.of(settings)


def test_a_run_shows_the_open_alerts(alert_evaluator: AlertEvaluator) -> None:
    result = dg.materialize([alert_asset([])], resources={"alert_evaluator": alert_evaluator})

    of_run = shown(result, "alerts")["None"]
    assert (of_run["open_count"], of_run["opened_count"], of_run["resolved_count"]) == (1, 1, 0)
    assert of_run["open_by_kind"] == {"source_down": 1}
    [row] = of_run["open"]
    assert row["organization_id"] == "every organisation"
    assert row["what"] == "since 2026-01-01 00:00 UTC: source ledger is down"


def test_the_sensor_evaluates_without_a_run_and_reports_the_changes(
    alert_evaluator: AlertEvaluator,
) -> None:
    said = []
    for _ in range(2):
        with dg.DagsterInstance.ephemeral() as instance:
            resources = {"alert_evaluator": alert_evaluator}
            with dg.build_sensor_context(instance=instance, resources=resources) as context:
                tick = alert_sensor.evaluate_tick(context)
        assert tick.run_requests == []
        said.append(tick.skip_message)

    assert said == [
        "1 alerts opened, 0 updated, 0 resolved",
        "0 alerts opened, 0 updated, 0 resolved",
    ]


def test_the_sensor_shows_the_open_alerts_as_an_asset_when_they_change(
    alert_evaluator: AlertEvaluator, warehouse_url: URL
) -> None:
    open_counts = []
    with dg.DagsterInstance.ephemeral() as instance:
        resources = {"alert_evaluator": alert_evaluator}
        for is_mended in (False, False, True, True):
            if is_mended:
                with psycopg.connect(conninfo(warehouse_url)) as connection:
                    connection.execute("delete from landing.source_faults")
            with dg.build_sensor_context(instance=instance, resources=resources) as context:
                tick = alert_sensor.evaluate_tick(context)
            for event in tick.asset_events:
                instance.report_runless_asset_event(event)
            open_counts.append(
                [
                    each.metadata["open_count"].value
                    for each in tick.asset_events
                    if isinstance(each, dg.AssetMaterialization)
                ]
            )

    assert open_counts == [[1], [], [0], []]


def test_an_invalid_channel_stops_no_run_and_no_other_channel(
    alert_evaluator: AlertEvaluator, caplog: pytest.LogCaptureFixture
) -> None:
    urls = "pigeon://s3cret@roof, log://"
    parts = {name: getattr(alert_evaluator, name) for name in ("warehouse", "redis", "timing")}
    evaluator = AlertEvaluator(**parts, alert_channels=urls)
    result = dg.materialize([alert_asset([])], resources={"alert_evaluator": evaluator})
    with dg.DagsterInstance.ephemeral() as instance:
        resources = {"alert_evaluator": evaluator}
        with dg.build_sensor_context(instance=instance, resources=resources) as context:
            tick = alert_sensor.evaluate_tick(context)

    fault = "REPORTING_ALERT_CHANNELS: URL 1, of scheme 'pigeon', is invalid"
    assert shown(result, "alerts")["None"]["channel_faults"].startswith(fault)
    assert str(tick.skip_message).startswith(f"0 alerts opened, 0 updated, 0 resolved; {fault}")
    said = [each.getMessage() for each in caplog.records]
    assert [each for each in said if "source ledger is down" in each]
    assert len([each for each in said if each.startswith(fault)]) == 1
    assert "s3cret" not in caplog.text


def test_an_evaluation_finds_overdue_reports_and_days_that_are_too_old(
    settings: Settings, warehouse: psycopg.Connection
) -> None:
    define(settings.warehouse_url(), REVENUE)
    warehouse.execute(
        "insert into landing.touched_days (report_table, report_day, organization_id, touched_at)"
        " values ('report_sales_daily', '2025-03-01', %s, now())",
        [BERLIN],
    )
    late = NOW + timedelta(days=2)

    timing = timing_at(settings, lambda: late)

    opened = AlertEvaluator.of(settings, timing=timing).evaluate().opened

    causes = [each.alert.cause for each in opened if each.alert.kind is AlertKind.REPORT_OVERDUE]
    assert [cause.rpartition(":")[2] for cause in causes] == ["2025-12-31", "2026-01-01"]
    timing = timing_at(settings, lambda: late + timedelta(days=300))
    old = AlertEvaluator.of(settings, timing=timing).evaluate()
    assert "late_day:2025-03-01" in [each.alert.cause for each in old.opened]
