"""A real Prometheus scrapes the metrics, and every query of the dashboard returns series."""

import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from reporting_pipeline.alerts.evaluation import WarehouseAlerts
from reporting_pipeline.cli.operations import metrics_of
from reporting_pipeline.errors import SourceUnavailable
from reporting_pipeline.serving.hot_cache import CacheLimits
from reporting_pipeline.serving.report_files import ReportFiles
from reporting_pipeline.sources.landing.land import record_fault
from reporting_pipeline.store import open_store
from reporting_pipeline.telemetry.prometheus import metrics_page, serve_metrics
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.requests.sample_requests import queued_days
from reporting_pipeline_tests.sample_reports import (
    ATTENDANCE,
    BERLIN,
    ReportGenerator,
    define,
    one_day,
)
from reporting_pipeline_tests.telemetry.prometheus_server import (
    ALERTS,
    EXAMPLES,
    PROMETHEUS,
    PROMTOOL,
    Prometheus,
    prometheus_of,
)
from reporting_pipeline_tests.telemetry.test_dashboard import TARGETS

pytestmark = pytest.mark.skipif(
    PROMETHEUS is None or PROMTOOL is None,
    reason="no package of PyPI has Prometheus: install Debian's package `prometheus`",
)
DAY = date(2025, 5, 1)
BOUNDS = CacheLimits(ttl_seconds=600, max_entries=10, max_bytes=10**6)

# Series by minute: the metrics are not served, the ledger is hours behind, and a request waits;
# everything else works.
STALLED = {
    "reporting_up": "1+0x60",
    'reporting_source_lag_seconds{source="ledger"}': "14400+60x60",
    'reporting_source_lag_seconds{source="seating"}': "900+0x60",
    'reporting_touched_oldest_seconds{table="report_sales_daily"}': "600+0x60",
    "reporting_request_oldest_seconds": "1200+60x60",
}


def work(pipeline: Pipeline, store_url: str) -> None:
    """Work of each kind: a report, cache requests, queued requests, alerts."""
    now = datetime.now(UTC)
    warehouse = pipeline.warehouse
    generator = ReportGenerator(warehouse, open_store(store_url), now)
    definition = define(warehouse, {**ATTENDANCE, "slug": f"counted-{now:%H%M%S%f}"})
    [outcome] = generator.generate(definition, one_day(DAY), is_provisional_allowed=True)
    files = ReportFiles(
        warehouse, generator.store, BOUNDS, max_file_bytes=10**6, clock=time.monotonic
    )
    for _ in range(3):
        files.file(definition.organization_id, outcome.report.id)
    files.forget_all()
    files.file(definition.organization_id, outcome.report.id)  # records the hits
    queued_days(warehouse, definition, 2)
    WarehouseAlerts(
        warehouse=warehouse, channels=(), redis_url=None, stale_after=timedelta(hours=2)
    ).evaluate_and_send()


@pytest.fixture(scope="module")
def scraped(
    shared_season_pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    """A Prometheus that has scraped a working pipeline."""
    folder = tmp_path_factory.mktemp("prometheus")
    warehouse, store_url = shared_season_pipeline.warehouse, (folder / "store").as_uri()
    record_fault(warehouse, SourceUnavailable("it is away", domain="scanning"))
    with warehouse_connection(warehouse) as connection:
        connection.execute(
            "insert into landing.touched_days (report_table, report_day, touched_at)"
            " values ('report_sales_daily', %s, now())",
            (DAY + timedelta(days=1),),
        )
        connection.execute(
            "insert into reporting.seal_objections"
            " (date, position, organization_id, report_table, check_name, message)"
            " values (%s, 99, %s, 'report_sales_daily', 'sales_tie_to_ledger', 'differs')",
            (DAY - timedelta(days=1), BERLIN),
        )
        connection.execute(
            "insert into landing.comparisons (domain, table_name, walk, turn_began_at)"
            " values ('scanning', 'scans', 'rows', now())"
        )
        connection.execute(
            "insert into landing.row_findings"
            " (domain, table_name, row_id, finding, organization_id, reason, record)"
            " values ('scanning', 'scans', gen_random_uuid(), 'deleted', gen_random_uuid(),"
            " 'it is gone', '{}')"
        )
    work(shared_season_pipeline, store_url)
    with (
        serve_metrics(metrics_of(warehouse), 0) as address,
        prometheus_of(address, folder) as prometheus,
    ):
        prometheus.wait_for("reporting_up == 1")
        work(shared_season_pipeline, store_url)
        shared_season_pipeline.build([DAY])
        prometheus.wait_for("sum(increase(reporting_rebuilt_dates_total[1m])) > 0")
        yield prometheus


def test_every_query_of_the_dashboard_returns_series(scraped: Prometheus) -> None:
    expressions = [
        each["expr"].replace("$__rate_interval", "1m").replace("$__range", "1h") for each in TARGETS
    ]
    assert [each for each in expressions if not scraped.query(each)] == []


def test_increases_between_two_scrapes_are_seen(scraped: Prometheus) -> None:
    for name in (
        "reporting_report_bytes_total",
        "reporting_rebuilt_dates_total",
        "reporting_cache_requests_total",
    ):
        [series] = scraped.query(f"sum(increase({name}[1m]))")
        assert float(series["value"][1]) > 0, name


def test_the_example_rules_are_evaluated(scraped: Prometheus) -> None:
    scraped.wait_for('ALERTS{alertname="ReportingAlertsStand"}')
    rules = {each["name"]: each for each in scraped.rules()}
    assert {each["health"] for each in rules.values()} == {"ok"}
    states = {name for name, each in rules.items() if each["state"] != "inactive"}
    assert states == {"ReportingAlertsStand", "ReportingNoticesWait"}


def test_promtool_accepts_metrics_configuration_and_rules(shared_season_pipeline: Pipeline) -> None:
    assert PROMTOOL is not None
    text = metrics_page(metrics_of(shared_season_pipeline.warehouse))
    commands = (
        ["check", "metrics"],
        ["check", "config", str(EXAMPLES / "prometheus.yaml")],
        ["check", "rules", str(EXAMPLES / "prometheus-rules.yaml")],
    )
    for command in commands:
        done = subprocess.run(  # noqa: S603 - a program of this machine
            [PROMTOOL, *command], input=text, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_the_example_rules_fire_when_the_pipeline_stalls(tmp_path: Path) -> None:
    assert PROMTOOL is not None
    rules = EXAMPLES / "prometheus-rules.yaml"
    [group] = yaml.safe_load(rules.read_text("utf-8"))["groups"]
    case = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in STALLED.items()],
        "alert_rule_test": [
            {"eval_time": "30m", "alertname": rule["alert"], "exp_alerts": list(expected(rule))}
            for rule in group["rules"]
        ],
    }
    file = tmp_path / "rules_test.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [str(rules)], "tests": [case]}), "utf-8")
    done = subprocess.run(  # noqa: S603 - a program of this machine
        [PROMTOOL, "test", "rules", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def expected(rule: dict[str, Any]) -> Iterator[dict[str, object]]:
    """The alert that a rule gives after 30 minutes of the stalled series."""
    if rule["alert"] in ALERTS:
        labels, summary = ALERTS[rule["alert"]]
        yield {
            "exp_labels": {**rule["labels"], **labels},
            "exp_annotations": {**rule["annotations"], "summary": summary},
        }
