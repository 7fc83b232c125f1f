"""The load of production over a day: `python -m reporting_pipeline_tests.bench.production_day`.

A source with a year of rows gets the rows of one more day, in slices of ten minutes. Each slice is
landed before the next one comes, and once, as in the night, older rows are compared. Landing reads
under a role of its own, so `pg_stat_statements` tells its statements from all others. It prints
what they cost the source, in all, and the dearest of them.

The exit code is 1 if a row of the day did not land.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from sqlalchemy import URL

from reporting_pipeline.building.touched_days import TouchedDays
from reporting_pipeline.settings import SOURCE_DOMAINS
from reporting_pipeline.sources.contract import TABLES
from reporting_pipeline.sources.landing import land as land_sources
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.bench.books import (
    Bench,
    bench,
    hold_back,
    newest_clock,
    row_count,
    unchecked,
    vacuum,
)
from reporting_pipeline_tests.bench.case import folder
from reporting_pipeline_tests.bench.measurement import machine, sample, say

_DAYS = 366
_READER = "landing_reader"
_PASSWORD = "only for this run"  # noqa: S105 - of a server that lives for this run
_COMPARED_ROWS = 500_000  # the default of REPORTING_COMPARED_ROWS
_SHOWN_STATEMENTS = 8
_STATEMENTS = """
    select
        sum(statement.calls)::bigint,
        sum(statement.total_exec_time) / 1000,
        sum(statement.rows)::bigint,
        sum(statement.shared_blks_hit + statement.shared_blks_read)::bigint,
        {shown}
    from pg_stat_statements as statement
    inner join pg_roles as role on statement.userid = role.oid
    where role.rolname = %s
    {grouped}
"""
_READ = """
    select coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::bigint
    from pg_stat_user_tables where schemaname = any(%s)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What some statements cost the source.

    Attributes:
        calls: How often they ran.
        seconds: Their time.
        rows: Rows that they returned.
        pages: Pages of 8 kB that they touched, in memory or on disk.
        text: The statement; empty for all together.
    """

    calls: int
    seconds: float
    rows: int
    pages: int
    text: str

    def __str__(self) -> str:
        return (
            f"{self.calls:>9,} calls {self.seconds:>8.2f} s {self.rows:>11,} rows"
            f" {self.pages:>11,} pages  {self.text}"
        )


def main(arguments: Sequence[str]) -> int:
    """Simulate the day and print its cost; 1 if a row did not land."""
    options = _parser().parse_args(arguments)
    say(f"{options.orders:,} orders in a year, {options.landings} landings; {machine()}\n")
    with folder() as place, bench(place) as one:
        day = _Day(one, orders=options.orders, landing_count=options.landings)
        return day.run()


class _Day:
    """The last day of the books, which comes in slices."""

    def __init__(self, one: Bench, *, orders: int, landing_count: int) -> None:
        _count_statements(one)
        self._sources = one.sources("sources", orders=orders, days=_DAYS)
        self._end = newest_clock(self._sources)
        self._first = self._end - timedelta(days=1)
        self._slice = (self._end - self._first) / landing_count
        self._landing_count = landing_count
        hold_back(self._sources, since=self._first)
        self._reader = _reader(self._sources)
        self._warehouse = one.warehouse("warehouse")

    def run(self) -> int:
        self._land()
        vacuum(self._warehouse)
        before = row_count(self._sources)
        with psycopg.connect(conninfo(self._sources), autocommit=True) as watcher:
            watcher.execute("select pg_stat_statements_reset()")
            read_before = _rows_read(watcher)
            landed_count, cpu_seconds = self._all_slices()
            read = _rows_read(watcher) - read_before
            total, dearest = _costs(watcher)
        come = row_count(self._sources) - before
        say(f"{before:,} rows before the day, {come:,} rows in it, {landed_count:,} landed\n")
        say(
            f"all{total}\n{read:,} rows read from its tables; landing took {cpu_seconds:.0f} CPU-s,"
        )
        say(" the source's included\nthe dearest statements:\n")
        say("".join(f"   {each}\n" for each in dearest))
        return 0 if landed_count >= come else 1

    def _all_slices(self) -> tuple[int, float]:
        landed_count, cpu_seconds = 0, 0.0
        for number in range(self._landing_count):
            since = self._first + number * self._slice
            is_last = number == self._landing_count - 1
            until = self._end + timedelta(seconds=1) if is_last else since + self._slice
            self._come(since, until)
            compared = _COMPARED_ROWS if number == self._landing_count // 2 else 0
            landed: list[int] = []
            spent = sample(lambda: landed.append(self._land(compared)))  # noqa: B023 - called at once
            landed_count += landed[0]
            cpu_seconds += spent.cpu_seconds
        return landed_count, cpu_seconds

    def _come(self, since: datetime, until: datetime) -> None:
        """Let the rows of a slice come."""
        with unchecked(self._sources) as connection:
            for table in TABLES:
                held = f"held.{table.schema}_{table.name}"
                clock = table.info["record_clock"]
                connection.execute(
                    f"insert into {table.schema}.{table.name} select * from {held}"  # noqa: S608
                    f" where {clock} >= %s and {clock} < %s".encode(),
                    (since, until),
                )

    def _land(self, compared_count: int = 0) -> int:
        landed = land_sources(
            dict.fromkeys(SOURCE_DOMAINS, self._reader),
            self._warehouse,
            listener=TouchedDays(),
            overlap_seconds=900,
            timeout_seconds=3600,
            compared_count=compared_count,
        )
        return landed.new_count


def _count_statements(one: Bench) -> None:
    """Restart the server with `pg_stat_statements`."""
    with psycopg.connect(conninfo(one.postgres.url("postgres")), autocommit=True) as admin:
        admin.execute("alter system set shared_preload_libraries = 'pg_stat_statements'")
        admin.execute("alter system set pg_stat_statements.track_utility = on")
    one.postgres.stop()
    one.postgres.start()


def _reader(sources: URL) -> URL:
    """The address of the sources for a role that can only read; its statements are counted."""
    schemas = ", ".join(sorted({str(table.schema) for table in TABLES}))
    with psycopg.connect(conninfo(sources), autocommit=True) as admin:
        admin.execute("create extension pg_stat_statements")
        admin.execute(f"create role {_READER} login password '{_PASSWORD}'".encode())
        admin.execute(f"grant usage on schema {schemas} to {_READER}".encode())
        admin.execute(f"grant select on all tables in schema {schemas} to {_READER}".encode())
    return sources.set(username=_READER, password=_PASSWORD)


def _rows_read(watcher: psycopg.Connection) -> int:
    watcher.execute("select pg_stat_clear_snapshot(), pg_stat_force_next_flush()")
    schemas = [*{table.schema for table in TABLES}]
    [(read,)] = watcher.execute(_READ.encode(), (schemas,)).fetchall()
    return int(read)


def _costs(watcher: psycopg.Connection) -> tuple[Cost, list[Cost]]:
    """The cost of all statements of landing, and of the dearest ones."""
    everything = _STATEMENTS.format(shown="''", grouped="")
    each = _STATEMENTS.format(
        shown="left(regexp_replace(statement.query, '\\s+', ' ', 'g'), 110) as shown",
        grouped=f"group by shown order by 2 desc limit {_SHOWN_STATEMENTS}",
    )
    [total] = watcher.execute(everything.encode(), (_READER,)).fetchall()
    dearest = watcher.execute(each.encode(), (_READER,)).fetchall()
    return _cost(total), [_cost(row) for row in dearest]


def _cost(row: tuple[int, float, int, int, str]) -> Cost:
    calls, seconds, rows, pages, text = row
    return Cost(calls=calls, seconds=seconds, rows=rows, pages=pages, text=text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--orders", type=int, default=100_000, help="orders in the year")
    parser.add_argument("--landings", type=int, default=144, help="landings in the day")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
