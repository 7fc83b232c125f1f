"""The current causes of alerts, one alert per cause.

The warehouse shows breaks, failing sources, held and failed reports, and dead requests. Callers
supply the causes that no table holds, such as overdue reports. They pass the full list each time;
missing causes are resolved:

    late = [overdue_report(each.definition, each.period.token, each.deadline) for each in missing]
    warehouse_alerts.evaluate_supplied(late, AlertKind.REPORT_OVERDUE)
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from reporting_pipeline.alerts.alert import Alert, AlertKind, CurrentCauses, utc_text
from reporting_pipeline.alerts.definition_causes import coverage_causes, template_causes
from reporting_pipeline.alerts.device_causes import device_causes
from reporting_pipeline.alerts.source_causes import clock_causes, row_causes, source_causes
from reporting_pipeline.alerts.store_causes import store_causes
from reporting_pipeline.catalogue.webhook_deliveries import dead_deliveries
from reporting_pipeline.domain.currencies import money_text
from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline.registry.report_tables import WARNING_KINDS
from reporting_pipeline.report_definitions.definition import ReportDefinition
from reporting_pipeline.sources.landed_names import NO_NAMES, LandedNames

WAREHOUSE_KINDS = (
    AlertKind.BREAK,
    AlertKind.SOURCE_DOWN,
    AlertKind.CONTRACT_BROKEN,
    AlertKind.SOURCE_ROWS,
    AlertKind.SOURCE_CLOCK,
    AlertKind.DEVICE,
    AlertKind.SOURCE_STALE,
    AlertKind.REPORT_HELD,
    AlertKind.REPORT_FAILED,
    AlertKind.NOTHING_DEFINED,
    AlertKind.TEMPLATE_UNUSABLE,
    AlertKind.STORED_FILE,
    AlertKind.REQUEST_DEAD,
    AlertKind.WEBHOOK_DEAD,
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
        report.event_id, report.status, array_agg(report.format order by report.format) as formats,
        (array_agg(report.failure_class order by report.format))[1] as failure_class,
        (array_agg(report.failure_message order by report.format))[1] as failure_message,
        max(report.updated_at) as updated_at
    from catalogue.generated_reports as report
    inner join catalogue.report_definitions as definition on definition.id = report.definition_id
    where report.status <> 'ready' and definition.status <> 'archived'
    group by
        report.definition_id, definition.slug, report.organization_id, report.period,
        report.event_id, report.status
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
        newest.period, newest.event_id, newest.format, newest.status, newest.attempts,
        newest.failure_class, newest.failure_message
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
_MAX_LATE_DAYS = 20


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
            *device_causes(connection, now),
            *coverage_causes(connection),
            *template_causes(connection),
            *store_causes(connection),
            *webhook_causes(connection),
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
        rows = cursor.execute(_BREAKS, [_TIMING_BREAK]).fetchall()
    names = LandedNames.read(connection, {row["event_id"] for row in rows})
    for row in rows:
        yield _break_alert(row, names)


def report_causes(connection: Connection[Any], now: datetime) -> CurrentCauses:
    """The reports that are held or failed, one alert per definition and period for all formats.

    A report that is being generated is undecided. After an hour it counts as failed, since its
    process must have died.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_REPORTS).fetchall()
    begun = [row for row in rows if row["status"] not in _REPORT_KINDS]
    in_progress = [row for row in begun if now - row["updated_at"] <= _MAX_GENERATION]
    names = LandedNames.read(connection, {row["event_id"] for row in rows})
    alerts = [_report_alert(row, names) for row in rows if row["status"] in _REPORT_KINDS]
    abandoned = [row for row in begun if row["status"] == "running" and row not in in_progress]
    alerts += [_abandoned_alert(row, names) for row in abandoned]
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
    names = LandedNames.read(connection, {row["event_id"] for row in rows})
    return CurrentCauses(
        alerts=[_request_alert(row, names) for row in rows if row["status"] == "dead"],
        undecided=frozenset(_request_cause(row) for row in rows if row["status"] != "dead"),
    )


def webhook_causes(connection: Connection[Any]) -> Iterator[Alert]:
    """The webhooks whose messages were given up, one alert each.

    It is resolved when the messages are sent again, or the webhook is removed.
    """
    names = LandedNames.read(connection)
    kind = AlertKind.WEBHOOK_DEAD
    for organization_id, subscription_id, count, error in dead_deliveries(connection):
        yield Alert(
            kind=kind,
            cause=f"{kind}:{subscription_id}",
            severity=Severity.WARN,
            organization_id=organization_id,
            message=(
                f"webhook {subscription_id} of organisation {names.organization(organization_id)}: "
                f"{count} messages were given up, the last because it {error}: when its receiver "
                "works, send them with `reporting webhooks replay`"
            ),
            facts={"subscription_id": str(subscription_id), "last_error": error},
            count=count,
        )


def overdue_report(
    definition: ReportDefinition, period: str, deadline: datetime, names: LandedNames = NO_NAMES
) -> Alert:
    """A report that was not there by its deadline.

    Args:
        definition: The report's definition.
        period: The name of its period, as in keys: 2026-02-28.
        deadline: The time by which it was expected, with its zone.
        names: The names of organisations.
    """
    by = utc_text(deadline)
    kind = AlertKind.REPORT_OVERDUE
    return Alert(
        kind=kind,
        cause=f"{kind}:{definition.id}:{period}",
        severity=Severity.ERROR,
        organization_id=definition.organization_id,
        message=(
            f"{definition.slug} of organisation {names.organization(definition.organization_id)}, "
            f"{period}, was expected by {by} and is not there: check that the daemon runs, and "
            "what failed"
        ),
        facts={
            "definition_id": str(definition.id),
            "slug": definition.slug,
            "period": period,
            "deadline": by,
        },
    )


def late_days(report_days: Sequence[date]) -> list[Alert]:
    """An alert for each of the days; a single one if there are many."""
    if len(report_days) <= _MAX_LATE_DAYS:
        return list(map(late_day, report_days))
    kind, count = AlertKind.LATE_DAY, len(report_days)
    first, last = str(report_days[0]), str(report_days[-1])
    return [
        Alert(
            kind=kind,
            cause=f"{kind}:many",
            severity=Severity.WARN,
            message=(
                f"rows have landed for {count} days from {first} to {last}, which are too old to "
                "be rebuilt automatically: check them, then run `reporting build --touched`"
            ),
            facts={"first_day": first, "last_day": last},
            count=count,
        )
    ]


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


def _break_alert(row: Mapping[str, Any], names: LandedNames) -> Alert:
    ids = {name: str(row[name]) for name in _BREAK_IDS if row[name] is not None}
    currency = row["currency"]
    organization_id, event_id = row["organization_id"], row["event_id"]
    shown = ids | ({"event_id": names.event(event_id, organization_id)} if event_id else {})
    named = ", ".join(f"{name.removesuffix('_id')} {value}" for name, value in shown.items())
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
            f"{row['kind']}: {named}, organisation {names.organization(organization_id)}: "
            f"Ticketing {money_text(row['ticketing_minor'], currency)}, "
            f"ledger {money_text(row['ledger_minor'], currency)}, "
            f"difference {money_text(row['difference_minor'], currency)} "
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


def _report_alert(row: Mapping[str, Any], names: LandedNames) -> Alert:
    kind = _REPORT_KINDS[row["status"]]
    reason = row["failure_message"] or "no reason was given"
    if kind is AlertKind.REPORT_FAILED:
        reason = f"{row['failure_class']}: {reason}"
    return Alert(
        kind=kind,
        cause=_report_cause(kind, row),
        severity=Severity.ERROR if kind is AlertKind.REPORT_FAILED else Severity.WARN,
        organization_id=row["organization_id"],
        message=f"{_report_name(row, names)} is {row['status']}: {reason}"
        if kind is AlertKind.REPORT_HELD
        else f"{_report_name(row, names)} failed: {reason}",
        facts={**_report_facts(row), "reason": reason},
        count=len(row["formats"]),
    )


def _abandoned_alert(row: Mapping[str, Any], names: LandedNames) -> Alert:
    reason = (
        f"its generation began at {utc_text(row['updated_at'])} and its process has died: "
        "request the report again"
    )
    return Alert(
        kind=AlertKind.REPORT_FAILED,
        cause=_report_cause(AlertKind.REPORT_FAILED, row),
        severity=Severity.ERROR,
        organization_id=row["organization_id"],
        message=f"{_report_name(row, names)}: {reason}",
        facts={**_report_facts(row), "reason": reason},
        count=len(row["formats"]),
    )


def _report_cause(kind: AlertKind, row: Mapping[str, Any]) -> str:
    return f"{kind}:{row['definition_id']}:{row['period']}"


def _report_name(row: Mapping[str, Any], names: LandedNames) -> str:
    return f"{_report_words(row, names)} ({', '.join(row['formats'])})"


def _report_words(row: Mapping[str, Any], names: LandedNames) -> str:
    """A report for people; the period of an event names the event too."""
    organization_id, event_id = row["organization_id"], row["event_id"]
    of_event = f", event {names.event(event_id, organization_id)}" if event_id else ""
    return (
        f"{row['slug']} of organisation {names.organization(organization_id)}{of_event}, "
        f"{row['period']}"
    )


def _report_facts(row: Mapping[str, Any]) -> dict[str, object]:
    return {
        "definition_id": str(row["definition_id"]),
        "slug": row["slug"],
        "period": row["period"],
        "formats": list(row["formats"]),
    }


def _request_alert(row: Mapping[str, Any], names: LandedNames) -> Alert:
    reason = f"{row['failure_class']}: {row['failure_message']}"
    return Alert(
        kind=AlertKind.REQUEST_DEAD,
        cause=_request_cause(row),
        severity=Severity.ERROR,
        organization_id=row["organization_id"],
        message=(
            f"request {row['id']} for {_report_words(row, names)} ({row['format']}), was given up "
            f"after {row['attempts']} attempts: "
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
