"""The reports that are held or failed, one alert per definition and period, whatever the formats.

What belongs here: generated reports as alerts. What does not: reports that were never begun
(`given`), which no row tells of.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from reporting_pipeline.alerts.alert import Alert, AlertKind, Standing
from reporting_pipeline.domain.discrepancy import Severity

# Reports take seconds; who has been at one for that long has died.
_LONGEST = timedelta(hours=1)
_KINDS = {"held": AlertKind.REPORT_HELD, "failed": AlertKind.REPORT_FAILED}
_SELECT = """
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


def standing_reports(connection: Connection[Any], now: datetime) -> Standing:
    """What is held, failed or left behind; of reports that are being generated nothing is said."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_SELECT).fetchall()
    begun = [row for row in rows if row["status"] not in _KINDS]
    at_work = [row for row in begun if now - row["updated_at"] <= _LONGEST]
    alerts = [_alert(row) for row in rows if row["status"] in _KINDS]
    left_behind = [row for row in begun if row["status"] == "running" and row not in at_work]
    alerts += map(_left_behind, left_behind)
    return Standing(
        alerts=alerts,
        undecided=frozenset(_cause(kind, row) for row in at_work for kind in _KINDS.values()),
    )


def _alert(row: Mapping[str, Any]) -> Alert:
    kind = _KINDS[row["status"]]
    reason = row["failure_message"] or "no reason was given"
    if kind is AlertKind.REPORT_FAILED:
        reason = f"{row['failure_class']}: {reason}"
    return Alert(
        kind=kind,
        cause=_cause(kind, row),
        severity=Severity.ERROR if kind is AlertKind.REPORT_FAILED else Severity.WARN,
        organization_id=row["organization_id"],
        message=f"{_report(row)} is {row['status']}: {reason}"
        if kind is AlertKind.REPORT_HELD
        else f"{_report(row)} failed: {reason}",
        facts={**_facts(row), "reason": reason},
        count=len(row["formats"]),
    )


def _left_behind(row: Mapping[str, Any]) -> Alert:
    since = f"{row['updated_at'].astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    reason = f"it is being generated since {since}: whoever did has died; ask for it again"
    return Alert(
        kind=AlertKind.REPORT_FAILED,
        cause=_cause(AlertKind.REPORT_FAILED, row),
        severity=Severity.ERROR,
        organization_id=row["organization_id"],
        message=f"{_report(row)}: {reason}",
        facts={**_facts(row), "reason": reason},
        count=len(row["formats"]),
    )


def _cause(kind: AlertKind, row: Mapping[str, Any]) -> str:
    return f"{kind}:{row['definition_id']}:{row['period']}"


def _report(row: Mapping[str, Any]) -> str:
    return (
        f"{row['slug']} of organisation {row['organization_id']}, {row['period']} "
        f"({', '.join(row['formats'])})"
    )


def _facts(row: Mapping[str, Any]) -> dict[str, object]:
    return {
        "definition_id": str(row["definition_id"]),
        "slug": row["slug"],
        "period": row["period"],
        "formats": list(row["formats"]),
    }
