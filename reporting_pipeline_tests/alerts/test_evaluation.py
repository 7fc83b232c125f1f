"""Evaluations at the same time open no alert twice, and failed messages are sent later."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import redis
from sqlalchemy import URL

from reporting_pipeline.alerts.alert import Alert, AlertKind, CurrentCauses, StoredAlert
from reporting_pipeline.alerts.causes import late_day, overdue_report
from reporting_pipeline.alerts.channels import open_channels
from reporting_pipeline.alerts.evaluation import WarehouseAlerts, compare
from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline.errors import SourceUnavailable
from reporting_pipeline.sources.landing.land import clear_faults, record_fault
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.alerts.receiver import Receiver
from reporting_pipeline_tests.sample_reports import REVENUE, define

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def faulty(warehouse_url: URL) -> URL:
    """A warehouse whose ledger could not be read."""
    with warehouse_connection(warehouse_url) as connection:
        connection.execute(
            "insert into landing.source_faults values"
            " ('ledger', 'SourceUnavailable', 'source ledger is down', %s, %s, 1)",
            (NOW, NOW),
        )
    return warehouse_url


def alerts_of(warehouse: URL, receiver: Receiver, redis_url: str | None = None) -> WarehouseAlerts:
    return WarehouseAlerts(
        warehouse=warehouse,
        channels=open_channels(f"slack+http://{receiver.address}", None),
        redis_url=redis_url,
        stale_after=timedelta(hours=2),
        clock=lambda: NOW,
    )


def test_many_evaluations_at_once_open_one_alert_and_send_it_once(
    faulty: URL, receiver: Receiver
) -> None:
    alerts = alerts_of(faulty, receiver)
    with ThreadPoolExecutor(6) as pool:
        evaluations = list(pool.map(lambda _: alerts.evaluate_and_send(), range(6)))

    assert sum(len(each.opened) for each in evaluations) == 1
    assert not any(each.updated or each.resolved for each in evaluations)
    assert len(receiver.requests) == 1


def test_a_failure_is_sent_when_it_begins_and_ends_whatever_changes_in_between(
    warehouse_url: URL, receiver: Receiver, redis_url: str
) -> None:
    alerts = alerts_of(warehouse_url, receiver, redis_url)
    with redis.Redis.from_url(redis_url) as client, client.pubsub() as topics:
        topics.subscribe("reporting:operations")
        topics.get_message(timeout=5)
        for _ in range(2):  # a second failure is a second alert
            alerts.evaluate_and_send()
            for error in ("is down", "is down", "is too slow"):
                record_fault(warehouse_url, SourceUnavailable(error, domain="ledger"))
                alerts.evaluate_and_send()
                alerts.evaluate_and_send()
            with warehouse_connection(warehouse_url) as connection:
                clear_faults(connection, ["ledger"])
            alerts.evaluate_and_send()
            alerts.evaluate_and_send()
        published = []
        while (message := topics.get_message(timeout=0.05)) is not None:
            published.append(json.loads(message["data"])["type"])

    texts = [json.loads(body)["text"].partition(" ")[0] for _, _, body in receiver.requests]
    assert texts == ["ALERT", "RESOLVED"] * 2
    assert published == ["alert_opened", "alert_updated", "alert_resolved"] * 2


def test_without_redis_channels_get_messages_and_the_notice_waits(
    faulty: URL, receiver: Receiver, redis_url: str
) -> None:
    alerts_of(faulty, receiver, "redis://127.0.0.1:1/0").evaluate_and_send()
    assert len(receiver.requests) == 1

    with redis.Redis.from_url(redis_url) as client, client.pubsub() as topics:
        topics.subscribe("reporting:operations")
        topics.get_message(timeout=5)
        alerts_of(faulty, receiver, redis_url).evaluate_and_send()
        message: dict[str, Any] = topics.get_message(timeout=5) or {}
    notice = json.loads(message["data"])
    assert (notice["type"], notice["cause"]) == ("alert_opened", "source_down:ledger")
    assert len(receiver.requests) == 1


def test_a_supplied_cause_is_resolved_when_it_is_no_longer_supplied(
    warehouse_url: URL, receiver: Receiver
) -> None:
    alerts = alerts_of(warehouse_url, receiver)
    definition = define(warehouse_url, REVENUE)
    missing = [overdue_report(definition, f"2025-05-0{day}", NOW) for day in (1, 2)]

    opened = alerts.evaluate_supplied(missing, AlertKind.REPORT_OVERDUE)
    days = alerts.evaluate_supplied([late_day(date(2024, 1, 1))], AlertKind.LATE_DAY)
    again = alerts.evaluate_supplied(missing, AlertKind.REPORT_OVERDUE)
    one_less = alerts.evaluate_supplied(missing[1:], AlertKind.REPORT_OVERDUE)

    assert [each.alert for each in opened.opened] == missing
    assert missing[0].message == (
        f"revenue of organisation {definition.organization_id}, 2025-05-01, was expected by "
        "2026-01-01 00:00 UTC and is not there: check that the daemon runs, and what failed"
    )
    assert [each.alert.cause for each in days.opened] == ["late_day:2024-01-01"]
    assert (again.opened, again.updated, again.resolved) == ((), (), ())
    assert [each.alert.cause for each in one_less.resolved] == [missing[0].cause]


def alert(cause: str, message: str = "it exists") -> Alert:
    return Alert(kind=AlertKind.SOURCE_DOWN, cause=cause, severity=Severity.ERROR, message=message)


def stored(cause: str) -> StoredAlert:
    return StoredAlert(id=len(cause), alert=alert(cause), opened_at=NOW, updated_at=NOW)


@pytest.mark.parametrize(
    ("current", "is_open", "opened", "updated", "resolved"),
    [
        ([], [], [], [], []),
        ([alert("a")], [], ["a"], [], []),
        ([alert("a")], ["a"], [], [], []),
        ([alert("a", "changed")], ["a"], [], ["a"], []),
        ([replace(alert("a"), facts={"tries": 2})], ["a"], [], ["a"], []),
        ([replace(alert("a"), severity=Severity.WARN)], ["a"], [], ["a"], []),
        ([], ["a"], [], [], ["a"]),
        ([alert("b"), alert("a", "changed")], ["a", "c"], ["b"], ["a"], ["c"]),
    ],
)
def test_causes_open_update_and_resolve_alerts(
    current: list[Alert],
    is_open: list[str],
    opened: list[str],
    updated: list[str],
    resolved: list[str],
) -> None:
    found = compare(CurrentCauses(alerts=current), map(stored, is_open))

    assert [each.cause for each in found.opened] == opened
    assert [new.cause for _, new in found.updated] == updated
    assert [each.alert.cause for each in found.resolved] == resolved


def test_the_alerts_of_undecided_causes_stay_as_they_are() -> None:
    causes = CurrentCauses(alerts=[alert("a", "changed"), alert("b")], undecided=frozenset("abc"))

    found = compare(causes, [stored("a"), stored("c")])

    assert (found.opened, found.updated, found.resolved) == ((), (), ())
