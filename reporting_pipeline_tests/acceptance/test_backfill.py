"""A backfill that is killed and resumed gives the same result as an uninterrupted one."""

import subprocess
import sys
from collections.abc import Sequence
from datetime import date

import psycopg
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from reporting_pipeline.building.build import known_days
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.acceptance.pipelines import Pipeline, assert_same
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.expected import expected_tables

# Builds the days of each line, and prints a line when they are built.
_BACKFILL = """
import sys
from datetime import date
from sqlalchemy import make_url
from reporting_pipeline.building.build import build
for line in sys.stdin:
    build(map(date.fromisoformat, line.split()), warehouse=make_url(sys.argv[1]))
    print("built", flush=True)
"""
_LOCK = "select pg_advisory_lock(hashtext(%s), %s::date - date '2000-01-01')"
_WAITS = """
    select exists (
        select from pg_locks
        where not granted and locktype = 'advisory' and database = (
            select oid from pg_database where datname = current_database()
        )
    )
"""


def test_a_killed_and_resumed_backfill_equals_an_uninterrupted_one(
    pipeline: Pipeline, season: Books
) -> None:
    pipeline.arrive(season)
    pipeline.land()
    days = known_days(pipeline.warehouse)
    ranges = [days[:30], days[30:60], days[60:]]

    kill_while_building(pipeline, ranges, at=("report_event_summary", days[45]))
    half_built = pipeline.tables()
    for each in ranges[1:]:
        pipeline.build(each)

    assert half_built != pipeline.tables()
    assert_same(expected_tables(season), pipeline.tables())
    assert pipeline.queue() == {}


def kill_while_building(
    pipeline: Pipeline, ranges: Sequence[Sequence[date]], at: tuple[str, date]
) -> None:
    """Build the first range, and kill the process while it waits for a day of the second."""
    address = pipeline.warehouse.render_as_string(hide_password=False)
    with (
        psycopg.connect(conninfo(pipeline.warehouse), autocommit=True) as warehouse,
        subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", _BACKFILL, address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as backfill,
    ):
        assert backfill.stdin is not None
        assert backfill.stdout is not None
        warehouse.execute(_LOCK, at)
        for each in ranges:
            backfill.stdin.write(f"{' '.join(map(str, each))}\n")
        backfill.stdin.flush()
        assert backfill.stdout.readline() == "built\n"
        often = Retrying(
            retry=retry_if_result(lambda waits: waits != (True,)),
            wait=wait_fixed(0.02),
            stop=stop_after_delay(60),
        )
        often(lambda: warehouse.execute(_WAITS).fetchone())
        backfill.kill()
