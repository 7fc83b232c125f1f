"""A lease belongs to one worker; a dead worker's request is requeued, its late result ignored."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import URL

from reporting_pipeline.requests.leases import (
    MAX_FAILURES,
    MAX_LOST_LEASES,
    RequestEnd,
    end_request,
    postpone,
    retry_later,
    wait_seconds,
    wait_seconds_after_loss,
)
from reporting_pipeline.requests.request_queue import StoredRequest, waiting_requests
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.requests.sample_requests import (
    IdleWorkers,
    notices,
    notified_edition,
    pass_time,
    queued,
    queued_days,
    seen,
)
from reporting_pipeline_tests.sample_reports import (
    ATTENDANCE,
    BERLIN,
    NOW,
    REVENUE,
    TOKYO,
    define,
)

DONE = RequestEnd(status="completed", edition=1)
FAILURE = ("StoreUnavailable", "the store is down")


def end(warehouse: URL, request: StoredRequest, result: RequestEnd = DONE) -> bool:
    with warehouse_connection(warehouse) as connection:
        return end_request(connection, request, result, NOW)


def retry(warehouse: URL, request: StoredRequest) -> bool:
    with warehouse_connection(warehouse) as connection:
        return retry_later(connection, request, FAILURE, NOW)


def test_a_request_is_taken_once(warehouse_url: URL, workers: IdleWorkers) -> None:
    definitions = [define(warehouse_url, REVENUE), define(warehouse_url, REVENUE, TOKYO)]
    for definition in definitions:
        queued(warehouse_url, definition)
    start = Barrier(6)

    def take_one(number: int) -> StoredRequest | None:
        start.wait()
        return workers.take(warehouse_url, f"worker {number}")

    with ThreadPoolExecutor(6) as pool:
        found = [each for each in pool.map(take_one, range(6)) if each is not None]

    assert len({each.id for each in found}) == len(found) == 2
    assert len({each.fence for each in found}) == 2
    assert [notices(warehouse_url, each) for each in found] == [["queued", "started"]] * 2


def test_a_silent_workers_request_goes_to_another_and_its_late_result_does_not_count(
    warehouse_url: URL, workers: IdleWorkers
) -> None:
    queued(warehouse_url, define(warehouse_url, REVENUE))
    zombie = workers.must_take(warehouse_url)
    assert workers.take(warehouse_url) is None

    pass_time(warehouse_url, zombie, 31)
    second = workers.must_take(warehouse_url)
    assert (second.id, second.attempts, second.fence > zombie.fence) == (zombie.id, 2, True)  # type: ignore[operator]

    assert not end(warehouse_url, zombie, RequestEnd(status="failed", failure=FAILURE))
    assert not retry(warehouse_url, zombie)
    assert end(warehouse_url, second)
    assert not end(warehouse_url, zombie)
    now = seen(warehouse_url, second)
    assert (now.status, now.edition, now.failure_message) == ("completed", 1, None)
    assert notices(warehouse_url, second) == ["queued", "started", "completed"]
    assert notified_edition(warehouse_url, second) == 1


def test_a_requeued_request_is_not_ended_by_its_first_worker(
    warehouse_url: URL, workers: IdleWorkers
) -> None:
    revenue = define(warehouse_url, REVENUE)
    queued(warehouse_url, revenue)
    zombie = workers.must_take(warehouse_url)
    pass_time(warehouse_url, zombie, 31)
    assert workers.take(warehouse_url, among=[]) is None

    assert seen(warehouse_url, zombie).status == "queued"
    assert not end(warehouse_url, zombie)


def test_a_transient_failure_is_retried_after_growing_waits_and_then_dead(
    warehouse_url: URL, workers: IdleWorkers
) -> None:
    request = queued(warehouse_url, define(warehouse_url, REVENUE))
    waits = []
    for attempt in range(1, MAX_FAILURES + 1):
        request = workers.must_take(warehouse_url)
        assert request.attempts == attempt
        assert retry(warehouse_url, request)
        now = seen(warehouse_url, request)
        if attempt < MAX_FAILURES:
            assert workers.take(warehouse_url) is None
            waits.append((now.available_at - (request.started_at or NOW)).total_seconds())
            pass_time(warehouse_url, request, 60)

    now = seen(warehouse_url, request)
    assert (now.status, now.failure_class, now.failure_message) == ("dead", *FAILURE)
    assert notices(warehouse_url, request) == ["queued", "started", "failed"]
    for number, wait in enumerate(waits):
        assert 2 * 2**number <= wait <= 3 * 2**number + 1


def test_a_killed_workers_request_is_requeued_at_once_and_counts_as_no_failure(
    warehouse_url: URL, workers: IdleWorkers
) -> None:
    request = queued(warehouse_url, define(warehouse_url, REVENUE))
    killed = workers.must_take(warehouse_url)
    assert workers.take(warehouse_url) is None

    workers.die(killed)
    second = workers.must_take(warehouse_url)

    assert (second.id, second.attempts, second.lost_leases) == (request.id, 2, 1)
    assert (second.failure_class, second.failure_message) == (
        "WorkerDied",
        "the worker died: its session with the warehouse has ended",
    )
    for _ in range(MAX_FAILURES - 1):
        assert retry(warehouse_url, second)
        pass_time(warehouse_url, second, 60)
        second = workers.must_take(warehouse_url)
    assert retry(warehouse_url, second)
    assert seen(warehouse_url, second).status == "dead"
    assert notices(warehouse_url, request) == ["queued", "started", "failed"]


@pytest.mark.parametrize(
    ("seconds", "reason"),
    [
        (0, "the worker died: its session with the warehouse has ended"),
        (31, "the worker sent no heartbeat for 30 seconds"),
    ],
)
def test_a_request_that_kills_every_worker_is_dead(
    warehouse_url: URL, workers: IdleWorkers, seconds: int, reason: str
) -> None:
    request = queued(warehouse_url, define(warehouse_url, REVENUE))
    for lost in range(MAX_LOST_LEASES):
        assert seen(warehouse_url, request).lost_leases == max(lost - 1, 0)
        taken = workers.take(warehouse_url)
        if taken is None:  # the wait after a loss
            pass_time(warehouse_url, request, 60)
            taken = workers.must_take(warehouse_url)
        pass_time(warehouse_url, request, seconds)
        workers.die(taken)

    assert workers.take(warehouse_url) is None
    now = seen(warehouse_url, request)
    assert (now.status, now.failure_class) == ("dead", "WorkerDied")
    assert (
        now.failure_message
        == f"{MAX_LOST_LEASES} workers died while working on it; the last one: {reason}"
    )
    other = queued(warehouse_url, define(warehouse_url, ATTENDANCE))
    assert workers.must_take(warehouse_url).id == other.id


@pytest.mark.parametrize("failures", range(1, MAX_FAILURES))
def test_waits_are_random(failures: int) -> None:
    assert len({wait_seconds(failures) for _ in range(20)}) > 1


def test_the_first_loss_costs_no_wait() -> None:
    waits = [wait_seconds_after_loss(lost) for lost in range(1, MAX_LOST_LEASES)]
    assert waits[0] == 0
    assert all(2 <= wait <= 24 for wait in waits[1:])


def test_a_postponed_request_counts_no_attempt(warehouse_url: URL, workers: IdleWorkers) -> None:
    request = queued(warehouse_url, define(warehouse_url, REVENUE))
    held = workers.must_take(warehouse_url)
    with warehouse_connection(warehouse_url) as connection:
        postpone(connection, held, 1)

    now = seen(warehouse_url, request)
    assert (now.status, now.attempts, now.failure_class) == ("queued", 0, None)
    assert workers.take(warehouse_url) is None


def test_a_definition_has_one_worker_at_a_time(warehouse_url: URL, workers: IdleWorkers) -> None:
    revenue, attendance = (define(warehouse_url, each) for each in (REVENUE, ATTENDANCE))
    queued_days(warehouse_url, revenue, 2)
    queued(warehouse_url, attendance)

    first, second = workers.must_take(warehouse_url), workers.must_take(warehouse_url)

    assert [first.slug, second.slug] == ["revenue", "attendance"]
    assert workers.take(warehouse_url) is None
    end(warehouse_url, first)
    assert workers.must_take(warehouse_url).slug == "revenue"


def test_organisations_take_turns(warehouse_url: URL, workers: IdleWorkers) -> None:
    of_berlin = queued_days(warehouse_url, define(warehouse_url, REVENUE), 40)
    third = UUID("00000001-0000-4000-8000-000000000003")
    for organization_id in (TOKYO, third):
        queued(warehouse_url, define(warehouse_url, REVENUE, organization_id))
    with warehouse_connection(warehouse_url) as connection:
        expected = [each.organization_id for each in waiting_requests(connection, 5)]

    served = []
    for _ in range(5):
        request = workers.must_take(warehouse_url)
        served.append(request.organization_id)
        end(warehouse_url, request)

    assert served == expected == [BERLIN, TOKYO, third, BERLIN, BERLIN]
    late = queued(warehouse_url, define(warehouse_url, ATTENDANCE, TOKYO))
    assert workers.must_take(warehouse_url).id == late.id
    assert Counter(seen(warehouse_url, each).status for each in of_berlin) == {
        "completed": 3,
        "queued": 37,
    }


def test_the_requests_of_an_organisation_are_taken_in_order(
    warehouse_url: URL, workers: IdleWorkers
) -> None:
    asked = queued_days(warehouse_url, define(warehouse_url, REVENUE), 3)
    served = []
    for _ in asked:
        request = workers.must_take(warehouse_url)
        end(warehouse_url, request)
        served.append(request.id)
    assert served == [each.id for each in asked]
    assert asked[0].requested_at + timedelta(0) <= asked[1].requested_at
