"""Builds report tables for report days: the requested days, or the days that landing touched.

A day of a table depends only on the landed rows: it has the same rows however often, in whatever
order and together with whatever other days it is built. Each table's days are replaced in one
transaction, behind their locks.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import psycopg
from psycopg import sql
from sqlalchemy import URL

from reporting_pipeline.building.dbt import run_models
from reporting_pipeline.building.engines.build import build_on_engine
from reporting_pipeline.building.engines.engine import Engine
from reporting_pipeline.building.relations import all_days, ensure_relations
from reporting_pipeline.registry.report_tables import REPORT_TABLES, report_table
from reporting_pipeline.telemetry.metric_store import Observation, record
from reporting_pipeline.telemetry.metrics import REBUILD_DURATION, REBUILT_DAYS
from reporting_pipeline.telemetry.spans import span
from reporting_pipeline.warehouse.engine import warehouse_connection

TABLE_NAMES = tuple(table.name for table in REPORT_TABLES)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildResult:
    """The result of one build.

    Attributes:
        row_counts: Table -> day -> number of rows; days without rows are left out.
        seconds: Table -> duration of replacing all of its days.
        day_count: Number of days that were replaced.
    """

    row_counts: Mapping[str, Mapping[date, int]]
    seconds: Mapping[str, float] = field(default_factory=dict)
    day_count: int = 0

    def total(self, table: str) -> int:
        """Number of rows of a table over all days of the build."""
        return sum(self.row_counts[table].values())


def build(
    days: Iterable[date],
    *,
    warehouse: URL,
    tables: Sequence[str] = TABLE_NAMES,
    engine: Engine | None = None,
) -> BuildResult:
    """Rebuild report days of report tables, in one invocation of dbt.

    Args:
        days: The report days, in any order.
        warehouse: The address of the warehouse.
        tables: Names of report tables.
        engine: What computes the rows; None: PostgreSQL, where the warehouse is.

    Raises:
        EnvironmentNotReady: The engine is not installed.
        UnknownReport: No report table has one of the names.
        BuildFailed: A table was not built; it keeps its former rows.
        WarehouseUnavailable: The warehouse cannot be reached.
    """
    for table in tables:
        report_table(table)
    wanted = sorted(set(days))
    seconds: dict[str, float] = {}
    if wanted:
        ensure_relations(warehouse)
        ranges = [(first.isoformat(), end.isoformat()) for first, end in day_ranges(wanted)]
        with span("build", tables=", ".join(tables), days=len(wanted), first=ranges[0][0]):
            if engine is None:
                seconds = run_models(tables, {"days": ranges}, warehouse=warehouse)
            else:
                variables = {"days": ranges}
                seconds = build_on_engine(tables, variables, engine=engine, warehouse=warehouse)
    with warehouse_connection(warehouse) as connection:
        _record(connection, seconds, len(wanted))
        return BuildResult(
            row_counts={table: _row_counts(connection, table, wanted) for table in tables},
            seconds=seconds,
            day_count=len(wanted),
        )


def touched_days(warehouse: URL) -> dict[str, list[date]]:
    """The report days that are to be rebuilt, by report table, oldest first."""
    statement = (
        "select report_table, array_agg(distinct report_day order by report_day)"
        " from landing.touched_days group by report_table"
    )
    with warehouse_connection(warehouse) as connection:
        return dict(connection.execute(statement).fetchall())


def build_touched(warehouse: URL, *, engine: Engine | None = None) -> BuildResult:
    """Rebuild what landing touched: each table on its own days; tables with equal days together.

    Takes what `build` takes.

    Raises:
        BuildFailed: A table was not built; its days stay touched.
    """
    by_days: dict[tuple[date, ...], list[str]] = {}
    for table, days in touched_days(warehouse).items():
        by_days.setdefault(tuple(days), []).append(table)
    row_counts: dict[str, Mapping[date, int]] = {}
    seconds: dict[str, float] = {}
    for same_days, tables in by_days.items():
        built = build(same_days, warehouse=warehouse, tables=tables, engine=engine)
        row_counts |= built.row_counts
        seconds |= built.seconds
    return BuildResult(row_counts=row_counts, seconds=seconds)


def known_days(warehouse: URL) -> list[date]:
    """Every report day with a landed row, an end of an event, 30 days after it, or a built row."""
    with warehouse_connection(warehouse) as connection:
        return all_days(connection)


def days_from_to(first: date, last: date) -> list[date]:
    """The days from `first` to `last`, both included."""
    return [first + index * _DAY for index in range((last - first).days + 1)]


def day_ranges(days: Sequence[date]) -> list[tuple[date, date]]:
    """Sorted days as half-open ranges without gaps."""
    ranges: list[tuple[date, date]] = []
    for day in days:
        if ranges and ranges[-1][1] == day:
            ranges[-1] = (ranges[-1][0], day + _DAY)
        else:
            ranges.append((day, day + _DAY))
    return ranges


def _record(connection: psycopg.Connection, seconds: Mapping[str, float], day_count: int) -> None:
    observations = [
        each
        for table, taken in seconds.items()
        for each in (
            Observation(REBUILD_DURATION, {"table": table}, taken),
            Observation(REBUILT_DAYS, {"table": table}, day_count),
        )
    ]
    record(connection, observations)


def _row_counts(connection: psycopg.Connection, table: str, days: list[date]) -> dict[date, int]:
    statement = "select date, count(*) from {} where date = any(%s) group by date order by date"
    query = sql.SQL(statement).format(sql.Identifier("reporting", table))
    return dict(connection.execute(query, (days,)).fetchall())
