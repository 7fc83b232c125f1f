"""A worker generates what was asked for and says what became of it, whatever happens on the way."""

import json
import time
from collections.abc import Iterator
from datetime import date, timedelta
from threading import Event
from uuid import UUID

import pytest
import redis
from sqlalchemy import URL

from reporting_pipeline.requests.leases import DefinitionLock, LeaseTimes, heartbeat
from reporting_pipeline.requests.queue_lists import queue_list
from reporting_pipeline.requests.worker import Worker, serve, work_on_next
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.given import Pipeline
from reporting_pipeline_tests.requests.sample_requests import (
    HOLD,
    Workers,
    ask_for,
    notices,
    queued,
    seen,
    worker_at,
)
from reporting_pipeline_tests.sample_reports import (
    ATTENDANCE,
    BERLIN,
    REVENUE,
    TOKYO,
    define,
)

DAY = date(2025, 9, 10)


@pytest.fixture
def warehouse(season_pipeline: Pipeline) -> URL:
    return season_pipeline.warehouse


@pytest.fixture
def worker(warehouse: URL, store_url: str, redis_url: str) -> Worker:
    return worker_at(warehouse, store_url, redis_url)


@pytest.fixture
def heard(redis_url: str) -> Iterator[redis.client.PubSub]:
    """What is published from now on."""
    with redis.Redis.from_url(redis_url) as client, client.pubsub() as topics:
        topics.psubscribe("reporting:*")
        topics.get_message(timeout=5)
        yield topics


def told(heard: redis.client.PubSub, organization_id: UUID) -> list[str]:
    """The types of an organisation's messages, in order."""
    kinds = []
    while (message := heard.get_message(timeout=0.2)) is not None:
        if message["channel"].decode() == f"reporting:org:{organization_id}":
            kinds.append(json.loads(message["data"])["type"])
    return kinds


def test_requests_are_generated_and_each_step_is_told(
    worker: Worker, warehouse: URL, redis_url: str, heard: redis.client.PubSub
) -> None:
    request = queued(warehouse, define(warehouse, REVENUE), DAY)
    held_day = DAY - timedelta(days=1)
    held = queued(warehouse, define(warehouse, REVENUE, TOKYO), held_day)
    with warehouse_connection(warehouse) as connection:
        connection.execute(HOLD, (held_day, TOKYO))

    done = list(serve(worker, Event(), once=True))

    assert {each.id: each.status for each in done} == {request.id: "completed", held.id: "held"}
    assert seen(warehouse, request).edition == 1
    assert seen(warehouse, held).failure_message == f"{held_day}: order 4711 is 1 EUR short"
    messages = told(heard, BERLIN)
    assert messages == ["queued", "started", "available", "completed"]
    with redis.Redis.from_url(redis_url) as client:
        assert client.keys("reporting:*") == []
    assert ask_for(warehouse, define(warehouse, REVENUE), DAY).report is not None


def test_what_died_between_its_commit_and_its_message_is_told_by_the_next(
    worker: Worker, warehouse: URL, heard: redis.client.PubSub
) -> None:
    queued(warehouse, define(warehouse, REVENUE), DAY)
    silent = worker_at(warehouse, worker.publisher.store.address, None)
    assert work_on_next(silent) is not None
    assert told(heard, BERLIN) == []

    list(serve(worker, Event(), once=True))
    assert told(heard, BERLIN) == ["queued", "started", "available", "completed"]


def test_without_redis_the_table_is_enough(warehouse: URL, store_url: str) -> None:
    request = queued(warehouse, define(warehouse, REVENUE), DAY)
    away = worker_at(warehouse, store_url, "redis://127.0.0.1:1/0")

    assert [each.status for each in serve(away, Event(), once=True)] == ["completed"]
    assert notices(warehouse, request) == ["queued", "started", "completed"]


def test_a_wipe_of_redis_loses_nothing(worker: Worker, warehouse: URL, redis_url: str) -> None:
    revenue = define(warehouse, REVENUE)
    for offset in range(3):
        queued(warehouse, revenue, DAY + timedelta(days=offset))
    done = []
    for each in serve(worker, Event(), once=True):
        done.append(each.status)
        with redis.Redis.from_url(redis_url) as client:
            client.flushall()
    assert done == ["completed"] * 3


def test_what_is_pushed_is_served(worker: Worker, warehouse: URL, redis_url: str) -> None:
    define(warehouse, REVENUE)
    wanted = {"version": 1, "definition": "revenue", "period": str(DAY), "format": "csv"}
    with redis.Redis.from_url(redis_url) as client:
        client.rpush(queue_list(BERLIN), json.dumps(wanted))

    assert [each.period for each in serve(worker, Event(), once=True)] == [str(DAY)]


@pytest.mark.parametrize(
    ("spoil", "status", "failure_class"),
    [
        # What is no expected error may have been the machine's.
        ("alter table landing.source_reads rename to gone", "queued", "UndefinedTable"),
        (
            "alter table catalogue.report_definition_versions disable trigger user;"
            "update catalogue.report_definition_versions set config = '{}'",
            "failed",
            "DefinitionInvalid",
        ),
    ],
)
def test_a_failure_is_repeated_where_that_may_help(
    worker: Worker, warehouse: URL, spoil: str, status: str, failure_class: str
) -> None:
    request = queued(warehouse, define(warehouse, REVENUE), DAY)
    with warehouse_connection(warehouse) as connection:
        connection.execute(spoil.encode())

    done = work_on_next(worker)

    assert done is not None
    assert (done.id, done.status, done.failure_class) == (request.id, status, failure_class)


def test_a_definition_that_another_works_on_waits(
    worker: Worker, warehouse: URL, redis_url: str
) -> None:
    revenue, attendance = define(warehouse, REVENUE), define(warehouse, ATTENDANCE)
    request = queued(warehouse, revenue, DAY)
    queued(warehouse, attendance, DAY)
    with redis.Redis.from_url(redis_url) as client:
        other = client.lock(f"reporting:lock:{revenue.id}", timeout=30)
        assert other.acquire(blocking=False)

        done = work_on_next(worker)
        assert done is not None
        assert done.slug == "attendance"
        assert seen(warehouse, request).attempts == 0
        other.release()


def test_the_lock_of_a_dead_worker_is_not_waited_for(
    warehouse: URL, redis_url: str, workers: Workers
) -> None:
    queued(warehouse, define(warehouse, REVENUE))
    dead = workers.must_take(warehouse)
    workers.die(dead)
    living = workers.must_take(warehouse)
    with redis.Redis.from_url(redis_url) as client:
        left, lock = (DefinitionLock(client, each, 30) for each in (dead, living))
        assert left.acquire()
        assert lock.acquire()
        assert not left.acquire()
        left.extend()
        left.release()
        name = f"reporting:lock:{living.definition_id}"
        assert client.get(name) == f"lease {living.fence}".encode()
        assert 0 < client.pttl(name) <= 30_000
        lock.release()
        assert client.get(name) is None


def test_a_lease_is_kept_up_while_the_work_goes_on(
    warehouse: URL, redis_url: str, workers: Workers
) -> None:
    queued(warehouse, define(warehouse, REVENUE))
    request = workers.must_take(warehouse)
    beat = "select heartbeat_at > started_at from catalogue.report_requests where id = %s"
    with redis.Redis.from_url(redis_url) as client:
        lock = DefinitionLock(client, request, 30)
        assert lock.acquire()
        client.pexpire(f"reporting:lock:{request.definition_id}", 20_000)
        with (
            heartbeat(warehouse, request, LeaseTimes(heartbeat_seconds=0.05), lock),
            warehouse_connection(warehouse) as connection,
        ):
            connection.autocommit = True
            until = time.monotonic() + 10
            while connection.execute(beat, (request.id,)).fetchone() != (True,):
                assert time.monotonic() < until
        assert client.pttl(f"reporting:lock:{request.definition_id}") > 20_000
