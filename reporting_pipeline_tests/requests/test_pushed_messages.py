"""A push is answered under its correlation id, also a malformed one that can be read so far."""

import json
from contextlib import suppress
from threading import Event
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import URL

from reporting_pipeline.errors import DefinitionInvalid
from reporting_pipeline.requests import queue_lists
from reporting_pipeline.requests.leases import RequestEnd, end_request
from reporting_pipeline.requests.pushed_messages import (
    MAX_CORRELATION_CHARACTERS,
    MAX_MESSAGE_BYTES,
    correlation_id_of,
    parse_message,
    refusal,
)
from reporting_pipeline.requests.queue_lists import DEAD_LIST, SyncResult
from reporting_pipeline.requests.worker import serve
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.requests.sample_requests import IdleWorkers, worker_at
from reporting_pipeline_tests.requests.test_queue_lists import message, messages_in, push, sync
from reporting_pipeline_tests.sample_reports import (
    BERLIN,
    NOW,
    REVENUE,
    TOKYO,
    define,
)

OWN_TOPIC = f"reporting:org:{BERLIN}"
COMMON_TOPIC = "reporting:pushes:failed"
ID = "order 4711/ä"


def notices(warehouse: URL, correlation_id: str | None = ID) -> list[tuple[str, dict[str, Any]]]:
    """Topic and message of the notices with a correlation id, without those of definitions."""
    with warehouse_connection(warehouse) as connection:
        return connection.execute(
            "select topic, message from catalogue.notices"
            " where message ->> 'correlation_id' is not distinct from %s"
            " and message ->> 'type' <> 'defined' and topic not like 'reporting:definition:%%'"
            " order by id",
            (correlation_id,),
        ).fetchall()


def kinds(warehouse: URL, correlation_id: str | None = ID) -> list[str]:
    return [found["type"] for _, found in notices(warehouse, correlation_id)]


REFUSED = {
    "a field too many": (message(correlation_id=ID, extra="hunter2"), "extra: Extra inputs"),
    "another form": (
        json.dumps({"correlation_id": ID, "rows": ["hunter2"]}).encode(),
        "version: Field required; definition: Field required",
    ),
    "an unknown slug": (
        message(correlation_id=ID, definition="profit"),
        "has no report definition 'profit'; it has revenue",
    ),
    "a slug of another organisation": (
        message(correlation_id=ID, definition="takings-tokyo"),
        "has no report definition 'takings-tokyo'",
    ),
    "a wrong format": (
        message(correlation_id=ID, format="hunter2"),
        "format: Input should be 'csv', 'xlsx', 'pdf', 'parquet' or 'jsonl', "
        "found a text of 7 characters",
    ),
    "a format that the definition has not": (
        message(correlation_id=ID, format="jsonl"),
        "it has no format jsonl, but csv",
    ),
    "a number as period": (
        message(correlation_id=ID, period=2025),
        "period: Input should be a valid string, found a number",
    ),
    "text as period": (
        message(correlation_id=ID, period="hunter2 \x1b[2J"),
        "period: a text of 12 characters is not a period; expected a name such as 2026-02-28",
    ),
    "a hint with an id": (
        json.dumps({"version": 1, "request_id": str(uuid4()), "correlation_id": ID}).encode(),
        "correlation_id: Extra inputs are not permitted",
    ),
    "a name twice": (message(correlation_id=ID)[:-1] + b', "period": 1}', "period is given twice"),
    "not UTF-8": (message(correlation_id=ID)[:-1] + b', "\xff": "hunter2"}', "it is no JSON"),
    "cut off": (message(correlation_id=ID, definition="hunter2", z=1)[:-4], "it is no JSON"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_malformed_push_is_answered_on_the_topic_of_its_organisation(
    warehouse_url: URL, redis_url: str, name: str
) -> None:
    raw, reason = REFUSED[name]
    define(warehouse_url, REVENUE)
    define(warehouse_url, {**REVENUE, "slug": "takings-tokyo"}, TOKYO)
    push(redis_url, raw)

    assert sync(warehouse_url, redis_url) == SyncResult(dead=1)

    [(topic, notice)] = notices(warehouse_url)
    assert topic == OWN_TOPIC
    assert (notice["type"], notice["organization_id"]) == ("failed", str(BERLIN))
    assert reason in notice["reason"]
    assert "hunter2" not in notice["reason"]
    assert str(TOKYO) not in json.dumps(notice)
    assert len(messages_in(redis_url, DEAD_LIST)) == 1


@pytest.mark.parametrize(
    "owner", [str(UUID(int=77)), "nobody", "0000000A-0000-4000-8000-000000000001"]
)
def test_a_push_for_nobody_is_answered_on_the_common_topic_without_a_word_of_any_organisation(
    warehouse_url: URL, redis_url: str, owner: str
) -> None:
    define(warehouse_url, REVENUE)
    push(redis_url, message(correlation_id=ID), name=f"reporting:queue:{owner}")

    assert sync(warehouse_url, redis_url) == SyncResult(dead=1)

    [(topic, notice)] = notices(warehouse_url)
    assert (topic, notice["type"], notice["organization_id"]) == (COMMON_TOPIC, "failed", None)
    assert "no list of a known organisation: expected" in notice["reason"]
    assert owner not in json.dumps(notice)
    assert "revenue" not in json.dumps(notice)


NO_ID = {
    "no JSON": b"correlation_id: 7",
    "empty": b"",
    "no object": json.dumps([{"correlation_id": ID}]).encode(),
    "within": json.dumps({"push": {"correlation_id": ID}}).encode(),
    "huge": message(correlation_id=ID, period="x" * MAX_MESSAGE_BYTES),
    "deep": b'{"correlation_id": "x", "a": ' + b"[" * 5_000,
    "given twice": message(correlation_id=ID)[:-1] + b', "correlation_id": "other"}',
    "given twice, cut off": b'{"correlation_id": "a", "correlation_id": "b", "format',
    "cut off within": b'{"version": 1, "correlation_id": "orde',
    "a number": message(correlation_id=7),
    "a list": message(correlation_id=[ID]),
    "no character": message(correlation_id=""),
    "too long": message(correlation_id="x" * (MAX_CORRELATION_CHARACTERS + 1)),
    "a control character": message(correlation_id="a\x1b[2Jb"),
    "a line": message(correlation_id="a\nb"),
    "a NUL": message(correlation_id="a\0b"),
    "a turned direction": message(correlation_id="a\N{RIGHT-TO-LEFT OVERRIDE}b"),
    "half a character": b'{"correlation_id": "\\ud800"}',
    "bytes": b'{"correlation_id": "a\xffb"}',
    "UTF-16": json.dumps({"correlation_id": "x"}).encode("utf-16"),
}


def test_a_push_without_a_readable_correlation_id_goes_to_the_dead_list_alone(
    warehouse_url: URL, redis_url: str
) -> None:
    define(warehouse_url, REVENUE)
    push(redis_url, *NO_ID.values())

    assert sync(warehouse_url, redis_url) == SyncResult(dead=len(NO_ID))

    for name, raw in NO_ID.items():
        assert correlation_id_of(raw) is None, name
    with warehouse_connection(warehouse_url) as connection:
        [(count,)] = connection.execute(
            "select count(*) from catalogue.notices where message ->> 'type' = 'failed'"
        ).fetchall()
    assert count == 0


def test_the_longest_correlation_id_is_kept() -> None:
    longest = "ß" * MAX_CORRELATION_CHARACTERS
    content = parse_message(message(correlation_id=longest))
    assert getattr(content, "correlation_id", None) == longest
    assert correlation_id_of(message(correlation_id=longest)) == longest


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_no_bytes_of_a_push_raise_another_error(raw: bytes) -> None:
    for each in (raw, b'{"correlation_id": "' + raw + b'"}', message(period="1")[:-2] + raw):
        found = correlation_id_of(each)
        assert found is None or (found.isprintable() and 0 < len(found) <= 200)
        with suppress(DefinitionInvalid):
            parse_message(each)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_a_reason_repeats_no_value_of_a_push(value: object) -> None:
    hidden = {"hunter2": value}
    raw = json.dumps({"correlation_id": ID, "version": hidden, "definition": [value]}).encode()
    with pytest.raises(DefinitionInvalid) as caught:
        parse_message(raw)
    assert "hunter2" not in refusal(caught.value)


def test_another_error_is_named_and_not_shown() -> None:
    assert "KeyError" in refusal(KeyError("hunter2"))
    assert "hunter2" not in refusal(KeyError("hunter2"))


def test_the_refusal_is_written_before_the_message_leaves_its_list(
    warehouse_url: URL, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    define(warehouse_url, REVENUE)
    raw = message(correlation_id=ID, format="exe")
    push(redis_url, raw)

    def is_lost(*_: object) -> None:
        raise redis.ConnectionError

    monkeypatch.setattr(queue_lists._QueueSync, "_move_to_dead_list", is_lost)
    with pytest.raises(redis.ConnectionError):
        sync(warehouse_url, redis_url)
    assert kinds(warehouse_url) == ["failed"]
    assert messages_in(redis_url) == [raw]


def test_a_worker_publishes_a_refusal_at_once(
    warehouse_url: URL, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    define(warehouse_url, REVENUE)
    push(redis_url, message(correlation_id=ID, format="exe"))
    worker = worker_at(warehouse_url, tmp_path_factory.mktemp("store").as_uri(), redis_url)
    with redis.Redis.from_url(redis_url) as client, client.pubsub() as topics:
        topics.subscribe(OWN_TOPIC)
        topics.get_message(timeout=5)
        worker.sync_lists(client)
        published = topics.get_message(timeout=5)
        assert published is not None
    notice = json.loads(published["data"])
    assert (notice["type"], notice["correlation_id"]) == ("failed", ID)


def test_each_program_follows_one_shared_request_under_its_own_id(
    warehouse_url: URL, redis_url: str, workers: IdleWorkers
) -> None:
    define(warehouse_url, REVENUE)
    push(redis_url, message(correlation_id="a"), message(), message(correlation_id="b"))
    assert sync(warehouse_url, redis_url) == SyncResult(accepted=3)

    request = workers.must_take(warehouse_url)
    push(redis_url, message(correlation_id="c"))
    sync(warehouse_url, redis_url)
    with warehouse_connection(warehouse_url) as connection:
        end_request(connection, request, RequestEnd(status="completed", edition=1), NOW)

    assert kinds(warehouse_url, "a") == ["queued", "started", "completed"]
    assert kinds(warehouse_url, "b") == ["queued", "started", "completed"]
    assert kinds(warehouse_url, "c") == ["queued", "completed"]
    assert kinds(warehouse_url, None) == []
    assert {found["request_id"] for _, found in notices(warehouse_url, "c")} == {str(request.id)}


def test_a_hundred_and_first_correlation_id_is_refused(warehouse_url: URL, redis_url: str) -> None:
    define(warehouse_url, REVENUE)
    push(redis_url, *(message(correlation_id=f"id {number}") for number in range(101)))

    assert sync(warehouse_url, redis_url) == SyncResult(accepted=100, dead=1)

    assert kinds(warehouse_url, "id 99") == ["queued"]
    [(_, notice)] = notices(warehouse_url, "id 100")
    assert notice["type"] == "failed"
    assert "with 100 correlation ids: push again" in notice["reason"]


def test_a_push_for_a_current_report_is_answered_with_its_file(
    season_pipeline: Pipeline, store_url: str, redis_url: str
) -> None:
    warehouse = season_pipeline.warehouse
    worker = worker_at(warehouse, store_url, redis_url)
    define(warehouse, REVENUE)
    push(redis_url, message(correlation_id=ID, period="2025-09-10"))
    assert [each.status for each in serve(worker, Event(), once=True)] == ["completed"]
    assert kinds(warehouse) == ["queued", "started", "available", "completed"]

    push(redis_url, message(correlation_id="later", period="2025-09-10"))
    assert sync(warehouse, redis_url) == SyncResult(accepted=1)

    [(_, notice)] = notices(warehouse, "later")
    assert (notice["type"], notice["edition"]) == ("available", 1)
    [former] = [each for _, each in notices(warehouse) if each["type"] == "available"]
    assert {**notice, "correlation_id": ID} == former
