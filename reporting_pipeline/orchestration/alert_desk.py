"""The desk at which alerts stand: what a round looks at, with the settings filled in.

What belongs here: which setting goes where, as in `resources`. What does not: when there is a round
(`alert_assets`, `cli`).
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import dagster as dg

from reporting_pipeline.alerts.alert import Alert, AlertKind, StoredAlert
from reporting_pipeline.alerts.book import open_alerts
from reporting_pipeline.alerts.channels import ReadChannels, open_channels, read_channels
from reporting_pipeline.alerts.evaluate import Evaluation
from reporting_pipeline.alerts.given import failed_run, late_day, overdue
from reporting_pipeline.alerts.rounds import AlertDesk
from reporting_pipeline.due.expected_reports import Expectation, overdue_reports
from reporting_pipeline.due.rebuilt_days import days_beyond
from reporting_pipeline.orchestration.failed_runs import standing_failures
from reporting_pipeline.orchestration.resources import now
from reporting_pipeline.orchestration.upkeep import Upkeep
from reporting_pipeline.settings import Settings
from reporting_pipeline.warehouse.engine import warehouse_connection

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Alerts:
    """What stands and should not, and whom that is told."""

    settings: Settings
    clock: Callable[[], datetime] = now

    def require_channels(self) -> None:
        """Refuse to start with a channel that is of no use.

        Raises:
            SettingsError: A URL is of no use; every one is named, without its secrets.
        """
        open_channels(self.settings.alert_channel_urls(), self.settings.alert_secret())

    def channel_faults(self) -> tuple[str, ...]:
        """What is wrong with channels that are of no use: these are told nothing."""
        return self._channels().faults

    def round(self, instance: dg.DagsterInstance | None = None) -> Evaluation:
        """Look, write what has changed, and tell it: also reports overdue, and days too old.

        Args:
            instance: Whose failed runs are looked at, too; None: they stay as they are.
        """
        desk = self._desk()
        try:
            evaluations = [*self._found_elsewhere(desk), desk.look()]
            if instance is not None:
                failed = self._failed_runs(instance)
                evaluations.append(desk.record_given(failed, AlertKind.RUN_FAILED))
        finally:
            desk.tell()  # what was found before a fault is told all the same
        return Evaluation(
            opened=tuple(alert for each in evaluations for alert in each.opened),
            updated=tuple(alert for each in evaluations for alert in each.updated),
            resolved=tuple(alert for each in evaluations for alert in each.resolved),
        )

    def standing(self) -> list[StoredAlert]:
        """The open alerts, the oldest first."""
        with warehouse_connection(self.settings.warehouse_url()) as connection:
            return open_alerts(connection)

    def _failed_runs(self, instance: dg.DagsterInstance) -> Iterator[Alert]:
        """Read when the alerts are locked: who looks beside has told what it saw, or sees this."""
        with warehouse_connection(self.settings.warehouse_url()) as connection:
            told = open_alerts(connection, [AlertKind.RUN_FAILED])
        watched = [str(each.alert.facts["run_id"]) for each in told]
        for each in standing_failures(instance, self.clock(), watched):
            yield failed_run(
                each.run_id, what=each.what, partitions=each.partitions, reason=each.reason
            )

    def _desk(self) -> AlertDesk:
        settings = self.settings
        return AlertDesk(
            warehouse=settings.warehouse_url(),
            channels=self._channels().channels,
            redis_url=settings.redis_address(),
            stale_after=timedelta(seconds=settings.source_stale_seconds),
            clock=self.clock,
        )

    def _channels(self) -> ReadChannels:
        read = read_channels(self.settings.alert_channel_urls(), self.settings.alert_secret())
        for fault in read.faults:
            _say_once(fault)
        return read

    def _found_elsewhere(self, desk: AlertDesk) -> list[Evaluation]:
        settings = self.settings
        first_day = Upkeep(settings, self.clock).first_day_to_rebuild()
        with warehouse_connection(settings.warehouse_url()) as connection:
            missing = overdue_reports(connection, self.clock(), Expectation.of(settings))
            days = days_beyond(connection, first_day=first_day)
        late = [overdue(each.definition, each.period.token, each.deadline) for each in missing]
        return [
            desk.record_given(late, AlertKind.REPORT_OVERDUE),
            desk.record_given(map(late_day, days), AlertKind.LATE_DAY),
        ]


@cache
def _say_once(fault: str) -> None:
    """Log a fault of the settings: once per process, however often there is a round."""
    _LOG.error("%s; the other channels are told", fault)
