"""Pushed messages become requests, and invalid ones move to the dead list with the reason."""

import json
import pickle
from uuid import UUID, uuid4

import pytest
import redis
from sqlalchemy import URL

from reporting_pipeline.errors import WarehouseUnavailable
from reporting_pipeline.requests.queue_lists import (
    DEAD_LIST,
    SyncResult,
    hint_message,
    queue_list,
    sync_queue_lists,
)
from reporting_pipeline.requests.request_queue import StoredRequest, waiting_requests
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.requests.sample_requests import (
    ASKING,
    IdleWorkers,
    queued,
    queued_days,
)
from reporting_pipeline_tests.sample_reports import (
    ATTENDANCE,
    BERLIN,
    REVENUE,
    TOKYO,
    define,
)

LIST = queue_list(BERLIN)
PUSHED = {"version": 1, "definition": "revenue", "period": "2025-03-01", "format": "csv"}


def message(**changed: object) -> bytes:
    return json.dumps(PUSHED | changed).encode()


def waiting_in(warehouse: URL) -> list[StoredRequest]:
    with warehouse_connection(warehouse) as connection:
        return waiting_requests(connection, 1_000)


def push(redis_url: str, *messages: bytes, name: str = LIST) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.rpush(name, *messages)


def sync(warehouse: URL, redis_url: str) -> SyncResult:
    with redis.Redis.from_url(redis_url) as client:
        return sync_queue_lists(warehouse, client, ASKING)


def messages_in(redis_url: str, name: str = LIST) -> list[bytes]:
    with redis.Redis.from_url(redis_url) as client:
        found: list[bytes] = client.lrange(name, 0, -1)
        return found


def test_a_message_becomes_a_request_and_its_hint(warehouse_url: URL, redis_url: str) -> None:
    revenue = define(warehouse_url, REVENUE)
    by_id = message(definition=str(revenue.id), period="2025-03", provisional=True)
    push(redis_url, message(), by_id)

    assert sync(warehouse_url, redis_url) == SyncResult(accepted=2)

    first, second = waiting_in(warehouse_url)
    assert (first.definition_id, first.period, first.format) == (revenue.id, "2025-03-01", "csv")
    assert (second.period, second.is_provisional_allowed) == ("2025-03", True)
    assert messages_in(redis_url) == [hint_message(first.id), hint_message(second.id)]
    assert sync(warehouse_url, redis_url) == SyncResult()
    assert messages_in(redis_url) == [hint_message(first.id), hint_message(second.id)]


INVALID = {
    "not JSON": (b"report please", "malformed"),
    "empty": (b"", "malformed"),
    "too long": (b"[" * 10_000_000, "10000000 bytes"),
    "pickle": (pickle.dumps(PUSHED), "malformed"),
    "an unknown version": (message(version=2), "version: Input should be 1"),
    "no definition": (b'{"version": 1, "period": "2025-03-01", "format": "csv"}', "definition"),
    "a request that is no id": (b'{"version": 1, "request_id": "7"}', "request_id"),
    "an unknown request": (hint_message(uuid4()), "the organisation has no such request"),
    "an unknown definition": (message(definition="profit"), "has no report definition 'profit'"),
    "an unknown id": (message(definition=str(uuid4())), "has no report definition with id"),
    "a paused definition": (message(definition="attendance"), "the definition is paused"),
    "an archived definition": (message(definition="former"), "the definition is archived"),
    "a definition of another organisation": (
        message(definition="takings-tokyo"),
        "has no report definition",
    ),
    "a path": (message(definition="../../etc/passwd"), "definition: String should match"),
    "a path as period": (message(period="../2025-03-01"), "is not a period"),
    "SQL": (message(definition="x'; drop table users; --"), "definition: String should match"),
    "another format": (message(format="exe"), "format: Input should be"),
    "a field too many": (message(organization_id=str(TOKYO)), "Extra inputs"),
    "the future": (message(period="2031-01-01"), "has not begun"),
    "a deep message": (b'{"a":' * 1_500, "malformed"),
    "words for true": (message(provisional="yes"), "provisional: Input should be a valid boolean"),
    "a number for true": (message(provisional=1), "provisional: Input should be a valid boolean"),
    "true as version": (message(version=True), "version: expected the whole number 1"),
    "a decimal version": (message(version=1.0), "version: expected the whole number 1"),
    "a name twice": (message()[:-1] + b', "period": "2025-04-01"}', "period is given twice"),
    "not UTF-8": (message()[:-1] + b', "\xff": 1}', "malformed"),
    "a NUL": (message(period="2025-03-01\0"), "is not a period"),
}


def test_invalid_messages_move_to_the_dead_list_and_the_others_become_requests(
    warehouse_url: URL, redis_url: str
) -> None:
    define(warehouse_url, REVENUE)
    define(warehouse_url, {**ATTENDANCE, "status": "paused"})
    define(warehouse_url, {**ATTENDANCE, "slug": "former", "status": "archived"})
    define(warehouse_url, {**REVENUE, "slug": "takings-tokyo"}, TOKYO)
    push(redis_url, *(raw for raw, _ in INVALID.values()), message())

    assert sync(warehouse_url, redis_url) == SyncResult(accepted=1, dead=len(INVALID))

    [request] = waiting_in(warehouse_url)
    assert messages_in(redis_url) == [hint_message(request.id)]
    dead = [json.loads(each) for each in messages_in(redis_url, DEAD_LIST)]
    for (name, (raw, reason)), entry in zip(INVALID.items(), dead, strict=True):
        assert reason in entry["reason"], name
        assert entry["list"] == LIST
        assert entry["message"] == raw[:1_000].decode(errors="backslashreplace")


@pytest.mark.parametrize(
    "owner", [str(UUID(int=77)), "nobody", "0000000A-0000-4000-8000-000000000001"]
)
def test_messages_in_the_list_of_an_unknown_organisation_are_invalid(
    warehouse_url: URL, redis_url: str, owner: str
) -> None:
    define(warehouse_url, REVENUE)
    push(redis_url, message(), name=f"reporting:queue:{owner}")

    assert sync(warehouse_url, redis_url) == SyncResult(dead=1)
    assert waiting_in(warehouse_url) == []


def test_a_hint_of_another_organisation_is_invalid(warehouse_url: URL, redis_url: str) -> None:
    request = queued(warehouse_url, define(warehouse_url, REVENUE, TOKYO))
    push(redis_url, hint_message(request.id))

    assert sync(warehouse_url, redis_url) == SyncResult(dead=1)
    assert messages_in(redis_url) == []
    assert messages_in(redis_url, queue_list(TOKYO)) == [hint_message(request.id)]


def test_ten_thousand_equal_messages_are_one_request(warehouse_url: URL, redis_url: str) -> None:
    define(warehouse_url, REVENUE)
    push(redis_url, *[message()] * 10_000)

    assert sync(warehouse_url, redis_url) == SyncResult(accepted=10_000)
    assert len(waiting_in(warehouse_url)) == 1


def test_the_lists_match_the_queue_after_a_wipe_and_after_a_request_was_taken(
    warehouse_url: URL, redis_url: str, workers: IdleWorkers
) -> None:
    requests = queued_days(warehouse_url, define(warehouse_url, REVENUE), 3)
    sync(warehouse_url, redis_url)
    assert messages_in(redis_url) == [hint_message(each.id) for each in requests]

    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    workers.must_take(warehouse_url)
    sync(warehouse_url, redis_url)
    assert messages_in(redis_url) == [hint_message(each.id) for each in requests[1:]]

    with warehouse_connection(warehouse_url) as connection:
        connection.execute("delete from catalogue.report_requests where status = 'queued'")
    sync(warehouse_url, redis_url)
    assert messages_in(redis_url) == []


def test_a_message_is_removed_after_its_request_exists_and_read_twice_is_one_request(
    warehouse_url: URL, redis_url: str
) -> None:
    define(warehouse_url, REVENUE)
    push(redis_url, message())
    with pytest.raises(WarehouseUnavailable):
        sync(warehouse_url.set(port=1), redis_url)
    assert messages_in(redis_url) == [message()]

    sync(warehouse_url, redis_url)
    [request] = waiting_in(warehouse_url)
    push(redis_url, message())  # as if the process had died before removing it
    sync(warehouse_url, redis_url)

    assert [each.id for each in waiting_in(warehouse_url)] == [request.id]
    assert messages_in(redis_url) == [hint_message(request.id)]


def test_only_one_process_synchronises_at_a_time(warehouse_url: URL, redis_url: str) -> None:
    define(warehouse_url, REVENUE)
    push(redis_url, message())
    with warehouse_connection(warehouse_url) as connection:
        connection.execute("select pg_advisory_lock(hashtextextended('request lists', 0))")
        assert sync(warehouse_url, redis_url) == SyncResult()
    assert sync(warehouse_url, redis_url) == SyncResult(accepted=1)


def test_keys_of_other_programs_are_not_changed(warehouse_url: URL, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.set(LIST, "no list")
        client.rpush("other:queue", message())
    assert sync(warehouse_url, redis_url) == SyncResult()
    assert messages_in(redis_url, "other:queue") == [message()]
