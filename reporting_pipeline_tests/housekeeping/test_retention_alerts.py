"""Old rows of resolved alerts are deleted; open alerts and unsent messages stay."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import URL

from reporting_pipeline.alerts.alert import AlertKind
from reporting_pipeline.alerts.alert_store import newest_alerts
from reporting_pipeline.alerts.causes import late_day
from reporting_pipeline.alerts.channels import LogChannel
from reporting_pipeline.alerts.evaluation import WarehouseAlerts
from reporting_pipeline.housekeeping.retention import (
    count_expired_alert_rows,
    delete_expired_alert_rows,
)
from reporting_pipeline.warehouse.engine import warehouse_connection

THEN = datetime(2025, 1, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def with_alerts(warehouse_url: URL) -> URL:
    """A warehouse with a resolved alert, and an open one that is as old."""

    def alerts_at(at: datetime) -> WarehouseAlerts:
        return WarehouseAlerts(
            warehouse=warehouse_url,
            channels=[LogChannel()],
            redis_url=None,
            stale_after=timedelta(hours=2),
            clock=lambda: at,
        )

    days = [late_day(THEN.date() - each * DAY) for each in (500, 501)]
    for at, alerts in ((THEN, days), (THEN + DAY, days[1:])):
        alerts_at(at).evaluate_supplied(alerts, AlertKind.LATE_DAY)
        alerts_at(at).send()
    return warehouse_url


def test_old_rows_of_resolved_alerts_are_deleted_and_open_alerts_stay(with_alerts: URL) -> None:
    # Opened twice and resolved once: three messages and three notices, one of each a day later.
    before = THEN + DAY
    assert (
        count_expired_alert_rows(with_alerts, before).total
        == delete_expired_alert_rows(with_alerts, before).total
        == 2 + 2
    )
    with warehouse_connection(with_alerts) as connection:
        assert len(newest_alerts(connection, 10)) == 2

    deleted = delete_expired_alert_rows(with_alerts, before + timedelta(seconds=1))
    assert (deleted.alert_count, deleted.message_count, deleted.notice_count) == (1, 1, 1)
    assert count_expired_alert_rows(with_alerts, before + 1000 * DAY).total == 0
    with warehouse_connection(with_alerts) as connection:
        [still_open] = newest_alerts(connection, 10)
    assert still_open.resolved_at is None


def test_an_unsent_message_stays(with_alerts: URL) -> None:
    with warehouse_connection(with_alerts) as connection:
        connection.execute("update catalogue.alert_deliveries set delivered_at = null")
    assert delete_expired_alert_rows(with_alerts, THEN + 1000 * DAY).message_count == 0
