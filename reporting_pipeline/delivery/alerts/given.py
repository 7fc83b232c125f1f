"""Alerts of what nobody finds in a table: reports that did not appear, days that are too old.

Who knows all of them says so, each time; what is not said any more is over:

    alerts = [overdue(each.definition, each.period.token, each.deadline) for each in missing]
    desk.record_given(alerts, AlertKind.REPORT_OVERDUE)

What belongs here: these causes as alerts. What does not: which reports should exist, and by when.
"""

from datetime import UTC, date, datetime

from reporting_pipeline.delivery.alerts.alert import Alert, AlertKind
from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline.reports.definitions.definition import ReportDefinition


def overdue(definition: ReportDefinition, period: str, deadline: datetime) -> Alert:
    """A report has not appeared.

    Args:
        definition: Of which definition.
        period: The name of its period, as in keys: 2026-02-28.
        deadline: By when it should have, with its zone.
    """
    by = f"{deadline.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    kind = AlertKind.REPORT_OVERDUE
    return Alert(
        kind=kind,
        cause=f"{kind}:{definition.id}:{period}",
        severity=Severity.ERROR,
        organization_id=definition.organization_id,
        message=(
            f"{definition.slug} of organisation {definition.organization_id}, {period}, was "
            f"expected by {by} and is not there: see whether the daemon runs, and what failed"
        ),
        facts={
            "definition_id": str(definition.id),
            "slug": definition.slug,
            "period": period,
            "deadline": by,
        },
    )


def late_day(report_day: date) -> Alert:
    """Rows have come for a report day that is too old to be built again by itself."""
    kind = AlertKind.LATE_DAY
    return Alert(
        kind=kind,
        cause=f"{kind}:{report_day}",
        severity=Severity.WARN,
        message=(
            f"rows have landed for {report_day}, which is too old to be built again by itself; "
            f"look at them, then `reporting build --from {report_day} --to {report_day}`"
        ),
        facts={"day": str(report_day)},
    )
