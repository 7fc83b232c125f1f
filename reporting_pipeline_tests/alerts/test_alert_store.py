"""The alerts of the catalogue are listed in the order in which a person should read them."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import URL

from reporting_pipeline.alerts import alert_store
from reporting_pipeline.alerts.alert import Alert, AlertKind
from reporting_pipeline.alerts.alert_store import insert, open_alert_page, open_alerts
from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.page_plans import scans_of

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


def test_a_page_of_open_alerts_reads_no_further_than_its_end(warehouse_url: URL) -> None:
    own, kinds = UUID(int=1), tuple(AlertKind)
    fill = (
        "insert into catalogue.alerts (kind, cause, organization_id, severity, message, facts,"
        " count, opened_at, updated_at, resolved_at)"
        " select 'break', %(own)s || number::text, %(own)s, 'error', 'open', '{}', 1, %(now)s,"
        " %(now)s, case when number > 2000 then %(now)s::timestamptz end"
        " from generate_series(1, 12000) as number"
    )
    with warehouse_connection(warehouse_url) as connection:
        for each in (own, UUID(int=2)):
            connection.execute(fill, {"own": each, "now": _NOW})
        connection.execute("analyze catalogue.alerts")
        everything = [
            each.id for each in open_alert_page(connection, own, kinds, after=None, limit=9_999)
        ]
        page = open_alert_page(connection, own, kinds, after=(False, everything[999]), limit=51)
        bound = {
            "organization_id": own,
            "kinds": list(map(str, kinds)),
            "after_warning": False,
            "after_id": everything[999],
            "limit": 51,
        }
        [read] = scans_of(connection, alert_store._SELECT + alert_store._PAGE, bound)

    assert len(everything) == 2_000
    assert [each.id for each in page] == everything[1_000:1_051]
    assert read.way == "Index Scan"
    assert read.row_count <= 60


def alert(cause: str, severity: Severity) -> Alert:
    """An alert of that cause."""
    return Alert(
        kind=AlertKind.BREAK, cause=cause, severity=severity, message="a break is open", facts={}
    )
