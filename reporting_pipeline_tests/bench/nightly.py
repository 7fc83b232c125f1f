"""Cases of the night: many small reports in one tick, the same tick again, and a request.

The yardstick of a tick is a bare loop: the query of each report, by COPY, into a file. It checks no
seal, has no manifest, no catalogue and no notice, and nothing is proven.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import cycle
from pathlib import Path
from statistics import quantiles
from uuid import UUID, uuid4

import psycopg
from sqlalchemy import URL

from reporting_pipeline.building.build import known_days
from reporting_pipeline.checks.seals import seal_days
from reporting_pipeline.due.batch import generate_batch, report_lines
from reporting_pipeline.due.due_reports import DueReport, Selection, due_reports
from reporting_pipeline.exports import row_spool
from reporting_pipeline.publishing.generate import Publisher
from reporting_pipeline.publishing.snapshot import ReportRequest
from reporting_pipeline.report_definitions.compile import compile_report
from reporting_pipeline.report_definitions.definition import ReportFormat, Schedule
from reporting_pipeline.requests.ask import AskContext, ask
from reporting_pipeline.requests.request_queue import stored_request
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import conninfo, warehouse_connection
from reporting_pipeline_tests.bench.books import Bench, bench, built_warehouse
from reporting_pipeline_tests.bench.case import Aim, Case, Measured, Size
from reporting_pipeline_tests.bench.measurement import Turn, sample
from reporting_pipeline_tests.bench.requests import warehouse_and_redis
from reporting_pipeline_tests.bench.under_fire import Environment
from reporting_pipeline_tests.bench.workers import workers
from reporting_pipeline_tests.sample_reports import ATTENDANCE, REVENUE, define, one_day

_ORGANIZATIONS = {Size.SMALL: 25, Size.LARGE: 500}
_DEFINITIONS_EACH = 20
_REQUESTS = {Size.SMALL: 60, Size.LARGE: 300}
_POLL_SECONDS = 0.005
_LIMIT_SECONDS = 60
_NOW = datetime(2026, 6, 1, tzinfo=UTC)


def _first_tick(size: Size, folder: Path) -> Measured:
    with _night(size, folder) as night:
        ours = sample(night.tick)
        theirs = sample(night.bare_loop)
    count = len(night.due)
    return Measured(
        turns=[Turn(ours=ours, theirs=theirs)],
        facts={"files": f"{count:,}", "files per second": f"{count / ours.wall_seconds:,.0f}"},
    )


def _second_tick(size: Size, folder: Path) -> Measured:
    with _night(size, folder) as night:
        first, second = sample(night.tick), sample(night.tick)
    return Measured(turns=[Turn(ours=second, theirs=first)], facts={"files": f"{len(night.due):,}"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Night:
    """A built and sealed warehouse, and the reports that are due."""

    warehouse: URL
    publisher: Publisher
    due: list[DueReport]
    folder: Path

    def tick(self) -> None:
        """Generate the due reports, as the nightly run does."""
        lines = [
            line
            for result in generate_batch(self.publisher, self.due)
            for line in report_lines(result)
        ]
        found = {line.status for line in lines}
        if found != {"ready"}:
            reasons = {line.reason for line in lines if line.status != "ready"}
            message = f"the reports are {found}: {sorted(map(str, reasons))[:3]}"
            raise RuntimeError(message)

    def bare_loop(self) -> None:
        """Copy the rows of each report into a file."""
        target = self.folder / "bare"
        target.mkdir(exist_ok=True)
        with psycopg.connect(conninfo(self.warehouse)) as connection:
            for number, each in enumerate(self.due):
                request = each.request
                [part] = request.definition.config.parts
                report = compile_report(part, request.definition.organization_id, request.period)
                query = row_spool.psycopg_statement(row_spool.canonical(report))
                with (
                    connection.cursor() as cursor,
                    (target / f"{number}.csv").open("wb") as file,
                    cursor.copy(
                        f"copy ({query[0]}) to stdout (format csv)".encode(), query[1]
                    ) as copy,
                ):
                    for data in copy:
                        file.write(data)


@contextmanager
def _night(size: Size, folder: Path) -> Iterator[_Night]:
    with bench(folder) as one:
        yield _prepared(one, _ORGANIZATIONS[size])


def _prepared(one: Bench, organizations: int) -> _Night:
    warehouse = built_warehouse(
        one, "warehouse", orders=organizations * 60, days=20, organizations=organizations
    )
    days = known_days(warehouse)
    seal_days(warehouse, days, _NOW)
    with psycopg.connect(conninfo(warehouse)) as connection:
        found = connection.execute("select id from landing.ticketing_organizations order by id")
        owners: list[UUID] = [owner for (owner,) in found.fetchall()]
    for owner in owners:
        for number, sample_report in zip(
            range(_DEFINITIONS_EACH), cycle((REVENUE, ATTENDANCE)), strict=False
        ):
            slug = f"{sample_report['slug']}-{number}"
            define(warehouse, {**sample_report, "slug": slug, "name": slug}, owner)
    as_of = date(2025, 12, 25)
    with warehouse_connection(warehouse) as connection:
        due = due_reports(connection, [as_of], Selection(schedules=(Schedule.DAILY,)))
    publisher = Publisher(
        warehouse=warehouse,
        store=open_store((one.folder / "store").as_uri()),
        final_delay_seconds=7200,
    )
    allowed = [each.allowing_provisional(is_allowed=True) for each in due]
    return _Night(warehouse=warehouse, publisher=publisher, due=allowed, folder=one.folder)


def _requests(quantile: int, size: Size, folder: Path) -> Measured:
    """Seconds from a request to its file, one request after the other, while a worker waits."""
    with warehouse_and_redis(folder) as (warehouse, redis_url):
        place = Environment(warehouse=warehouse, redis_url=redis_url, folder=folder)
        definition = define(warehouse, ATTENDANCE, uuid4())
        context = AskContext(now=_NOW, final_delay_seconds=7200)
        seconds: list[float] = []
        with workers(1, place.environment, place.log):
            for number in range(_REQUESTS[size] + 1):
                period = one_day(date(2025, 1, 1) + timedelta(days=number))
                request = ReportRequest(definition=definition, period=period)
                begun = time.perf_counter()
                asked = ask(warehouse, context, request, ReportFormat.CSV).request
                assert asked is not None
                _wait(warehouse, asked.id)
                seconds.append(time.perf_counter() - begun)
    # The first one waits for the start of the worker.
    return Measured(figures=[quantiles(seconds[1:], n=100)[quantile - 1]])


def _wait(warehouse: URL, request_id: UUID) -> None:
    until = time.monotonic() + _LIMIT_SECONDS
    with warehouse_connection(warehouse) as connection:
        connection.autocommit = True
        while stored_request(connection, request_id).finished_at is None:
            if time.monotonic() > until:
                message = f"request {request_id} is not done after {_LIMIT_SECONDS} s"
                raise TimeoutError(message)
            time.sleep(_POLL_SECONDS)


def _of(quantile: int) -> Callable[[Size, Path], Measured]:
    return lambda size, folder: _requests(quantile, size, folder)


_FILES = {
    size: f"{count * _DEFINITIONS_EACH:,} reports of {count} organisations"
    for size, count in _ORGANIZATIONS.items()
}
_SMALL = {size: f"{count} requests, one after the other" for size, count in _REQUESTS.items()}
CASES = (
    Case(
        name="small reports in one nightly tick",
        yardstick="a bare loop of the same queries and files",
        sizes=_FILES,
        aim=Aim(limit=0.7, is_least=True),
        run=_first_tick,
        bound=(
            "a report has a lock, seals, a snapshot, a manifest, a row of the catalogue and "
            "a notice: about 50 statements, where the loop has one"
        ),
    ),
    Case(
        name="the same nightly tick again",
        yardstick="the first tick",
        sizes=_FILES,
        aim=Aim(limit=0.05),
        run=_second_tick,
        bound=("the bases of the reports are compared, and their files looked at"),
    ),
    Case(
        name="request to ready file, small report, p50",
        yardstick="",
        sizes=_SMALL,
        aim=Aim(limit=0.5, unit="s"),
        run=_of(50),
    ),
    Case(
        name="request to ready file, small report, p95",
        yardstick="",
        sizes=_SMALL,
        aim=Aim(limit=2.0, unit="s"),
        run=_of(95),
    ),
)
"""The cases of the night and of requests."""
