"""A worker is killed at each step of a request: another one continues, and each effect occurs once.

A step may be repeated, but others see one row, one edition, and one id for each message.
"""

import hashlib
import json
import signal
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from threading import Event

import pytest
import redis
from sqlalchemy import URL

from reporting_pipeline.requests.queue_lists import DEAD_LIST, queue_list
from reporting_pipeline.requests.worker import serve
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.bench.under_fire import Environment
from reporting_pipeline_tests.forked import forked
from reporting_pipeline_tests.requests.crash_points import (
    POINTS,
    work_and_die,
    work_and_stop,
)
from reporting_pipeline_tests.requests.sample_requests import (
    queued_days,
    seen,
    worker_at,
)
from reporting_pipeline_tests.sample_reports import (
    ATTENDANCE,
    BERLIN,
    REVENUE,
    ReportGenerator,
    define,
)

FIRST_DAY = date(2025, 6, 1)
REQUESTS = (
    "select id::text, status, lost_leases, attempts from catalogue.report_requests"
    " where period_first = %s"
)
REPORTS = (
    "select report.storage_path, report.file_sha256, edition.edition"
    " from catalogue.generated_reports as report"
    " inner join catalogue.generated_report_editions as edition on edition.report_id = report.id"
    " where report.period_first = %s"
)


@contextmanager
def published(redis_url: str) -> Iterator[dict[str, list[int]]]:
    """The ids of an organisation's messages by type, complete when the block has ended."""
    ids: dict[str, list[int]] = defaultdict(list)
    with redis.Redis.from_url(redis_url) as client, client.pubsub() as topics:
        topics.subscribe(f"reporting:org:{BERLIN}")
        topics.get_message(timeout=5)
        yield ids
        while (message := topics.get_message(timeout=0.1)) is not None:
            content = json.loads(message["data"])
            ids[content["type"]].append(content["id"])


def killed_at(name: str, warehouse: URL, store_url: str, redis_url: str) -> None:
    address = warehouse.render_as_string(hide_password=False)
    process = forked(work_and_die, name, address, store_url, redis_url)
    process.join(60)
    assert process.exitcode == -signal.SIGKILL, f"exit code {process.exitcode}: it was not killed"


@pytest.mark.parametrize("name", POINTS)
def test_each_effect_occurs_once_if_a_worker_is_killed_at_a_step(
    name: str, shared_season_pipeline: Pipeline, redis_url: str, tmp_path: Path
) -> None:
    point, day = POINTS[name], FIRST_DAY + timedelta(days=list(POINTS).index(name))
    warehouse, store_url = shared_season_pipeline.warehouse, (tmp_path / "store").as_uri()
    define(warehouse, REVENUE)
    worker = worker_at(warehouse, store_url, redis_url)
    generator = ReportGenerator(warehouse, worker.publisher.store)
    pushed = {"version": 1, "definition": "revenue", "period": str(day), "format": "csv"}
    message = json.dumps(pushed).encode()

    with redis.Redis.from_url(redis_url) as client, published(redis_url) as ids_by_type:
        client.rpush(queue_list(BERLIN), message)
        killed_at(name, warehouse, store_url, redis_url)
        left = generator.query(REQUESTS, day)
        assert [status for _, status, _, _ in left] == ([point.left] if point.left else [])
        assert (message in client.lrange(queue_list(BERLIN), 0, -1)) == point.is_pushed

        list(serve(worker, Event(), once=True))

        [(_, status, lost_leases, attempts)] = generator.query(REQUESTS, day)
        lost = int(point.left == "running")
        assert (status, lost_leases, attempts) == ("completed", lost, 1 + lost)
        assert client.keys("reporting:queue:*") == []
        assert client.exists(DEAD_LIST) == 0
    [(path, digest, edition)] = generator.query(REPORTS, day)
    assert (edition, hashlib.sha256(generator.file(str(path))).hexdigest()) == (1, digest)
    assert Counter({kind: len(set(ids)) for kind, ids in ids_by_type.items()}) == {
        "queued": 1,
        "started": 1,
        "available": 1,
        "completed": 1,
    }


@pytest.mark.parametrize(
    "where",
    [
        "reporting_pipeline.requests.worker:DefinitionLock.acquire",
        "reporting_pipeline.publishing.generate:publish",
    ],
)
def test_a_worker_that_gets_a_stop_signal_finishes_its_request_and_leaves_the_others(
    where: str, pipeline: Pipeline, redis_url: str, tmp_path: Path
) -> None:
    attendance = define(pipeline.warehouse, ATTENDANCE)
    begun, rest = queued_days(pipeline.warehouse, attendance, 2)
    place = Environment(warehouse=pipeline.warehouse, redis_url=redis_url, folder=tmp_path)

    worker = forked(work_and_stop, where, dict(place.environment))
    worker.join(60)

    done, left = (seen(pipeline.warehouse, each) for each in (begun, rest))
    assert (worker.exitcode, done.status, done.attempts) == (0, "completed", 1)
    assert (left.status, left.attempts) == ("queued", 0)
