"""The metrics as Prometheus asks for them: read from the warehouse, in one snapshot per scrape.

A query that fails leaves out its own metric; a warehouse that is away leaves out all. Both are
told by `reporting_up`, so that a scrape always answers and never shows old figures as new.

What belongs here: turning rows into metric families. What does not: the list of metrics, and HTTP.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

import psycopg
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from psycopg import Connection
from typing_extensions import override

from reporting_pipeline.errors import ReportingError
from reporting_pipeline.telemetry.gauges import GAUGES, Gauge
from reporting_pipeline.telemetry.measures import MEASURES, Measure
from reporting_pipeline.telemetry.tally import Tally, read_tallies

UP = "reporting_up"
_UP_HELP = "1: every figure of this scrape is there; 0: the log says which is missing, and why."
_TIMEOUT_MILLISECONDS = 5000
_LOG = logging.getLogger(__name__)


class WarehouseCollector(Collector):
    """All metrics of the pipeline.

    Args:
        connect: A connection to one state of the warehouse; nothing is written.
        clock: The time now, with its zone.
    """

    def __init__(
        self,
        connect: Callable[[], AbstractContextManager[Connection[Any]]],
        clock: Callable[[], datetime],
    ) -> None:
        self._connect = connect
        self._clock = clock

    def describe(self) -> list[Metric]:
        """Nothing: registering must not need the warehouse."""
        return []

    @override
    def collect(self) -> Iterator[Metric]:
        """Every metric, as of now."""
        families, is_complete = self._families()
        yield from families
        yield GaugeMetricFamily(UP, _UP_HELP, value=float(is_complete))

    def _families(self) -> tuple[list[Metric], bool]:
        families: list[Metric] = []
        try:
            with self._connect() as connection:
                connection.execute(f"set local statement_timeout = {_TIMEOUT_MILLISECONDS}")
                tallies = read_tallies(connection, MEASURES)
                families.extend(_measured(each, tallies) for each in MEASURES)
                gauges = [_standing(connection, each, self._clock()) for each in GAUGES]
        except (ReportingError, psycopg.Error) as error:
            _LOG.error("no metrics: %s", error)
            return [], False
        families.extend(each for each in gauges if each is not None)
        return families, None not in gauges


def _measured(measure: Measure, tallies: list[Tally]) -> Metric:
    own = [each for each in tallies if each.measure is measure]
    if measure.bounds:
        histogram = HistogramMetricFamily(measure.name, measure.help, labels=measure.labels)
        for each in own:
            histogram.add_metric(each.labels, each.cumulative(), each.total)
        return histogram
    counter = CounterMetricFamily(measure.name, measure.help, labels=measure.labels)
    for each in own:
        counter.add_metric(each.labels, each.total)
    return counter


def _standing(connection: Connection[Any], gauge: Gauge, now: datetime) -> Metric | None:
    family = GaugeMetricFamily(gauge.name, gauge.help, labels=gauge.labels)
    try:
        with connection.transaction():
            for *labels, value in connection.execute(gauge.query.encode(), {"now": now}):
                family.add_metric([str(each) for each in labels], float(value))
    except psycopg.Error as error:
        _LOG.error("no %s: %s", gauge.name, error)
        return None
    return family
