"""Each observation is counted once, in every process, and never stops the work."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import URL

from reporting_pipeline.telemetry.metric_store import Observation, read_totals, record
from reporting_pipeline.telemetry.metrics import (
    CUMULATIVE_METRICS,
    LANDED_ROWS,
    LANDING_DURATION,
    REPORT_DURATION,
    CumulativeMetric,
)
from reporting_pipeline.warehouse.engine import warehouse_connection

ORDERS = {"source": "ticketing", "table": "orders"}
INFINITE = float("inf")


def test_a_counter_adds_up(begun: psycopg.Connection) -> None:
    record(begun, [Observation(LANDED_ROWS, ORDERS, 5), Observation(LANDED_ROWS, ORDERS, 7)])
    record(begun, [Observation(LANDED_ROWS, ORDERS, 3)])
    [found] = read_totals(begun, [LANDED_ROWS])
    assert (found.labels, found.total) == (("ticketing", "orders"), 15)


def test_a_histogram_counts_in_buckets(begun: psycopg.Connection) -> None:
    seconds = (0.05, 0.1, 0.2, 4000.0)
    record(begun, [Observation(LANDING_DURATION, {}, each) for each in seconds])
    [found] = read_totals(begun, [LANDING_DURATION])
    assert found.counts == {0.1: 2, 0.25: 1, INFINITE: 1}
    assert found.total == pytest.approx(sum(seconds))
    buckets = dict(found.cumulative())
    assert (buckets["0.1"], buckets["0.25"], buckets["3600.0"], buckets["+Inf"]) == (2, 3, 3, 4)


def test_observations_with_former_bounds_are_still_counted(begun: psycopg.Connection) -> None:
    former = CumulativeMetric(name=LANDING_DURATION.name, help="", bounds=(0.15, 7.0))
    record(begun, [Observation(former, {}, 0.12), Observation(former, {}, 6.0)])
    [found] = read_totals(begun, [LANDING_DURATION])
    buckets = dict(found.cumulative())
    assert (buckets["0.1"], buckets["0.25"], buckets["10.0"], buckets["+Inf"]) == (0, 1, 2, 2)


def test_each_combination_of_labels_is_a_series(begun: psycopg.Connection) -> None:
    labels = [{"format": "csv", "status": "ready"}, {"format": "pdf", "status": "failed"}]
    record(begun, [Observation(REPORT_DURATION, each, 1.0) for each in labels])
    found = read_totals(begun, [REPORT_DURATION])
    assert [each.labels for each in found] == [("csv", "ready"), ("pdf", "failed")]


def test_labels_that_the_metric_does_not_have_are_refused(
    begun: psycopg.Connection,
) -> None:
    with pytest.raises(ValueError, match="has the labels"):
        record(begun, [Observation(LANDED_ROWS, {"organization": "1"}, 1)])


def test_observations_that_are_rolled_back_are_not_counted(
    begun: psycopg.Connection,
) -> None:
    record(begun, [Observation(LANDED_ROWS, ORDERS, 5)])
    begun.rollback()
    assert read_totals(begun, CUMULATIVE_METRICS) == []


def test_observations_that_cannot_be_stored_do_not_stop_the_work(
    begun: psycopg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    begun.execute("drop table telemetry.tallies")
    record(begun, [Observation(LANDED_ROWS, ORDERS, 5)])
    assert begun.execute("select 1").fetchone() == (1,)
    assert "observations of reporting_landing_rows_total are lost" in caplog.text


def test_concurrent_observations_are_all_counted(warehouse_url: URL) -> None:
    labels = [{"source": "ledger", "table": each} for each in ("entries", "accounts")]

    def count(turn: int) -> None:
        with warehouse_connection(warehouse_url) as connection:
            for _ in range(10):
                ordered = labels if turn % 2 else labels[::-1]
                record(connection, [Observation(LANDED_ROWS, each, 1) for each in ordered])

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(count, range(8)))
    with warehouse_connection(warehouse_url) as connection:
        found = read_totals(connection, [LANDED_ROWS])
    assert [each.total for each in found] == [80, 80]
