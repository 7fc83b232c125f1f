"""Notices are published after the commit, and none is lost while Redis is down."""

import json
from datetime import UTC, date, datetime
from uuid import UUID

import redis
from sqlalchemy import URL

from reporting_pipeline.catalogue.notices import (
    PublishedFile,
    ReportChange,
    notify_rebuilt_days,
    publish_notices,
    write_report_notice,
)
from reporting_pipeline.catalogue.report_keys import ReportKey
from reporting_pipeline.domain.period import Period
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.report_rows import insert_row

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = ReportKey(
    organization_id=UUID(int=1),
    definition_id=UUID(int=2),
    slug="daily-sales",
    period=Period(first=date(2025, 5, 1), end=date(2025, 5, 2)),
    format=ReportFormat.PDF,
)
PUBLISHED = ReportChange(
    kind="available",
    edition=3,
    file=PublishedFile(byte_count=18_211, row_count=44, path="a/file.pdf"),
)


def test_a_notice_reaches_both_topics_once(warehouse_url: URL, redis_url: str) -> None:
    with warehouse_connection(warehouse_url) as connection:
        write_report_notice(connection, KEY, PUBLISHED, NOW)

    with redis.Redis.from_url(redis_url) as client, client.pubsub() as topics:
        topics.psubscribe("reporting:*")
        topics.get_message(timeout=5)
        assert publish_notices(warehouse_url, redis_url, NOW) == 2
        assert publish_notices(warehouse_url, redis_url, NOW) == 0
        messages = [topics.get_message(timeout=5) for _ in range(2)]

    published = {message["channel"].decode(): json.loads(message["data"]) for message in messages}
    assert len({message.pop("id") for message in published.values()}) == 2
    assert published.keys() == {
        f"reporting:org:{UUID(int=1)}",
        f"reporting:definition:{UUID(int=2)}",
    }
    assert all(
        message
        == {
            "version": 1,
            "type": "available",
            "organization_id": str(UUID(int=1)),
            "definition_id": str(UUID(int=2)),
            "report_id": str(KEY.id),
            "slug": "daily-sales",
            "period": "2025-05-01",
            "format": "pdf",
            "edition": 3,
            "reason": None,
            "byte_count": 18_211,
            "row_count": 44,
            "path": "a/file.pdf",
            "correlation_id": None,
        }
        for message in published.values()
    )


def test_notices_wait_while_redis_is_down(warehouse_url: URL, redis_url: str) -> None:
    with warehouse_connection(warehouse_url) as connection:
        change = ReportChange(kind="held", edition=0, reason="a break")
        write_report_notice(connection, KEY, change, NOW)

    assert publish_notices(warehouse_url, "redis://127.0.0.1:1/0", NOW) == 0
    assert publish_notices(warehouse_url, redis_url, NOW) == 2


def test_a_notice_published_twice_has_the_same_id(warehouse_url: URL, redis_url: str) -> None:
    with warehouse_connection(warehouse_url) as connection:
        write_report_notice(connection, KEY, PUBLISHED, NOW)

    with redis.Redis.from_url(redis_url) as client, client.pubsub() as topics:
        topics.subscribe(f"reporting:org:{UUID(int=1)}")
        topics.get_message(timeout=5)
        publish_notices(warehouse_url, redis_url, NOW)
        with warehouse_connection(warehouse_url) as connection:
            connection.execute("update catalogue.notices set announced_at = null")
        publish_notices(warehouse_url, redis_url, NOW)
        first, second = (topics.get_message(timeout=5)["data"] for _ in range(2))

    assert first == second


def test_a_notice_of_a_rolled_back_change_is_never_published(
    warehouse_url: URL, redis_url: str
) -> None:
    with warehouse_connection(warehouse_url) as connection:
        write_report_notice(connection, KEY, PUBLISHED, NOW)
        connection.rollback()

    assert publish_notices(warehouse_url, redis_url, NOW) == 0


def test_organisations_with_rows_on_rebuilt_days_get_a_notice(
    warehouse_url: URL, redis_url: str
) -> None:
    day = date(2025, 5, 1)
    with warehouse_connection(warehouse_url) as connection:
        insert_row(connection, "report_event_summary", organization_id=UUID(int=1), date=day)
    with redis.Redis.from_url(redis_url) as client, client.pubsub() as topics:
        topics.psubscribe("reporting:*")
        topics.get_message(timeout=5)
        notify_rebuilt_days(warehouse_url, [day], redis_url=redis_url, clock=lambda: NOW)
        message = topics.get_message(timeout=5)
        notify_rebuilt_days(
            warehouse_url, [date(2025, 5, 2)], redis_url=redis_url, clock=lambda: NOW
        )
        assert topics.get_message(timeout=0.05) is None
    assert message["channel"].decode() == f"reporting:org:{UUID(int=1)}"
    notice = json.loads(message["data"])
    assert notice == {
        "id": notice["id"],
        "version": 1,
        "type": "rebuilt",
        "organization_id": str(UUID(int=1)),
    }
