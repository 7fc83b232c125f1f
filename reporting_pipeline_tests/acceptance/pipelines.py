"""The pipeline in tests: books arrive in the sources, land, are built and are checked.

It calls the same functions as the command line, on real servers.
"""

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
from sqlalchemy import URL

from reporting_pipeline.building.build import BuildResult, build, build_touched, known_days
from reporting_pipeline.building.touched_days import TouchedDays
from reporting_pipeline.checks.checks import CHECKS
from reporting_pipeline.checks.seals import seal_days
from reporting_pipeline.domain.discrepancy import Discrepancy
from reporting_pipeline.embedded.postgres import (
    SOURCE_OWNER,
    WAREHOUSE_OWNER,
    Postgres,
    create_database,
    drop_database,
)
from reporting_pipeline.settings import SOURCE_DOMAINS
from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline.sources.landing import LandingResult, land
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.compare import describe, differences, read_actual
from reporting_pipeline_tests.oracle.report_tables import ReportTable
from reporting_pipeline_tests.oracle.touched import Touched

OVERLAP_SECONDS = 900
TIMEOUT_SECONDS = 60
SEALED_AT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """One database with all source domains, and a warehouse.

    Attributes:
        sources: Domain -> the owner's address.
        warehouse: The warehouse's address.
    """

    sources: Mapping[str, URL]
    warehouse: URL

    def arrive(self, books: Books) -> None:
        """Load rows into the sources."""
        with tempfile.TemporaryDirectory() as folder:
            books.write_dump(Path(folder))
            load_dump(Path(folder), self.sources)

    def land(self) -> LandingResult:
        """Land new rows with the default settings."""
        return land(
            self.sources,
            self.warehouse,
            listener=TouchedDays(),
            overlap_seconds=OVERLAP_SECONDS,
            timeout_seconds=TIMEOUT_SECONDS,
        )

    def build(self, days: Iterable[date]) -> BuildResult:
        """Build days of all tables in one invocation."""
        return build(days, warehouse=self.warehouse)

    def build_all(self) -> BuildResult:
        """Build every day that has rows."""
        return self.build(self.known_days())

    def seal_all(self) -> None:
        """Check and seal every day that has rows."""
        seal_days(self.warehouse, self.known_days(), SEALED_AT)

    def build_touched(self) -> BuildResult:
        """Build each table for the days that landing touched."""
        return build_touched(self.warehouse)

    def known_days(self) -> list[date]:
        """Every day that has rows."""
        return known_days(self.warehouse)

    def tables(self) -> dict[str, ReportTable]:
        """The report tables."""
        with warehouse_connection(self.warehouse) as connection:
            return read_actual(connection)

    def discrepancies(self) -> list[Discrepancy]:
        """The findings of all checks over all days."""
        days = self.known_days()
        with warehouse_connection(self.warehouse) as connection:
            return [
                discrepancy
                for check in CHECKS
                for of_day in check.find(connection, days).values()
                for discrepancy in of_day
            ]

    def queue(self) -> Touched:
        """The events (or None) and days in the queue for a rebuild, by report table."""
        statement = "select distinct report_table, event_id, report_day from landing.touched_days"
        queue: Touched = {}
        with warehouse_connection(self.warehouse) as connection:
            for table, event, day in connection.execute(statement):
                queue.setdefault(table, set()).add((event and str(event), day))
        return queue


def assert_every_day_is_queued(queue: Touched, changed: Touched) -> None:
    """Assert what a first landing queues: each changed day of each table, for all events."""
    for table, days in changed.items():
        missing = {day for _, day in days} - {day for event, day in queue[table] if event is None}
        assert not missing, f"{table}: not queued: {sorted(missing)}"


def assert_same(
    expected: Mapping[str, ReportTable], actual: Mapping[str, ReportTable], when: str = ""
) -> None:
    """Assert that the tables are equal in every row and value."""
    found = differences(expected, actual)
    assert not found, f"{when} {describe(found)}"


@dataclass(frozen=True, kw_only=True)
class Databases:
    """Creates the databases of pipelines, each as a copy of an existing database."""

    postgres: Postgres
    superuser: psycopg.Connection

    def pipeline(self, name: str, *, warehouse: str, sources: str = "template1") -> Pipeline:
        """A pipeline on copies of the databases `warehouse` and `sources`."""
        create_database(self.superuser, f"{name}_warehouse", WAREHOUSE_OWNER, template=warehouse)
        create_database(self.superuser, f"{name}_sources", SOURCE_OWNER, template=sources)
        owner = self.postgres.url(f"{name}_sources", SOURCE_OWNER)
        return Pipeline(
            sources=dict.fromkeys(SOURCE_DOMAINS, owner),
            warehouse=self.postgres.url(f"{name}_warehouse", WAREHOUSE_OWNER),
        )

    def copy(self, name: str, pipeline: Pipeline) -> Pipeline:
        """A pipeline with copies of another pipeline's databases."""
        return self.pipeline(
            name,
            warehouse=str(pipeline.warehouse.database),
            sources=str(pipeline.sources["ledger"].database),
        )

    def drop(self, pipeline: Pipeline) -> None:
        """Drop a pipeline's databases."""
        for url in (pipeline.warehouse, pipeline.sources["ledger"]):
            drop_database(self.superuser, str(url.database))
