"""`python -m reporting_pipeline_tests.bench.second_tick`: a tick over days that have not changed.

The starter reports of 25 organisations that are due within some weeks are generated twice, by the
same function as a nightly run. Prints the wall time and the CPU time of both, of this process and
of PostgreSQL. The exit code is 1 if the second tick renders a report or costs too much.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
from sqlalchemy import URL

from reporting_pipeline.building.build import build_touched
from reporting_pipeline.building.relations import migrate
from reporting_pipeline.building.touched_days import TouchedDays
from reporting_pipeline.catalogue.derived_definitions import apply_templates
from reporting_pipeline.checks.seals import seal_days, unsealed_days
from reporting_pipeline.due.batch import DueResult, generate_batch
from reporting_pipeline.due.due_reports import DueReport, Selection, due_reports
from reporting_pipeline.embedded.postgres import Postgres
from reporting_pipeline.publishing.generate import Publisher
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.report_definitions.files import STARTER_SET, read_folder
from reporting_pipeline.samples.generator import Plan, generate_dump
from reporting_pipeline.settings import SOURCE_DOMAINS
from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline.sources.landing import land
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import conninfo, warehouse_connection
from reporting_pipeline_tests.bench.entries import server
from reporting_pipeline_tests.bench.measurement import machine, say

_MOST = 0.05
_DAYS, _FIRST_DAY = 60, date(2026, 3, 1)
_CLOCK = datetime(2026, 8, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """The cost of one tick.

    Attributes:
        cpu_seconds: Of this process, and of PostgreSQL.
        unchanged_count: The files that were current.
    """

    file_count: int
    unchanged_count: int
    wall_seconds: float
    cpu_seconds: float


def main(arguments: Sequence[str]) -> int:
    """Print a line for each tick; 1 if the second one is too expensive."""
    options = _parser().parse_args(arguments)
    say(f"{machine()}\n\n| tick | files | not rendered | s | CPU-s |\n|---|---|---|---|---|\n")
    with server() as postgres, tempfile.TemporaryDirectory(prefix="reporting-tick-") as name:
        warehouse = _warehouse(postgres, Path(name) / "dump", options.organizations)
        publisher = Publisher(
            warehouse=warehouse,
            store=open_store(str(Path(name) / "store")),
            final_delay_seconds=7200,
            clock=lambda: _CLOCK,
        )
        due = _due(warehouse)[: options.reports]
        formats = [ReportFormat(each) for each in options.format]
        ticks = [_tick(postgres, publisher, due, formats) for _ in range(3)]
    for number, each in enumerate(ticks, start=1):
        say(
            f"| {number} | {each.file_count} | {each.unchanged_count} | {each.wall_seconds:.2f} "
            f"| {each.cpu_seconds:.2f} |\n"
        )
    first, second, _ = ticks
    shares = (
        second.wall_seconds / first.wall_seconds,
        second.cpu_seconds / first.cpu_seconds,
    )
    say(f"\nthe second tick takes {shares[0]:.1%} of the time, and {shares[1]:.1%} of the CPU\n")
    is_unchanged = second.unchanged_count == second.file_count
    return 0 if is_unchanged and max(shares) <= _MOST else 1


def _warehouse(postgres: Postgres, dump: Path, organization_count: int) -> URL:
    """A warehouse with sealed days of so many organisations, and their starter definitions."""
    for name in ("sources", "warehouse"):
        with psycopg.connect(conninfo(postgres.url("postgres")), autocommit=True) as connection:
            connection.execute(f"create database {name}".encode())
    plan = Plan(
        seed=7,
        order_count=20_000,
        day_count=_DAYS,
        organization_count=organization_count,
        first_day=_FIRST_DAY,
    )
    generate_dump(plan, dump)
    sources = dict.fromkeys(SOURCE_DOMAINS, postgres.url("sources"))
    load_dump(dump, sources)
    warehouse = postgres.url("warehouse")
    migrate(warehouse)
    land(sources, warehouse, listener=TouchedDays(), overlap_seconds=900, timeout_seconds=600)
    build_touched(warehouse)
    seal_days(warehouse, unsealed_days(warehouse), _CLOCK)
    with warehouse_connection(warehouse) as connection:
        apply_templates(connection, read_folder(STARTER_SET), _CLOCK)
    return warehouse


def _due(warehouse: URL) -> list[DueReport]:
    as_of = [_FIRST_DAY + timedelta(days=number) for number in range(30, _DAYS)]
    with warehouse_connection(warehouse) as connection:
        return due_reports(connection, as_of, Selection())


def _tick(
    postgres: Postgres,
    publisher: Publisher,
    due: Sequence[DueReport],
    formats: Sequence[ReportFormat],
) -> Tick:
    begun, spent = time.monotonic(), _cpu_seconds(postgres)
    results: list[DueResult] = list(generate_batch(publisher, due, formats=formats))
    outcomes = [outcome for each in results for outcome in each.outcomes]
    return Tick(
        file_count=len(outcomes),
        unchanged_count=sum(each.is_unchanged for each in outcomes),
        wall_seconds=time.monotonic() - begun,
        cpu_seconds=_cpu_seconds(postgres) - spent,
    )


def _cpu_seconds(postgres: Postgres) -> float:
    """CPU time of this process, and of all sessions of the server that have ended."""
    lines = (postgres.cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    stat = Path("/proc", lines[0], "stat").read_text(encoding="utf-8")
    ticks = sum(map(int, stat.rpartition(")")[2].split()[11:15]))
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--organizations", type=int, default=25)
    parser.add_argument("--reports", type=int, default=500)
    parser.add_argument("--format", action="append", choices=list(ReportFormat), default=[])
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
