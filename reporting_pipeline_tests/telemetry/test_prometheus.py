"""A scrape has the totals and the current state, or it says that it is incomplete."""

import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import URL

from reporting_pipeline.errors import EnvironmentNotReady
from reporting_pipeline.telemetry.metric_store import Observation, record
from reporting_pipeline.telemetry.metrics import CUMULATIVE_METRICS, GAUGES, REPORT_DURATION
from reporting_pipeline.telemetry.prometheus import (
    UP,
    WarehouseCollector,
    metrics_page,
    serve_metrics,
)
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.telemetry.prometheus_server import ALERTS, EXAMPLES

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def collector_of(url: URL) -> WarehouseCollector:
    return WarehouseCollector(lambda: warehouse_connection(url), lambda: NOW)


class Scrape:
    """A page of metrics, parsed as Prometheus parses it."""

    def __init__(self, collector: WarehouseCollector) -> None:
        self.samples = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(metrics_page(collector))
            for sample in family.samples
        }

    def value(self, name: str, **labels: str) -> float | None:
        """The value of one series; None if it does not exist."""
        return self.samples.get((name, frozenset(labels.items())))

    def series(self, name: str) -> list[dict[str, str]]:
        """The labels of all series of a metric."""
        return [dict(labels) for each, labels in self.samples if each == name]


def test_a_scrape_shows_the_state_of_the_season(shared_season_pipeline: Pipeline) -> None:
    with warehouse_connection(shared_season_pipeline.warehouse) as connection:
        read_at = NOW - timedelta(minutes=30)
        connection.execute("update landing.source_reads set complete_through = %s", (read_at,))
        open_breaks = connection.execute(
            "select distinct kind, currency from reporting.report_reconciliation_breaks"
            " where kind <> 'timing'"
        ).fetchall()
    scrape = Scrape(collector_of(shared_season_pipeline.warehouse))
    assert scrape.value(UP) == 1
    assert scrape.value("reporting_source_lag_seconds", source="ledger") == 1800
    assert open_breaks
    shown = scrape.series("reporting_breaks")
    assert {(each["kind"], each["currency"]) for each in shown} == set(open_breaks)
    assert all(scrape.value("reporting_breaks_minor", **each) for each in shown)


def test_a_break_counts_once_by_its_newest_row_and_not_after_it_is_settled(
    begun: psycopg.Connection,
) -> None:
    for day, order, kind, difference in (
        ("2025-05-01", 1, "missing_in_ledger", 500),
        ("2025-05-02", 1, "missing_in_ledger", 300),
        ("2025-05-01", 2, "amount", 70),
        ("2025-05-03", 2, "timing", 70),
        ("2025-05-01", 3, "missing_in_ledger", -40),
    ):
        begun.execute(
            "insert into reporting.report_reconciliation_breaks (date, organization_id, order_id,"
            " currency, kind, ticketing_minor, ledger_minor, difference_minor, proof_ids) values"
            " (%s, %s, %s, 'EUR', %s, %s, 0, %s, '{}')",
            (day, _uuid(9), _uuid(order), kind, difference, difference),
        )

    scrape = Scrape(_within(begun))
    assert scrape.value("reporting_breaks", kind="missing_in_ledger", currency="EUR") == 2
    assert scrape.value("reporting_breaks_minor", kind="missing_in_ledger", currency="EUR") == 340
    assert len(scrape.series("reporting_breaks")) == 1


def test_the_wait_of_a_day_begins_when_it_can_be_built(begun: psycopg.Connection) -> None:
    for table, day in (
        ("report_sales_daily", NOW.date()),  # began in the easternmost zone 36 hours ago
        ("report_event_summary", NOW.date() + timedelta(days=1)),
        ("report_event_summary", NOW.date() + timedelta(days=90)),
        ("report_revenue_daily", NOW.date() + timedelta(days=2)),
    ):
        begun.execute(
            "insert into landing.touched_days (report_table, report_day, touched_at)"
            " values (%s, %s, %s)",
            (table, day, NOW - timedelta(days=30)),
        )

    scrape = Scrape(_within(begun))
    hour, oldest = 3600, "reporting_touched_oldest_seconds"
    assert scrape.value(oldest, table="report_sales_daily") == 36 * hour
    assert scrape.value(oldest, table="report_event_summary") == 12 * hour
    assert scrape.value("reporting_touched_dates", table="report_event_summary") == 1
    assert scrape.value(oldest, table="report_revenue_daily") is None


def test_durations_are_a_histogram(begun: psycopg.Connection) -> None:
    labels = {"format": "pdf", "status": "ready"}
    record(begun, [Observation(REPORT_DURATION, labels, each) for each in (0.2, 2.0)])
    scrape = Scrape(_within(begun))
    name = REPORT_DURATION.name
    assert scrape.value(f"{name}_count", **labels) == 2
    assert scrape.value(f"{name}_sum", **labels) == pytest.approx(2.2)
    assert scrape.value(f"{name}_bucket", **labels, le="0.25") == 1


def test_every_query_works_in_a_warehouse_without_rows(
    begun: psycopg.Connection,
) -> None:
    text = metrics_page(_within(begun))
    assert f"{UP} 1.0" in text
    names = [each.name.removesuffix("_total") for each in (*CUMULATIVE_METRICS, *GAUGES)]
    assert [name for name in names if f"# HELP {name}" not in text] == []


def test_a_query_that_fails_omits_only_its_own_metric_and_sets_up_to_0(
    begun: psycopg.Connection,
) -> None:
    begun.execute("drop table catalogue.alerts")
    scrape = Scrape(_within(begun))
    assert scrape.value(UP) == 0
    assert scrape.value("reporting_notices") is not None


def test_without_the_warehouse_up_is_0_and_all_metrics_are_omitted(warehouse_url: URL) -> None:
    assert Scrape(collector_of(warehouse_url.set(port=1))).samples == {(UP, frozenset()): 0}


def test_the_page_is_on_loopback_and_the_error_names_a_port_in_use(
    warehouse_url: URL,
) -> None:
    collector = collector_of(warehouse_url)
    with serve_metrics(collector, 0) as address:
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(address) as answer:  # noqa: S310 - our own server
            assert f"{UP} 1.0" in answer.read().decode()
        port = int(address.split(":")[2].split("/")[0])
        with (
            pytest.raises(EnvironmentNotReady, match=f"127.0.0.1:{port} cannot be listened on"),
            serve_metrics(collector, port),
        ):
            pass


def test_metric_names_are_unique_and_follow_the_conventions_of_prometheus() -> None:
    names = [each.name for each in (*CUMULATIVE_METRICS, *GAUGES)]
    assert len(set(names)) == len(names)
    assert all(name.startswith("reporting_") for name in names)
    assert all(each.bounds or each.name.endswith("_total") for each in CUMULATIVE_METRICS)
    labels = {label for each in (*CUMULATIVE_METRICS, *GAUGES) for label in each.labels}
    assert labels.isdisjoint({"organization", "organization_id", "report_id", "event_id"})


def _within(connection: psycopg.Connection) -> WarehouseCollector:
    """A collector that reads in a transaction, which the test rolls back."""

    @contextmanager
    def connect() -> Iterator[psycopg.Connection]:
        yield connection

    return WarehouseCollector(connect, lambda: NOW)


def _uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def test_the_rules_have_the_alerts_and_the_words_that_a_real_prometheus_is_tried_with() -> None:
    [group] = yaml.safe_load((EXAMPLES / "prometheus-rules.yaml").read_text("utf-8"))["groups"]
    summaries = {each["alert"]: each["annotations"]["summary"] for each in group["rules"]}
    for name, (_, summary) in ALERTS.items():
        parts = re.split(r"\{\{.*?\}\}", summaries[name])
        assert re.fullmatch(".+".join(map(re.escape, parts)), summary) or summary == summaries[name]
