"""Messages of webhooks: each at least once, in order for each report, whatever a receiver does."""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from ipaddress import ip_network
from uuid import UUID

import pytest
from sqlalchemy import URL

from reporting_pipeline.catalogue.notices import ReportChange, write_report_notice
from reporting_pipeline.catalogue.report_keys import ReportKey
from reporting_pipeline.catalogue.webhook_deliveries import (
    MAX_AT_ONCE_EACH,
    WebhookDelivery,
    claim,
    dead_deliveries,
    deliveries_of,
    replay,
)
from reporting_pipeline.catalogue.webhook_subscriptions import (
    WebhookKind,
    WebhookSubscription,
    resume,
    subscribe,
    subscription,
)
from reporting_pipeline.domain.period import Period
from reporting_pipeline.domain.webhook_signatures import secret_bytes, signature
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline.webhooks.sender import MAX_ATTEMPTS, WebhookSender, wait_after
from reporting_pipeline_tests.webhooks.receivers import Manner, Receiver, receiving

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LOOPBACK = (ip_network("127.0.0.0/8"),)
OWN, OTHER = UUID(int=1), UUID(int=2)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


def key_of(day: int, organization_id: UUID = OWN) -> ReportKey:
    first = date(2026, 2, day)
    return ReportKey(
        organization_id=organization_id,
        definition_id=UUID(int=7),
        slug="daily-sales",
        period=Period(first=first, end=first + timedelta(days=1)),
        format=ReportFormat.CSV,
    )


@dataclass
class Desk:
    """A warehouse, a clock that is set, and a sender."""

    warehouse: URL
    now: datetime = NOW
    secrets: dict[UUID, str] = field(default_factory=dict)

    def subscribe(
        self,
        address: str,
        organization_id: UUID = OWN,
        kinds: tuple[WebhookKind, ...] = tuple(WebhookKind),
    ) -> WebhookSubscription:
        with warehouse_connection(self.warehouse) as connection:
            added, secret = subscribe(
                connection, organization_id, address, kinds=kinds, now=self.now
            )
        self.secrets[added.id] = secret
        return added

    def publish(self, edition: int, *, day: int = 1, organization_id: UUID = OWN) -> None:
        self.change(ReportChange(kind="available", edition=edition), day, organization_id)

    def change(self, change: ReportChange, day: int = 1, organization_id: UUID = OWN) -> None:
        with warehouse_connection(self.warehouse) as connection:
            write_report_notice(connection, key_of(day, organization_id), change, self.now)

    def send(self, timeout_seconds: float = 10) -> int:
        return WebhookSender(
            warehouse=self.warehouse,
            networks=LOOPBACK,
            clock=lambda: self.now,
            timeout_seconds=timeout_seconds,
        ).send_due()

    def wait(self, wait: timedelta) -> None:
        self.now += wait

    def messages(self, of: WebhookSubscription) -> list[WebhookDelivery]:
        with warehouse_connection(self.warehouse) as connection:
            return deliveries_of(connection, of.id, 100)


@pytest.fixture
def desk(warehouse_url: URL) -> Desk:
    return Desk(warehouse_url)


def test_a_message_tells_the_report_and_is_signed(desk: Desk, receiver: Receiver) -> None:
    added = desk.subscribe(receiver.address)
    desk.publish(1)

    assert desk.send() == 1
    assert desk.send() == 0

    [(message_id, message)], [headers] = receiver.messages, receiver.headers
    secret, at = secret_bytes(desk.secrets[added.id]), int(NOW.timestamp())
    assert headers["webhook-timestamp"] == str(at)
    signed = signature(secret, message_id, at, receiver.bodies[0])
    assert headers["webhook-signature"] == signed
    assert (message["type"], message["timestamp"]) == ("report.available", NOW.isoformat())
    assert message["data"]["slug"] == "daily-sales"
    assert message["data"]["organization_id"] == str(OWN)


def test_a_subscription_gets_its_kinds_of_its_organisation_only(
    desk: Desk, receiver: Receiver
) -> None:
    desk.subscribe(receiver.address, kinds=(WebhookKind.RESTATED, WebhookKind.HELD))
    desk.publish(1)
    desk.publish(2)
    desk.change(ReportChange(kind="held", edition=2, reason="a break"))
    desk.change(ReportChange(kind="failed", edition=2, reason="no memory"))
    desk.publish(2, organization_id=OTHER)

    desk.send()

    kinds = [message["type"] for _, message in receiver.messages]
    assert kinds == ["report.restated", "report.held"]


@pytest.mark.parametrize("manner", [500, 404, 302, "hang", "drip"])
def test_a_receiver_that_fails_hangs_or_drips_gets_the_same_message_again(
    desk: Desk, receiver: Receiver, manner: Manner
) -> None:
    desk.subscribe(receiver.address)
    desk.publish(1)
    receiver.first = [manner]

    begun = time.monotonic()
    assert desk.send(timeout_seconds=0.5) == 0
    assert time.monotonic() - begun < 5
    assert desk.send() == 0, "it waits"
    desk.wait(wait_after(1))
    assert desk.send() == 1

    first, second = receiver.messages
    assert first == second


def test_messages_of_a_report_come_in_order_and_hold_up_no_other(
    desk: Desk, receiver: Receiver
) -> None:
    desk.subscribe(receiver.address)
    for edition in (1, 2, 3):
        desk.publish(edition)
    receiver.first = [503]
    desk.send()
    desk.publish(11, day=2)

    desk.send()
    assert receiver.editions == [1, 11], "editions 2 and 3 wait for the first"

    desk.wait(wait_after(1))
    desk.send()
    delivered = [message["data"]["edition"] for _, message in receiver.messages]
    assert delivered == [1, 11, 1, 2, 3]


def test_a_receiver_that_hangs_does_not_hold_up_another_one(desk: Desk) -> None:
    with receiving() as slow, receiving() as quick:
        slow.manner = "hang"
        desk.subscribe(slow.address)
        desk.subscribe(quick.address)
        for day in range(1, 9):
            desk.publish(1, day=day)
        arrived: list[int] = []
        quick.on_message = lambda: arrived.append(len(slow.messages))

        desk.send(timeout_seconds=5)

    assert len(arrived) == 8
    assert arrived[-1] <= MAX_AT_ONCE_EACH, "all were sent while the first of the slow one hung"


def test_the_wait_that_a_receiver_asks_for_is_kept(desk: Desk, receiver: Receiver) -> None:
    desk.subscribe(receiver.address)
    desk.publish(1)
    receiver.first, receiver.retry_after = [429], "600"

    desk.send()
    desk.wait(timedelta(seconds=599))
    assert desk.send() == 0
    desk.wait(timedelta(seconds=1))
    assert desk.send() == 1


def test_a_message_is_given_up_after_its_attempts_and_can_be_replayed(
    desk: Desk, receiver: Receiver
) -> None:
    added = desk.subscribe(receiver.address)
    desk.publish(1)
    receiver.manner = 500
    for _ in range(MAX_ATTEMPTS + 3):
        desk.send()
        desk.wait(timedelta(hours=6))

    assert len(receiver.messages) == MAX_ATTEMPTS
    with warehouse_connection(desk.warehouse) as connection:
        assert dead_deliveries(connection) == [(OWN, added.id, 1, "answered 500")]
        again = partial(replay, connection, since=NOW, only_dead=True, now=desk.now)
        assert again(OTHER, added.id) == 0
        assert again(OWN, added.id) == 1
        assert dead_deliveries(connection) == []

    receiver.manner = "accept"
    assert desk.send() == 1
    assert len(dict(receiver.messages)) == 1, "the id is the former one"


def test_a_receiver_that_is_gone_pauses_the_webhook(desk: Desk, receiver: Receiver) -> None:
    added = desk.subscribe(receiver.address)
    receiver.first = [410]
    desk.publish(1)
    desk.send()
    desk.wait(timedelta(hours=1))
    assert desk.send() == 0

    with warehouse_connection(desk.warehouse) as connection:
        assert subscription(connection, OWN, added.id).pause_reason == "answered 410"
        resume(connection, OWN, added.id)
    assert desk.send() == 1


def test_an_address_inside_the_network_is_not_reached(desk: Desk, receiver: Receiver) -> None:
    added = desk.subscribe(receiver.address)
    desk.publish(1)
    sender = WebhookSender(warehouse=desk.warehouse, networks=(), clock=lambda: desk.now)

    assert sender.send_due() == 0

    assert receiver.messages == []
    [message] = desk.messages(added)
    assert "127.0.0.1 is inside the network" in str(message.last_error)


def test_a_message_whose_sender_died_is_sent_by_the_next_one(
    desk: Desk, receiver: Receiver
) -> None:
    desk.subscribe(receiver.address)
    desk.publish(1)
    desk.publish(2)
    with warehouse_connection(desk.warehouse) as connection:
        assert len(claim(connection, desk.now, 10)) == 1  # and the process ends

    assert desk.send() == 0, "the claim holds"
    desk.wait(timedelta(minutes=1))
    assert desk.send() == 2
    assert receiver.editions == [1, 2]


_SEND = """
import sys
from datetime import UTC, datetime
from ipaddress import ip_network
from sqlalchemy import make_url
from reporting_pipeline.webhooks.sender import WebhookSender
sender = WebhookSender(
    warehouse=make_url(sys.argv[1]), networks=(ip_network("127.0.0.0/8"),),
    clock=lambda: datetime.now(UTC), timeout_seconds=60,
)
sender.send_due()
"""


def test_a_killed_sender_loses_no_message_and_no_order(desk: Desk, receiver: Receiver) -> None:
    desk.subscribe(receiver.address)
    for edition in (1, 2, 3):
        desk.publish(edition)
    receiver.first = ["accept", "hang"]
    address = desk.warehouse.render_as_string(hide_password=False)
    argv = [sys.executable, "-c", _SEND, address]
    with subprocess.Popen(argv) as sender:  # noqa: S603 - our own program
        while len(receiver.messages) < 2:  # the second one hangs
            assert sender.poll() is None
        sender.kill()

    desk.now = datetime.now(UTC) + timedelta(minutes=1)
    assert desk.send() == 2

    assert receiver.editions == [1, 2, 3]
    assert [message["data"]["edition"] for _, message in receiver.messages] == [1, 2, 2, 3]


def test_messages_of_a_change_that_is_rolled_back_are_not_sent(
    desk: Desk, receiver: Receiver
) -> None:
    desk.subscribe(receiver.address)
    with warehouse_connection(desk.warehouse) as connection:
        write_report_notice(connection, key_of(1), ReportChange(kind="available", edition=1), NOW)
        connection.rollback()

    assert desk.send() == 0
    assert receiver.messages == []
