"""The requests that were given up, one alert per report and format.

It is over when the report is there after all, or a later request for it has another end.

What belongs here: dead requests as alerts. What does not: when a request is given up (`requests`).
"""

from collections.abc import Mapping
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from reporting_pipeline.alerts.alert import Alert, AlertKind, Standing
from reporting_pipeline.domain.discrepancy import Severity

_SELECT = """
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


def standing_requests(connection: Connection[Any]) -> Standing:
    """What was given up; of what has been asked for again nothing is said yet."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_SELECT).fetchall()
    return Standing(
        alerts=[_alert(row) for row in rows if row["status"] == "dead"],
        undecided=frozenset(_cause(row) for row in rows if row["status"] != "dead"),
    )


def _alert(row: Mapping[str, Any]) -> Alert:
    reason = f"{row['failure_class']}: {row['failure_message']}"
    return Alert(
        kind=AlertKind.REQUEST_DEAD,
        cause=_cause(row),
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


def _cause(row: Mapping[str, Any]) -> str:
    return f"{AlertKind.REQUEST_DEAD}:{row['report_id']}"
