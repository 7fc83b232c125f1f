"""The cases of the HTTP API: what memory has, what nobody has yet, and a thousand open streams.

The server is `reporting serve` with one process. The yardstick of answers from memory is the same
framework on the same server, which answers a constant of the same size without any check.
"""

import asyncio
import json
import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from urllib.request import urlopen
from uuid import UUID

import redis
from sqlalchemy import URL

from reporting_pipeline.building.build import known_days
from reporting_pipeline.checks.seals import seal_days
from reporting_pipeline.embedded.account import server_account
from reporting_pipeline.embedded.process import free_port
from reporting_pipeline.embedded.valkey import Valkey, find_valkey
from reporting_pipeline.report_definitions.definition import ReportDefinition
from reporting_pipeline.serving.api.local_keys import LocalKey
from reporting_pipeline.serving.api.tokens import Role
from reporting_pipeline.settings import Settings
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.bench.books import bench, built_warehouse
from reporting_pipeline_tests.bench.case import Aim, Case, Measured, Size
from reporting_pipeline_tests.bench.http_load import Answers, Call, Streams, call_often
from reporting_pipeline_tests.bench.measurement import turns
from reporting_pipeline_tests.bench.programs import program
from reporting_pipeline_tests.bench.workers import workers
from reporting_pipeline_tests.sample_reports import REVENUE, ReportGenerator, define, one_day

_ROUNDS = 5
_CALLS = {Size.SMALL: 2_000, Size.LARGE: 20_000}
_CONNECTIONS = 8
_MISSES = 100
_STREAMS = 1_000
_NOTICES = 10
_START_SECONDS = 30
_NOW = datetime(2026, 6, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Api:
    """A server of the API, and one organisation with a published report and an event."""

    process: subprocess.Popen[bytes]
    port: int
    warehouse: URL
    redis_url: str
    environment: Mapping[str, str]
    folder: Path
    token: str
    definition: ReportDefinition
    report_id: UUID
    summary: str

    @property
    def organization_id(self) -> UUID:
        """The organisation of the token."""
        return self.definition.organization_id

    def call(self, path: str, *, method: str = "GET", body: bytes = b"", **headers: str) -> Call:
        """A call of the organisation."""
        return Call(
            port=self.port,
            path=f"/v1/organizations/{self.organization_id}{path}",
            method=method,
            body=body,
            headers={"Authorization": f"Bearer {self.token}", **headers},
        )

    @property
    def resident_bytes(self) -> int:
        """The memory of the server."""
        text = Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii")
        return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _from_memory(path: Callable[[_Api], str], size: Size, folder: Path) -> Measured:
    with _api(folder) as api:
        call = api.call(path(api))
        byte_count = call_often(call, calls=100, connections=1).byte_count
        with _bare(folder, byte_count) as port:
            constant = Call(port=port, path="/constant", headers={})
            found: dict[str, list[Answers]] = {"ours": [], "theirs": []}

            def often(whose: str, each: Call) -> None:
                answers = call_often(each, calls=_CALLS[size], connections=_CONNECTIONS)
                found[whose].append(answers)

            often("theirs", constant)
            measured = turns(
                partial(often, "ours", call), partial(often, "theirs", constant), rounds=_ROUNDS
            )
    facts = {"bytes of an answer": f"{byte_count:,}"}
    for name, whose in (("", "ours"), (" of the framework", "theirs")):
        seconds = median(getattr(each, whose).wall_seconds for each in measured)
        facts[f"calls per second{name}"] = f"{_CALLS[size] / seconds:,.0f}"
        for percent in (50, 99):
            times = [each.percentile(percent) for each in found[whose][-_ROUNDS:]]
            facts[f"p{percent}{name}"] = f"{median(times) * 1e3:.1f} ms"
    return Measured(turns=measured, facts=facts)


def _misses(size: Size, folder: Path) -> Measured:
    """How often a report is generated that a hundred callers want at the same time."""
    del size
    counts: list[float] = []
    seconds: list[float] = []
    with _api(folder) as api, workers(1, api.environment, folder / "workers.log"):
        for number in range(_ROUNDS):
            day = _day_of(api.warehouse) - timedelta(days=number + 1)
            question = {"definition": "revenue", "period": str(day), "format": "csv"}
            body = json.dumps({**question, "provisional_allowed": True}).encode()
            headers = {"Content-Type": "application/json", "Prefer": "wait=30"}
            call = api.call("/reports", method="POST", body=body, **headers)
            answers = call_often(call, calls=_MISSES, connections=_MISSES, are_kept=True)
            reports = {json.loads(each)["report_id"] for each in answers.bodies}
            states = {json.loads(each)["state"] for each in answers.bodies}
            if states != {"ready"} or len(reports) != 1:
                raise RuntimeError(f"the answers are {states} of {len(reports)} reports")
            counts.append(_generations(api.warehouse, UUID(reports.pop())))
            seconds.append(max(answers.seconds))
    return Measured(
        figures=counts,
        facts={"seconds until the last caller has it": f"{median(seconds):.2f}"},
    )


def _generations(warehouse: URL, report_id: UUID) -> float:
    with warehouse_connection(warehouse) as connection:
        [(editions, requests)] = connection.execute(
            "select"
            " (select edition from catalogue.generated_reports where id = %(id)s),"
            " (select count(*) from catalogue.report_requests where report_id = %(id)s)",
            {"id": report_id},
        ).fetchall()
    return float(max(editions, requests))


def _streams(size: Size, folder: Path) -> Measured:
    """Seconds from a notice in Redis to the last of all open streams."""
    del size
    with _api(folder) as api, redis.Redis.from_url(api.redis_url) as client:
        before = api.resident_bytes
        last, each, after = asyncio.run(_follow(api, client))
        call_seconds = call_often(api.call(api.summary), calls=200, connections=1)
    return Measured(
        figures=last,
        facts={
            "p50 of all streams": f"{median(each):.3f} s",
            "p99 of all streams": f"{quantiles(each, n=100)[98]:.3f} s",
            "memory of the server": f"{after / 1e6:.0f} MB, {before / 1e6:.0f} MB without streams",
            "kB of a stream": f"{(after - before) / _STREAMS / 1e3:.0f}",
            "p50 of a summary afterwards": f"{call_seconds.percentile(50) * 1e3:.1f} ms",
        },
    )


async def _follow(api: _Api, client: "redis.Redis") -> tuple[list[float], list[float], int]:
    """The seconds until the last stream has each notice, those of each stream, and the memory."""
    streams = Streams(api.call("/notices"))
    await streams.open(_STREAMS)
    last, each = [], []
    for number in range(1, _NOTICES + 1):
        waiting = asyncio.ensure_future(streams.arrivals(f"\nid: {number}\n".encode()))
        await asyncio.sleep(0.1)
        sent = time.perf_counter()
        client.publish(
            f"reporting:org:{api.organization_id}",
            json.dumps(
                {
                    "id": number,
                    "version": 1,
                    "type": "rebuilt",
                    "organization_id": str(api.organization_id),
                }
            ),
        )
        seconds = [arrived - sent for arrived in await waiting]
        last.append(max(seconds))
        each += seconds
    after = api.resident_bytes
    await streams.close()
    return last, each, after


@contextmanager
def _api(folder: Path) -> Iterator[_Api]:
    with ExitStack() as running:
        one = running.enter_context(bench(folder))
        redis_url = running.enter_context(_redis(folder))
        warehouse = built_warehouse(one, "warehouse", orders=1_000, days=30, organizations=2)
        seal_days(warehouse, known_days(warehouse), _NOW)
        environment = {
            "REPORTING_DATABASE_URL": warehouse.render_as_string(hide_password=False),
            "REPORTING_DAGSTER_URL": warehouse.render_as_string(hide_password=False),
            "REPORTING_REDIS_URL": redis_url,
            "REPORTING_STORE_URL": (folder / "store").as_uri(),
            "REPORTING_HOME": str(folder / "home"),
            "REPORTING_API_CALLS_PER_MINUTE": "1000000",
        }
        port = free_port()
        process = running.enter_context(
            program(["reporting", "serve", f"--port={port}"], environment, folder / "api.log")
        )
        _wait_until_answered(port, "/health/live", folder / "api.log")
        yield _filled(process, port, warehouse, environment, folder)


def _filled(
    process: subprocess.Popen[bytes],
    port: int,
    warehouse: URL,
    environment: Mapping[str, str],
    folder: Path,
) -> _Api:
    """Publish a report of the busiest event's organisation."""
    with warehouse_connection(warehouse) as connection:
        [(organization_id, event_id)] = connection.execute(
            "select organization_id, event_id from reporting.report_event_summary"
            " order by gross_to_date_minor desc, event_id limit 1"
        ).fetchall()
    day = _day_of(warehouse)
    definition = define(warehouse, REVENUE, organization_id)
    maker = ReportGenerator(warehouse, open_store((folder / "store").as_uri()), _NOW)
    [outcome] = maker.generate(definition, one_day(day), is_provisional_allowed=True)
    token = LocalKey.of_home(folder / "home").token(
        Settings.model_fields["api_audience"].default,
        Role.OPERATOR,
        subject="bench",
        organization_id=organization_id,
        now=datetime.now(UTC),
        lifetime=timedelta(hours=1),
    )
    return _Api(
        process=process,
        port=port,
        warehouse=warehouse,
        redis_url=environment["REPORTING_REDIS_URL"],
        environment=environment,
        folder=folder,
        token=token,
        definition=definition,
        report_id=outcome.report.id,
        summary=f"/events/{event_id}/summaries/{day}",
    )


def _day_of(warehouse: URL) -> date:
    return known_days(warehouse)[-2]


@contextmanager
def _redis(folder: Path) -> Iterator[str]:
    server = Valkey(
        binary=find_valkey(),
        folder=folder / "valkey",
        account=server_account(),
        password=secrets.token_urlsafe(),
        durable=False,
    )
    server.start()
    try:
        yield server.url()
    finally:
        server.stop()


@contextmanager
def _bare(folder: Path, byte_count: int) -> Iterator[int]:
    port = free_port()
    module = "reporting_pipeline_tests.bench.bare_api:application"
    argv = ["uvicorn", "--factory", module, f"--port={port}", "--no-access-log"]
    with program(argv, {"BARE_BYTES": str(byte_count)}, folder / "bare.log"):
        _wait_until_answered(port, "/constant", folder / "bare.log")
        yield port


def _wait_until_answered(port: int, path: str, log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            with urlopen(f"http://127.0.0.1:{port}{path}", timeout=1):
                return
        except OSError as error:
            if time.monotonic() > until:
                raise TimeoutError(log.read_text(encoding="utf-8")) from error
            time.sleep(0.1)


_SIZES = {size: f"{count:,} calls, {_CONNECTIONS} at a time" for size, count in _CALLS.items()}
_CONSTANT = "the framework alone, answering a constant of the same size"
CASES = (
    Case(
        name="file of a report from memory, over HTTP",
        yardstick=_CONSTANT,
        sizes=_SIZES,
        aim=None,
        run=partial(_from_memory, lambda api: f"/reports/{api.report_id}/file"),
    ),
    Case(
        name="summary of an event from memory, over HTTP",
        yardstick=_CONSTANT,
        sizes=_SIZES,
        aim=None,
        run=partial(_from_memory, lambda api: api.summary),
    ),
    Case(
        name="callers at the same time for a report that nobody has yet",
        yardstick="",
        sizes=dict.fromkeys(Size, f"{_MISSES} callers"),
        aim=Aim(limit=1, unit="generations"),
        run=_misses,
    ),
    Case(
        name="a notice for all open streams, until the last one has it",
        yardstick="",
        sizes=dict.fromkeys(Size, f"{_STREAMS:,} streams of one process"),
        aim=Aim(limit=1, unit="s"),
        run=_streams,
    ),
)
"""The cases of the HTTP API."""
