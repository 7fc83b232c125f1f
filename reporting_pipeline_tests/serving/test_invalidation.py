"""Notices over Redis drop changed values at once; a lost connection drops all values."""

import json
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest
import redis
from pydantic import SecretStr

from reporting_pipeline.errors import SettingsError
from reporting_pipeline.serving.invalidation import ChangeListener, ServingCaches, open_caches
from reporting_pipeline.settings import Settings
from reporting_pipeline.store import open_store

ORGANIZATION = UUID(int=1)
REPORT = UUID(int=2)
TOPIC = f"reporting:org:{ORGANIZATION}"
AVAILABLE = json.dumps({"version": 1, "type": "available", "report_id": str(REPORT)})


@dataclass
class FakeCache:
    """A cache that records the values it drops."""

    forgotten: list[object] = field(default_factory=list)
    calls: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def forget(self, organization_id: UUID, report_id: UUID | None = None) -> None:
        self.forgotten.append((organization_id, report_id))
        self.calls.release()

    def forget_all(self) -> None:
        self.forgotten.append("all")
        self.calls.release()


@pytest.fixture
def files() -> FakeCache:
    return FakeCache()


@pytest.fixture
def summaries() -> FakeCache:
    return FakeCache()


@pytest.fixture
def reports() -> FakeCache:
    return FakeCache()


@pytest.fixture
def definitions() -> FakeCache:
    return FakeCache()


@pytest.fixture
def caches(
    reports: FakeCache, definitions: FakeCache, files: FakeCache, summaries: FakeCache
) -> ServingCaches:
    each = {
        "definitions": definitions,
        "files": files,
        "reports": reports,
        "summaries": summaries,
    }
    return ServingCaches(**each)  # type: ignore[arg-type]


def test_a_new_edition_drops_its_report(
    caches: ServingCaches, reports: FakeCache, files: FakeCache, summaries: FakeCache
) -> None:
    caches.apply_notice(TOPIC, AVAILABLE)
    assert reports.forgotten == files.forgotten == [(ORGANIZATION, REPORT)]
    assert summaries.forgotten == []


def test_rebuilt_days_drop_the_summaries_and_reports_of_the_organisation(
    caches: ServingCaches, reports: FakeCache, files: FakeCache, summaries: FakeCache
) -> None:
    caches.apply_notice(TOPIC, json.dumps({"version": 1, "type": "rebuilt"}))
    assert files.forgotten == []
    assert reports.forgotten == summaries.forgotten == [(ORGANIZATION, None)]


def test_a_changed_definition_drops_the_definitions_of_the_organisation(
    caches: ServingCaches, reports: FakeCache, definitions: FakeCache
) -> None:
    caches.apply_notice(TOPIC, json.dumps({"version": 1, "type": "defined", "slug": "revenue"}))
    assert definitions.forgotten == [(ORGANIZATION, None)]
    assert reports.forgotten == []


@pytest.mark.parametrize("kind", ["held", "failed", "queued", "alert_opened"])
def test_notices_without_a_restatement_drop_nothing(
    caches: ServingCaches, files: FakeCache, summaries: FakeCache, kind: str
) -> None:
    caches.apply_notice(TOPIC, json.dumps({"version": 1, "type": kind, "report_id": str(REPORT)}))
    assert files.forgotten == summaries.forgotten == []


@pytest.mark.parametrize(
    "message",
    ["", "[]", "7", "{}", '{"type": "available"}', '{"type": "available", "report_id": 7}'],
)
def test_an_unreadable_notice_drops_all_values_of_the_organisation(
    caches: ServingCaches, files: FakeCache, summaries: FakeCache, message: str
) -> None:
    caches.apply_notice(TOPIC, message)
    assert files.forgotten == summaries.forgotten == [(ORGANIZATION, None)]


def test_a_topic_without_an_organisation_drops_nothing(
    caches: ServingCaches, files: FakeCache
) -> None:
    caches.apply_notice("reporting:org:nobody", AVAILABLE)
    assert files.forgotten == []


def test_the_listener_applies_notices_and_drops_all_values_when_it_reconnects(
    caches: ServingCaches, files: FakeCache, redis_url: str
) -> None:
    listener = ChangeListener(caches, redis_url)
    listener.start()
    try:
        assert listener.wait_until_listening(10)
        assert files.calls.acquire(timeout=10)
        with redis.Redis.from_url(redis_url) as client:
            client.publish(TOPIC, AVAILABLE)
            assert files.calls.acquire(timeout=10)
            client.client_kill_filter(_type="pubsub")
            assert files.calls.acquire(timeout=10)
    finally:
        listener.stop()
    assert files.forgotten == ["all", (ORGANIZATION, REPORT), "all"]


def test_the_listener_waits_for_redis_while_it_is_down(caches: ServingCaches) -> None:
    listener = ChangeListener(caches, "redis://127.0.0.1:1/0")
    listener.start()
    assert not listener.wait_until_listening(0.1)
    listener.stop()


@pytest.mark.parametrize("seconds", ["599", "1801", "soon"])
def test_a_time_out_of_bounds_is_refused_by_its_name(
    seconds: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REPORTING_HOT_CACHE_TTL_SECONDS", seconds)
    with pytest.raises(SettingsError, match="REPORTING_HOT_CACHE_TTL_SECONDS"):
        Settings.from_environment()


def test_the_defaults_open_the_caches(tmp_path: Path) -> None:
    settings = Settings(database_url=SecretStr("postgresql://nobody@127.0.0.1:1/none"))
    caches = open_caches(settings, open_store(str(tmp_path)), time.monotonic)
    assert caches.files._files._limits.ttl_seconds == 900
    assert caches.summaries._rows._limits.max_bytes == 64 * 1024 * 1024
