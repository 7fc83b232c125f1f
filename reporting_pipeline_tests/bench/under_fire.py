"""Requests under fire: workers are killed and Redis is wiped while they generate reports.

What belongs here: asking, killing, wiping, and counting what came of it. What does not: the
workers' processes (`workers`), and what is printed (`requests`).
"""

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

_LOOK_SECONDS = 0.05
_SETTLE_SECONDS = 20
_LAST_LOOKS = 10
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
    """What is asked for, and what happens meanwhile.

    Attributes:
        each: How many requests each organisation has.
        kill_seconds: Between two kills.
        kill_done: So many requests are done between two kills, however long that takes: where it is
            not 0, a slow machine kills no faster than it works.
        limit_seconds: After so long it has failed.
    """

    organization_count: int
    each: int
    kill_seconds: float
    limit_seconds: float
    kill_done: int = 0

    @property
    def request_count(self) -> int:
        """Of all organisations."""
        return self.organization_count * self.each


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where it happens: servers that nobody else uses, and a folder."""

    warehouse: URL
    redis_url: str
    folder: Path

    @property
    def store_url(self) -> str:
        """Where the files go."""
        return (self.folder / "store").as_uri()

    @property
    def log(self) -> Path:
        """What the workers say."""
        return self.folder / "workers.log"

    @property
    def environment(self) -> Mapping[str, str]:
        """What the workers are told."""
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
class Figures:
    """What came of it.

    Attributes:
        statuses: How many requests are in which.
        lost: Requests that were asked for and are not completed, or whose file is not in the store.
        doubled: Second rows for a request, second editions of a report, and second messages, under
            another id, that a request is completed.
        untold: Requests that no message told as completed.
        lost_leases: How often a worker was killed at a request.
        jain: Jain's index of fairness over the organisations, (sum x)^2 / (n * sum x^2), where x is
            how many of an organisation's requests are among the first half of all that were done.
            All ask for equally many, one organisation after the other: served in that order it
            would be 0.5, and 1 is perfect.
        p95_seconds: From the question to the file; all is asked before anything is served.
    """

    statuses: Mapping[str, int]
    lost: int
    doubled: int
    untold: int
    lost_leases: int
    kills: int
    wipes: int
    jain: float
    p95_seconds: float
    seconds: float


def under_fire(fire: Fire, place: Place) -> Figures:
    """Ask, work, kill and wipe, until all is done or the time is over."""
    asked = _ask(fire, place.warehouse)
    with (
        warehouse_connection(place.warehouse) as connection,
        redis.Redis.from_url(place.redis_url) as client,
        client.pubsub() as topics,
        workers(WORKERS, place.environment, place.log) as living,
    ):
        connection.autocommit = True
        topics.psubscribe("reporting:org:*")
        battle = _Battle(
            fire=fire, connection=connection, client=client, topics=topics, workers=living
        )
        battle.go()
        return _figures(battle, asked, place)


def jain(shares: Sequence[int]) -> float:
    """Jain's index of fairness."""
    squares = sum(share * share for share in shares)
    return sum(shares) ** 2 / (len(shares) * squares) if squares else 0.0


@dataclass(slots=True, kw_only=True)
class _Battle:
    """The time in which it happens.

    Attributes:
        told: The ids of the messages that told a request as completed.
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
    told: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    def go(self) -> None:
        """Kill and wipe until all requests are done; then listen until all is told."""
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
        for _ in range(_LAST_LOOKS):
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
        """Hear what is told, for a moment."""
        until = time.monotonic() + _LOOK_SECONDS
        while (left := until - time.monotonic()) > 0:
            message = self.topics.get_message(timeout=left)
            if message is not None and message["type"] == "pmessage":
                told = json.loads(message["data"])
                if told["type"] == "completed":
                    self.told[told["request_id"]].add(told["id"])


def _ask(fire: Fire, warehouse: URL) -> set[str]:
    """All requests of the first organisation, then those of the next; their ids."""
    asking = AskContext(now=datetime.now(UTC), final_delay_seconds=0)
    asked = set()
    for number in range(1, fire.organization_count + 1):
        definition = define(warehouse, ATTENDANCE, UUID(int=number))
        with warehouse_connection(warehouse) as connection:
            for offset in range(fire.each):
                period = one_day(_FIRST_DAY + timedelta(days=offset))
                wanted = ReportRequest(definition=definition, period=period)
                request = ask_within(connection, asking, wanted, ReportFormat.CSV).request
                if request is not None:
                    asked.add(str(request.id))
    return asked


def _figures(battle: _Battle, asked: set[str], place: Place) -> Figures:
    fire = battle.fire
    with battle.connection.cursor(row_factory=dict_row) as cursor:
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
    return Figures(
        statuses=Counter(each["status"] for each in requests),
        lost=len(asked - completed),
        doubled=len(requests)
        - len(asked)
        + sum(max(each["edition"] or 0, 1) - 1 for each in requests)
        + sum(len(ids) - 1 for ids in battle.told.values()),
        untold=len(asked - battle.told.keys()),
        lost_leases=sum(each["lost_leases"] for each in requests),
        kills=battle.kills,
        wipes=battle.wipes,
        jain=jain([half[UUID(int=n + 1)] for n in range(fire.organization_count)]),
        p95_seconds=quantiles(waits, n=20)[-1] if len(waits) > 1 else 0.0,
        seconds=battle.seconds,
    )
