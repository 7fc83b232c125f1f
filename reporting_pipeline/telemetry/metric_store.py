"""Totals of counters and histograms, stored in the warehouse (`telemetry.tallies`).

A Dagster run and a command end before Prometheus can scrape them. So each process adds its
observations to one row per metric, labels and bucket, and any process can serve the totals, which
never decrease.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.types.json import Jsonb

from reporting_pipeline.telemetry.metrics import CumulativeMetric

_LOG = logging.getLogger(__name__)
_INFINITE = float("inf")

_ADD = """
    insert into telemetry.tallies (measure, labels, upper_bound, observed_count, total)
    values (%s, %s, %s, 1, %s)
    on conflict (measure, labels, upper_bound) do update set
        observed_count = tallies.observed_count + 1, total = tallies.total + excluded.total
"""
_READ = "select measure, labels, upper_bound, observed_count, total from telemetry.tallies"


@dataclass(frozen=True, slots=True)
class Observation:
    """One value to add to a metric.

    Attributes:
        value: Seconds for a histogram, a count for a counter.
    """

    metric: CumulativeMetric
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricTotal:
    """All observations of a metric with the same labels.

    Attributes:
        counts: Upper bound of a bucket -> observations in this bucket only; infinity for a counter.
        total: The sum of the observed values.
    """

    metric: CumulativeMetric
    labels: tuple[str, ...]
    counts: Mapping[float, int]
    total: float

    def cumulative(self) -> list[tuple[str, float]]:
        """The buckets in Prometheus' form, where each bucket includes the smaller ones."""
        bounds = (-_INFINITE, *self.metric.bounds, _INFINITE)
        running, buckets = 0, []
        for below, bound in pairwise(bounds):
            running += sum(n for upper, n in self.counts.items() if below < upper <= bound)
            buckets.append(("+Inf" if bound == _INFINITE else str(bound), float(running)))
        return buckets


def record(connection: Connection[Any], observations: Sequence[Observation]) -> None:
    """Add observations, in the connection's transaction or, outside of one, immediately.

    A failure does not stop the work that is measured: it is logged, and the transaction stays
    usable.
    """
    rows = sorted(
        (
            (each.metric.name, _labels(each), _bucket(each.metric, each.value), each.value)
            for each in observations
        ),
        key=lambda row: (row[0], sorted(row[1].items()), row[2]),  # one order prevents deadlocks
    )
    if not rows:
        return
    try:
        with connection.transaction():
            connection.cursor().executemany(
                _ADD, [(name, Jsonb(labels), bucket, value) for name, labels, bucket, value in rows]
            )
    except psycopg.Error as error:
        _LOG.warning("observations of %s are lost: %s", rows[0][0], error)


def read_totals(
    connection: Connection[Any], metrics: Sequence[CumulativeMetric]
) -> list[MetricTotal]:
    """The totals of each metric by labels; a metric without observations has none."""
    known = {each.name: each for each in metrics}
    found: dict[tuple[str, tuple[str, ...]], dict[float, tuple[int, float]]] = {}
    for name, labels, bound, count, total in connection.execute(_READ):
        metric = known.get(name)
        if metric is not None and set(labels) == set(metric.labels):
            buckets = found.setdefault((name, metric.label_values(labels)), {})
            buckets[bound] = (count, float(total))
    return [
        MetricTotal(
            metric=known[name],
            labels=labels,
            counts={bound: count for bound, (count, _) in buckets.items()},
            total=sum(total for _, total in buckets.values()),
        )
        for (name, labels), buckets in sorted(found.items())
    ]


def _labels(observation: Observation) -> dict[str, str]:
    values = observation.metric.label_values(observation.labels)
    return dict(zip(observation.metric.labels, values, strict=True))


def _bucket(metric: CumulativeMetric, value: float) -> float:
    return next((bound for bound in metric.bounds if value <= bound), _INFINITE)
