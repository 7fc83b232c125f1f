"""Cases of rebuilding report days: one day, a day of a long history, and a year in one run.

The yardstick is the bare SQL of the same models by psql: one transaction that deletes the days of
each table and inserts what the compiled model gives. It takes no locks, keeps no balances, compares
no rows and drops no seals.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from itertools import product
from pathlib import Path

import psycopg
from sqlalchemy import URL

from reporting_pipeline.building.build import TABLE_NAMES, build, known_days
from reporting_pipeline.building.dbt import compiled_model
from reporting_pipeline.registry.report_tables import report_table
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.architecture.repository import ROOT
from reporting_pipeline_tests.bench.books import Bench, bench, built_warehouse, vacuum
from reporting_pipeline_tests.bench.case import Aim, Case, Measured, Size
from reporting_pipeline_tests.bench.measurement import Turn, sample, turns

_ROUNDS = 5
_SHORT_ROUNDS = 15  # of a second each: single ones vary by half
_ONE_DAY = timedelta(days=1)
# Orders within days that are sold out fast: most rows are on one day.
_BIG_DAY = {Size.SMALL: (12_000, 3), Size.LARGE: (120_000, 3)}
_SHORT_DAYS = 30
_LONG_DAYS = {Size.SMALL: 365, Size.LARGE: 1_095}
_ORDERS_A_DAY = {Size.SMALL: 60, Size.LARGE: 200}
# An order has about nine ledger entries.
_YEAR_ORDERS = {Size.SMALL: 20_000, Size.LARGE: 3_500_000}
_COLD = "import sys; from reporting_pipeline.cli import main; main(sys.argv[1:])"


def _one_day(size: Size, folder: Path) -> Measured:
    with bench(folder) as one:
        orders, days = _BIG_DAY[size]
        warehouse = built_warehouse(one, "warehouse", orders=orders, days=days)
        day = _busiest_day(warehouse)
        entries = _entries(warehouse, day)
        bare = _by_psql(one, warehouse, day, day + _ONE_DAY)
        build([day], warehouse=warehouse)
        measured = turns(lambda: build([day], warehouse=warehouse), bare, rounds=_ROUNDS)
    return Measured(turns=measured, facts={"ledger entries of the day": f"{entries:,}"})


def _cold(size: Size, folder: Path) -> Measured:
    del size  # a small day in any case: what is measured is the start
    with bench(folder) as one:
        warehouse = built_warehouse(one, "warehouse", orders=300, days=30)
        day = str(known_days(warehouse)[-1])
        shutil.copy(ROOT / "dagster.yaml", folder)
        command = [sys.executable, "-c", _COLD, "build", "--from", day, "--to", day]
        environment = {
            **os.environ,  # noqa: TID251 - the environment of a child
            "REPORTING_DATABASE_URL": warehouse.render_as_string(hide_password=False),
            "REPORTING_DAGSTER_URL": warehouse.render_as_string(hide_password=False),
            "REPORTING_HOME": str(folder / "home"),
            "DAGSTER_HOME": str(folder),
        }

        def ours() -> None:
            subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)  # noqa: S603

        def theirs() -> None:
            subprocess.run([sys.executable, "-c", "pass"], check=True)

        ours()
        measured = turns(ours, theirs, rounds=_ROUNDS)
    return Measured(turns=measured, figures=[each.ours.cpu_seconds for each in measured])


def _history(size: Size, folder: Path) -> Measured:
    """Ours is the rebuild late in a long history, the yardstick the one at 30 days."""
    with bench(folder) as one:
        orders = _ORDERS_A_DAY[size]
        short, long = (
            built_warehouse(one, f"days_{days}", orders=orders * days, days=days)
            for days in (_SHORT_DAYS, _LONG_DAYS[size])
        )
        days = _days_alike(short, long)
        for each, day in zip((short, long), days, strict=True):
            build([day], warehouse=each)
        measured = turns(
            lambda: build([days[1]], warehouse=long),
            lambda: build([days[0]], warehouse=short),
            rounds=_SHORT_ROUNDS,
        )
        entries = [
            f"{_entries(each, day):,}" for each, day in zip((short, long), days, strict=True)
        ]
        refreshed = sample(_refresh(long))
    facts = {
        "ledger entries of the days": " and ".join(reversed(entries)),
        "REFRESH MATERIALIZED VIEW of revenue by day beside it": (
            f"{refreshed.wall_seconds:.2f} s"
        ),
    }
    return Measured(turns=measured, facts=facts)


def _year(size: Size, folder: Path) -> Measured:
    with bench(folder) as one:
        warehouse = built_warehouse(one, "warehouse", orders=_YEAR_ORDERS[size], days=365)
        days = known_days(warehouse)
        bare = _by_psql(one, warehouse, days[0], days[-1] + _ONE_DAY)
        # Both leave dead rows behind, so each begins on tables that were vacuumed.
        measured = []
        for _ in range(2):
            theirs = sample(bare)
            vacuum(warehouse)
            ours = sample(lambda: build(days, warehouse=warehouse))
            vacuum(warehouse)
            measured.append(Turn(ours=ours, theirs=theirs))
        entries = _entries(warehouse, days[0], days[-1] + _ONE_DAY)
    return Measured(turns=measured, facts={"days": str(len(days)), "entries": f"{entries:,}"})


def _by_psql(one: Bench, warehouse: URL, first: date, end: date) -> Callable[[], None]:
    script = one.folder / f"bare_{first}.sql"
    script.write_text(_bare_sql(warehouse, first, end), encoding="utf-8")
    command = [*one.psql(f"--file={script}"), conninfo(warehouse)]

    def run() -> None:
        subprocess.run(command, check=True)  # noqa: S603 - our own program

    return run


def _bare_sql(warehouse: URL, first: date, end: date) -> str:
    """A transaction that replaces the days in each table by what its model gives."""
    variables = {"days": [(first.isoformat(), end.isoformat())], "in_pipeline": True}
    statements = ["begin;"]
    for table in TABLE_NAMES:
        columns = ", ".join(each.name for each in report_table(table).columns)
        model = compiled_model(table, variables, warehouse=warehouse)
        statements += [
            f"delete from reporting.{table} where date >= '{first}' and date < '{end}';",  # noqa: S608
            f"insert into reporting.{table} ({columns})"  # noqa: S608 - our own names
            f" select {columns} from ({model}\n) as model;",
        ]
    return "\n".join([*statements, "commit;\n"])


def _refresh(warehouse: URL) -> Callable[[], None]:
    """Refreshes a materialized view of revenue by day over the whole history."""
    days = known_days(warehouse)
    variables = {"days": [(str(days[0]), str(days[-1] + _ONE_DAY))], "in_pipeline": True}
    model = compiled_model("report_revenue_daily", variables, warehouse=warehouse)
    with psycopg.connect(conninfo(warehouse), autocommit=True) as connection:
        connection.execute(f"create materialized view refreshed as {model}".encode())

    def refresh() -> None:
        with psycopg.connect(conninfo(warehouse), autocommit=True) as connection:
            connection.execute("refresh materialized view refreshed")

    return refresh


def _busiest_day(warehouse: URL) -> date:
    """The report day with the most ledger entries."""
    statement = (
        "select report_day from landing.ledger_entries where report_day is not null"
        " group by report_day order by count(*) desc, report_day limit 1"
    )
    with psycopg.connect(conninfo(warehouse)) as connection:
        [(day,)] = connection.execute(statement).fetchall()
    return date.fromisoformat(str(day))


def _days_alike(*warehouses: URL) -> tuple[date, ...]:
    """Of each warehouse one of its last days; their numbers of ledger entries are the closest."""
    counts = [_last_days(each) for each in warehouses]
    chosen = min(product(*counts), key=lambda days: max(days)[0] - min(days)[0])
    return tuple(day for _, day in chosen)


def _last_days(warehouse: URL) -> list[tuple[int, date]]:
    """The number of ledger entries of each of the last days of the books, with the day."""
    statement = (
        "select count(*), report_day from landing.ledger_entries"
        " where report_day < '2026-01-01' group by report_day order by report_day desc limit 14"
    )
    with psycopg.connect(conninfo(warehouse)) as connection:
        return [
            (int(count), date.fromisoformat(str(day)))
            for count, day in connection.execute(statement)
        ]


def _entries(warehouse: URL, first: date, end: date | None = None) -> int:
    statement = (
        "select count(*) from landing.ledger_entries where report_day >= %s and report_day < %s"
    )
    with psycopg.connect(conninfo(warehouse)) as connection:
        [(count,)] = connection.execute(statement, (first, end or first + _ONE_DAY)).fetchall()
    return int(count)


CASES = (
    Case(
        name="rebuild of one day, nine tables, warm",
        yardstick="bare SQL of the same tables, by psql",
        sizes={Size.SMALL: "12,000 orders in 3 days", Size.LARGE: "120,000 orders in 3 days"},
        aim=Aim(limit=1.3),
        run=_one_day,
        bound=(
            "dbt takes most of a second of CPU for nine models, whatever the rows; and the "
            "locks, the queue and the balances, which the bare SQL leaves out"
        ),
    ),
    Case(
        name="`reporting build` of one small day, cold",
        yardstick="`python -c pass`",
        sizes=dict.fromkeys(Size, "one day"),
        aim=Aim(limit=2.0, unit="CPU-s"),
        run=_cold,
        bound=(
            "imports of dbt with its parsed project (2 CPU-seconds), its run (1), Dagster, "
            "which records the build (1.4), and the checks of the day"
        ),
    ),
    Case(
        name="rebuild of one day, growth with history",
        yardstick="the same at 30 days of history",
        sizes={size: f"{days:,} days of history" for size, days in _LONG_DAYS.items()},
        aim=Aim(limit=1.1),
        run=_history,
        bound=(
            "a summary counts the whole history of the events that have rows on the day, "
            "and a plan has a partition for each month"
        ),
    ),
    Case(
        name="backfill of a year in one run, nine tables",
        yardstick="bare SQL of the same tables over the year, by psql",
        sizes={Size.SMALL: "20,000 orders", Size.LARGE: "3.5 M orders"},
        aim=Aim(limit=1.3),
        run=_year,
        bound=("the locks, the queue and the balances, which the bare SQL leaves out"),
    ),
)
"""The cases of building."""
