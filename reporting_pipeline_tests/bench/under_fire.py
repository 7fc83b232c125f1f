"""Requests under fire: workers are killed and Redis is wiped while they generate reports."""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any
from uuid import UUID

import redis
from psycopg import Connection
from psycopg.rows import dict_row
from sqlalchemy import URL

from reporting_pipeline.publishing.snapshot import ReportRequest
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.requests.ask import AskContext, ask_within
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.bench.workers import Workers, workers
from reporting_pipeline_tests.sample_reports import ATTENDANCE, define, one_day

WORKERS = 2
WIPES = 2

_LISTEN_SECONDS = 0.05
_SETTLE_SECONDS = 20
_LAST_LISTENS = 10
_FIRST_DAY = date(2025, 1, 1)
_FINAL = "select count(*) from catalogue.report_requests where finished_at is not null"
_UNPUBLISHED = "select count(*) from catalogue.notices where announced_at is null"
_REQUESTS = """
    select
        request.id::text, request.organization_id, request.status, request.lost_leases,
        request.finished_at, report.storage_path, report.edition,
        extract(epoch from request.finished_at - request.requested_at)::float8 as seconds
    from catalogue.report_requests as request
    left join catalogue.generated_reports as report on report.id = request.report_id
    order by request.finished_at
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fire:
    """The requests, and the frequency of kills.

    Attributes:
        each: How many requests each organisation has.
        kill_seconds: The minimal time between two kills.
        kill_done: The minimal number of requests that end between two kills. If it is not 0, a slow
            machine does not kill faster than it works.
        limit_seconds: The time limit of the run.
    """

    organization_count: int
    each: int
    kill_seconds: float
    limit_seconds: float
    kill_done: int = 0

    @property
    def request_count(self) -> int:
        """The number of requests of all organisations."""
        return self.organization_count * self.each


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The environment of a run: servers for it alone, and a folder."""

    warehouse: URL
    redis_url: str
    folder: Path

    @property
    def store_url(self) -> str:
        """The address of the store."""
        return (self.folder / "store").as_uri()

    @property
    def log(self) -> Path:
        """The log of the workers."""
        return self.folder / "workers.log"

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variables of the workers."""
        warehouse = self.warehouse.render_as_string(hide_password=False)
        return {
            "REPORTING_DATABASE_URL": warehouse,
            "REPORTING_DAGSTER_URL": warehouse,
            "REPORTING_REDIS_URL": self.redis_url,
            "REPORTING_STORE_URL": self.store_url,
            "REPORTING_HOME": str(self.folder / "home-of-workers"),
            "DAGSTER_HOME": str(self.folder),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class FireResult:
    """The result of a run.

    Attributes:
        statuses: The number of requests by status.
        lost: Requests that are not completed, or whose file is not in the store.
        doubled: Second rows for a request, second editions of a report, and second notices, under
            another id, that a request is completed.
        unpublished: Requests without a published notice that they are completed.
        lost_leases: How often a worker was killed while working on a request.
        jain: Jain's index of fairness over the organisations, (sum x)^2 / (n * sum x^2), where x is
            how many of an organisation's requests are in the first half of all ended requests. All
            organisations make the same number of requests, one after the other: 0.5 would be the
            result of serving them in that order, and 1 is perfect.
        p95_seconds: From the request to the file; all requests are made before any is served.
    """

    statuses: Mapping[str, int]
    lost: int
    doubled: int
    unpublished: int
    lost_leases: int
    kills: int
    wipes: int
    jain: float
    p95_seconds: float
    seconds: float


def run_under_fire(fire: Fire, place: Environment) -> FireResult:
    """Make requests, start workers, kill and wipe, until all requests end or the time is over."""
    request_ids = _ask(fire, place.warehouse)
    with (
        warehouse_connection(place.warehouse) as connection,
        redis.Redis.from_url(place.redis_url) as client,
        client.pubsub() as topics,
        workers(WORKERS, place.environment, place.log) as living,
    ):
        connection.autocommit = True
        topics.psubscribe("reporting:org:*")
        run = _Run(fire=fire, connection=connection, client=client, topics=topics, workers=living)
        run.go()
        return _result(run, request_ids, place)


def jain(shares: Sequence[int]) -> float:
    """Jain's index of fairness."""
    squares = sum(share * share for share in shares)
    return sum(shares) ** 2 / (len(shares) * squares) if squares else 0.0


@dataclass(slots=True, kw_only=True)
class _Run:
    """One run.

    Attributes:
        published: The ids of the published notices that a request is completed.
    """

    fire: Fire
    connection: Connection[Any]
    client: redis.Redis
    topics: redis.client.PubSub
    workers: Workers
    begun: float = field(default_factory=time.monotonic)
    kills: int = 0
    wipes: int = 0
    done_at_kill: int = 0
    seconds: float = 0.0
    published: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    def go(self) -> None:
        """Kill and wipe until all requests have ended, then listen for the remaining notices."""
        done, until = 0, self.begun + self.fire.limit_seconds
        while done < self.fire.request_count and time.monotonic() < until:
            self._wipe_if_due(done)
            self._kill_if_due(done)
            self._listen()
            done = self._number(_FINAL)
        self.seconds = time.monotonic() - self.begun
        until = time.monotonic() + _SETTLE_SECONDS
        while self._number(_UNPUBLISHED) and time.monotonic() < until:
            self._listen()
        for _ in range(_LAST_LISTENS):
            self._listen()

    def _number(self, query: str) -> int:
        [(number,)] = self.connection.execute(query.encode()).fetchall()
        return int(number)

    def _wipe_if_due(self, done: int) -> None:
        if self.wipes < WIPES and done >= self.fire.request_count * (self.wipes + 1) // (WIPES + 1):
            self.client.flushall()
            self.wipes += 1

    def _kill_if_due(self, done: int) -> None:
        is_time = time.monotonic() >= self.begun + (self.kills + 1) * self.fire.kill_seconds
        if is_time and done >= self.done_at_kill + self.fire.kill_done:
            self.workers.replace(self.kills)
            self.kills += 1
            self.done_at_kill = done

    def _listen(self) -> None:
        """Receive notices for a moment."""
        until = time.monotonic() + _LISTEN_SECONDS
        while (left := until - time.monotonic()) > 0:
            message = self.topics.get_message(timeout=left)
            if message is not None and message["type"] == "pmessage":
                published = json.loads(message["data"])
                if published["type"] == "completed":
                    self.published[published["request_id"]].add(published["id"])


def _ask(fire: Fire, warehouse: URL) -> set[str]:
    """Make all requests of the first organisation, then those of the next; their ids."""
    context = AskContext(now=datetime.now(UTC), final_delay_seconds=0)
    request_ids = set()
    for number in range(1, fire.organization_count + 1):
        definition = define(warehouse, ATTENDANCE, UUID(int=number))
        with warehouse_connection(warehouse) as connection:
            for offset in range(fire.each):
                period = one_day(_FIRST_DAY + timedelta(days=offset))
                report_request = ReportRequest(definition=definition, period=period)
                request = ask_within(connection, context, report_request, ReportFormat.CSV).request
                if request is not None:
                    request_ids.add(str(request.id))
    return request_ids


def _result(run: _Run, request_ids: set[str], place: Environment) -> FireResult:
    fire = run.fire
    with run.connection.cursor(row_factory=dict_row) as cursor:
        requests = cursor.execute(_REQUESTS).fetchall()
    stored = set(open_store(place.store_url).list_keys())
    completed = {
        each["id"]
        for each in requests
        if each["status"] == "completed" and each["storage_path"] in stored
    }
    half = Counter(
        each["organization_id"]
        for each in requests[: fire.request_count // 2]
        if each["finished_at"] is not None
    )
    waits = [each["seconds"] for each in requests if each["seconds"] is not None]
    return FireResult(
        statuses=Counter(each["status"] for each in requests),
        lost=len(request_ids - completed),
        doubled=len(requests)
        - len(request_ids)
        + sum(max(each["edition"] or 0, 1) - 1 for each in requests)
        + sum(len(ids) - 1 for ids in run.published.values()),
        unpublished=len(request_ids - run.published.keys()),
        lost_leases=sum(each["lost_leases"] for each in requests),
        kills=run.kills,
        wipes=run.wipes,
        jain=jain([half[UUID(int=n + 1)] for n in range(fire.organization_count)]),
        p95_seconds=quantiles(waits, n=20)[-1] if len(waits) > 1 else 0.0,
        seconds=run.seconds,
    )
