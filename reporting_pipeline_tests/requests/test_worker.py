"""A worker generates requested reports and records how each request ended, whatever happens."""

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
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.requests.sample_requests import (
    HOLD,
    IdleWorkers,
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
def published(redis_url: str) -> Iterator[redis.client.PubSub]:
    """The messages published from now on."""
    with redis.Redis.from_url(redis_url) as client, client.pubsub() as topics:
        topics.psubscribe("reporting:*")
        topics.get_message(timeout=5)
        yield topics


def message_types(published: redis.client.PubSub, organization_id: UUID) -> list[str]:
    """The types of an organisation's messages, in order."""
    kinds = []
    while (message := published.get_message(timeout=0.2)) is not None:
        if message["channel"].decode() == f"reporting:org:{organization_id}":
            kinds.append(json.loads(message["data"])["type"])
    return kinds


def test_requests_are_generated_and_each_step_is_published(
    worker: Worker, warehouse: URL, redis_url: str, published: redis.client.PubSub
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
    messages = message_types(published, BERLIN)
    assert messages == ["queued", "started", "available", "completed"]
    with redis.Redis.from_url(redis_url) as client:
        assert client.keys("reporting:*") == []
    assert ask_for(warehouse, define(warehouse, REVENUE), DAY).report is not None


def test_the_next_worker_publishes_the_notices_of_one_that_died_after_its_commit(
    worker: Worker, warehouse: URL, published: redis.client.PubSub
) -> None:
    queued(warehouse, define(warehouse, REVENUE), DAY)
    silent = worker_at(warehouse, worker.publisher.store.address, None)
    assert work_on_next(silent) is not None
    assert message_types(published, BERLIN) == []

    list(serve(worker, Event(), once=True))
    assert message_types(published, BERLIN) == ["queued", "started", "available", "completed"]


def test_without_redis_the_table_is_enough(warehouse: URL, store_url: str) -> None:
    request = queued(warehouse, define(warehouse, REVENUE), DAY)
    without_redis = worker_at(warehouse, store_url, "redis://127.0.0.1:1/0")

    assert [each.status for each in serve(without_redis, Event(), once=True)] == ["completed"]
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


def test_a_pushed_request_is_served(worker: Worker, warehouse: URL, redis_url: str) -> None:
    define(warehouse, REVENUE)
    pushed = {"version": 1, "definition": "revenue", "period": str(DAY), "format": "csv"}
    with redis.Redis.from_url(redis_url) as client:
        client.rpush(queue_list(BERLIN), json.dumps(pushed))

    assert [each.period for each in serve(worker, Event(), once=True)] == [str(DAY)]


@pytest.mark.parametrize(
    ("damage", "status", "failure_class"),
    [
        # An unexpected error may be transient.
        ("alter table landing.source_reads rename to gone", "queued", "UndefinedTable"),
        (
            "alter table catalogue.report_definition_versions disable trigger user;"
            "update catalogue.report_definition_versions set config = '{}'",
            "failed",
            "DefinitionInvalid",
        ),
    ],
)
def test_a_failure_is_retried_if_that_may_help(
    worker: Worker, warehouse: URL, damage: str, status: str, failure_class: str
) -> None:
    request = queued(warehouse, define(warehouse, REVENUE), DAY)
    with warehouse_connection(warehouse) as connection:
        connection.execute(damage.encode())

    done = work_on_next(worker)

    assert done is not None
    assert (done.id, done.status, done.failure_class) == (request.id, status, failure_class)


def test_a_definition_with_another_worker_waits(
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


def test_the_lock_of_a_dead_worker_is_taken_over(
    warehouse: URL, redis_url: str, workers: IdleWorkers
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


def test_the_heartbeat_extends_the_lease_and_the_lock_during_the_work(
    warehouse: URL, redis_url: str, workers: IdleWorkers
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
