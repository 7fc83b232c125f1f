"""Runs the simulated day: rows arrive, the daemon works, and the results are read."""

import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from reporting_pipeline.embedded.postgres import SOURCE_OWNER
from reporting_pipeline.settings import SOURCE_DOMAINS, Settings
from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline_tests.acceptance.day.machine import Daemon, Machine
from reporting_pipeline_tests.acceptance.day.world import between, world

LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)
OVERLAP: Final = timedelta(minutes=15)
"""How much later than its record clock a row can become visible."""
MOMENT: Final = timedelta(seconds=1)
"""Added to a scheduled time, so that the tick is due in every rounding."""


@dataclass(slots=True)
class Life:
    """The simulated day on a machine, hour by hour.

    Attributes:
        arrived_until: The rows of the world are in the sources up to this instant.
        landed: The instant through which each possible landing has read the sources.
    """

    machine: Machine
    settings: Settings
    arrived_until: datetime = LONG_AGO
    landed: list[datetime] = field(default_factory=list)

    def arrive(self) -> None:
        """Load the rows that exist by now into the sources."""
        now = self.machine.clock.now()
        rows = between(world(), self.arrived_until, now)
        self.arrived_until = now
        if rows.row_count():
            with tempfile.TemporaryDirectory() as folder:
                rows.write_dump(Path(folder))
                owner = self.machine.url("sources", SOURCE_OWNER)
                load_dump(Path(folder), dict.fromkeys(SOURCE_DOMAINS, owner))

    def advance(self, daemon: Daemon, until: datetime, *, is_landing: bool = True) -> None:
        """Set the clock, load the rows that exist then, and run the daemon until it is idle."""
        self.machine.clock.put(until + MOMENT)
        self.arrive()
        daemon.work()
        if is_landing:
            self.landed.append(until - OVERLAP)

    def reports(self) -> list[tuple[Any, ...]]:
        """Organisation, definition, period, status and stamp of all reports, in order."""
        return self.warehouse(
            "select organization.name, slug, period, report.status, is_provisional"
            " from catalogue.generated_reports as report"
            " inner join catalogue.report_definitions as defined on definition_id = defined.id"
            " inner join landing.ticketing_organizations as organization"
            " on report.organization_id = organization.id"
            " order by 1, 2, 3"
        )

    def editions(self) -> list[tuple[Any, ...]]:
        """Organisation, definition, period, number and instant of all editions, in order."""
        return self.warehouse(
            "select organization.name, slug, period, edition.edition, edition.generated_at"
            " from catalogue.generated_report_editions as edition"
            " inner join catalogue.generated_reports as report on report_id = report.id"
            " inner join catalogue.report_definitions as defined on definition_id = defined.id"
            " inner join landing.ticketing_organizations as organization"
            " on report.organization_id = organization.id"
            " order by 1, 2, 3, 4"
        )

    def warehouse(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of a query on the warehouse."""
        with self.machine.warehouse() as connection:
            return connection.execute(statement.encode()).fetchall()

    def runs(self, job: str) -> list["Run"]:
        """The runs of a job, in order."""
        with self.machine.dagster() as connection:
            found = connection.execute(
                "select status, to_timestamp(start_time), to_timestamp(end_time),"
                " (select coalesce(jsonb_object_agg(key, value), '{}') from run_tags"
                " where run_tags.run_id = runs.run_id)"
                " from runs where pipeline_name = %s order by id",
                [job],
            ).fetchall()
        return [Run(*each) for each in found]


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a job, as Dagster stores it."""

    status: str
    began_at: datetime
    ended_at: datetime
    tags: dict[str, str]

    @property
    def partitions(self) -> tuple[str, str]:
        """The first and the last partition."""
        one = self.tags.get("dagster/partition", "")
        return (
            self.tags.get("dagster/asset_partition_range_start", one),
            self.tags.get("dagster/asset_partition_range_end", one),
        )
