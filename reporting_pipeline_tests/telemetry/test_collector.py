"""A scrape says what happened and what stands, or says that it cannot."""

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import URL

from reporting_pipeline.errors import EnvironmentNotReady
from reporting_pipeline.telemetry.collector import UP, WarehouseCollector
from reporting_pipeline.telemetry.endpoint import page, served
from reporting_pipeline.telemetry.gauges import GAUGES
from reporting_pipeline.telemetry.measures import MEASURES, REPORT_DURATION
from reporting_pipeline.telemetry.tally import Observation, record
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.given import Pipeline

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def collector_of(url: URL) -> WarehouseCollector:
    return WarehouseCollector(lambda: warehouse_connection(url), lambda: NOW)


class Scrape:
    """A page of metrics, as Prometheus reads it."""

    def __init__(self, collector: WarehouseCollector) -> None:
        self.samples = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(page(collector))
            for sample in family.samples
        }

    def value(self, name: str, **labels: str) -> float | None:
        """Of one series; None where there is none."""
        return self.samples.get((name, frozenset(labels.items())))

    def series(self, name: str) -> list[dict[str, str]]:
        """The labels of all series of a metric."""
        return [dict(labels) for each, labels in self.samples if each == name]


def test_the_season_is_told(shared_season_pipeline: Pipeline) -> None:
    with warehouse_connection(shared_season_pipeline.warehouse) as connection:
        read_at = NOW - timedelta(minutes=30)
        connection.execute("update landing.source_reads set complete_through = %s", (read_at,))
        standing = connection.execute(
            "select distinct kind, currency from reporting.report_reconciliation_breaks"
            " where kind <> 'timing'"
        ).fetchall()
    scrape = Scrape(collector_of(shared_season_pipeline.warehouse))
    assert scrape.value(UP) == 1
    assert scrape.value("reporting_source_lag_seconds", source="ledger") == 1800
    assert standing
    told = scrape.series("reporting_breaks")
    assert {(each["kind"], each["currency"]) for each in told} == set(standing)
    assert all(scrape.value("reporting_breaks_minor", **each) for each in told)


def test_a_break_counts_once_as_it_last_stood_and_not_after_it_came_right(
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


def test_a_day_waits_from_when_it_can_be_built(begun: psycopg.Connection) -> None:
    for table, day in (
        ("report_sales_daily", NOW.date()),  # it began in the east, twelve hours ago and a day
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


def test_every_query_is_answered_by_a_warehouse_without_rows(
    begun: psycopg.Connection,
) -> None:
    text = page(_within(begun))
    assert f"{UP} 1.0" in text
    names = [each.name.removesuffix("_total") for each in (*MEASURES, *GAUGES)]
    assert [name for name in names if f"# HELP {name}" not in text] == []


def test_a_query_that_fails_leaves_out_its_own_metric_and_says_so(
    begun: psycopg.Connection,
) -> None:
    begun.execute("drop table catalogue.alerts")
    scrape = Scrape(_within(begun))
    assert scrape.value(UP) == 0
    assert scrape.value("reporting_notices") is not None


def test_a_warehouse_that_is_away_is_told_and_nothing_else(warehouse_url: URL) -> None:
    assert Scrape(collector_of(warehouse_url.set(port=1))).samples == {(UP, frozenset()): 0}


def test_the_page_is_served_on_loopback_and_a_taken_port_is_named(warehouse_url: URL) -> None:
    collector = collector_of(warehouse_url)
    with served(collector, 0) as address:
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(address) as answer:  # noqa: S310 - our own server
            assert f"{UP} 1.0" in answer.read().decode()
        port = int(address.split(":")[2].split("/")[0])
        with (
            pytest.raises(EnvironmentNotReady, match=f"127.0.0.1:{port} cannot be listened on"),
            served(collector, port),
        ):
            pass


def test_metrics_are_named_as_prometheus_wants_and_only_once() -> None:
    names = [each.name for each in (*MEASURES, *GAUGES)]
    assert len(set(names)) == len(names)
    assert all(name.startswith("reporting_") for name in names)
    assert all(each.bounds or each.name.endswith("_total") for each in MEASURES)
    labels = {label for each in (*MEASURES, *GAUGES) for label in each.labels}
    assert labels.isdisjoint({"organization", "organization_id", "report_id", "event_id"})


def _within(connection: psycopg.Connection) -> WarehouseCollector:
    """A scrape within a transaction that is rolled back."""

    @contextmanager
    def connect() -> Iterator[psycopg.Connection]:
        yield connection

    return WarehouseCollector(connect, lambda: NOW)


def _uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"
