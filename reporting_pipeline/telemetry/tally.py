"""The tallies: what happened, counted in the warehouse, whichever process did it.

A run of Dagster is a process of seconds and a command too: neither lives until it is scraped. So
each adds what it did to a row per metric, labels and bucket; any process can show the sums, and
they never go backwards.

What belongs here: adding and reading. What does not: which metrics there are (`measures`), and how
Prometheus wants them (`collector`).
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.types.json import Jsonb

from reporting_pipeline.telemetry.measures import Measure

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
    """Something that happened.

    Attributes:
        value: Seconds for a histogram, how many for a counter.
    """

    measure: Measure
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What was observed of a measure with the same labels.

    Attributes:
        counts: Upper bound of a bucket -> observations in it alone; infinity for a counter.
        total: Their sum.
    """

    measure: Measure
    labels: tuple[str, ...]
    counts: Mapping[float, int]
    total: float

    def cumulative(self) -> list[tuple[str, float]]:
        """The buckets as Prometheus wants them: each counts those below it too."""
        bounds = (-_INFINITE, *self.measure.bounds, _INFINITE)
        running, buckets = 0, []
        for below, bound in pairwise(bounds):
            running += sum(n for upper, n in self.counts.items() if below < upper <= bound)
            buckets.append(("+Inf" if bound == _INFINITE else str(bound), float(running)))
        return buckets


def record(connection: Connection[Any], observations: Sequence[Observation]) -> None:
    """Add what happened, in the connection's transaction or, outside one, at once.

    Figures about work are no reason for the work to fail: where they cannot be added, the log says
    so and the transaction stays usable.
    """
    rows = sorted(
        (
            (each.measure.name, _labels(each), _bucket(each.measure, each.value), each.value)
            for each in observations
        ),
        key=lambda row: (row[0], sorted(row[1].items()), row[2]),  # equal order: no deadlock
    )
    if not rows:
        return
    try:
        with connection.transaction():
            connection.cursor().executemany(
                _ADD, [(name, Jsonb(labels), bucket, value) for name, labels, bucket, value in rows]
            )
    except psycopg.Error as error:
        _LOG.warning("metrics of %s are lost: %s", rows[0][0], error)


def read_tallies(connection: Connection[Any], measures: Sequence[Measure]) -> list[Tally]:
    """What was observed of each measure so far; a measure never observed has none."""
    known = {each.name: each for each in measures}
    found: dict[tuple[str, tuple[str, ...]], dict[float, tuple[int, float]]] = {}
    for name, labels, bound, count, total in connection.execute(_READ):
        measure = known.get(name)
        if measure is not None and set(labels) == set(measure.labels):
            buckets = found.setdefault((name, measure.label_values(labels)), {})
            buckets[bound] = (count, float(total))
    return [
        Tally(
            measure=known[name],
            labels=labels,
            counts={bound: count for bound, (count, _) in buckets.items()},
            total=sum(total for _, total in buckets.values()),
        )
        for (name, labels), buckets in sorted(found.items())
    ]


def _labels(observation: Observation) -> dict[str, str]:
    values = observation.measure.label_values(observation.labels)
    return dict(zip(observation.measure.labels, values, strict=True))


def _bucket(measure: Measure, value: float) -> float:
    return next((bound for bound in measure.bounds if value <= bound), _INFINITE)
