"""What was told of alerts goes after its time; what stands, or is still to be told, stays."""

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
def told(warehouse_url: URL) -> URL:
    """A warehouse with an alert that is over, and one that has stood for as long."""

    def desk(at: datetime) -> WarehouseAlerts:
        return WarehouseAlerts(
            warehouse=warehouse_url,
            channels=[LogChannel()],
            redis_url=None,
            stale_after=timedelta(hours=2),
            clock=lambda: at,
        )

    days = [late_day(THEN.date() - each * DAY) for each in (500, 501)]
    for at, alerts in ((THEN, days), (THEN + DAY, days[1:])):
        desk(at).evaluate_supplied(alerts, AlertKind.LATE_DAY)
        desk(at).send()
    return warehouse_url


def test_what_is_over_for_long_enough_goes_and_what_stands_stays(told: URL) -> None:
    # Opened twice and resolved once: three messages and three notices, one of each a day later.
    before = THEN + DAY
    assert (
        count_expired_alert_rows(told, before).total
        == delete_expired_alert_rows(told, before).total
        == 2 + 2
    )
    with warehouse_connection(told) as connection:
        assert len(newest_alerts(connection, 10)) == 2

    gone = delete_expired_alert_rows(told, before + timedelta(seconds=1))
    assert (gone.alert_count, gone.message_count, gone.notice_count) == (1, 1, 1)
    assert count_expired_alert_rows(told, before + 1000 * DAY).total == 0
    with warehouse_connection(told) as connection:
        [standing] = newest_alerts(connection, 10)
    assert standing.resolved_at is None


def test_a_message_that_a_channel_is_still_to_get_stays(told: URL) -> None:
    with warehouse_connection(told) as connection:
        connection.execute("update catalogue.alert_deliveries set delivered_at = null")
    assert delete_expired_alert_rows(told, THEN + 1000 * DAY).message_count == 0
