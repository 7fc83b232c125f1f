"""The current causes of alerts, one alert per cause.

The warehouse shows breaks, failing sources, held and failed reports, and dead requests. Callers
supply the causes that no table holds, such as overdue reports. They pass the full list each time;
missing causes are resolved:

    late = [overdue_report(each.definition, each.period.token, each.deadline) for each in missing]
    warehouse_alerts.evaluate_supplied(late, AlertKind.REPORT_OVERDUE)
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from reporting_pipeline.alerts.alert import Alert, AlertKind, CurrentCauses, utc_text
from reporting_pipeline.alerts.source_causes import clock_causes, row_causes, source_causes
from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline.exports.presentation import major_text, minor_digits
from reporting_pipeline.registry.report_tables import WARNING_KINDS
from reporting_pipeline.report_definitions.definition import ReportDefinition

WAREHOUSE_KINDS = (
    AlertKind.BREAK,
    AlertKind.SOURCE_DOWN,
    AlertKind.CONTRACT_BROKEN,
    AlertKind.SOURCE_ROWS,
    AlertKind.SOURCE_CLOCK,
    AlertKind.SOURCE_STALE,
    AlertKind.REPORT_HELD,
    AlertKind.REPORT_FAILED,
    AlertKind.REQUEST_DEAD,
)
"""The kinds whose causes are read from the warehouse."""

# A later day has already settled a break of this kind; a person has accepted an accepted one.
_TIMING_BREAK = "timing"
_BREAK_IDS = ("event_id", "order_id", "transaction_id", "entry_id")
_BREAKS = """
    select distinct on
        (organization_id, event_id, order_id, transaction_id, entry_id, currency, kind)
        organization_id, event_id, order_id, transaction_id, entry_id, currency, kind,
        ticketing_minor, ledger_minor, difference_minor, date as last_day,
        min(date) over cause as first_day, count(*) over cause as day_count
    from reporting.report_reconciliation_breaks as break
    where
        kind <> %s
        and not exists (
            select from reporting.accepted_breaks as accepted
            where
                accepted.taken_back_at is null
                and (
                    accepted.organization_id, accepted.kind, accepted.currency,
                    accepted.ticketing_minor, accepted.ledger_minor
                ) = (
                    break.organization_id, break.kind, break.currency,
                    break.ticketing_minor, break.ledger_minor
                )
                and (
                    accepted.event_id, accepted.order_id, accepted.transaction_id,
                    accepted.entry_id
                ) is not distinct from (
                    break.event_id, break.order_id, break.transaction_id, break.entry_id
                )
        )
    window cause as (
        partition by organization_id, event_id, order_id, transaction_id, entry_id, currency, kind
    )
    order by
        organization_id, event_id, order_id, transaction_id, entry_id, currency, kind, date desc
"""

# Reports take seconds: a process that has generated one for so long has died.
_MAX_GENERATION = timedelta(hours=1)
_REPORT_KINDS = {"held": AlertKind.REPORT_HELD, "failed": AlertKind.REPORT_FAILED}
_REPORTS = """
    select
        report.definition_id, definition.slug, report.organization_id, report.period,
        report.status, array_agg(report.format order by report.format) as formats,
        (array_agg(report.failure_class order by report.format))[1] as failure_class,
        (array_agg(report.failure_message order by report.format))[1] as failure_message,
        max(report.updated_at) as updated_at
    from catalogue.generated_reports as report
    inner join catalogue.report_definitions as definition on definition.id = report.definition_id
    where report.status <> 'ready' and definition.status <> 'archived'
    group by
        report.definition_id, definition.slug, report.organization_id, report.period, report.status
    order by report.organization_id, definition.slug, report.period, report.status
"""

_DEAD_REQUESTS = """
    with newest as (
        select distinct on (report_id) *
        from catalogue.report_requests
        where report_id in (select report_id from catalogue.report_requests where status = 'dead')
        order by report_id asc, requested_at desc
    )
    select
        newest.id, newest.report_id, newest.organization_id, newest.definition_id, definition.slug,
        newest.period, newest.format, newest.status, newest.attempts, newest.failure_class,
        newest.failure_message
    from newest
    inner join catalogue.report_definitions as definition on definition.id = newest.definition_id
    left join catalogue.generated_reports as report
        on report.id = newest.report_id
        and report.status = 'ready'
        and report.updated_at > newest.finished_at
    where newest.status in ('dead', 'queued', 'running') and report.id is null
    order by newest.report_id
"""

_MAX_LISTED_ASSETS = 3


def current_causes(
    connection: Connection[Any], *, stale_after: timedelta, now: datetime
) -> CurrentCauses:
    """All current causes of the kinds in WAREHOUSE_KINDS, one alert each.

    Args:
        connection: To the warehouse.
        stale_after: How long a source may stay unread.
        now: The time, with its zone.
    """
    reports, requests = report_causes(connection, now), request_causes(connection)
    return CurrentCauses(
        alerts=[
            *break_causes(connection),
            *source_causes(connection, stale_after, now),
            *row_causes(connection),
            *clock_causes(connection),
            *reports.alerts,
            *requests.alerts,
        ],
        undecided=reports.undecided | requests.undecided,
    )


def break_causes(connection: Connection[Any]) -> Iterator[Alert]:
    """The breaks between Ticketing and the ledger.

    One alert per organisation, event, order, transaction, entry, currency and kind. A break has a
    row for each report day of its order; the alert shows the amounts of the last day. Breaks of
    the kind `timing` are left out: a later day has already settled them.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(_BREAKS, [_TIMING_BREAK]).fetchall():
            yield _break_alert(row)


def report_causes(connection: Connection[Any], now: datetime) -> CurrentCauses:
    """The reports that are held or failed, one alert per definition and period for all formats.

    A report that is being generated is undecided. After an hour it counts as failed, since its
    process must have died.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_REPORTS).fetchall()
    begun = [row for row in rows if row["status"] not in _REPORT_KINDS]
    in_progress = [row for row in begun if now - row["updated_at"] <= _MAX_GENERATION]
    alerts = [_report_alert(row) for row in rows if row["status"] in _REPORT_KINDS]
    abandoned = [row for row in begun if row["status"] == "running" and row not in in_progress]
    alerts += map(_abandoned_alert, abandoned)
    kinds = _REPORT_KINDS.values()
    return CurrentCauses(
        alerts=alerts,
        undecided=frozenset(_report_cause(kind, row) for row in in_progress for kind in kinds),
    )


def request_causes(connection: Connection[Any]) -> CurrentCauses:
    """The requests that were given up, one alert per report and format.

    The alert is resolved when the report becomes ready, or when a later request for it ends in
    another way. While a later request is open, the cause is undecided.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_DEAD_REQUESTS).fetchall()
    return CurrentCauses(
        alerts=[_request_alert(row) for row in rows if row["status"] == "dead"],
        undecided=frozenset(_request_cause(row) for row in rows if row["status"] != "dead"),
    )


def overdue_report(definition: ReportDefinition, period: str, deadline: datetime) -> Alert:
    """A report that was not there by its deadline.

    Args:
        definition: The report's definition.
        period: The name of its period, as in keys: 2026-02-28.
        deadline: The time by which it was expected, with its zone.
    """
    by = utc_text(deadline)
    kind = AlertKind.REPORT_OVERDUE
    return Alert(
        kind=kind,
        cause=f"{kind}:{definition.id}:{period}",
        severity=Severity.ERROR,
        organization_id=definition.organization_id,
        message=(
            f"{definition.slug} of organisation {definition.organization_id}, {period}, was "
            f"expected by {by} and is not there: check that the daemon runs, and what failed"
        ),
        facts={
            "definition_id": str(definition.id),
            "slug": definition.slug,
            "period": period,
            "deadline": by,
        },
    )


def late_day(report_day: date) -> Alert:
    """Rows that have landed for a report day that is too old to be rebuilt automatically."""
    kind = AlertKind.LATE_DAY
    return Alert(
        kind=kind,
        cause=f"{kind}:{report_day}",
        severity=Severity.WARN,
        message=(
            f"rows have landed for {report_day}, which is too old to be rebuilt automatically: "
            f"check them, then run `reporting build --from {report_day} --to {report_day}`"
        ),
        facts={"day": str(report_day)},
    )


def failed_run(run_id: str, *, what: str, partitions: str, reason: str) -> Alert:
    """A run that has failed, and whose work no later run has done.

    Args:
        run_id: The newest run that failed for this cause.
        what: The job of the run, or its assets, separated by commas.
        partitions: The partitions, as text for people; empty if there are none.
        reason: The reason of the failure.
    """
    kind = AlertKind.RUN_FAILED
    first, *others = what.split(", ")
    short = what if 1 + len(others) <= _MAX_LISTED_ASSETS else f"{first} and {len(others)} more"
    name = f"{short}, {partitions}" if partitions else short
    return Alert(
        kind=kind,
        cause=f"{kind}:{what}:{partitions}",
        severity=Severity.ERROR,
        message=(
            f"run {run_id} of {name} failed: {reason}; its committed work is kept: open it in "
            "the UI, fix the cause, and re-execute it there if no other run does its work"
        ),
        facts={"run_id": run_id, "what": what, "partitions": partitions, "reason": reason},
    )


def _break_alert(row: Mapping[str, Any]) -> Alert:
    ids = {name: str(row[name]) for name in _BREAK_IDS if row[name] is not None}
    currency = row["currency"]
    named = ", ".join(f"{name.removesuffix('_id')} {value}" for name, value in ids.items())
    return Alert(
        kind=AlertKind.BREAK,
        cause=":".join(
            [AlertKind.BREAK, str(row["organization_id"])]
            + [str(row[name] or "") for name in _BREAK_IDS]
            + [currency, row["kind"]]
        ),
        severity=Severity.WARN if row["kind"] in WARNING_KINDS else Severity.ERROR,
        organization_id=row["organization_id"],
        message=(
            f"{row['kind']}: {named}, organisation {row['organization_id']}: "
            f"Ticketing {_money(row['ticketing_minor'], currency)}, "
            f"ledger {_money(row['ledger_minor'], currency)}, "
            f"difference {_money(row['difference_minor'], currency)} "
            f"on {row['last_day']}, since {row['first_day']}"
        ),
        facts={
            **ids,
            "break": row["kind"],
            "currency": currency,
            "ticketing_minor": row["ticketing_minor"],
            "ledger_minor": row["ledger_minor"],
            "difference_minor": row["difference_minor"],
            "first_day": str(row["first_day"]),
            "last_day": str(row["last_day"]),
        },
        count=row["day_count"],
    )


def _money(minor: int, currency: str) -> str:
    unit = currency if minor_digits(currency) is not None else f"minor units of {currency}"
    return f"{major_text(minor, currency)} {unit}"


def _report_alert(row: Mapping[str, Any]) -> Alert:
    kind = _REPORT_KINDS[row["status"]]
    reason = row["failure_message"] or "no reason was given"
    if kind is AlertKind.REPORT_FAILED:
        reason = f"{row['failure_class']}: {reason}"
    return Alert(
        kind=kind,
        cause=_report_cause(kind, row),
        severity=Severity.ERROR if kind is AlertKind.REPORT_FAILED else Severity.WARN,
        organization_id=row["organization_id"],
        message=f"{_report_name(row)} is {row['status']}: {reason}"
        if kind is AlertKind.REPORT_HELD
        else f"{_report_name(row)} failed: {reason}",
        facts={**_report_facts(row), "reason": reason},
        count=len(row["formats"]),
    )


def _abandoned_alert(row: Mapping[str, Any]) -> Alert:
    reason = (
        f"its generation began at {utc_text(row['updated_at'])} and its process has died: "
        "request the report again"
    )
    return Alert(
        kind=AlertKind.REPORT_FAILED,
        cause=_report_cause(AlertKind.REPORT_FAILED, row),
        severity=Severity.ERROR,
        organization_id=row["organization_id"],
        message=f"{_report_name(row)}: {reason}",
        facts={**_report_facts(row), "reason": reason},
        count=len(row["formats"]),
    )


def _report_cause(kind: AlertKind, row: Mapping[str, Any]) -> str:
    return f"{kind}:{row['definition_id']}:{row['period']}"


def _report_name(row: Mapping[str, Any]) -> str:
    return (
        f"{row['slug']} of organisation {row['organization_id']}, {row['period']} "
        f"({', '.join(row['formats'])})"
    )


def _report_facts(row: Mapping[str, Any]) -> dict[str, object]:
    return {
        "definition_id": str(row["definition_id"]),
        "slug": row["slug"],
        "period": row["period"],
        "formats": list(row["formats"]),
    }


def _request_alert(row: Mapping[str, Any]) -> Alert:
    reason = f"{row['failure_class']}: {row['failure_message']}"
    return Alert(
        kind=AlertKind.REQUEST_DEAD,
        cause=_request_cause(row),
        severity=Severity.ERROR,
        organization_id=row["organization_id"],
        message=(
            f"request {row['id']} of organisation {row['organization_id']} for {row['slug']}, "
            f"{row['period']} ({row['format']}), was given up after {row['attempts']} attempts: "
            f"{reason}"
        ),
        facts={
            "request_id": str(row["id"]),
            "definition_id": str(row["definition_id"]),
            "slug": row["slug"],
            "period": row["period"],
            "format": row["format"],
            "attempt_count": row["attempts"],
            "reason": reason,
        },
    )


def _request_cause(row: Mapping[str, Any]) -> str:
    return f"{AlertKind.REQUEST_DEAD}:{row['report_id']}"
