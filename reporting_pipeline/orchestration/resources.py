"""What assets, checks and sensors work with: the functions of the lower layers, with addresses.

An address is looked up when it is used, so that definitions load without any server. Tests and
other deployments pass their own objects to `build_definitions`.
"""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from uuid import UUID

import dagster as dg
import psycopg
from psycopg import IsolationLevel

from reporting_pipeline.alerts.alert import Alert, AlertKind, StoredAlert
from reporting_pipeline.alerts.alert_store import open_alerts
from reporting_pipeline.alerts.causes import failed_run, late_day, overdue_report
from reporting_pipeline.alerts.channels import ParsedChannels, open_channels, parse_channels
from reporting_pipeline.alerts.evaluation import Evaluation, WarehouseAlerts
from reporting_pipeline.building.build import BuildResult, build
from reporting_pipeline.catalogue.notices import notify_rebuilt_days
from reporting_pipeline.checks.seals import seal_days
from reporting_pipeline.domain.discrepancy import Discrepancy
from reporting_pipeline.due.batch import DueResult, generate_batch
from reporting_pipeline.due.due_reports import (
    DueReport,
    Selection,
    due_after_events,
    due_reports,
    events_due,
)
from reporting_pipeline.due.expected_reports import (
    Expectation,
    MissingReport,
    only_requestable,
    overdue_reports,
    requestable_reports,
)
from reporting_pipeline.due.report_calendar import report_calendar
from reporting_pipeline.due.stale_reports import (
    StaleReports,
    days_to_rebuild,
    days_too_old_to_rebuild,
    forget_rebuilt_days,
    forget_rebuilt_days_after,
    stale_reports,
)
from reporting_pipeline.orchestration.instance.runs import open_failures
from reporting_pipeline.publishing.generate import Publisher
from reporting_pipeline.report_definitions.definition import Schedule
from reporting_pipeline.settings import Settings
from reporting_pipeline.sources.contract import DOMAINS
from reporting_pipeline.sources.landing.land import LandingResult, land
from reporting_pipeline.store import open_store
from reporting_pipeline.store.object_store import ObjectStore
from reporting_pipeline.warehouse.engine import warehouse_connection

# Days before these are over in every time zone.
_RUNNING_DAYS = 3
_LOG = logging.getLogger(__name__)


def now() -> datetime:
    """The time now, with its zone."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Sources:
    """The source domains: lands their new rows."""

    settings: Settings

    def land(self) -> LandingResult:
        """Land the new rows; one snapshot per source."""
        return land(
            {domain: self.settings.source_url(domain) for domain in DOMAINS},
            self.settings.warehouse_url(),
            overlap_seconds=self.settings.landing_overlap_seconds,
            timeout_seconds=self.settings.source_timeout_seconds,
        )


@dataclass(frozen=True, slots=True)
class Warehouse:
    """The warehouse: builds, seals and reads report tables."""

    settings: Settings
    clock: Callable[[], datetime] = now

    def build(self, days: Sequence[date], tables: Sequence[str]) -> BuildResult:
        """Rebuild days of report tables, and notify caches of reports that use them."""
        warehouse = self.settings.warehouse_url()
        built = build(days, warehouse=warehouse, tables=tables)
        notify_rebuilt_days(
            warehouse, days, redis_url=self.settings.redis_address(), clock=self.clock
        )
        return built

    def seal(self, days: Sequence[date]) -> Mapping[date, Sequence[Discrepancy]]:
        """Check days of the report tables and seal them; returns the errors of each day."""
        return seal_days(self.settings.warehouse_url(), days, self.clock())

    def ended_events(self) -> list[UUID]:
        """The landed events after which a report is due, oldest first."""
        with self.snapshot() as connection:
            return events_due(connection)

    def watermarks(self) -> dict[tuple[str, str], datetime]:
        """The greatest landed record clock of each source table, by domain and table."""
        with self.snapshot() as connection:
            rows = connection.execute(
                "select domain, table_name, record_clock from landing.watermarks"
            )
            return {(domain, table): clock for domain, table, clock in rows}

    def lags(self) -> dict[str, float]:
        """The age in seconds, by source, of the instant up to which all rows have landed."""
        with self.snapshot() as connection:
            rows = connection.execute("select domain, complete_through from landing.source_reads")
            return {domain: (self.clock() - through).total_seconds() for domain, through in rows}

    @contextmanager
    def snapshot(self) -> Iterator[psycopg.Connection]:
        """A read-only connection that sees one state of the warehouse."""
        with warehouse_connection(self.settings.warehouse_url()) as connection:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            yield connection


@dataclass(frozen=True, slots=True)
class Reports:
    """Generates due reports into the store."""

    settings: Settings
    clock: Callable[[], datetime] = now

    def generate_due(
        self, schedule: Schedule, as_of_days: Collection[date], *, is_only_missing: bool = False
    ) -> Iterator[DueResult]:
        """Generate the reports of a schedule that are due on any of the days.

        A day that is not over for an organisation is left out: a sensor requests its reports later.

        Args:
            schedule: The schedule of the definitions.
            as_of_days: The days on which the reports are due.
            is_only_missing: Leave out existing reports, and reports whose days are not built yet.
        """
        selection = Selection(schedules=(schedule,))
        with warehouse_connection(self.settings.warehouse_url()) as connection:
            calendar = report_calendar(connection, self.clock(), horizon_days=_RUNNING_DAYS)
            due = [
                each
                for each in due_reports(connection, as_of_days, selection)
                if calendar.is_over(each.request.definition.organization_id, each.as_of)
            ]
            if is_only_missing:
                due = self._requestable(connection, due)
        return self._generate(due)

    def generate_after_events(
        self, event_ids: Collection[UUID], *, is_only_missing: bool = False
    ) -> Iterator[DueResult]:
        """Generate the reports that are due after events and whose days have landed."""
        selection = Selection(schedules=(Schedule.POST_EVENT,))
        with warehouse_connection(self.settings.warehouse_url()) as connection:
            due = due_after_events(connection, event_ids, selection)
            if is_only_missing:
                due = self._requestable(connection, due)
        return self._generate(due)

    def store(self) -> ObjectStore:
        """The store of the report files."""
        return open_store(self.settings.store_address())

    def _requestable(
        self, connection: psycopg.Connection, due: Sequence[DueReport]
    ) -> list[DueReport]:
        expectation = Expectation.of(self.settings)
        return only_requestable(connection, due, self.clock(), expectation)

    def _generate(self, due: Sequence[DueReport]) -> Iterator[DueResult]:
        publisher = Publisher.of(self.settings, self.clock)
        results = generate_batch(publisher, due, redis_url=self.settings.redis_address())
        return forget_rebuilt_days_after(self.settings.warehouse_url(), results)


@dataclass(frozen=True, slots=True)
class Backlog:
    """Open work by the state of the warehouse: missing reports, touched days, stale reports."""

    settings: Settings
    clock: Callable[[], datetime] = now

    def today(self) -> date:
        """The current day in UTC."""
        return self.clock().astimezone(UTC).date()

    def requestable(self) -> list[MissingReport]:
        """The missing reports that can be generated now, oldest first."""
        with warehouse_connection(self.settings.warehouse_url()) as connection:
            return requestable_reports(connection, self.clock(), Expectation.of(self.settings))

    def waiting_days(self) -> dict[date, str]:
        """The days to build or seal, oldest first, each with a mark that changes with its cause."""
        with warehouse_connection(self.settings.warehouse_url()) as connection:
            return days_to_rebuild(connection)

    def first_day_to_rebuild(self) -> date:
        """The first day within the horizon; no sensor rebuilds an older day."""
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
        """Generate stale reports again."""
        publisher = Publisher.of(self.settings, self.clock)
        return generate_batch(publisher, stale.due, redis_url=self.settings.redis_address())

    def forget(self, stale: StaleReports) -> None:
        """Remove the rebuilt days of `stale` from the list of days to look at."""
        with warehouse_connection(self.settings.warehouse_url()) as connection:
            forget_rebuilt_days(connection, stale.rebuilt_ids)

    def store(self) -> ObjectStore:
        """The store of the report files."""
        return open_store(self.settings.store_address())


@dataclass(frozen=True, slots=True)
class AlertEvaluator:
    """Evaluates alerts and sends them to the configured channels."""

    settings: Settings
    clock: Callable[[], datetime] = now

    def require_channels(self) -> None:
        """Refuse to start with a channel that cannot work.

        Raises:
            SettingsError: A URL is unusable; the message names each one, without its secrets.
        """
        open_channels(self.settings.alert_channel_urls(), self.settings.alert_secret())

    def channel_faults(self) -> tuple[str, ...]:
        """The faults of unusable channels, which get no messages."""
        return self._channels().faults

    def evaluate(self, instance: dg.DagsterInstance | None = None) -> Evaluation:
        """Compare the current causes with the open alerts, store the changes and send them.

        Args:
            instance: The instance whose failed runs are causes; None: their alerts stay unchanged.
        """
        desk = self._desk()
        try:
            evaluations = [*self._found_elsewhere(desk), desk.evaluate()]
            if instance is not None:
                failed = self._failed_runs(instance)
                evaluations.append(desk.evaluate_supplied(failed, AlertKind.RUN_FAILED))
        finally:
            desk.send()  # a fault does not keep earlier findings from being sent
        return Evaluation(
            opened=tuple(alert for each in evaluations for alert in each.opened),
            updated=tuple(alert for each in evaluations for alert in each.updated),
            resolved=tuple(alert for each in evaluations for alert in each.resolved),
        )

    def open_alerts(self) -> list[StoredAlert]:
        """The open alerts, the oldest first."""
        with warehouse_connection(self.settings.warehouse_url()) as connection:
            return open_alerts(connection)

    def _failed_runs(self, instance: dg.DagsterInstance) -> Iterator[Alert]:
        """Read while the alerts are locked, so a parallel evaluation cannot open an alert twice."""
        with warehouse_connection(self.settings.warehouse_url()) as connection:
            known = open_alerts(connection, [AlertKind.RUN_FAILED])
        watched = [str(each.alert.facts["run_id"]) for each in known]
        for each in open_failures(instance, self.clock(), watched):
            yield failed_run(
                each.run_id, what=each.what, partitions=each.partitions, reason=each.reason
            )

    def _desk(self) -> WarehouseAlerts:
        settings = self.settings
        return WarehouseAlerts(
            warehouse=settings.warehouse_url(),
            channels=self._channels().channels,
            redis_url=settings.redis_address(),
            stale_after=timedelta(seconds=settings.source_stale_seconds),
            clock=self.clock,
        )

    def _channels(self) -> ParsedChannels:
        read = parse_channels(self.settings.alert_channel_urls(), self.settings.alert_secret())
        for fault in read.faults:
            _log_once(fault)
        return read

    def _found_elsewhere(self, desk: WarehouseAlerts) -> list[Evaluation]:
        settings = self.settings
        first_day = Backlog(settings, self.clock).first_day_to_rebuild()
        with warehouse_connection(settings.warehouse_url()) as connection:
            missing = overdue_reports(connection, self.clock(), Expectation.of(settings))
            days = days_too_old_to_rebuild(connection, first_day=first_day)
        late = [
            overdue_report(each.definition, each.period.token, each.deadline) for each in missing
        ]
        return [
            desk.evaluate_supplied(late, AlertKind.REPORT_OVERDUE),
            desk.evaluate_supplied(map(late_day, days), AlertKind.LATE_DAY),
        ]


@cache
def _log_once(fault: str) -> None:
    """Log a fault of the settings once per process."""
    _LOG.error("%s; the other channels get their messages", fault)
