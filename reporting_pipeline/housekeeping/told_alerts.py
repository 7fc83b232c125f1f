"""Retention of what was told: resolved alerts, their messages to channels, and notices over Redis.

An alert that stands stays, however old; so does a message that a channel is still to get. A notice
that nobody was there to publish goes with the others: whoever listens now reads the tables.

What belongs here: what of these is past its time, and deleting it. What does not: how long that is
(a setting), and whether it is deleted (who calls).
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import URL

from reporting_pipeline.warehouse.engine import warehouse_connection

_ALERTS = "from catalogue.alerts where resolved_at < %(before)s"
_MESSAGES = """
    from catalogue.alert_deliveries
    where coalesce(delivered_at, given_up_at) < %(before)s
"""
_NOTICES = "from catalogue.notices where created_at < %(before)s"


@dataclass(frozen=True, slots=True, kw_only=True)
class PastTold:
    """How many rows are past their time."""

    alert_count: int
    message_count: int
    notice_count: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.alert_count + self.message_count + self.notice_count


def past_told(warehouse: URL, before: datetime) -> PastTold:
    """What was over before an instant; nothing is changed."""
    with warehouse_connection(warehouse) as connection:
        counts = [
            connection.execute(f"select count(*) {each}".encode(), {"before": before}).fetchall()
            for each in (_ALERTS, _MESSAGES, _NOTICES)
        ]
    [[(alert_count,)], [(message_count,)], [(notice_count,)]] = counts
    return PastTold(alert_count=alert_count, message_count=message_count, notice_count=notice_count)


def delete_past_told(warehouse: URL, before: datetime) -> PastTold:
    """Delete what was over before an instant; how many rows of each."""
    with warehouse_connection(warehouse) as connection:
        alert_count, message_count, notice_count = (
            connection.execute(f"delete {each}".encode(), {"before": before}).rowcount
            for each in (_ALERTS, _MESSAGES, _NOTICES)
        )
    return PastTold(alert_count=alert_count, message_count=message_count, notice_count=notice_count)
