"""Every metric that says what stands at this moment: its name, what it says, its query.

Asked of the warehouse at each scrape, so it is right whichever process is scraped, and after every
crash. Each query reads few rows or goes by an index. What happened is counted (`measures`).

What belongs here: the list. What does not: connecting, and how Prometheus wants it (`collector`).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """A figure of the moment.

    Attributes:
        name: As Prometheus names it.
        help: What it says, in which unit.
        labels: Their names, in the order of the query's columns; the value is its last column.
        query: May use %(now)s, the instant of the scrape.
    """

    name: str
    help: str
    labels: tuple[str, ...]
    query: str


# The last day of an event to come is touched long before it can be built.
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

# The newest row of what differs; `timing` there says that it has come right since.
_STANDING_BREAKS = """
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
        help="How far back the instant lies through which a source has landed completely.",
        labels=("source",),
        query="""
            select domain, extract(epoch from %(now)s - complete_through) from landing.source_reads
        """,
    ),
    Gauge(
        name="reporting_source_fault_tries",
        help="How often in a row a source was tried in vain; no series while it answers.",
        labels=("source", "error"),
        query="select domain, error, try_count from landing.source_faults",
    ),
    Gauge(
        name="reporting_touched_dates",
        help="Report days that wait to be rebuilt.",
        labels=("table",),
        query=_TOUCHED.format(figure="count(distinct report_day)"),
    ),
    Gauge(
        name="reporting_touched_oldest_seconds",
        help="How long the first of the report days has waited to be rebuilt.",
        labels=("table",),
        query=_TOUCHED.format(figure="extract(epoch from %(now)s - min(since))"),
    ),
    Gauge(
        name="reporting_breaks",
        help="Differences between Ticketing and the ledger that stand, as they last stood.",
        labels=("kind", "currency"),
        query=_STANDING_BREAKS.format(figure="count(*)"),
    ),
    Gauge(
        name="reporting_breaks_minor",
        help="Their amounts without sign, in minor units of the currency.",
        labels=("kind", "currency"),
        query=_STANDING_BREAKS.format(figure="sum(abs(difference_minor))"),
    ),
    Gauge(
        name="reporting_objections",
        help="Errors of the checks that stand against the seals of report days.",
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
        help="Requests for reports by status; those waiting are queued.",
        labels=("status",),
        query="select status, count(*) from catalogue.report_requests group by status",
    ),
    Gauge(
        name="reporting_request_oldest_seconds",
        help="How long the first of the requests that may be taken has waited; 0 where none does.",
        labels=(),
        query="""
            select coalesce(extract(epoch from %(now)s - min(requested_at)), 0)
            from catalogue.report_requests where status = 'queued' and available_at <= %(now)s
        """,
    ),
    Gauge(
        name="reporting_request_wait_seconds",
        help="How long the requests taken in the last quarter of an hour waited, on average.",
        labels=(),
        query="""
            select coalesce(avg(extract(epoch from started_at - requested_at)), 0)
            from catalogue.report_requests
            where started_at > %(now)s - interval '15 minutes'
        """,
    ),
    Gauge(
        name="reporting_alerts",
        help="Alerts that stand.",
        labels=("kind", "severity"),
        query="""
            select kind, severity, count(*) from catalogue.alerts
            where resolved_at is null group by kind, severity
        """,
    ),
    Gauge(
        name="reporting_notices",
        help="Notices that wait to be told over Redis.",
        labels=(),
        query="select count(*) from catalogue.notices where announced_at is null",
    ),
)
