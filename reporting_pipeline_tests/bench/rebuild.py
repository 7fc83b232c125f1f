"""`python -m reporting_pipeline_tests.bench.rebuild`: rebuilds one day beside its bare SQL.

Generated organisations are landed and built. Then the day with the most sales is rebuilt in all
report tables, as a scheduled build does it, and by psql: a transaction that deletes the day's rows
of each table and inserts what the compiled model gives. The two take turns, because load varies.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

import psycopg
from sqlalchemy import URL

from reporting_pipeline.building.build import TABLE_NAMES, build, known_days
from reporting_pipeline.building.dbt import compiled_model
from reporting_pipeline.building.relations import migrate
from reporting_pipeline.building.touched_days import TouchedDays
from reporting_pipeline.registry.report_tables import report_table
from reporting_pipeline.samples.generator import Plan, generate_dump
from reporting_pipeline.settings import SOURCE_DOMAINS
from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline.sources.landing import land
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.bench.entries import server
from reporting_pipeline_tests.bench.measurement import machine, say

_REPEATS = 10
_DAYS = 120


def main(arguments: Sequence[str]) -> int:
    """Print a line for each way to rebuild the day."""
    options = _parser().parse_args(arguments)
    say(f"{machine()}\n\n")
    with server() as postgres, tempfile.TemporaryDirectory(prefix="reporting-bench-") as folder:
        warehouse = _warehouse(postgres.url("postgres"), options.orders, Path(folder))
        day, row_count = _busiest_day(warehouse)
        script = Path(folder) / "day.sql"
        script.write_text(_bare_sql(warehouse, day), encoding="utf-8")
        psql = str(postgres.install.bin / "psql")
        argv = [psql, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--file={script}"]

        def by_psql() -> None:
            subprocess.run([*argv, conninfo(warehouse)], check=True)  # noqa: S603 - our own

        found = _least([lambda: _build(warehouse, day), by_psql])
    say(f"{options.orders:,} orders; {day} has {row_count:,} rows in {len(TABLE_NAMES)} tables\n\n")
    say("| rebuild of one day, all tables | s | CPU-s, without the server | times bare SQL |\n")
    say("|---|---|---|---|\n")
    for name, (wall, cpu) in zip(("as scheduled", "bare SQL, by psql"), found, strict=True):
        say(f"| {name} | {wall:.2f} | {cpu:.2f} | {wall / found[1][0]:.2f} |\n")
    return 0


def _warehouse(postgres: URL, orders: int, folder: Path) -> URL:
    """A warehouse with generated organisations, landed and built."""
    with psycopg.connect(conninfo(postgres), autocommit=True) as connection:
        for name in ("sources", "warehouse"):
            connection.execute(f"create database {name}".encode())
    plan = Plan(
        seed=1,
        order_count=orders,
        day_count=_DAYS,
        organization_count=5,
        first_day=date(2025, 1, 1),
    )
    sources = dict.fromkeys(SOURCE_DOMAINS, postgres.set(database="sources"))
    load_dump(generate_dump(plan, folder / "dump"), sources)
    warehouse = postgres.set(database="warehouse")
    migrate(warehouse)
    land(sources, warehouse, listener=TouchedDays(), overlap_seconds=900, timeout_seconds=600)
    build(known_days(warehouse), warehouse=warehouse)
    with psycopg.connect(conninfo(warehouse), autocommit=True) as connection:
        connection.execute("vacuum analyze")
    return warehouse


def _busiest_day(warehouse: URL) -> tuple[date, int]:
    """The day with the most rows of sales, and its rows over all tables."""
    rows: Counter[date] = Counter()
    with psycopg.connect(conninfo(warehouse)) as connection:
        statement = "select date from reporting.report_sales_daily group by date"
        found = connection.execute(f"{statement} order by count(*) desc, date limit 1".encode())
        [(day,)] = found.fetchall()
        for table in TABLE_NAMES:
            counted = f"select count(*) from reporting.{table} where date = %s"  # noqa: S608
            [(row_count,)] = connection.execute(counted.encode(), (day,)).fetchall()
            rows[day] += row_count
    return day, rows[day]


def _bare_sql(warehouse: URL, day: date) -> str:
    """A transaction that replaces the day in each table by what its model gives."""
    following = date.fromordinal(day.toordinal() + 1)
    variables = {"days": [(day.isoformat(), following.isoformat())], "in_pipeline": True}
    statements = ["begin;"]
    for table in TABLE_NAMES:
        columns = ", ".join(each.name for each in report_table(table).columns)
        model = compiled_model(table, variables, warehouse=warehouse)
        statements += [
            f"delete from reporting.{table} where date = '{day}';",  # noqa: S608 - our own names
            f"insert into reporting.{table} ({columns})"  # noqa: S608 - our own names
            f" select {columns} from ({model}\n) as model;",
        ]
    return "\n".join([*statements, "commit;\n"])


def _build(warehouse: URL, day: date) -> None:
    build([day], warehouse=warehouse)


def _least(ways: Sequence[Callable[[], None]]) -> list[tuple[float, float]]:
    """The least wall and CPU seconds of each way, taking turns."""
    least = [(float("inf"), float("inf"))] * len(ways)
    for _ in range(_REPEATS):
        for index, way in enumerate(ways):
            began, spent = time.perf_counter(), _cpu_seconds()
            way()
            wall, cpu = time.perf_counter() - began, _cpu_seconds() - spent
            least[index] = (min(least[index][0], wall), min(least[index][1], cpu))
    return least


def _cpu_seconds() -> float:
    usages = [getrusage(each) for each in (RUSAGE_SELF, RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in usages)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=20_000)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
