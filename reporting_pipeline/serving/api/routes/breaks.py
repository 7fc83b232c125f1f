"""`/breaks`: the differences between Ticketing and the ledger, and who has accepted which."""

from dataclasses import astuple
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field, StringConstraints

from reporting_pipeline.catalogue.audit_log import Action, Deed, record
from reporting_pipeline.checks.break_pages import (
    OpenBreakPlace,
    accepted_break_page,
    open_break_page,
)
from reporting_pipeline.checks.breaks import (
    AcceptedBreak,
    BreakIdentity,
    Decision,
    OpenBreak,
    accept_breaks,
    take_back_breaks,
)
from reporting_pipeline.registry.report_tables import BREAK_KINDS, WARNING_KINDS
from reporting_pipeline.serving.api.answers import (
    ApiModel,
    Cursor,
    PagedList,
    PageSize,
    aware_instant,
    number_of,
    tagged,
    text_of,
)
from reporting_pipeline.serving.api.callers import Approver, Caller, Viewer
from reporting_pipeline.serving.api.context import Api, ApiContext

router = APIRouter(prefix="/breaks", tags=["breaks"])

_KINDS = tuple(each for each in BREAK_KINDS if each not in WARNING_KINDS)
_MAX_IDS = 1_000

_SHOWN = r"[^\x00-\x08\x0b-\x1f\x7f]*"
_Reason = Annotated[
    str, StringConstraints(pattern=rf"^{_SHOWN}[^\x00-\x20\x7f]{_SHOWN}$", max_length=1_000)
]
BreakKind = Annotated[
    str,
    StringConstraints(pattern=f"^({'|'.join(_KINDS)})$"),
    Field(description="How the two sides differ.", json_schema_extra={"enum": list(_KINDS)}),
]


class _Break(ApiModel):
    kind: str = Field(description="How the two sides differ.")
    id: UUID = Field(description="The order, transaction or entry that it concerns.")
    concerns: Literal["order", "transaction", "entry"] = Field(description="What the id is of.")
    event_id: UUID | None = Field(description="Null: it concerns no single event.")
    currency: str
    ticketing_minor: int = Field(description="The booked amount, in minor units.")
    ledger_minor: int = Field(description="The charged amount, in minor units.")


class ShownOpenBreak(_Break):
    """A break that holds reports."""

    first_day: date = Field(description="The first report day on which it is found.")
    last_day: date = Field(description="The last one; the amounts are of this day.")
    difference_minor: int = Field(description="Ticketing less ledger, in minor units.")


class ShownAcceptedBreak(_Break):
    """A break that a person has accepted for these amounts."""

    accepted_by: str
    accepted_at: datetime
    reason: str


class OpenBreakPage(ApiModel):
    """A page of open breaks: oldest first, then largest first."""

    items: list[ShownOpenBreak]
    next_cursor: str | None = Field(description="For the next page; null on the last one.")


class AcceptedBreakPage(ApiModel):
    """A page of accepted breaks: oldest acceptance first."""

    items: list[ShownAcceptedBreak]
    next_cursor: str | None = Field(description="For the next page; null on the last one.")


class BreaksOfKind(ApiModel):
    """Some breaks of one kind."""

    kind: BreakKind
    ids: list[Annotated[UUID, Field(strict=False)]] = Field(
        min_length=1,
        max_length=_MAX_IDS,
        description="The order, transaction or entry of each of them: its `id` in the list.",
    )


class Acceptance(BreaksOfKind):
    """The breaks that somebody accepts, and why."""

    reason: _Reason = Field(
        description="Why the differences are acceptable; the proof of each report shows it."
    )


class Accepted(ApiModel):
    """The breaks that are accepted now."""

    items: list[ShownOpenBreak]


class TakenBack(ApiModel):
    """How many acceptances are taken back; a break with several amounts has several."""

    taken_back_count: int


@router.get(
    "", summary="List the open breaks", name="list_open_breaks", response_model=OpenBreakPage
)
def list_open(
    caller: Viewer, api: Api, request: Request, limit: PageSize = 50, cursor: Cursor = None
) -> Response:
    """The breaks that hold reports, until they are gone or accepted."""
    organization_id = caller.organization_id
    order = PagedList(
        organization_id=organization_id, name="open breaks", place=_open_place, read=_open_position
    )
    after = order.after(cursor)
    with api.reading(organization_id) as connection:
        rows = open_break_page(connection, organization_id, after=after, limit=limit + 1)
    page, following = order.page(rows, limit)
    items = list(map(_shown_open, page))
    return tagged(request, OpenBreakPage(items=items, next_cursor=following))


@router.get(
    "/accepted",
    summary="List the accepted breaks",
    name="list_accepted_breaks",
    response_model=AcceptedBreakPage,
)
def list_accepted(
    caller: Viewer, api: Api, request: Request, limit: PageSize = 50, cursor: Cursor = None
) -> Response:
    """The acceptances that are not taken back."""
    organization_id = caller.organization_id
    order = PagedList(
        organization_id=organization_id,
        name="accepted breaks",
        place=_accepted_place,
        read=_accepted_position,
    )
    after = order.after(cursor)
    with api.reading(organization_id) as connection:
        rows = accepted_break_page(connection, organization_id, after=after, limit=limit + 1)
    page, following = order.page(rows, limit)
    items = list(map(_shown_accepted, page))
    return tagged(request, AcceptedBreakPage(items=items, next_cursor=following))


@router.post("/accept", summary="Accept breaks", name="accept_breaks", response_model=Accepted)
def accept(caller: Approver, api: Api, wanted: Acceptance) -> Accepted:
    """Accept open breaks for their present amounts: all of them, or none if one is not open.

    An accepted break holds no report. If an amount of it changes, it is open again.
    """
    with api.writing() as connection:
        found = accept_breaks(connection, _decision(caller, api, wanted), reason=wanted.reason)
        record(connection, _deeds(caller, api, Action.ACCEPTED, wanted))
    return Accepted(items=list(map(_shown_open, found)))


@router.post(
    "/take-back",
    summary="Take acceptances back",
    name="take_back_breaks",
    response_model=TakenBack,
)
def take_back(caller: Approver, api: Api, wanted: BreaksOfKind) -> TakenBack:
    """Take back the acceptance of breaks: as long as they are found, they hold reports again."""
    with api.writing() as connection:
        count = take_back_breaks(connection, _decision(caller, api, wanted))
        record(connection, _deeds(caller, api, Action.TOOK_BACK, wanted))
    return TakenBack(taken_back_count=count)


def _decision(caller: Caller, api: ApiContext, wanted: BreaksOfKind) -> Decision:
    return Decision(
        organization_id=caller.organization_id,
        kind=wanted.kind,
        ids=tuple(wanted.ids),
        person=caller.subject,
        now=api.now(),
    )


def _deeds(caller: Caller, api: ApiContext, action: Action, wanted: BreaksOfKind) -> list[Deed]:
    return [
        Deed(actor=caller, action=action, object_kind="break", object_id=str(each), at=api.now())
        for each in wanted.ids
    ]


def _open_place(each: OpenBreak) -> list[str | int]:
    place = OpenBreakPlace.of(each)
    return [place.first_day.isoformat(), place.largest_first, *astuple(place)[2:]]


def _open_position(position: Any) -> OpenBreakPlace:
    day, largest_first, *texts = position
    kind, concerns, event, currency = map(text_of, texts)
    return OpenBreakPlace(
        first_day=date.fromisoformat(day),
        largest_first=number_of(largest_first),
        kind=kind,
        concerns=concerns,
        event=event,
        currency=currency,
    )


def _accepted_place(each: AcceptedBreak) -> list[str | int]:
    return [each.accepted_at.isoformat(), each.id]


def _accepted_position(position: Any) -> tuple[datetime, int]:
    accepted_at, accepted_id = position
    return aware_instant(accepted_at), number_of(accepted_id)


def _identity(each: BreakIdentity) -> dict[str, object]:
    concerns, _, row_id = each.concerns.partition(" ")
    return {
        "kind": each.kind,
        "id": UUID(row_id),
        "concerns": concerns,
        "event_id": each.event_id,
        "currency": each.currency,
    }


def _shown_open(each: OpenBreak) -> ShownOpenBreak:
    return ShownOpenBreak.model_validate(
        {
            **_identity(each),
            "ticketing_minor": each.ticketing_minor,
            "ledger_minor": each.ledger_minor,
            "first_day": each.first_day,
            "last_day": each.last_day,
            "difference_minor": each.difference_minor,
        }
    )


def _shown_accepted(each: AcceptedBreak) -> ShownAcceptedBreak:
    return ShownAcceptedBreak.model_validate(
        {
            **_identity(each),
            "ticketing_minor": each.ticketing_minor,
            "ledger_minor": each.ledger_minor,
            "accepted_by": each.accepted_by,
            "accepted_at": each.accepted_at,
            "reason": each.reason,
        }
    )
