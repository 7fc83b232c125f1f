"""The list of metrics: counters and histograms of past work, and gauges of the current state.

A counter or histogram only grows; its totals are stored in the warehouse (`metric_store`). A gauge
is a query that each scrape runs in the warehouse, so its value is right whichever process is
scraped, also after a crash. Each query reads few rows or uses an index.

No label is an organisation, a definition or an id, because each value of a label creates a time
series that Prometheus keeps.
"""

from collections.abc import Mapping
from dataclasses import dataclass

_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CumulativeMetric:
    """A counter or a histogram.

    Attributes:
        name: The name in Prometheus; a counter's ends in _total.
        help: One sentence on the value and its unit.
        labels: The names of the labels, in order.
        bounds: The upper bounds of a histogram's buckets; empty for a counter.
    """

    name: str
    help: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()

    def label_values(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        """The values of labels, in the order of the metric's label names.

        Raises:
            ValueError: The names differ from the metric's.
        """
        if set(labels) != set(self.labels):
            message = f"{self.name} has the labels {self.labels}, not {tuple(labels)}"
            raise ValueError(message)
        return tuple(labels[name] for name in self.labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """A metric of the current state of the warehouse.

    Attributes:
        name: The name in Prometheus.
        help: One sentence on the value and its unit.
        labels: The names of the labels, in the order of the query's columns.
        query: Returns one row per series: the labels, then the value. It can use %(now)s, the
            instant of the scrape.
    """

    name: str
    help: str
    labels: tuple[str, ...]
    query: str


def _counter(name: str, help_text: str, *labels: str) -> CumulativeMetric:
    return CumulativeMetric(name=name, help=help_text, labels=labels)


def _duration(name: str, help_text: str, *labels: str) -> CumulativeMetric:
    return CumulativeMetric(name=name, help=help_text, labels=labels, bounds=_SECONDS)


LANDED_ROWS = _counter(
    "reporting_landing_rows_total", "New or changed rows that were landed.", "source", "table"
)
LANDING_READ_ROWS = _counter(
    "reporting_landing_read_rows_total",
    "Rows read from a source, including rows that were landed before.",
    *LANDED_ROWS.labels,
)
LANDING_READ_DURATION = _duration(
    "reporting_landing_read_duration_seconds", "Duration of reading one source.", "source"
)
LANDING_DURATION = _duration(
    "reporting_landing_duration_seconds",
    "Duration of a landing, reading and merging, without its commit.",
)
REBUILD_DURATION = _duration(
    "reporting_rebuild_duration_seconds",
    "Duration of one rebuild of a report table, over all days that it replaced.",
    "table",
)
REBUILT_DAYS = _counter(
    "reporting_rebuilt_dates_total", "Report days of a report table that were rebuilt.", "table"
)
REPORT_DURATION = _duration(
    "reporting_report_duration_seconds",
    "Duration of one report file; the first format includes reading the rows.",
    "format",
    "status",
)
REPORT_ROWS = _counter("reporting_report_rows_total", "Rows written to report files.", "format")
REPORT_BYTES = _counter("reporting_report_bytes_total", "Bytes of report files.", "format")
CACHE_REQUESTS = _counter(
    "reporting_cache_requests_total",
    "Requests to a memory cache: hit, answered from memory; miss, loaded or waited for a load.",
    "cache",
    "result",
)

CUMULATIVE_METRICS = (
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

# The last day of a future event is touched long before it can be built: it counts from that day on.
_TOUCHED = """
    select report_table, {figure}
    from (
        select
            report_table,
            report_day,
            greatest(touched_at, cast(report_day - 1 as timestamp) at time zone 'UTC') as since
        from landing.touched_days
    ) as touched
    where since <= %(now)s
    group by report_table
"""

# The newest row of each difference; the kind `timing` there means that it has been settled since.
_OPEN_BREAKS = """
    with newest as (
        select distinct on (
            organization_id, event_id, order_id, transaction_id, entry_id, currency
        ) kind, currency, difference_minor
        from reporting.report_reconciliation_breaks
        order by
            organization_id, event_id, order_id, transaction_id, entry_id, currency,
            date desc, kind
    )
    select kind, currency, {figure} from newest where kind <> 'timing' group by kind, currency
"""

GAUGES = (
    Gauge(
        name="reporting_source_lag_seconds",
        help="Age of the instant through which a source has landed completely.",
        labels=("source",),
        query="""
            select domain, extract(epoch from %(now)s - complete_through) from landing.source_reads
        """,
    ),
    Gauge(
        name="reporting_source_fault_tries",
        help="Consecutive failed landings of a source; no series while it can be read.",
        labels=("source", "error"),
        query="select domain, error, try_count from landing.source_faults",
    ),
    Gauge(
        name="reporting_source_findings",
        help="Open findings about single rows of a source, such as changed or deleted ones.",
        labels=("source", "table", "finding"),
        query="""
            select domain, table_name, finding, count(*) from landing.open_findings
            group by domain, table_name, finding
        """,
    ),
    Gauge(
        name="reporting_comparison_age_seconds",
        help="Time since all landed rows of a source table, or their record clocks, were last"
        " compared with it.",
        labels=("source", "table", "walk"),
        query="""
            select
                domain, table_name, walk,
                extract(epoch from %(now)s - coalesce(turn_ended_at, turn_began_at))
            from landing.comparisons
        """,
    ),
    Gauge(
        name="reporting_touched_dates",
        help="Report days that wait for a rebuild.",
        labels=("table",),
        query=_TOUCHED.format(figure="count(distinct report_day)"),
    ),
    Gauge(
        name="reporting_touched_oldest_seconds",
        help="Time that the oldest of these report days has waited.",
        labels=("table",),
        query=_TOUCHED.format(figure="extract(epoch from %(now)s - min(since))"),
    ),
    Gauge(
        name="reporting_breaks",
        help="Open differences between Ticketing and the ledger, each by its newest row.",
        labels=("kind", "currency"),
        query=_OPEN_BREAKS.format(figure="count(*)"),
    ),
    Gauge(
        name="reporting_breaks_minor",
        help="Absolute amounts of these differences, in minor units of the currency.",
        labels=("kind", "currency"),
        query=_OPEN_BREAKS.format(figure="sum(abs(difference_minor))"),
    ),
    Gauge(
        name="reporting_objections",
        help="Errors of checks that prevent report days from becoming final.",
        labels=("check",),
        query="select check_name, count(*) from reporting.seal_objections group by check_name",
    ),
    Gauge(
        name="reporting_reports",
        help="Generated reports by format and by status: ready, held, failed.",
        labels=("format", "status"),
        query="""
            select format, status, count(*) from catalogue.generated_reports
            group by format, status
        """,
    ),
    Gauge(
        name="reporting_requests",
        help="Requests for reports by status; waiting requests are queued.",
        labels=("status",),
        query="select status, count(*) from catalogue.report_requests group by status",
    ),
    Gauge(
        name="reporting_request_oldest_seconds",
        help="Time that the oldest available request has waited; 0 if none waits.",
        labels=(),
        query="""
            select coalesce(extract(epoch from %(now)s - min(requested_at)), 0)
            from catalogue.report_requests where status = 'queued' and available_at <= %(now)s
        """,
    ),
    Gauge(
        name="reporting_request_wait_seconds",
        help="Average wait of the requests that started in the last 15 minutes.",
        labels=(),
        query="""
            select coalesce(avg(extract(epoch from started_at - requested_at)), 0)
            from catalogue.report_requests
            where started_at > %(now)s - interval '15 minutes'
        """,
    ),
    Gauge(
        name="reporting_alerts",
        help="Open alerts.",
        labels=("kind", "severity"),
        query="""
            select kind, severity, count(*) from catalogue.alerts
            where resolved_at is null group by kind, severity
        """,
    ),
    Gauge(
        name="reporting_notices",
        help="Notices that wait to be sent through Redis.",
        labels=(),
        query="select count(*) from catalogue.notices where announced_at is null",
    ),
)
