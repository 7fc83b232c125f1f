"""A restatement told over Redis is seen at once; what cannot be heard is not relied on."""

import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
import redis
from sqlalchemy import URL

from reporting_pipeline.catalogue.notices import notify_rebuilt_days
from reporting_pipeline.serving.invalidation import ChangeListener, ServingCaches
from reporting_pipeline.warehouse.engine import warehouse_connection

ORGANIZATION = UUID(int=1)
REPORT = UUID(int=2)
TOPIC = f"reporting:org:{ORGANIZATION}"
AVAILABLE = json.dumps({"version": 1, "type": "available", "report_id": str(REPORT)})


@dataclass
class Forgetful:
    """Stands where a cache does, and notes what it is told to forget."""

    forgotten: list[object] = field(default_factory=list)
    heard: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def forget(self, organization_id: UUID, report_id: UUID | None = None) -> None:
        self.forgotten.append((organization_id, report_id))
        self.heard.release()

    def forget_all(self) -> None:
        self.forgotten.append("all")
        self.heard.release()


@pytest.fixture
def reports() -> Forgetful:
    return Forgetful()


@pytest.fixture
def summaries() -> Forgetful:
    return Forgetful()


@pytest.fixture
def answers() -> Forgetful:
    return Forgetful()


@pytest.fixture
def definitions() -> Forgetful:
    return Forgetful()


@pytest.fixture
def caches(
    answers: Forgetful, definitions: Forgetful, reports: Forgetful, summaries: Forgetful
) -> ServingCaches:
    each = {
        "answers": answers,
        "definitions": definitions,
        "reports": reports,
        "summaries": summaries,
    }
    return ServingCaches(**each)  # type: ignore[arg-type]


def test_a_new_edition_makes_that_report_be_looked_up(
    caches: ServingCaches, answers: Forgetful, reports: Forgetful, summaries: Forgetful
) -> None:
    caches.hear(TOPIC, AVAILABLE)
    assert answers.forgotten == reports.forgotten == [(ORGANIZATION, REPORT)]
    assert summaries.forgotten == []


def test_rebuilt_days_make_the_organisations_summaries_be_looked_up(
    caches: ServingCaches, answers: Forgetful, reports: Forgetful, summaries: Forgetful
) -> None:
    caches.hear(TOPIC, json.dumps({"version": 1, "type": "rebuilt"}))
    assert reports.forgotten == []
    assert answers.forgotten == summaries.forgotten == [(ORGANIZATION, None)]


def test_a_changed_definition_makes_the_organisations_definitions_be_looked_up(
    caches: ServingCaches, answers: Forgetful, definitions: Forgetful
) -> None:
    caches.hear(TOPIC, json.dumps({"version": 1, "type": "defined", "slug": "revenue"}))
    assert definitions.forgotten == [(ORGANIZATION, None)]
    assert answers.forgotten == []


@pytest.mark.parametrize("kind", ["held", "failed", "queued", "alert_opened"])
def test_messages_that_restate_nothing_forget_nothing(
    caches: ServingCaches, reports: Forgetful, summaries: Forgetful, kind: str
) -> None:
    caches.hear(TOPIC, json.dumps({"version": 1, "type": kind, "report_id": str(REPORT)}))
    assert reports.forgotten == summaries.forgotten == []


@pytest.mark.parametrize(
    "message",
    ["", "[]", "7", "{}", '{"type": "available"}', '{"type": "available", "report_id": 7}'],
)
def test_a_message_that_cannot_be_read_makes_its_organisation_forget_all(
    caches: ServingCaches, reports: Forgetful, summaries: Forgetful, message: str
) -> None:
    caches.hear(TOPIC, message)
    assert reports.forgotten == summaries.forgotten == [(ORGANIZATION, None)]


def test_a_topic_of_no_organisation_is_left_alone(
    caches: ServingCaches, reports: Forgetful
) -> None:
    caches.hear("reporting:org:nobody", AVAILABLE)
    assert reports.forgotten == []


def test_the_listener_hears_a_restatement_and_forgets_all_when_it_connects_anew(
    caches: ServingCaches, reports: Forgetful, redis_url: str
) -> None:
    listener = ChangeListener(caches, redis_url)
    listener.start()
    try:
        assert listener.wait_until_listening(10)
        assert reports.heard.acquire(timeout=10)
        with redis.Redis.from_url(redis_url) as client:
            client.publish(TOPIC, AVAILABLE)
            assert reports.heard.acquire(timeout=10)
            client.client_kill_filter(_type="pubsub")
            assert reports.heard.acquire(timeout=10)
    finally:
        listener.stop()
    assert reports.forgotten == ["all", (ORGANIZATION, REPORT), "all"]


def test_the_listener_waits_for_a_redis_that_is_away(caches: ServingCaches) -> None:
    listener = ChangeListener(caches, "redis://127.0.0.1:1/0")
    listener.start()
    assert not listener.wait_until_listening(0.1)
    listener.stop()


def test_organisations_with_events_on_rebuilt_days_are_told(
    warehouse_url: URL, redis_url: str
) -> None:
    day, now = date(2025, 5, 1), datetime(2026, 1, 1, tzinfo=UTC)
    with warehouse_connection(warehouse_url) as connection:
        columns = connection.execute(
            "select column_name, data_type from information_schema.columns"
            " where table_schema = 'reporting' and table_name = 'report_event_summary'"
            " and is_nullable = 'NO'"
        ).fetchall()
        values = {"boolean": "false", "bigint": "0", "integer": "0", "numeric": "0"}
        known = {"date": f"'{day}'", "organization_id": f"'{ORGANIZATION}'", "currency": "'EUR'"}
        given = {name: known.get(name, values.get(kind, f"'{REPORT}'")) for name, kind in columns}
        statement = (
            f"insert into reporting.report_event_summary ({', '.join(given)})"  # noqa: S608
            f" values ({', '.join(given.values())})"
        )
        connection.execute(statement.encode())
    with redis.Redis.from_url(redis_url) as client, client.pubsub() as topics:
        topics.psubscribe("reporting:*")
        topics.get_message(timeout=5)
        notify_rebuilt_days(warehouse_url, [day], redis_url=redis_url, clock=lambda: now)
        message = topics.get_message(timeout=5)
        notify_rebuilt_days(
            warehouse_url, [date(2025, 5, 2)], redis_url=redis_url, clock=lambda: now
        )
        assert topics.get_message(timeout=0.05) is None
    assert message["channel"].decode() == TOPIC
    told = json.loads(message["data"])
    assert told == {
        "id": told["id"],
        "version": 1,
        "type": "rebuilt",
        "organization_id": str(ORGANIZATION),
    }
