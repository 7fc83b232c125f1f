"""The alerts of the catalogue are listed in the order in which a person should read them."""

from datetime import UTC, datetime

from sqlalchemy import URL

from reporting_pipeline.alerts.alert import Alert, AlertKind
from reporting_pipeline.alerts.alert_store import insert, open_alerts
from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline.warehouse.engine import warehouse_connection

_NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_errors_are_listed_before_warnings_and_each_of_them_oldest_first(
    warehouse_url: URL,
) -> None:
    severities = (Severity.WARN, Severity.ERROR, Severity.WARN, Severity.ERROR)
    with warehouse_connection(warehouse_url) as connection:
        for number, severity in enumerate(severities):
            insert(connection, alert(f"cause {number}", severity), _NOW)
        listed = open_alerts(connection)

    assert [each.alert.cause for each in listed] == ["cause 1", "cause 3", "cause 0", "cause 2"]


def alert(cause: str, severity: Severity) -> Alert:
    """An alert of that cause."""
    return Alert(
        kind=AlertKind.BREAK, cause=cause, severity=severity, message="a break is open", facts={}
    )
