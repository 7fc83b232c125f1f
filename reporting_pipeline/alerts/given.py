"""Alerts of what no table of ours tells: missing reports, days that are too old, failed runs.

Who knows all of them says so, each time; what is not said any more is over:

    alerts = [overdue(each.definition, each.period.token, each.deadline) for each in missing]
    desk.record_given(alerts, AlertKind.REPORT_OVERDUE)

What belongs here: these causes as alerts. What does not: which reports should exist, which runs
failed.
"""

from datetime import UTC, date, datetime

from reporting_pipeline.alerts.alert import Alert, AlertKind
from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline.report_definitions.definition import ReportDefinition

# Names of assets that a message lists at most.
_LISTED = 3


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


def failed_run(run_id: str, *, what: str, partitions: str, reason: str) -> Alert:
    """A run has failed, and nobody has done its work since.

    Args:
        run_id: The newest of those that failed for this cause.
        what: Its job, or its assets.
        partitions: Which, as a person says it; empty where it has none.
        reason: Why.
    """
    kind = AlertKind.RUN_FAILED
    first, *others = what.split(", ")
    short = what if 1 + len(others) <= _LISTED else f"{first} and {len(others)} more"
    name = f"{short}, {partitions}" if partitions else short
    return Alert(
        kind=kind,
        cause=f"{kind}:{what}:{partitions}",
        severity=Severity.ERROR,
        message=(
            f"run {run_id} of {name} failed: {reason}; what it has committed stands: look at it in "
            "the UI, mend the cause, and re-execute it there if nothing else does its work"
        ),
        facts={"run_id": run_id, "what": what, "partitions": partitions, "reason": reason},
    )
