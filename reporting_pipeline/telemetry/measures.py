"""Every metric that counts what happened: its name, what it says, its labels.

What stands at this moment is not counted but asked for (`gauges`). No label is an organisation, a
definition or an id: a metric has as many series as its labels have values, for ever.

What belongs here: the list. What does not: where the counts are kept (`tally`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A metric that only grows.

    Attributes:
        name: As Prometheus names it; a counter's ends in _total.
        help: What it counts, in which unit.
        labels: Their names, in order.
        bounds: The upper bounds of a histogram's buckets; none: a counter.
    """

    name: str
    help: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()

    def label_values(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        """Values in the order of the names.

        Raises:
            ValueError: The names are others than the measure's.
        """
        if set(labels) != set(self.labels):
            message = f"{self.name} has the labels {self.labels}, not {tuple(labels)}"
            raise ValueError(message)
        return tuple(labels[name] for name in self.labels)


def _counter(name: str, help_text: str, *labels: str) -> Measure:
    return Measure(name=name, help=help_text, labels=labels)


def _duration(name: str, help_text: str, *labels: str) -> Measure:
    return Measure(name=name, help=help_text, labels=labels, bounds=_SECONDS)


LANDED_ROWS = _counter(
    "reporting_landing_rows_total", "Rows landed that were new or changed.", "source", "table"
)
LANDING_READ_ROWS = _counter(
    "reporting_landing_read_rows_total",
    "Rows read from a source, those included that were known.",
    *LANDED_ROWS.labels,
)
LANDING_READ_DURATION = _duration(
    "reporting_landing_read_duration_seconds", "How long a landing read one source.", "source"
)
LANDING_DURATION = _duration(
    "reporting_landing_duration_seconds",
    "How long a landing took, reading and merging, less its commit.",
)
REBUILD_DURATION = _duration(
    "reporting_rebuild_duration_seconds",
    "How long one rebuild of a report table took, over all days that it replaced.",
    "table",
)
REBUILT_DAYS = _counter(
    "reporting_rebuilt_dates_total", "Report days of a report table that were rebuilt.", "table"
)
REPORT_DURATION = _duration(
    "reporting_report_duration_seconds",
    "How long one file of a report took; reading is counted with its first format.",
    "format",
    "status",
)
REPORT_ROWS = _counter(
    "reporting_report_rows_total", "Rows written into files of reports.", "format"
)
REPORT_BYTES = _counter("reporting_report_bytes_total", "Bytes of files of reports.", "format")
CACHE_REQUESTS = _counter(
    "reporting_cache_requests_total",
    "Questions to a hot cache: hit, from memory; miss, loaded or waited for.",
    "cache",
    "result",
)

MEASURES = (
    LANDED_ROWS,
    LANDING_READ_ROWS,
    LANDING_READ_DURATION,
    LANDING_DURATION,
    REBUILD_DURATION,
    REBUILT_DAYS,
    REPORT_DURATION,
    REPORT_ROWS,
    REPORT_BYTES,
    CACHE_REQUESTS,
)
