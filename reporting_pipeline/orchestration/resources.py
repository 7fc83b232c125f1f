"""What assets and checks work with: the layers below, with their addresses filled in.

An address is looked up when it is used, so that definitions load without any server. Tests and
other deployments give their own objects to `build_definitions`.

What belongs here: which setting goes where. What does not: work.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

import psycopg
from psycopg import IsolationLevel

from reporting_pipeline.building.build import BuildResult, build
from reporting_pipeline.catalogue.notices import notify_rebuilt_days
from reporting_pipeline.checks.seals import seal_days
from reporting_pipeline.domain.discrepancy import Discrepancy
from reporting_pipeline.due.due_reports import (
    DueReport,
    DueResult,
    Selection,
    due_after_events,
    due_reports,
    events_due,
    generate_batch,
)
from reporting_pipeline.due.expected_reports import Expectation, those_requestable
from reporting_pipeline.due.report_calendar import report_calendar
from reporting_pipeline.due.touched_reports import forgetting_rebuilt_days
from reporting_pipeline.publishing.generate import Delivery
from reporting_pipeline.report_definitions.definition import Schedule
from reporting_pipeline.settings import Settings
from reporting_pipeline.sources.contract import DOMAINS
from reporting_pipeline.sources.landing.land import LandingResult, land
from reporting_pipeline.store import open_store
from reporting_pipeline.store.object_store import ObjectStore
from reporting_pipeline.warehouse.engine import warehouse_connection

# Days before these are over wherever an organisation is.
_RUNNING_DAYS = 3


def now() -> datetime:
    """The time now, with its zone."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Sources:
    """The four source domains, and landing what is new in them."""

    settings: Settings

    def land(self) -> LandingResult:
        """Land what is new; one snapshot per source."""
        return land(
            {domain: self.settings.source_url(domain) for domain in DOMAINS},
            self.settings.warehouse_url(),
            overlap_seconds=self.settings.landing_overlap_seconds,
            timeout_seconds=self.settings.source_timeout_seconds,
        )


@dataclass(frozen=True, slots=True)
class Warehouse:
    """The warehouse: its report tables are built here, sealed and read."""

    settings: Settings
    clock: Callable[[], datetime] = now

    def build(self, days: Sequence[date], tables: Sequence[str]) -> BuildResult:
        """Rebuild days of report tables, and tell those who keep answers that rest on them."""
        warehouse = self.settings.warehouse_url()
        built = build(days, warehouse=warehouse, tables=tables)
        notify_rebuilt_days(
            warehouse, days, redis_url=self.settings.redis_address(), clock=self.clock
        )
        return built

    def seal(self, days: Sequence[date]) -> Mapping[date, Sequence[Discrepancy]]:
        """Check days of the report tables and seal them; the errors of each day."""
        return seal_days(self.settings.warehouse_url(), days, self.clock())

    def ended_events(self) -> list[UUID]:
        """The events of which a report is due, by what has landed; oldest first."""
        with self.snapshot() as connection:
            return events_due(connection)

    def watermarks(self) -> dict[tuple[str, str], datetime]:
        """The greatest record clock landed of each source table, by domain and table."""
        with self.snapshot() as connection:
            rows = connection.execute(
                "select domain, table_name, record_clock from landing.watermarks"
            )
            return {(domain, table): clock for domain, table, clock in rows}

    def lags(self) -> dict[str, float]:
        """How far back lies, by source, what has landed completely; in seconds."""
        with self.snapshot() as connection:
            rows = connection.execute("select domain, complete_through from landing.source_reads")
            return {domain: (self.clock() - through).total_seconds() for domain, through in rows}

    @contextmanager
    def snapshot(self) -> Iterator[psycopg.Connection]:
        """A connection that reads one state of the warehouse, and cannot write."""
        with warehouse_connection(self.settings.warehouse_url()) as connection:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            yield connection


@dataclass(frozen=True, slots=True)
class Reports:
    """The reports that are due, and generating them into the store."""

    settings: Settings
    clock: Callable[[], datetime] = now

    def generate_due(
        self, schedule: Schedule, as_of_days: Collection[date], *, is_only_missing: bool = False
    ) -> Iterator[DueResult]:
        """Generate the reports of a schedule that are due on any of the days.

        A day that is not over for an organisation is left out: its reports are asked for later.

        Args:
            schedule: Of the definitions.
            as_of_days: The days on which they are due.
            is_only_missing: Leave out those that exist, and those whose days are waited for.
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
        """Generate the reports that are due after events, as far as their days have landed."""
        selection = Selection(schedules=(Schedule.POST_EVENT,))
        with warehouse_connection(self.settings.warehouse_url()) as connection:
            due = due_after_events(connection, event_ids, selection)
            if is_only_missing:
                due = self._requestable(connection, due)
        return self._generate(due)

    def store(self) -> ObjectStore:
        """The store that files go to."""
        return open_store(self.settings.store_address())

    def _requestable(
        self, connection: psycopg.Connection, due: Sequence[DueReport]
    ) -> list[DueReport]:
        expectation = Expectation.of(self.settings)
        return those_requestable(connection, due, self.clock(), expectation)

    def _generate(self, due: Sequence[DueReport]) -> Iterator[DueResult]:
        delivery = Delivery.of(self.settings, self.clock)
        results = generate_batch(delivery, due, redis_url=self.settings.redis_address())
        return forgetting_rebuilt_days(self.settings.warehouse_url(), results)
