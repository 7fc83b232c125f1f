"""One round: look, write what has changed, tell it over Redis, and send what channels wait for.

What belongs here: the order of these. What does not: when there is a round (`orchestration`,
`cli`).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import URL

from reporting_pipeline.alerts.alert import Alert, AlertKind, Standing
from reporting_pipeline.alerts.channels import Channel
from reporting_pipeline.alerts.deliveries import send_pending
from reporting_pipeline.alerts.evaluate import Evaluation, lock_alerts, record
from reporting_pipeline.alerts.standing import LOOKED_AT, standing_now
from reporting_pipeline.catalogue.notices import publish_notices
from reporting_pipeline.warehouse.engine import warehouse_connection


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertDesk:
    """Where alerts stand and whom they are told.

    Attributes:
        redis_url: Where notices are published; None: they wait in the catalogue.
        stale_after: For how long a source may go unread.
        clock: The time now, with its zone.
    """

    warehouse: URL
    channels: Sequence[Channel]
    redis_url: str | None
    stale_after: timedelta
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def look(self) -> Evaluation:
        """Compare what stands with the open alerts, and write the difference; nothing is sent."""
        now = self.clock()
        with warehouse_connection(self.warehouse) as connection:
            lock_alerts(connection)
            standing = standing_now(connection, stale_after=self.stale_after, now=now)
            names = [each.name for each in self.channels]
            return record(connection, standing, LOOKED_AT, channels=names, now=now)

    def record_given(self, alerts: Iterable[Alert], kind: AlertKind) -> Evaluation:
        """Make the open alerts of a kind the given ones: all that stand of it (`given`)."""
        now = self.clock()
        with warehouse_connection(self.warehouse) as connection:
            lock_alerts(connection)
            names = [each.name for each in self.channels]
            standing = Standing(alerts=tuple(alerts))
            return record(connection, standing, (kind,), channels=names, now=now)

    def tell(self) -> int:
        """Publish notices and send what is due; who cannot be reached is told later.

        Returns:
            How many messages channels have taken.
        """
        if self.redis_url is not None:
            publish_notices(self.warehouse, self.redis_url, self.clock())
        return send_pending(self.warehouse, self.channels, self.clock())

    def round(self) -> Evaluation:
        """Look, then tell."""
        evaluation = self.look()
        self.tell()
        return evaluation
