"""A lease is one worker's; a dead worker's comes back, and a late word of it does not count."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import URL

from reporting_pipeline.delivery.requests.leases import End, end, hand_back, repeat_later
from reporting_pipeline.delivery.requests.request import StoredRequest, waiting
from reporting_pipeline.delivery.requests.retries import MAX_ATTEMPTS, wait_seconds
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.delivery.given_reports import (
    ATTENDANCE,
    BERLIN,
    NOW,
    REVENUE,
    TOKYO,
    defined,
)
from reporting_pipeline_tests.delivery.requests.given_requests import (
    notices,
    pass_time,
    queued,
    queued_days,
    seen,
    taken,
)

DONE = End(status="completed", edition=1)
FAILURE = ("StoreUnavailable", "the store is down")


def ended(warehouse: URL, request: StoredRequest, how: End = DONE) -> bool:
    with warehouse_connection(warehouse) as connection:
        return end(connection, request, how, NOW)


def repeated(warehouse: URL, request: StoredRequest) -> bool:
    with warehouse_connection(warehouse) as connection:
        return repeat_later(connection, request, FAILURE, NOW)


def must_take(warehouse: URL, among: list[UUID] | None = None) -> StoredRequest:
    request = taken(warehouse, among=among)
    assert request is not None
    return request


def test_a_request_is_taken_once(warehouse_url: URL) -> None:
    definitions = [defined(warehouse_url, REVENUE), defined(warehouse_url, REVENUE, TOKYO)]
    for definition in definitions:
        queued(warehouse_url, definition)
    start = Barrier(6)

    def take_one(number: int) -> StoredRequest | None:
        start.wait()
        return taken(warehouse_url, f"worker {number}")

    with ThreadPoolExecutor(6) as pool:
        found = [each for each in pool.map(take_one, range(6)) if each is not None]

    assert len({each.id for each in found}) == len(found) == 2
    assert len({each.fence for each in found}) == 2
    assert [notices(warehouse_url, each) for each in found] == [["queued", "started"]] * 2


def test_a_dead_workers_request_goes_to_another_and_its_late_word_does_not_count(
    warehouse_url: URL,
) -> None:
    queued(warehouse_url, defined(warehouse_url, REVENUE))
    zombie = must_take(warehouse_url)
    assert taken(warehouse_url) is None

    pass_time(warehouse_url, zombie, 31)
    second = must_take(warehouse_url)
    assert (second.id, second.attempts, second.fence > zombie.fence) == (zombie.id, 2, True)  # type: ignore[operator]

    assert not ended(warehouse_url, zombie, End(status="failed", failure=FAILURE))
    assert not repeated(warehouse_url, zombie)
    assert ended(warehouse_url, second)
    assert not ended(warehouse_url, zombie)
    now = seen(warehouse_url, second)
    assert (now.status, now.edition, now.failure_message) == ("completed", 1, None)
    assert notices(warehouse_url, second) == ["queued", "started", "completed"]


def test_a_rescued_request_that_nobody_took_again_is_not_ended_by_the_first(
    warehouse_url: URL,
) -> None:
    revenue = defined(warehouse_url, REVENUE)
    queued(warehouse_url, revenue)
    zombie = must_take(warehouse_url)
    pass_time(warehouse_url, zombie, 31)
    assert taken(warehouse_url, among=[]) is None

    assert seen(warehouse_url, zombie).status == "queued"
    assert not ended(warehouse_url, zombie)


def test_a_failure_that_may_pass_is_repeated_later_and_later_and_then_dead(
    warehouse_url: URL,
) -> None:
    request = queued(warehouse_url, defined(warehouse_url, REVENUE))
    waits = []
    for attempt in range(1, MAX_ATTEMPTS + 1):
        request = must_take(warehouse_url)
        assert request.attempts == attempt
        assert repeated(warehouse_url, request)
        now = seen(warehouse_url, request)
        if attempt < MAX_ATTEMPTS:
            assert taken(warehouse_url) is None
            waits.append((now.available_at - (request.started_at or NOW)).total_seconds())
            pass_time(warehouse_url, request, 60)

    now = seen(warehouse_url, request)
    assert (now.status, now.failure_class, now.failure_message) == ("dead", *FAILURE)
    assert notices(warehouse_url, request) == ["queued", "started", "failed"]
    for number, wait in enumerate(waits):
        assert 2 * 2**number <= wait <= 3 * 2**number + 1


def test_a_request_that_kills_its_workers_is_dead_too(warehouse_url: URL) -> None:
    request = queued(warehouse_url, defined(warehouse_url, REVENUE))
    for _ in range(MAX_ATTEMPTS):
        must_take(warehouse_url)
        pass_time(warehouse_url, request, 31)

    assert taken(warehouse_url) is None
    assert seen(warehouse_url, request).status == "dead"
    assert seen(warehouse_url, request).failure_message == (
        "the worker gave no sign of life for 30 seconds"
    )


@pytest.mark.parametrize("attempts", range(1, MAX_ATTEMPTS))
def test_waits_differ(attempts: int) -> None:
    assert len({wait_seconds(attempts) for _ in range(20)}) > 1


def test_what_is_handed_back_was_no_attempt(warehouse_url: URL) -> None:
    request = queued(warehouse_url, defined(warehouse_url, REVENUE))
    held = must_take(warehouse_url)
    with warehouse_connection(warehouse_url) as connection:
        hand_back(connection, held, 1)

    now = seen(warehouse_url, request)
    assert (now.status, now.attempts, now.failure_class) == ("queued", 0, None)
    assert taken(warehouse_url) is None


def test_one_definition_is_worked_on_by_one_worker(warehouse_url: URL) -> None:
    revenue, attendance = (defined(warehouse_url, each) for each in (REVENUE, ATTENDANCE))
    queued_days(warehouse_url, revenue, 2)
    queued(warehouse_url, attendance)

    first, second = must_take(warehouse_url), must_take(warehouse_url)

    assert [first.slug, second.slug] == ["revenue", "attendance"]
    assert taken(warehouse_url) is None
    ended(warehouse_url, first)
    assert must_take(warehouse_url).slug == "revenue"


def test_organisations_take_turns(warehouse_url: URL) -> None:
    of_berlin = queued_days(warehouse_url, defined(warehouse_url, REVENUE), 200)
    third = UUID("00000001-0000-4000-8000-000000000003")
    for organization_id in (TOKYO, third):
        queued(warehouse_url, defined(warehouse_url, REVENUE, organization_id))
    with warehouse_connection(warehouse_url) as connection:
        announced = [each.organization_id for each in waiting(connection, 5)]

    served = []
    for _ in range(5):
        request = must_take(warehouse_url)
        served.append(request.organization_id)
        ended(warehouse_url, request)

    assert served == announced == [BERLIN, TOKYO, third, BERLIN, BERLIN]
    late = queued(warehouse_url, defined(warehouse_url, ATTENDANCE, TOKYO))
    assert must_take(warehouse_url).id == late.id
    assert Counter(seen(warehouse_url, each).status for each in of_berlin) == {
        "completed": 3,
        "queued": 197,
    }


def test_an_organisations_own_requests_come_in_their_order(warehouse_url: URL) -> None:
    asked = queued_days(warehouse_url, defined(warehouse_url, REVENUE), 3)
    served = []
    for _ in asked:
        request = must_take(warehouse_url)
        ended(warehouse_url, request)
        served.append(request.id)
    assert served == [each.id for each in asked]
    assert asked[0].requested_at + timedelta(0) <= asked[1].requested_at
