"""What assets and checks work with: the layers below, with their addresses filled in.

An address is looked up when it is used, so that definitions load without any server. Tests and
other deployments give their own objects to `build_definitions`.

What belongs here: which setting goes where. What does not: work.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

import psycopg
from psycopg import IsolationLevel

from reporting_pipeline.delivery.daily_files import DailyExport, export_days
from reporting_pipeline.delivery.store import open_store
from reporting_pipeline.reports.build import BuildResult, build
from reporting_pipeline.settings import Settings
from reporting_pipeline.sources.contract import DOMAINS
from reporting_pipeline.sources.landing.land import LandingResult, land
from reporting_pipeline.warehouse.engine import warehouse_connection


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
    """The warehouse: its report tables are built here, and read."""

    settings: Settings

    def build(self, days: Sequence[date], tables: Sequence[str]) -> BuildResult:
        """Rebuild days of report tables."""
        return build(days, warehouse=self.settings.warehouse_url(), tables=tables)

    def watermarks(self) -> dict[tuple[str, str], datetime]:
        """The greatest record clock landed of each source table, by domain and table."""
        with self.snapshot() as connection:
            rows = connection.execute(
                "select domain, table_name, record_clock from landing.watermarks"
            )
            return {(domain, table): clock for domain, table, clock in rows}

    @contextmanager
    def snapshot(self) -> Iterator[psycopg.Connection]:
        """A connection that reads one state of the warehouse, and cannot write."""
        with warehouse_connection(self.settings.warehouse_url()) as connection:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            yield connection


@dataclass(frozen=True, slots=True)
class Store:
    """The store that files go to."""

    settings: Settings

    def export(self, table: str, days: Sequence[date]) -> DailyExport:
        """Write the daily files of a report table."""
        store = open_store(self.settings.store_address())
        return export_days(self.settings.warehouse_url(), store, [table], days)
