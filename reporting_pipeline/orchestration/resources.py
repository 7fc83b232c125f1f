"""Resources: the databases, Redis, the store, the timing, and the reports and alerts that use them.

The fields of a resource have the names and descriptions of the settings. Their values come from the
settings, and a run may have other ones: the launchpad shows them under `resources`. The UI shows
the name of an environment variable in place of a secret. An address is used when a step needs it,
so definitions load without any server.
"""

import logging
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, Self
from uuid import UUID

import dagster as dg
import psycopg
from annotated_types import Ge
from psycopg import IsolationLevel
from pydantic import Field, SecretStr
from sqlalchemy import URL

from reporting_pipeline.alerts.alert import Alert, AlertKind, StoredAlert
from reporting_pipeline.alerts.alert_store import open_alerts
from reporting_pipeline.alerts.causes import failed_run, late_days, overdue_report
from reporting_pipeline.alerts.channels import ParsedChannels, open_channels, parse_channels
from reporting_pipeline.alerts.evaluation import Evaluation, WarehouseAlerts
from reporting_pipeline.building.engines.engine import Engine, engine_of
from reporting_pipeline.building.touched_days import TouchedDays
from reporting_pipeline.catalogue.derived_definitions import derive_definitions
from reporting_pipeline.due.batch import DueResult, generate_batch
from reporting_pipeline.due.due_reports import (
    ALL_REPORTS,
    DueReport,
    ReportChoice,
    due_after_events,
    due_reports,
    selection_of,
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
    ReportName,
    StaleReports,
    days_too_old_to_rebuild,
    forget_rebuilt_days,
    forget_rebuilt_days_after,
    forget_rebuilt_days_if_generated,
    rebuilt_and_sealed,
    stale_reports,
)
from reporting_pipeline.exports.signing import Signer
from reporting_pipeline.orchestration.instance.runs import open_failures
from reporting_pipeline.publishing.generate import Publisher
from reporting_pipeline.publishing.replica import Replica
from reporting_pipeline.publishing.store_audit import AuditScope
from reporting_pipeline.report_definitions.definition import ReportFormat, Schedule
from reporting_pipeline.requests.leases import LeaseTimes
from reporting_pipeline.requests.worker import Worker
from reporting_pipeline.setting_values import networks
from reporting_pipeline.settings import Settings, child_environment
from reporting_pipeline.sources.contract import DOMAINS
from reporting_pipeline.sources.landed_names import LandedNames
from reporting_pipeline.sources.landing.land import LandingResult, land
from reporting_pipeline.store import open_store
from reporting_pipeline.store.object_store import ObjectStore
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline.webhooks.sender import WebhookSender

# Days before these are over in every time zone.
_RUNNING_DAYS = 3
_LOG = logging.getLogger(__name__)


def _is_secret(setting: str) -> bool:
    return "SecretStr" in str(Settings.model_fields[setting].annotation)


def _setting(name: str) -> Any:
    """A field with the description, the default and the bounds of the setting of the same name."""
    setting = Settings.model_fields[name]
    text = (setting.description or "").partition("; default")[0].rstrip(".")
    least = next((each.ge for each in setting.metadata if isinstance(each, Ge)), None)
    return Field(setting.default, description=f"{text}.", ge=least, repr=not _is_secret(name))


class SettingsResource(dg.ConfigurableResource[Any]):
    """A resource whose fields are settings of the same names, or other resources."""

    @classmethod
    def of(cls, settings: Settings, **parts: object) -> Self:
        """The resource with the values of the settings, for use outside Dagster.

        Args:
            settings: The settings.
            parts: Resources that it contains, in place of those that the settings give.
        """
        values = {name: _plain(getattr(settings, name)) for name in _setting_names(cls)}
        made = {name: part.of(settings) for name, part in _parts_of(cls).items()}
        return cls(**{**values, **made, **parts})

    @classmethod
    def at_launch(cls, settings: Settings) -> Any:
        """The same for Dagster: the launchpad may change the values for a run.

        Resources that contain it then use the changed values too. A secret of the environment is a
        reference to its variable.
        """
        return cls.configure_at_launch(**_referenced_values(cls, settings))

    def as_settings(self) -> Settings:
        """The settings of this resource; all other settings have their defaults."""
        values = {name: getattr(self, name) for name in _setting_names(type(self))}
        return Settings.model_construct(
            None,
            **{
                name: SecretStr(value) if _is_secret(name) and value else value
                for name, value in values.items()
            },
        )


class Warehouse(SettingsResource):
    """PostgreSQL database with the landed rows, the report tables, the seals and the catalogue."""

    database_url: str | None = _setting("database_url")
    read_url: str | None = _setting("read_url")
    lock_timeout_seconds: int = _setting("lock_timeout_seconds")
    engine: str = _setting("engine")
    engine_folder: str = _setting("engine_folder")

    def other_engine(self) -> Engine | None:
        """The engine that computes the report tables; None: the warehouse computes them itself."""
        return engine_of(self.engine, self.engine_folder)

    def address(self) -> URL:
        """The address, for psycopg 3.

        Raises:
            SettingsError: It is not set, or is not an address of PostgreSQL.
        """
        return self.as_settings().warehouse_url()

    def replica(self) -> Replica | None:
        """The read replica; None if its address is not set.

        Raises:
            SettingsError: It is not an address of PostgreSQL.
        """
        return Replica.of(self.as_settings())

    @contextmanager
    def snapshot(self) -> Iterator[psycopg.Connection]:
        """A read-only connection that sees one state of the warehouse."""
        with warehouse_connection(self.address()) as connection:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            yield connection


class Sources(SettingsResource):
    """The databases of the source domains, which are only read, and how new rows are read."""

    source_ticketing_url: str | None = _setting("source_ticketing_url")
    source_seating_url: str | None = _setting("source_seating_url")
    source_scanning_url: str | None = _setting("source_scanning_url")
    source_ledger_url: str | None = _setting("source_ledger_url")
    landing_overlap_seconds: int = _setting("landing_overlap_seconds")
    source_timeout_seconds: int = _setting("source_timeout_seconds")

    compared_rows: int = _setting("compared_rows")

    def land(self, warehouse: URL, *, is_compared: bool = False) -> LandingResult:
        """Land the new rows; one snapshot per source.

        Args:
            warehouse: The address of the warehouse.
            is_compared: Compare older rows with the sources, too.

        Raises:
            SettingsError: The address of a source is not set.
            SourceError: A source cannot be read, or breaks its contract.
        """
        settings = self.as_settings()
        return land(
            {domain: settings.source_url(domain) for domain in DOMAINS},
            warehouse,
            listener=TouchedDays(),
            overlap_seconds=self.landing_overlap_seconds,
            timeout_seconds=self.source_timeout_seconds,
            compared_count=self.compared_rows if is_compared else 0,
        )


class Redis(SettingsResource):
    """Redis or Valkey: request queues, locks and notices. Without an address it is not used."""

    redis_url: str | None = _setting("redis_url")


class ReportStore(SettingsResource):
    """The store of report files: a folder, or a bucket of S3 or a compatible server."""

    store_url: str | None = _setting("store_url")

    def open(self) -> ObjectStore:
        """Open the store.

        Raises:
            SettingsError: The address is not set.
            StoreError: The address is malformed, or the folder cannot be made.
        """
        return open_store(self.as_settings().store_address())


class StoreAuditing(SettingsResource):
    """How much of the store one night's audit looks at."""

    store_audit_days: int = _setting("store_audit_days")
    store_audit_bytes: int = _setting("store_audit_bytes")

    def scope(self) -> AuditScope:
        """A night's share of the folders and bytes; what is gone or altered is restored."""
        return AuditScope(
            rotation_days=self.store_audit_days,
            max_bytes=self.store_audit_bytes,
            is_restoring=True,
        )


class Timing(SettingsResource):
    """Delays, horizons and deadlines: when a day is final, a report missing, a source stale."""

    final_delay_seconds: int = _setting("final_delay_seconds")
    rebuild_horizon_days: int = _setting("rebuild_horizon_days")
    report_horizon_days: int = _setting("report_horizon_days")
    daily_deadline_hours: int = _setting("daily_deadline_hours")
    weekly_deadline_hours: int = _setting("weekly_deadline_hours")
    monthly_deadline_hours: int = _setting("monthly_deadline_hours")
    event_deadline_hours: int = _setting("event_deadline_hours")
    source_stale_seconds: int = _setting("source_stale_seconds")
    request_heartbeat_seconds: int = _setting("request_heartbeat_seconds")
    request_stale_seconds: int = _setting("request_stale_seconds")

    def now(self) -> datetime:
        """The time now, with its zone; tests have another clock."""
        return datetime.now(UTC)

    def today(self) -> date:
        """The current day in UTC."""
        return self.now().astimezone(UTC).date()

    def first_day_to_rebuild(self) -> date:
        """The first day within the horizon; no sensor rebuilds an older day."""
        return self.today() - timedelta(days=self.rebuild_horizon_days)

    def expectation(self) -> Expectation:
        """Which scheduled reports must exist by when."""
        return Expectation.of(self.as_settings())


class Reports(SettingsResource):
    """Report files: generates those that are due, requested or stale, and finds missing ones."""

    warehouse: dg.ResourceDependency[Warehouse]
    store: dg.ResourceDependency[ReportStore]
    redis: dg.ResourceDependency[Redis]
    timing: dg.ResourceDependency[Timing]
    signing_key: str | None = _setting("signing_key")

    def publisher(self) -> Publisher:
        """The warehouse that reports are read from, and the store that their files go to.

        Raises:
            SettingsError: The signing key is not one.
        """
        pem = self.as_settings().signing_key_pem()
        return Publisher(
            warehouse=self.warehouse.address(),
            store=self.store.open(),
            final_delay_seconds=self.timing.final_delay_seconds,
            clock=self.timing.now,
            signer=None if pem is None else Signer.of_pem(pem),
            replica=self.warehouse.replica(),
        )

    def worker(self, name: str) -> Worker:
        """A worker of that name, which leases requests."""
        return Worker(
            publisher=self.publisher(),
            times=LeaseTimes.of(self.timing.as_settings()),
            redis_url=self.redis.redis_url,
            name=name,
        )

    def generate_due(
        self,
        schedule: Schedule,
        as_of_days: Collection[date],
        *,
        choice: ReportChoice = ALL_REPORTS,
        is_only_missing: bool = False,
    ) -> Iterator[DueResult]:
        """Generate the reports of a schedule that are due on any of the days (`due_after_days`)."""
        due = self.due_after_days(
            schedule, as_of_days, choice=choice, is_only_missing=is_only_missing
        )
        return self.generate(due, choice)

    def due_after_days(
        self,
        schedule: Schedule,
        as_of_days: Collection[date],
        *,
        choice: ReportChoice = ALL_REPORTS,
        is_only_missing: bool = False,
    ) -> list[DueReport]:
        """The reports of a schedule that are due on any of the days.

        A day that is not over for an organisation is left out: a sensor requests its reports later.

        Args:
            schedule: The schedule of the definitions.
            as_of_days: The days on which the reports are due.
            choice: Only these of them.
            is_only_missing: Leave out existing reports, and reports whose days are not built yet.

        Raises:
            UnknownDefinition: There is no such choice.
        """
        with warehouse_connection(self.warehouse.address()) as connection:
            selection = selection_of(connection, schedule, choice)
            calendar = report_calendar(connection, self.timing.now(), horizon_days=_RUNNING_DAYS)
            due = [
                each
                for each in due_reports(connection, as_of_days, selection)
                if calendar.is_over(each.request.definition.organization_id, each.as_of)
            ]
            return self._requestable(connection, due) if is_only_missing else due

    def generate_after_events(
        self,
        event_ids: Collection[UUID],
        *,
        choice: ReportChoice = ALL_REPORTS,
        is_only_missing: bool = False,
    ) -> Iterator[DueResult]:
        """Generate the reports that are due after events (`due_after_events`)."""
        due = self.due_after_events(event_ids, choice=choice, is_only_missing=is_only_missing)
        return self.generate(due, choice)

    def due_after_events(
        self,
        event_ids: Collection[UUID],
        *,
        choice: ReportChoice = ALL_REPORTS,
        is_only_missing: bool = False,
    ) -> list[DueReport]:
        """The reports that are due after events and whose days have landed.

        Raises:
            UnknownDefinition: There is no such choice.
        """
        with warehouse_connection(self.warehouse.address()) as connection:
            selection = selection_of(connection, Schedule.POST_EVENT, choice)
            due = due_after_events(connection, event_ids, selection)
            return self._requestable(connection, due) if is_only_missing else due

    def requestable(self) -> list[MissingReport]:
        """The missing reports that can be generated now, oldest first.

        The definitions of organisations that have landed since are made before.
        """
        derive_definitions(self.warehouse.address(), self.timing.now())
        with warehouse_connection(self.warehouse.address()) as connection:
            return requestable_reports(connection, self.timing.now(), self.timing.expectation())

    def stale(self) -> StaleReports:
        """The reports to generate again."""
        with warehouse_connection(self.warehouse.address()) as connection:
            return stale_reports(
                connection,
                first_day=self.timing.first_day_to_rebuild(),
                delay_seconds=self.timing.final_delay_seconds,
            )

    def generate_again(self, stale: StaleReports) -> Iterator[DueResult]:
        """Generate stale reports again."""
        return generate_batch(self.publisher(), stale.due, redis_url=self.redis.redis_url)

    def forget(self, stale: StaleReports) -> None:
        """Remove the rebuilt days of `stale` from the list of days to look at."""
        with warehouse_connection(self.warehouse.address()) as connection:
            forget_rebuilt_days(connection, stale.rebuilt_ids)

    def rebuilt_and_sealed(self) -> tuple[int, ...]:
        """The rebuilt days that wait for their reports, before these begin."""
        return rebuilt_and_sealed(self.warehouse.address())

    def forget_if_generated(
        self, rebuilt_ids: Sequence[int], generated: Collection[ReportName]
    ) -> None:
        """Remove rebuilt days from the list of days to look at, if no other report needs them."""
        forget_rebuilt_days_if_generated(self.warehouse.address(), rebuilt_ids, generated)

    def _requestable(
        self, connection: psycopg.Connection, due: Sequence[DueReport]
    ) -> list[DueReport]:
        return only_requestable(connection, due, self.timing.now(), self.timing.expectation())

    def generate(self, due: Sequence[DueReport], choice: ReportChoice) -> Iterator[DueResult]:
        """Generate all reports of a run; rebuilt days that only they need are forgotten then."""
        results = self.generate_share(due, choice)
        if choice.format:  # the other formats still need the rebuilt days
            return results
        return forget_rebuilt_days_after(self.warehouse.address(), results)

    def generate_share(self, due: Sequence[DueReport], choice: ReportChoice) -> Iterator[DueResult]:
        """Generate some of the reports of a run."""
        is_allowed = choice.is_provisional_allowed
        return generate_batch(
            self.publisher(),
            [each.allowing_provisional(is_allowed=is_allowed) for each in due],
            formats=[ReportFormat(choice.format)] if choice.format else [],
            redis_url=self.redis.redis_url,
            are_all_rendered=choice.are_all_rendered,
        )


class AlertEvaluator(SettingsResource):
    """Evaluates alerts and sends them to the configured channels."""

    warehouse: dg.ResourceDependency[Warehouse]
    redis: dg.ResourceDependency[Redis]
    timing: dg.ResourceDependency[Timing]
    alert_channels: str | None = _setting("alert_channels")
    alert_signing_secret: str | None = _setting("alert_signing_secret")

    def require_channels(self) -> None:
        """Refuse to start with a channel that cannot work.

        Raises:
            SettingsError: A URL is unusable; the message names each one, without its secrets.
        """
        open_channels(self.alert_channels, self.alert_signing_secret)

    def channel_faults(self) -> tuple[str, ...]:
        """The faults of unusable channels, which get no messages."""
        return self._channels().faults

    def evaluate(self, instance: dg.DagsterInstance | None = None) -> Evaluation:
        """Compare the current causes with the open alerts, store the changes and send them.

        Args:
            instance: The instance whose failed runs are causes; None: their alerts stay unchanged.
        """
        alerts = self._warehouse_alerts()
        try:
            evaluations = [*self._from_due_reports(alerts), alerts.evaluate()]
            if instance is not None:
                failed = self._failed_runs(instance)
                evaluations.append(alerts.evaluate_supplied(failed, AlertKind.RUN_FAILED))
        finally:
            alerts.send()  # a fault does not keep earlier findings from being sent
        return Evaluation(
            opened=tuple(alert for each in evaluations for alert in each.opened),
            updated=tuple(alert for each in evaluations for alert in each.updated),
            resolved=tuple(alert for each in evaluations for alert in each.resolved),
        )

    def open_alerts(self) -> list[StoredAlert]:
        """The open alerts, the oldest first."""
        with warehouse_connection(self.warehouse.address()) as connection:
            return open_alerts(connection)

    def _failed_runs(self, instance: dg.DagsterInstance) -> Iterator[Alert]:
        """Read while the alerts are locked, so a parallel evaluation cannot open an alert twice."""
        with warehouse_connection(self.warehouse.address()) as connection:
            known = open_alerts(connection, [AlertKind.RUN_FAILED])
        watched = [str(each.alert.facts["run_id"]) for each in known]
        for each in open_failures(instance, self.timing.now(), watched):
            yield failed_run(
                each.run_id, what=each.what, partitions=each.partitions, reason=each.reason
            )

    def _warehouse_alerts(self) -> WarehouseAlerts:
        return WarehouseAlerts(
            warehouse=self.warehouse.address(),
            channels=self._channels().channels,
            redis_url=self.redis.redis_url,
            stale_after=timedelta(seconds=self.timing.source_stale_seconds),
            clock=self.timing.now,
        )

    def _channels(self) -> ParsedChannels:
        read = parse_channels(self.alert_channels, self.alert_signing_secret)
        for fault in read.faults:
            _log_once(fault)
        return read

    def _from_due_reports(self, alerts: WarehouseAlerts) -> list[Evaluation]:
        now, first_day = self.timing.now(), self.timing.first_day_to_rebuild()
        derive_definitions(self.warehouse.address(), now)
        with warehouse_connection(self.warehouse.address()) as connection:
            missing = overdue_reports(connection, now, self.timing.expectation())
            days = days_too_old_to_rebuild(connection, first_day=first_day)
            names = LandedNames.read(connection)
        late = [
            overdue_report(each.definition, each.period.token, each.deadline, names)
            for each in missing
        ]
        return [
            alerts.evaluate_supplied(late, AlertKind.REPORT_OVERDUE),
            alerts.evaluate_supplied(late_days(days), AlertKind.LATE_DAY),
        ]


class Webhooks(SettingsResource):
    """Sends the messages that wait for the webhooks of organisations."""

    warehouse: dg.ResourceDependency[Warehouse]
    timing: dg.ResourceDependency[Timing]
    webhook_networks: str | None = _setting("webhook_networks")

    def send(self) -> int:
        """Send what is due; return how many messages were accepted."""
        allowed = networks(self.webhook_networks)
        return WebhookSender(
            warehouse=self.warehouse.address(), networks=allowed, clock=self.timing.now
        ).send_due()


def resources_of(settings: Settings, **overrides: object) -> dict[str, object]:
    """All resources by name, for Dagster.

    Args:
        settings: The settings, from which the values come.
        overrides: Resources by name that replace the usual ones, also where others contain them.
    """
    parts = {name: part.at_launch(settings) for name, part in _PARTS.items()} | overrides
    made = {
        name: resource(
            **_referenced_values(resource, settings),
            **{part: parts[part] for part in _parts_of(resource)},
        )
        for name, resource in _RESOURCES.items()
    }
    return {**made, **parts}


_PARTS: dict[str, type[SettingsResource]] = {
    "warehouse": Warehouse,
    "store": ReportStore,
    "redis": Redis,
    "timing": Timing,
    "store_auditing": StoreAuditing,
}
_RESOURCES: dict[str, type[SettingsResource]] = {
    "sources": Sources,
    "reports": Reports,
    "alert_evaluator": AlertEvaluator,
    "webhooks": Webhooks,
}


def _parts_of(resource: type[SettingsResource]) -> dict[str, type[SettingsResource]]:
    return {name: part for name, part in _PARTS.items() if name in resource.model_fields}


def _setting_names(resource: type[SettingsResource]) -> list[str]:
    return [name for name in resource.model_fields if name in Settings.model_fields]


def _referenced_values(resource: type[SettingsResource], settings: Settings) -> dict[str, Any]:
    """The values of the settings; the UI shows references to variables in place of secrets."""
    environment = child_environment({})
    values = {name: _plain(getattr(settings, name)) for name in _setting_names(resource)}
    for name, value in values.items():
        variable = f"REPORTING_{name.upper()}"
        if _is_secret(name) and value is not None and environment.get(variable) == value:
            values[name] = dg.EnvVar(variable)
    return values


def _plain(value: object) -> object:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


@cache
def _log_once(fault: str) -> None:
    """Log a fault of the settings once per process."""
    _LOG.error("%s; the other channels get their messages", fault)
