"""`/webhooks`: addresses that are told of an organisation's reports, and their messages."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from psycopg import Connection
from pydantic import Field, StrictBool

from reporting_pipeline.catalogue.audit_log import Action, Deed, record
from reporting_pipeline.catalogue.definition_store import definition_by_slug
from reporting_pipeline.catalogue.webhook_deliveries import deliveries_of, replay
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
from reporting_pipeline.serving.api.answers import MAX_PAGE, ApiModel, Instant, Slug, Text, tagged
from reporting_pipeline.serving.api.callers import Caller, Operator
from reporting_pipeline.serving.api.context import Api
from reporting_pipeline.serving.api.problems import problem_answers
from reporting_pipeline.setting_values import networks
from reporting_pipeline.webhooks.addresses import checked_address

router = APIRouter(prefix="/webhooks", tags=["webhooks"])


class WebhookQuestion(ApiModel):
    """A webhook to add."""

    address: str = Field(max_length=2_000, description="https://host/path, on the internet.")
    kinds: list[WebhookKind] = Field(
        default=[*WebhookKind], min_length=1, max_length=20, description="What it is told of."
    )
    definition: Slug | None = Field(
        default=None, description="Only reports of this definition; null for all."
    )


class Webhook(ApiModel):
    """A webhook."""

    id: UUID
    address: str
    kinds: list[str] = Field(description="What it is told of.")
    definition_id: UUID | None = Field(description="Null: reports of all definitions.")
    created_at: datetime
    paused_at: datetime | None = Field(description="Since when nothing is sent; null: active.")
    pause_reason: str | None


class AddedWebhook(Webhook):
    """A webhook that was added, with its secret."""

    secret: str = Field(description="Signs the messages (Standard Webhooks); not shown again.")


class Webhooks(ApiModel):
    """The webhooks of the organisation, the oldest first."""

    items: list[Webhook]


class PauseQuestion(ApiModel):
    """Why nothing is sent any more."""

    reason: Text = Field(min_length=1)


class ReplayQuestion(ApiModel):
    """Which messages are sent again."""

    since: Instant = Field(description="Messages that were written then or later.")
    accepted_too: StrictBool = Field(
        default=False, description="Not only those that were given up."
    )


class Replayed(ApiModel):
    """How many messages are sent again."""

    count: int


class Message(ApiModel):
    """A message for a webhook, and what became of it."""

    id: str = Field(description="The header `webhook-id`, the same at each attempt.")
    report_id: UUID
    kind: str
    created_at: datetime
    attempt_count: int
    next_attempt_at: datetime | None = Field(description="Null: it is not sent any more.")
    last_error: str | None
    delivered_at: datetime | None
    given_up_at: datetime | None


class Messages(ApiModel):
    """The newest messages for a webhook, the newest first."""

    items: list[Message]


@router.get("", summary="The webhooks", name="list_webhooks", response_model=Webhooks)
def webhooks(caller: Operator, api: Api, request: Request) -> Response:
    """All webhooks of the organisation, at most 100, without their secrets."""
    with api.reading(caller.organization_id) as connection:
        found = subscriptions_of(connection, caller.organization_id)
    return tagged(request, Webhooks(items=[Webhook(**_fields(each)) for each in found]))


@router.post(
    "",
    summary="Add a webhook",
    name="add_webhook",
    status_code=HTTPStatus.CREATED,
    responses=problem_answers(HTTPStatus.CONFLICT),
)
def add(caller: Operator, api: Api, question: WebhookQuestion) -> AddedWebhook:
    """The answer has the secret, once. An address inside the network is refused."""
    checked_address(question.address, networks(api.settings.webhook_networks))
    with api.writing() as connection:
        definition_id = None
        if question.definition is not None:
            organization_id = caller.organization_id
            definition_id = definition_by_slug(connection, organization_id, question.definition).id
        added, secret = subscribe(
            connection,
            caller.organization_id,
            question.address,
            kinds=set(question.kinds),
            definition_id=definition_id,
            now=api.now(),
        )
        _note(connection, caller, Action.SUBSCRIBED, added.id, api.now())
    return AddedWebhook(**_fields(added), secret=secret)


@router.get("/{webhook_id}", summary="One webhook", response_model=Webhook)
def one_webhook(caller: Operator, api: Api, request: Request, webhook_id: UUID) -> Response:
    """One webhook, without its secret."""
    with api.reading(caller.organization_id) as connection:
        found = subscription(connection, caller.organization_id, webhook_id)
    return tagged(request, Webhook(**_fields(found)))


@router.delete("/{webhook_id}", summary="Remove a webhook", name="remove_webhook", status_code=204)
def remove(caller: Operator, api: Api, webhook_id: UUID) -> None:
    """Messages that wait for it are not sent."""
    with api.writing() as connection:
        unsubscribe(connection, caller.organization_id, webhook_id)
        _note(connection, caller, Action.REMOVED, webhook_id, api.now())


@router.post("/{webhook_id}/pause", summary="Pause a webhook")
def pause_webhook(caller: Operator, api: Api, webhook_id: UUID, question: PauseQuestion) -> Webhook:
    """Nothing is sent until it is resumed; its messages wait."""
    with api.writing() as connection:
        pause(connection, caller.organization_id, webhook_id, question.reason, api.now())
        _note(connection, caller, Action.PAUSED, webhook_id, api.now())
        found = subscription(connection, caller.organization_id, webhook_id)
    return Webhook(**_fields(found))


@router.post("/{webhook_id}/resume", summary="Resume a webhook")
def resume_webhook(caller: Operator, api: Api, webhook_id: UUID) -> Webhook:
    """What has waited is sent first."""
    with api.writing() as connection:
        was_paused = subscription(connection, caller.organization_id, webhook_id).paused_at
        resume(connection, caller.organization_id, webhook_id)
        if was_paused is not None:
            _note(connection, caller, Action.RESUMED, webhook_id, api.now())
        found = subscription(connection, caller.organization_id, webhook_id)
    return Webhook(**_fields(found))


@router.get(
    "/{webhook_id}/messages",
    summary="Messages for a webhook",
    name="list_messages",
    response_model=Messages,
)
def messages(
    caller: Operator,
    api: Api,
    request: Request,
    webhook_id: UUID,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="The most messages.")] = 50,
) -> Response:
    """The newest messages, and what became of them."""
    with api.reading(caller.organization_id) as connection:
        of = subscription(connection, caller.organization_id, webhook_id)
        found = deliveries_of(connection, of.id, limit)
    items = [
        Message(
            id=f"msg_{each.id}",
            report_id=each.report_id,
            kind=each.kind,
            created_at=each.created_at,
            attempt_count=each.attempt_count,
            next_attempt_at=None if each.delivered_at or each.given_up_at else each.next_attempt_at,
            last_error=each.last_error,
            delivered_at=each.delivered_at,
            given_up_at=each.given_up_at,
        )
        for each in found
    ]
    return tagged(request, Messages(items=items))


@router.post("/{webhook_id}/replay", summary="Send messages again")
def replay_messages(
    caller: Operator, api: Api, webhook_id: UUID, question: ReplayQuestion
) -> Replayed:
    """They have the ids that they had, so a receiver knows them."""
    with api.writing() as connection:
        of = subscription(connection, caller.organization_id, webhook_id)
        count = replay(
            connection,
            of.organization_id,
            of.id,
            since=question.since,
            only_dead=not question.accepted_too,
            now=api.now(),
        )
        _note(connection, caller, Action.RELEASED, webhook_id, api.now())
    return Replayed(count=count)


def _note(
    connection: Connection[Any], caller: Caller, action: Action, webhook_id: UUID, at: datetime
) -> None:
    deed = Deed(
        actor=caller, action=action, object_kind="webhook", object_id=str(webhook_id), at=at
    )
    record(connection, [deed])


def _fields(found: WebhookSubscription) -> dict[str, Any]:
    return {name: getattr(found, name) for name in Webhook.model_fields}
