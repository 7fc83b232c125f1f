"""What channels are told: in order, at least once, tried again, and never too much at once."""

import base64
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import URL

from reporting_pipeline.alerts.alert import Alert, AlertKind, StoredAlert
from reporting_pipeline.alerts.book import Change
from reporting_pipeline.alerts.channels import open_channels
from reporting_pipeline.alerts.deliveries import (
    MOST_AT_ONCE,
    MOST_ATTEMPTS,
    enqueue,
    send_pending,
    wait_after,
)
from reporting_pipeline.alerts.webhooks import signature
from reporting_pipeline.domain.discrepancy import Severity
from reporting_pipeline.errors import ChannelFailed
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.alerts.receiver import Receiver

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class _Recorder:
    """A channel that keeps what it takes, and fails when it is told to."""

    name: str = "recorder"
    failure: Exception | None = None
    taken: list[tuple[str, str]] = field(default_factory=list)

    def send(self, delivery_id: str, message: Mapping[str, Any], sent_at: int) -> None:
        if self.failure is not None:
            raise self.failure
        self.taken.append((delivery_id, str(message["message"])))


def enqueue_alerts(warehouse: URL, *names: str, channels: tuple[str, ...] = ("recorder",)) -> None:
    changes: list[tuple[Change, StoredAlert]] = [
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
    assert [text for _, text in one.taken] == [text for _, text in two.taken] == ["a", "b"]
    assert len({delivery_id for delivery_id, _ in one.taken + two.taken}) == 4


def test_a_channel_that_is_away_holds_up_no_other_and_says_so_once(
    warehouse_url: URL, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    enqueue_alerts(warehouse_url, "a", "b", channels=("away", "there"))
    away, there = _Recorder("away", ChannelFailed("away cannot be reached")), _Recorder("there")

    assert send_pending(warehouse_url, [away, there], NOW) == 2
    # Not before the wait is over; then again, longer each time.
    assert send_pending(warehouse_url, [away], NOW + timedelta(seconds=9)) == 0
    assert send_pending(warehouse_url, [away], NOW + timedelta(seconds=10)) == 0
    away.failure = None
    assert send_pending(warehouse_url, [away], NOW + timedelta(seconds=29)) == 0
    assert send_pending(warehouse_url, [away], NOW + timedelta(seconds=30)) == 2

    assert [text for _, text in away.taken] == ["a", "b"]
    assert [each.getMessage() for each in caplog.records] == [
        "alerts wait: away cannot be reached; it is tried again",
        "away takes alerts again, after 2 attempts",
    ]


def test_a_webhook_that_fails_gets_the_same_message_again_signed_anew(
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
    told = [(headers, body) for _, headers, body in receiver.requests]
    ids = [headers["webhook-id"] for headers, _ in told]
    assert ids[0] == ids[1] == ids[2] != ids[3]
    assert [json.loads(body)["message"] for _, body in told] == ["a", "a", "a", "b"]
    for (headers, body), seconds in zip(told, (0, 10, 30, 30), strict=True):
        at = int(NOW.timestamp()) + seconds
        assert headers["webhook-timestamp"] == str(at)
        assert headers["webhook-signature"] == signature(key, headers["webhook-id"], at, body)


def test_what_a_receiver_finds_fault_with_is_given_up_and_the_next_goes_out(
    warehouse_url: URL,
) -> None:
    enqueue_alerts(warehouse_url, "a", "b")
    channel = _Recorder(failure=ChannelFailed("answered 400", is_refusal=True))
    send_pending(warehouse_url, [channel], NOW)
    channel.failure = None

    assert send_pending(warehouse_url, [channel], NOW) == 1
    assert [text for _, text in channel.taken] == ["b"]


def test_a_message_is_given_up_after_its_attempts(warehouse_url: URL) -> None:
    enqueue_alerts(warehouse_url, "a", "b")
    channel, now = _Recorder(failure=ValueError("a fault in a channel")), NOW
    for _ in range(MOST_ATTEMPTS):
        assert send_pending(warehouse_url, [channel], now) == 0
        now += timedelta(hours=1)
    channel.failure = None

    assert send_pending(warehouse_url, [channel], now) == 1
    assert [text for _, text in channel.taken] == ["b"]


def test_who_dies_while_sending_leaves_the_message_to_the_next(warehouse_url: URL) -> None:
    enqueue_alerts(warehouse_url, "a")
    channel = _Recorder(failure=KeyboardInterrupt())  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        send_pending(warehouse_url, [channel], NOW)
    channel.failure = None

    assert send_pending(warehouse_url, [channel], NOW) == 1


def test_many_at_once_are_few_messages_with_the_errors_first(warehouse_url: URL) -> None:
    enqueue_alerts(warehouse_url, *(["warning"] * 500), "error")
    channel = _Recorder()

    assert send_pending(warehouse_url, [channel], NOW) == MOST_AT_ONCE
    texts = [text for _, text in channel.taken]
    assert texts[0] == "error"
    assert texts[-1] == (
        "482 more alerts were opened and 0 resolved (482 break); `reporting alerts` lists them"
    )


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 10), (2, 20), (9, 2560), (10, 3600), (99, 3600)]
)
def test_waits_double_up_to_an_hour(attempts: int, seconds: int) -> None:
    assert wait_after(attempts) == timedelta(seconds=seconds)
