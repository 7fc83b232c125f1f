"""Requests under fire: `python -m reporting_pipeline_tests.bench.requests`.

Two workers generate what fifty organisations ask for, one organisation after the other.
Every second one worker is killed (SIGKILL) and another is started, and Redis is wiped twice.
Printed is what counts: requests lost, done twice, fairness between organisations, waits.

What belongs here: that run, also in small for the tests. What does not: what is promised.
"""

import itertools
import logging
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from statistics import quantiles
from threading import Event
from uuid import UUID

import redis
from sqlalchemy import URL, make_url

from reporting_pipeline.delivery.generate import Delivery
from reporting_pipeline.delivery.report_rows import ReportRequest
from reporting_pipeline.delivery.requests.ask import Asking, ask
from reporting_pipeline.delivery.requests.leases import LeaseTimes
from reporting_pipeline.delivery.requests.serve import serve
from reporting_pipeline.delivery.requests.work import Worker
from reporting_pipeline.delivery.store import open_store
from reporting_pipeline.embedded.account import server_account
from reporting_pipeline.embedded.addresses import server_addresses
from reporting_pipeline.embedded.attachment import attached
from reporting_pipeline.embedded.home import Home
from reporting_pipeline.reports.build import ensure_views
from reporting_pipeline.reports.definitions.definition import ReportFormat
from reporting_pipeline.settings import Settings
from reporting_pipeline.warehouse import schema
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.delivery.given_reports import ATTENDANCE, defined, one_day

_LOOK_SECONDS = 0.05
_WORKERS = 2
_TIMES = LeaseTimes(heartbeat_seconds=0.3, stale_seconds=2)
_FIRST_DAY = date(2025, 1, 1)
_COUNT = "select count(*) from catalogue.report_requests where status not in ('queued', 'running')"
_DONE = """
    select organization_id, extract(epoch from finished_at - requested_at)::float8
    from catalogue.report_requests
    where finished_at is not null
    order by finished_at
"""
_STATUSES = "select status, count(*) from catalogue.report_requests group by status"
# Told twice that it is done, or a second edition of the same rows.
_DOUBLED = """
    select
        (select count(*) from (
            select message ->> 'request_id' from catalogue.notices
            where message ->> 'type' = 'completed' and topic like 'reporting:org:%'
            group by message ->> 'request_id' having count(*) > 1
        ) as told)
        + (select count(*) from catalogue.generated_report_editions where edition > 1)
"""
_REPEATED = "select count(*) from catalogue.report_requests where attempts > 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fire:
    """What is asked for, and what happens meanwhile.

    Attributes:
        big: How many requests the first organisation has.
        small: How many each of the others has.
        kill_seconds: Between two kills.
        kill_done: Where it is not 0, so many requests are done between two kills, however long that
            takes: a slow machine kills no faster than it works.
        limit_seconds: After so long it has failed.
    """

    organization_count: int
    big: int
    small: int
    kill_seconds: float
    limit_seconds: float
    kill_done: int = 0

    @property
    def request_count(self) -> int:
        """Of all organisations."""
        return self.big + (self.organization_count - 1) * self.small


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What came of it.

    Attributes:
        doubled: Requests told as completed twice, and reports with a second edition.
        repeated: Requests that a killed worker had begun.
        jain: Fairness over the requests done by the time at which every organisation could have
            had its share; 1 is perfect.
        p95_seconds: From the question to the file, of all organisations but the first.
    """

    statuses: dict[str, int]
    lost: int
    doubled: int
    repeated: int
    kills: int
    jain: float
    p95_seconds: float
    seconds: float


def under_fire(fire: Fire, warehouse: URL, redis_url: str, store_url: str) -> Figures:
    """Ask, work, kill and wipe, until all is done or the time is over."""
    asked = _ask(fire, warehouse)
    address = warehouse.render_as_string(hide_password=False)
    begun, kills = time.monotonic(), 0
    workers = [_start(address, redis_url, store_url) for _ in range(_WORKERS)]
    wipes = [fire.request_count * 2 // 3, fire.request_count // 3]
    pause, next_kill = Event(), begun + fire.kill_seconds
    try:
        while (done := _number(warehouse, _COUNT)) < len(asked):
            if time.monotonic() > begun + fire.limit_seconds:
                break
            if wipes and done >= wipes[-1]:
                wipes.pop()
                with redis.Redis.from_url(redis_url) as client:
                    client.flushall()
            is_slow = fire.kill_done > 0 and done < (kills + 1) * fire.kill_done
            if time.monotonic() >= next_kill and not is_slow:
                next_kill += fire.kill_seconds
                workers[kills % _WORKERS].kill()
                workers[kills % _WORKERS].join()
                workers[kills % _WORKERS] = _start(address, redis_url, store_url)
                kills += 1
            pause.wait(_LOOK_SECONDS)
    finally:
        for worker in workers:
            worker.kill()
            worker.join()
    return _figures(fire, warehouse, kills, time.monotonic() - begun)


def _ask(fire: Fire, warehouse: URL) -> list[UUID]:
    """All requests of the first organisation, then those of the others."""
    asking = Asking(now=datetime.now(UTC), final_delay_seconds=0)
    asked = []
    for number in range(1, fire.organization_count + 1):
        definition = defined(warehouse, ATTENDANCE, UUID(int=number))
        for offset in range(fire.big if number == 1 else fire.small):
            period = one_day(_FIRST_DAY + timedelta(days=offset))
            wanted = ReportRequest(definition=definition, period=period)
            request = ask(warehouse, asking, wanted, ReportFormat.CSV).request
            if request is not None:
                asked.append(request.id)
    return asked


def _start(warehouse: str, redis_url: str, store_url: str) -> BaseProcess:
    worker = get_context("fork").Process(target=_work, args=(warehouse, redis_url, store_url))
    worker.start()
    return worker


def _worker(warehouse: str, redis_url: str, store_url: str) -> Worker:
    delivery = Delivery(
        warehouse=make_url(warehouse), store=open_store(store_url), final_delay_seconds=0
    )
    return Worker(delivery=delivery, times=_TIMES, redis_url=redis_url, name="under fire")


def _work(warehouse: str, redis_url: str, store_url: str) -> None:
    logging.disable()
    for _ in serve(_worker(warehouse, redis_url, store_url), Event()):
        pass


def _figures(fire: Fire, warehouse: URL, kills: int, seconds: float) -> Figures:
    with warehouse_connection(warehouse) as connection:
        statuses: dict[str, int] = dict(connection.execute(_STATUSES).fetchall())
        done = connection.execute(_DONE).fetchall()
    waits = [wait for owner, wait in done if owner != UUID(int=1)]
    # While each organisation still had something to wait for.
    share = fire.organization_count * fire.small * 9 // 10
    served = Counter(owner for owner, _ in itertools.islice(done, share))
    return Figures(
        statuses=statuses,
        lost=fire.request_count - len(done),
        doubled=_number(warehouse, _DOUBLED),
        repeated=_number(warehouse, _REPEATED),
        kills=kills,
        jain=_jain([served[UUID(int=n)] for n in range(1, fire.organization_count + 1)]),
        p95_seconds=quantiles(waits, n=20)[-1],
        seconds=seconds,
    )


def _jain(shares: list[int]) -> float:
    squares = sum(share * share for share in shares)
    return sum(shares) ** 2 / (len(shares) * squares)


def _number(warehouse: URL, statement: str) -> int:
    with warehouse_connection(warehouse) as connection:
        [(number,)] = connection.execute(statement.encode()).fetchall()
    return int(number)


def main() -> None:
    """A thousand requests of fifty organisations, on servers of its own."""
    fire = Fire(organization_count=50, big=20, small=20, kill_seconds=1, limit_seconds=900)
    account = server_account()
    with tempfile.TemporaryDirectory(prefix="reporting-bench-") as folder:
        Path(folder).chmod(0o755)
        home = Home(Path(folder) / "home", account)
        with attached(home, Settings.from_environment().pg_bindir, durable=False) as attachment:
            addresses = server_addresses(home, attachment.running)
            warehouse = make_url(addresses["REPORTING_DATABASE_URL"])
            schema.upgrade(warehouse)
            ensure_views(warehouse)
            store = (Path(folder) / "store").as_uri()
            found = under_fire(fire, warehouse, addresses["REPORTING_REDIS_URL"], store)
    sys.stdout.write(
        f"{fire.request_count} requests of {fire.organization_count} organisations, "
        f"{_WORKERS} workers, {found.kills} kills, 2 wipes, {found.seconds:.0f} s\n"
        f"statuses {found.statuses}, lost {found.lost}, doubled {found.doubled}, "
        f"begun twice {found.repeated}\n"
        f"Jain {found.jain:.3f}, p95 of all but the first organisation {found.p95_seconds:.1f} s\n"
    )


if __name__ == "__main__":
    main()
