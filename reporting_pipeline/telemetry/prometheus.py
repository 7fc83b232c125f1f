"""The metrics in Prometheus' format, read from the warehouse and served at GET /metrics.

Each scrape reads one snapshot. A query that fails omits its own metric; if the warehouse cannot be
reached, all metrics are omitted. `reporting_up` is 0 in both cases, so a scrape always gets an
answer and never shows old values as current.

The page is on the loopback address and has no login. To scrape it from another machine, use a proxy
that has one.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any

import psycopg
from prometheus_client import CollectorRegistry, generate_latest, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from psycopg import Connection
from typing_extensions import override

from reporting_pipeline.errors import EnvironmentNotReady, ReportingError
from reporting_pipeline.telemetry.metric_store import MetricTotal, read_totals
from reporting_pipeline.telemetry.metrics import (
    CUMULATIVE_METRICS,
    GAUGES,
    CumulativeMetric,
    Gauge,
)

UP = "reporting_up"
LOOPBACK = "127.0.0.1"
_UP_HELP = "1 if this scrape has every metric; 0 if one is missing: the log says which, and why."
_TIMEOUT_MILLISECONDS = 5000
_LOG = logging.getLogger(__name__)


class WarehouseCollector(Collector):
    """All metrics of the pipeline.

    Args:
        connect: Opens a connection to one snapshot of the warehouse; nothing is written.
        clock: Returns the current time, with its zone.
    """

    def __init__(
        self,
        connect: Callable[[], AbstractContextManager[Connection[Any]]],
        clock: Callable[[], datetime],
    ) -> None:
        self._connect = connect
        self._clock = clock

    def describe(self) -> list[Metric]:
        """Returns an empty list, so that registering does not need the warehouse."""
        return []

    @override
    def collect(self) -> Iterator[Metric]:
        """Every metric with its current values."""
        families, is_complete = self._families()
        yield from families
        yield GaugeMetricFamily(UP, _UP_HELP, value=float(is_complete))

    def _families(self) -> tuple[list[Metric], bool]:
        families: list[Metric] = []
        try:
            with self._connect() as connection:
                connection.execute(f"set local statement_timeout = {_TIMEOUT_MILLISECONDS}")
                totals = read_totals(connection, CUMULATIVE_METRICS)
                families.extend(_cumulative_family(each, totals) for each in CUMULATIVE_METRICS)
                gauges = [_gauge_family(connection, each, self._clock()) for each in GAUGES]
        except (ReportingError, psycopg.Error) as error:
            _LOG.error("all metrics are missing from this scrape: %s", error)
            return [], False
        families.extend(each for each in gauges if each is not None)
        return families, None not in gauges


@contextmanager
def serve_metrics(collector: WarehouseCollector, port: int) -> Iterator[str]:
    """Serve the metrics while the context is open; port 0 means any free port.

    Yields:
        The address of the page.

    Raises:
        EnvironmentNotReady: The port is in use.
    """
    try:
        server, thread = start_http_server(port, LOOPBACK, _registry(collector))
    except OSError as error:
        message = f"{LOOPBACK}:{port} cannot be listened on ({error}): choose another --port"
        raise EnvironmentNotReady(message) from error
    try:
        yield f"http://{LOOPBACK}:{server.server_port}/metrics"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def metrics_page(collector: WarehouseCollector) -> str:
    """The text that `serve_metrics` would serve now."""
    return generate_latest(_registry(collector)).decode()


def _registry(collector: WarehouseCollector) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(collector)
    return registry


def _cumulative_family(metric: CumulativeMetric, totals: list[MetricTotal]) -> Metric:
    own = [each for each in totals if each.metric is metric]
    if metric.bounds:
        histogram = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
        for each in own:
            histogram.add_metric(each.labels, each.cumulative(), each.total)
        return histogram
    counter = CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
    for each in own:
        counter.add_metric(each.labels, each.total)
    return counter


def _gauge_family(connection: Connection[Any], gauge: Gauge, now: datetime) -> Metric | None:
    family = GaugeMetricFamily(gauge.name, gauge.help, labels=gauge.labels)
    try:
        with connection.transaction():
            for *labels, value in connection.execute(gauge.query.encode(), {"now": now}):
                family.add_metric([str(each) for each in labels], float(value))
    except psycopg.Error as error:
        _LOG.error("%s is missing from this scrape: %s", gauge.name, error)
        return None
    return family
