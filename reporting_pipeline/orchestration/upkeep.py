"""What sensors look at: which reports are missing, which days wait, which reports are behind.

What belongs here: which setting goes where, as in `resources`. What does not: asking for runs
(`sensors`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from reporting_pipeline.due.due_reports import DueResult, generate_batch
from reporting_pipeline.due.expected_reports import (
    Expectation,
    MissingReport,
    requestable_reports,
)
from reporting_pipeline.due.rebuilt_days import days_to_rebuild
from reporting_pipeline.due.touched_reports import (
    StaleReports,
    forget_rebuilt_days,
    stale_reports,
)
from reporting_pipeline.orchestration.resources import now
from reporting_pipeline.publishing.generate import Delivery
from reporting_pipeline.settings import Settings
from reporting_pipeline.store import open_store
from reporting_pipeline.store.object_store import ObjectStore
from reporting_pipeline.warehouse.engine import warehouse_connection


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What is to be done, by what the warehouse says."""

    settings: Settings
    clock: Callable[[], datetime] = now

    def today(self) -> date:
        """The day that runs in UTC."""
        return self.clock().astimezone(UTC).date()

    def requestable(self) -> list[MissingReport]:
        """The reports to ask for; oldest first."""
        with warehouse_connection(self.settings.warehouse_url()) as connection:
            return requestable_reports(connection, self.clock(), Expectation.of(self.settings))

    def waiting_days(self) -> dict[date, str]:
        """The days that wait to be built or sealed; oldest first, each with a mark of its cause."""
        with warehouse_connection(self.settings.warehouse_url()) as connection:
            return days_to_rebuild(connection)

    def first_day_to_rebuild(self) -> date:
        """Days before it are beyond the horizon: nothing rebuilds them by itself."""
        return self.today() - timedelta(days=self.settings.rebuild_horizon_days)

    def stale(self) -> StaleReports:
        """The reports to generate again."""
        with warehouse_connection(self.settings.warehouse_url()) as connection:
            return stale_reports(
                connection,
                first_day=self.first_day_to_rebuild(),
                delay_seconds=self.settings.final_delay_seconds,
            )

    def generate_again(self, stale: StaleReports) -> Iterator[DueResult]:
        """Generate them again."""
        delivery = Delivery.of(self.settings, self.clock)
        return generate_batch(delivery, stale.due, redis_url=self.settings.redis_address())

    def forget(self, stale: StaleReports) -> None:
        """Forget the rebuilt days that were looked at."""
        with warehouse_connection(self.settings.warehouse_url()) as connection:
            forget_rebuilt_days(connection, stale.rebuilt_ids)

    def store(self) -> ObjectStore:
        """The store that files go to."""
        return open_store(self.settings.store_address())
