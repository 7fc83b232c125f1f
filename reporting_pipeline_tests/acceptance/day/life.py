"""Living through simulated time: rows come, the daemon works, and it is seen what came of it.

What belongs here: letting it become a time, and reading what there is. What does not: when what
happens, and what is expected (`test_day`).
"""

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
"""How much later than its record clock a row may be seen."""
MOMENT: Final = timedelta(seconds=1)
"""What a tick needs to be due, whichever clock rounds how."""


@dataclass(slots=True)
class Life:
    """What happens on the machine, hour by hour.

    Attributes:
        came_by: The rows of the world are in the sources up to this instant.
        landed: Through when each landing that could be has read the sources.
    """

    machine: Machine
    settings: Settings
    came_by: datetime = LONG_AGO
    landed: list[datetime] = field(default_factory=list)

    def arrive(self) -> None:
        """Let the rows come that there are by now."""
        now = self.machine.clock.now()
        rows = between(world(), self.came_by, now)
        self.came_by = now
        if rows.row_count():
            with tempfile.TemporaryDirectory() as folder:
                rows.write_dump(Path(folder))
                owner = self.machine.url("sources", SOURCE_OWNER)
                load_dump(Path(folder), dict.fromkeys(SOURCE_DOMAINS, owner))

    def go_on(self, daemon: Daemon, until: datetime, *, is_landing: bool = True) -> None:
        """Let it become a time, at which rows come, and let the daemon do what is to be done."""
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
        """What a query of the warehouse finds."""
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
        """The first and the last one."""
        one = self.tags.get("dagster/partition", "")
        return (
            self.tags.get("dagster/asset_partition_range_start", one),
            self.tags.get("dagster/asset_partition_range_end", one),
        )
