"""`reporting webhooks`: the webhooks of organisations, their messages, and sending them."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import click
from psycopg import Connection

from reporting_pipeline.catalogue.definition_store import definition_by_slug
from reporting_pipeline.catalogue.directory import organization_called
from reporting_pipeline.catalogue.webhook_deliveries import (
    WebhookDelivery,
    deliveries_of,
    replay,
)
from reporting_pipeline.catalogue.webhook_subscriptions import (
    WebhookKind,
    WebhookSubscription,
    pause,
    resume,
    subscribe,
    subscription,
    subscriptions_of,
    unsubscribe,
)
from reporting_pipeline.cli.choices import ORGANIZATION
from reporting_pipeline.cli.listing import listing, listing_console, say
from reporting_pipeline.cli.parameters import DAY, TEXT
from reporting_pipeline.cli.session import announce, session
from reporting_pipeline.embedded.process import StopRequest
from reporting_pipeline.errors import WarehouseUnavailable
from reporting_pipeline.setting_values import networks
from reporting_pipeline.settings import Settings
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline.webhooks.addresses import checked_address
from reporting_pipeline.webhooks.sender import WebhookSender

_SUBSCRIPTION_COLUMNS = ("id", "address", "kinds", "definition", "since", "state")
_DELIVERY_COLUMNS = ("message", "written", "kind", "report", "tries", "state", "last error")
_MAX_LISTED = 200
_EVERY_SECONDS = 5
_OF_ORGANIZATION = click.option(
    "--organization", type=ORGANIZATION, required=True, help="The organisation of the webhook."
)
_WEBHOOK = click.argument("webhook", type=click.UUID)


@click.group()
def webhooks() -> None:
    """Add, list, pause and remove webhooks of organisations, and send their messages.

    A webhook is an address that is told when a report of its organisation is available, restated,
    held or failed. docs/webhooks.md says how a receiver checks a message.
    """


@webhooks.command()
@_OF_ORGANIZATION
@click.option(
    "--kind",
    "kinds",
    type=click.Choice([each.value for each in WebhookKind]),
    multiple=True,
    help="What it wants to know; may be repeated; default all.",
)
@click.option("--definition", type=TEXT, help="Only reports of the definition with this slug.")
@click.argument("address", type=TEXT)
def add(organization: str, kinds: tuple[str, ...], definition: str | None, address: str) -> None:
    """Add a webhook at ADDRESS, and print its secret, once."""
    with session() as settings, warehouse_connection(settings.warehouse_url()) as connection:
        checked_address(address, networks(settings.webhook_networks))
        organization_id = organization_called(connection, organization)
        known = definition and definition_by_slug(connection, organization_id, definition)
        added, secret = subscribe(
            connection,
            organization_id,
            address,
            kinds=[WebhookKind(each) for each in kinds] or tuple(WebhookKind),
            definition_id=known.id if known else None,
            now=datetime.now(UTC),
        )
    say(f"webhook {added.id} is told of {', '.join(added.kinds)}")
    say(f"its secret, which is not shown again: {secret}")


@webhooks.command("list")
@_OF_ORGANIZATION
def list_(organization: str) -> None:
    """List the webhooks of an organisation."""
    with _organization(organization) as (connection, organization_id):
        found = subscriptions_of(connection, organization_id)
    console = listing_console()
    if found:
        console.print(listing(_SUBSCRIPTION_COLUMNS, map(_subscription_row, found)))
    console.print(f"{len(found)} webhooks")


@webhooks.command("pause")
@_OF_ORGANIZATION
@click.option("--reason", type=TEXT, required=True, help="Why nothing is sent.")
@_WEBHOOK
def pause_(organization: str, reason: str, webhook: UUID) -> None:
    """Send nothing more to WEBHOOK until it is resumed; its messages wait."""
    with _organization(organization) as (connection, organization_id):
        pause(connection, organization_id, webhook, reason, datetime.now(UTC))
    say(f"webhook {webhook} is paused")


@webhooks.command("resume")
@_OF_ORGANIZATION
@_WEBHOOK
def resume_(organization: str, webhook: UUID) -> None:
    """Send to WEBHOOK again, first what has waited."""
    with _organization(organization) as (connection, organization_id):
        resume(connection, organization_id, webhook)
    say(f"webhook {webhook} is active")


@webhooks.command()
@_OF_ORGANIZATION
@_WEBHOOK
def remove(organization: str, webhook: UUID) -> None:
    """Remove WEBHOOK, with the messages that wait for it."""
    with _organization(organization) as (connection, organization_id):
        unsubscribe(connection, organization_id, webhook)
    say(f"webhook {webhook} is removed")


@webhooks.command()
@_OF_ORGANIZATION
@_WEBHOOK
def messages(organization: str, webhook: UUID) -> None:
    """List the newest messages for WEBHOOK, and what became of them."""
    with _organization(organization) as (connection, organization_id):
        of = subscription(connection, organization_id, webhook)
        found = deliveries_of(connection, of.id, _MAX_LISTED)
    console = listing_console()
    if found:
        console.print(listing(_DELIVERY_COLUMNS, map(_delivery_row, found)))
    console.print(f"{len(found)} messages")


@webhooks.command("replay")
@_OF_ORGANIZATION
@click.option("--from", "first", type=DAY, required=True, help="Messages written from this day on.")
@click.option("--all", "is_all", is_flag=True, help="Those that were accepted too.")
@_WEBHOOK
def replay_(organization: str, first: date, *, is_all: bool, webhook: UUID) -> None:
    """Send messages for WEBHOOK again that were given up."""
    now = datetime.now(UTC)
    since = datetime(first.year, first.month, first.day, tzinfo=UTC)
    with _organization(organization) as (connection, organization_id):
        of = subscription(connection, organization_id, webhook)
        count = replay(
            connection, of.organization_id, of.id, since=since, only_dead=not is_all, now=now
        )
    say(f"{count} messages are sent again")


@webhooks.command()
@click.option("--watch", is_flag=True, help="Send every 5 seconds until Ctrl-C.")
def send(*, watch: bool) -> None:
    """Send the messages that are due, as Dagster's sensor does every 30 seconds."""
    with session() as settings:
        sender = _sender(settings)
        if not watch:
            say(f"{sender.send_due()} messages were accepted")
            return
        stop_request = StopRequest()
        announce(f"messages of webhooks are sent every {_EVERY_SECONDS} seconds until Ctrl-C")
        while not stop_request.is_asked():
            _send(sender)
            stop_request.wait(_EVERY_SECONDS)


@contextmanager
def _organization(named: str) -> Iterator[tuple[Connection[Any], UUID]]:
    """A connection to the warehouse, and the id of the organisation that an option names."""
    with session() as settings, warehouse_connection(settings.warehouse_url()) as connection:
        yield connection, organization_called(connection, named)


def _sender(settings: Settings) -> WebhookSender:
    return WebhookSender(
        warehouse=settings.warehouse_url(),
        networks=networks(settings.webhook_networks),
        clock=lambda: datetime.now(UTC),
    )


def _send(sender: WebhookSender) -> None:
    """Send once; if the warehouse does not answer, the next time tries again."""
    try:
        sender.send_due()
    except WarehouseUnavailable as error:
        announce(f"messages of webhooks could not be sent: {error}", logging.WARNING)


def _subscription_row(one: WebhookSubscription) -> tuple[object, ...]:
    state = "active" if one.paused_at is None else f"paused: {one.pause_reason}"
    kinds = ", ".join(one.kinds)
    return one.id, one.address, kinds, one.definition_id or "all", f"{one.created_at:%F}", state


def _delivery_row(one: WebhookDelivery) -> tuple[object, ...]:
    if one.delivered_at is not None:
        state = f"accepted {one.delivered_at:%F %H:%M}"
    elif one.given_up_at is not None:
        state = f"given up {one.given_up_at:%F %H:%M}"
    else:
        state = f"next try {one.next_attempt_at:%F %H:%M}"
    written = f"{one.created_at:%F %H:%M}"
    return one.id, written, one.kind, one.report_id, one.attempt_count, state, one.last_error
