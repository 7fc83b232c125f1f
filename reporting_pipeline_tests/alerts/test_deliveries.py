"""Messages to channels: in order, at least once, with retries, and few at once."""

import base64
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import URL

from reporting_pipeline.alerts.alert import Alert, AlertChange, AlertKind, StoredAlert
from reporting_pipeline.alerts.channels import open_channels
from reporting_pipeline.alerts.deliveries import (
    MAX_ATTEMPTS,
    MAX_MESSAGES_AT_ONCE,
    enqueue,
    send_pending,
    wait_after,
)
from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline.domain.webhook_signatures import signature
from reporting_pipeline.errors import ChannelFailed
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.alerts.receiver import Receiver

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class _Recorder:
    """A channel that records its messages, and fails on request."""

    name: str = "recorder"
    failure: Exception | None = None
    accepted: list[tuple[str, str]] = field(default_factory=list)

    def send(self, delivery_id: str, message: Mapping[str, Any], sent_at: int) -> None:
        if self.failure is not None:
            raise self.failure
        self.accepted.append((delivery_id, str(message["message"])))


def enqueue_alerts(warehouse: URL, *names: str, channels: tuple[str, ...] = ("recorder",)) -> None:
    changes: list[tuple[AlertChange, StoredAlert]] = [
        (
            "alert_opened",
            StoredAlert(
                id=number,
                alert=Alert(
                    kind=AlertKind.BREAK,
                    cause=name,
                    severity=Severity.ERROR if name == "error" else Severity.WARN,
                    message=name,
                ),
                opened_at=NOW,
                updated_at=NOW,
            ),
        )
        for number, name in enumerate(names)
    ]
    with warehouse_connection(warehouse) as connection:
        enqueue(connection, changes, channels, NOW)


def test_each_channel_gets_each_message_once_and_in_order(warehouse_url: URL) -> None:
    enqueue_alerts(warehouse_url, "a", "b", channels=("one", "two"))
    one, two = _Recorder("one"), _Recorder("two")

    assert send_pending(warehouse_url, [one, two], NOW) == 4
    assert send_pending(warehouse_url, [one, two], NOW) == 0
    assert [text for _, text in one.accepted] == [text for _, text in two.accepted] == ["a", "b"]
    assert len({delivery_id for delivery_id, _ in one.accepted + two.accepted}) == 4


def test_an_unreachable_channel_delays_no_other_and_logs_it_once(
    warehouse_url: URL, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    enqueue_alerts(warehouse_url, "a", "b", channels=("down", "up"))
    down, up = _Recorder("down", ChannelFailed("down cannot be reached")), _Recorder("up")

    assert send_pending(warehouse_url, [down, up], NOW) == 2
    # A retry comes after the wait, and each wait is longer.
    assert send_pending(warehouse_url, [down], NOW + timedelta(seconds=9)) == 0
    assert send_pending(warehouse_url, [down], NOW + timedelta(seconds=10)) == 0
    down.failure = None
    assert send_pending(warehouse_url, [down], NOW + timedelta(seconds=29)) == 0
    assert send_pending(warehouse_url, [down], NOW + timedelta(seconds=30)) == 2

    assert [text for _, text in down.accepted] == ["a", "b"]
    assert [each.getMessage() for each in caplog.records] == [
        "alerts wait: down cannot be reached; it is tried again",
        "down accepts alerts again, after 2 attempts",
    ]


def test_a_failing_webhook_gets_the_same_message_again_with_a_new_signature(
    warehouse_url: URL, receiver: Receiver
) -> None:
    key = b"0123456789abcdef0123456789abcdef"
    [channel] = open_channels(
        f"webhook+http://{receiver.address}", f"whsec_{base64.b64encode(key).decode()}"
    )
    enqueue_alerts(warehouse_url, "a", "b", channels=(channel.name,))
    receiver.first_statuses = [500, 503]

    sent = [
        send_pending(warehouse_url, [channel], NOW + timedelta(seconds=seconds))
        for seconds in (0, 10, 29, 30)
    ]

    assert sent == [0, 0, 0, 2]
    posted = [(headers, body) for _, headers, body in receiver.requests]
    ids = [headers["webhook-id"] for headers, _ in posted]
    assert ids[0] == ids[1] == ids[2] != ids[3]
    assert [json.loads(body)["message"] for _, body in posted] == ["a", "a", "a", "b"]
    for (headers, body), seconds in zip(posted, (0, 10, 30, 30), strict=True):
        at = int(NOW.timestamp()) + seconds
        assert headers["webhook-timestamp"] == str(at)
        assert headers["webhook-signature"] == signature(key, headers["webhook-id"], at, body)


def test_a_refused_message_is_given_up_and_the_next_one_is_sent(
    warehouse_url: URL,
) -> None:
    enqueue_alerts(warehouse_url, "a", "b")
    channel = _Recorder(failure=ChannelFailed("answered 400", is_refusal=True))
    send_pending(warehouse_url, [channel], NOW)
    channel.failure = None

    assert send_pending(warehouse_url, [channel], NOW) == 1
    assert [text for _, text in channel.accepted] == ["b"]


def test_a_message_is_given_up_after_its_attempts(warehouse_url: URL) -> None:
    enqueue_alerts(warehouse_url, "a", "b")
    channel, now = _Recorder(failure=ValueError("a bug in a channel")), NOW
    for _ in range(MAX_ATTEMPTS):
        assert send_pending(warehouse_url, [channel], now) == 0
        now += timedelta(hours=1)
    channel.failure = None

    assert send_pending(warehouse_url, [channel], now) == 1
    assert [text for _, text in channel.accepted] == ["b"]


def test_a_message_is_sent_again_after_its_sender_died(warehouse_url: URL) -> None:
    enqueue_alerts(warehouse_url, "a")
    channel = _Recorder(failure=KeyboardInterrupt())  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        send_pending(warehouse_url, [channel], NOW)
    channel.failure = None

    assert send_pending(warehouse_url, [channel], NOW) == 1


def test_many_changes_are_few_messages_with_the_errors_first(warehouse_url: URL) -> None:
    enqueue_alerts(warehouse_url, *(["warning"] * 500), "error")
    channel = _Recorder()

    assert send_pending(warehouse_url, [channel], NOW) == MAX_MESSAGES_AT_ONCE
    texts = [text for _, text in channel.accepted]
    assert texts[0] == "error"
    assert texts[-1] == (
        "482 more alerts were opened and 0 resolved (482 break); `reporting alerts` lists them"
    )


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 10), (2, 20), (9, 2560), (10, 3600), (99, 3600)]
)
def test_waits_double_up_to_an_hour(attempts: int, seconds: int) -> None:
    assert wait_after(attempts) == timedelta(seconds=seconds)
