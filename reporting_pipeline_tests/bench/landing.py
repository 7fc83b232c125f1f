"""Cases of landing: the first one, one of new rows, and one with nothing new.

The yardstick copies the same rows by psql: `COPY` out, piped into `COPY` in, into tables with the
same columns and primary keys. It gives no row a report day, compares nothing and touches no day.
"""

import subprocess
import time
from pathlib import Path
from statistics import median

import psycopg
from sqlalchemy import URL

from reporting_pipeline.sources.contract import TABLES
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.bench.books import (
    Bench,
    bench,
    columns_of_tables,
    give_back,
    hold_back,
    land,
    newest_clock,
    row_count,
    vacuum,
)
from reporting_pipeline_tests.bench.case import Aim, Case, Measured, Size
from reporting_pipeline_tests.bench.measurement import Turn, sample

# Orders; a year of 200,000 orders has about 4 million rows of the four domains.
_ORDERS = {Size.SMALL: 25_000, Size.LARGE: 250_000}
_SHORT_ORDERS = {Size.SMALL: 6_000, Size.LARGE: 60_000}
_DAYS = 365
_NEW_ROWS = {Size.SMALL: 10_000, Size.LARGE: 50_000}
_ROUNDS = 3
# How much the source worked, and which rows it read: its own statistics.
_ACTIVE = "select active_time / 1000 from pg_stat_database where datname = current_database()"
_READ = """
    select coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)
    from pg_stat_user_tables where schemaname = any(%s)
"""
_OTHERS = """
    select count(*) from pg_stat_activity
    where
        datname = current_database()
        and pid <> pg_backend_pid()
        and backend_type = 'client backend'
"""
_MAXIMA = ";".join(
    f"select max({table.info['record_clock']}) from {table.schema}.{table.name}"  # noqa: S608
    for table in TABLES
)


def _first(size: Size, folder: Path) -> Measured:
    with bench(folder) as one:
        sources = one.sources("sources", orders=_ORDERS[size], days=_DAYS)
        rows = row_count(sources)
        measured: list[Turn] = []
        for _ in range(_ROUNDS):
            warehouse, copied = one.warehouse("warehouse"), _tables(one)
            ours = sample(lambda: land(sources, warehouse))  # noqa: B023 - called at once
            theirs = sample(lambda: _copy(one, sources, copied))  # noqa: B023
            measured.append(Turn(ours=ours, theirs=theirs))
    per_second = rows / median(each.ours.wall_seconds for each in measured)
    return Measured(
        turns=measured, facts={"rows": f"{rows:,}", "rows per second": f"{per_second:,.0f}"}
    )


def _new(size: Size, folder: Path) -> Measured:
    with bench(folder) as one:
        landed = _Landed(one, "history", _ORDERS[size], _NEW_ROWS[size])
        turn, new_count = landed.land_new(), landed.new_count
    return Measured(turns=[turn], facts={"rows": f"{landed.rows:,}", "new rows": f"{new_count:,}"})


def _growth(size: Size, folder: Path) -> Measured:
    """Ours is the landing into the longer history, the yardstick the one into the shorter."""
    with bench(folder) as one:
        longer = _Landed(one, "longer", _ORDERS[size], _NEW_ROWS[size])
        shorter = _Landed(one, "shorter", _SHORT_ORDERS[size], _NEW_ROWS[size])
        short, long = shorter.land_new(), longer.land_new()
    facts = {"rows of each": f"{longer.rows:,} and {shorter.rows:,}"}
    return Measured(turns=[Turn(ours=long.ours, theirs=short.ours)], facts=facts)


def _nothing(size: Size, folder: Path) -> Measured:
    with bench(folder) as one:
        sources = one.sources("sources", orders=_ORDERS[size], days=_DAYS)
        rows, warehouse = row_count(sources), one.warehouse("warehouse")
        land(sources, warehouse)
        vacuum(warehouse)
        with psycopg.connect(conninfo(sources), autocommit=True) as watcher:
            measured, figures, read = [], [], 0
            for _ in range(_ROUNDS):
                before = _statistics(watcher)
                ours = sample(lambda: land(sources, warehouse))
                after = _statistics(watcher)
                theirs = sample(lambda: _maxima(sources))
                measured.append(Turn(ours=ours, theirs=theirs))
                figures.append(after[0] - before[0])
                read = after[1] - before[1]
    facts = {
        "rows": f"{rows:,}",
        "rows that the source read": f"{read:,}",
        "whole landing": f"{median(each.ours.wall_seconds for each in measured):.2f} s",
    }
    return Measured(turns=measured, figures=figures, facts=facts)


class _Landed:
    """Books of which all but the newest rows have landed, and were copied by the yardstick.

    Attributes:
        rows: Rows in the sources, before the new ones come.
        new_count: Rows that the last landing took as new.
    """

    def __init__(self, one: Bench, name: str, orders: int, new_rows: int) -> None:
        self._bench = one
        self._sources = one.sources(f"{name}_sources", orders=orders, days=_DAYS)
        hold_back(self._sources, since=newest_clock(self._sources, new_rows - 1))
        self._warehouse = one.warehouse(name)
        land(self._sources, self._warehouse)
        vacuum(self._warehouse)
        self._copied = _tables(one)
        _copy(one, self._sources, self._copied)
        vacuum(self._copied)
        self.rows, self.new_count = row_count(self._sources), 0

    def land_new(self) -> Turn:
        """Let the newest rows come, land them, and copy the same rows."""
        give_back(self._sources)
        vacuum(self._sources)
        ours = sample(self._land)
        theirs = sample(lambda: _copy(self._bench, self._sources, self._copied, from_held=True))
        return Turn(ours=ours, theirs=theirs)

    def _land(self) -> None:
        self.new_count = land(self._sources, self._warehouse).new_count


def _tables(one: Bench) -> URL:
    """A database with the source tables and their primary keys, empty."""
    address = one.database("copied")
    with psycopg.connect(conninfo(address), autocommit=True) as connection:
        for name, columns in columns_of_tables().items():
            connection.execute(f"create schema if not exists {name.partition('.')[0]}".encode())
            connection.execute(f"create table {name} ({columns}, primary key (id))".encode())
    return address


def _copy(one: Bench, sources: URL, target: URL, *, from_held: bool = False) -> None:
    """Copy all tables; `from_held`: the rows that were held back, beside those copied before."""
    for table in TABLES:
        name = f"{table.schema}.{table.name}"
        columns = ", ".join(column.name for column in table.columns)
        rows = f"held.{table.schema}_{table.name}" if from_held else name
        # A mutable row is there already; the yardstick inserts it under another id.
        wanted = columns.replace("id,", "gen_random_uuid() as id,", 1) if from_held else columns
        out = f"copy (select {wanted} from {rows}) to stdout (format binary)"  # noqa: S608
        into = f"copy {name} ({columns}) from stdin (format binary)"
        with subprocess.Popen(  # noqa: S603 - our own program
            [*one.psql(f"--command={out}"), conninfo(sources)], stdout=subprocess.PIPE
        ) as reader:
            argv = [*one.psql(f"--command={into}"), conninfo(target)]
            subprocess.run(argv, stdin=reader.stdout, check=True)  # noqa: S603 - our own program


def _maxima(sources: URL) -> None:
    with psycopg.connect(conninfo(sources), autocommit=True) as connection:
        connection.execute(_MAXIMA.encode())


def _statistics(watcher: psycopg.Connection) -> tuple[float, int]:
    """Seconds of statements and rows read, in a source that no other session uses now."""
    while _number(watcher, _OTHERS):  # a session reports its statistics when it ends
        time.sleep(0.01)
    watcher.execute("select pg_stat_clear_snapshot()")
    [(read,)] = watcher.execute(_READ.encode(), ([*{table.schema for table in TABLES}],)).fetchall()
    return _number(watcher, _ACTIVE), int(read)


def _number(connection: psycopg.Connection, query: str) -> float:
    [(number,)] = connection.execute(query.encode()).fetchall()
    return float(number)


def _sizes(template: str) -> dict[Size, str]:
    return {
        size: template.format(
            rows=f"{orders // 50_000 or orders / 50_000:g} M", new=_NEW_ROWS[size]
        )
        for size, orders in _ORDERS.items()
    }


CASES = (
    Case(
        name="first landing of the four domains",
        yardstick="psql COPY out, piped into COPY in",
        sizes=_sizes("{rows} rows"),
        aim=Aim(limit=0.5, is_least=True),
        run=_first,
        bound=(
            "each row is written twice: into a temporary table that is checked, and into a "
            "partition; then four to six indexes of each partition are built, a quarter of the time"
        ),
    ),
    Case(
        name="landing of new rows",
        yardstick="the same for the new rows",
        sizes=_sizes("{new:,} into {rows}"),
        aim=Aim(limit=0.7, is_least=True),
        run=_new,
        bound=(
            "500 statements in a new session; a third of the time finds the report days that the "
            "rows touch, a sixth looks for rows that have landed before, in each month"
        ),
    ),
    Case(
        name="landing of new rows, growth with history",
        yardstick="the same into a quarter of the history",
        sizes=_sizes("{new:,} into {rows}"),
        aim=Aim(limit=1.1),
        run=_growth,
        bound="an id is looked for in the partition of each month",
    ),
    Case(
        name="landing with nothing new: time of the source",
        yardstick="one indexed max() per table",
        sizes=_sizes("{rows} rows"),
        aim=Aim(limit=0.3, unit="s of the source"),
        run=_nothing,
        bound="record clocks of older rows are counted in rotation, 100,000 at each landing",
    ),
)
"""The cases of landing."""
