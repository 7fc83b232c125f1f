"""`/events`: the events of an organisation, and the summary of each as of a day."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from reporting_pipeline.catalogue.directory import KnownEvent, event_page, known_events
from reporting_pipeline.errors import UnknownName
from reporting_pipeline.serving.api.answers import (
    ApiModel,
    Cursor,
    PagedList,
    PageSize,
    ReportDay,
    tagged,
    text_of,
)
from reporting_pipeline.serving.api.callers import Viewer
from reporting_pipeline.serving.api.context import Api
from reporting_pipeline.serving.event_summaries import EventSummary

router = APIRouter(prefix="/events", tags=["events"])


class Event(ApiModel):
    """An event, as landed last."""

    id: UUID
    name: str
    time_zone: str = Field(description="Its own; its report days are days of it.")
    starts: str = Field(description="Date and time of the start in that zone.")
    ends: str = Field(description="Date and time of the end in that zone.")
    status: str
    venue: str | None


class EventPage(ApiModel):
    """A page of events: the latest start first."""

    items: list[Event]
    next_cursor: str | None = Field(description="For the next page; null on the last one.")


class Summary(ApiModel):
    """The totals of an event at the end of a report day."""

    event_id: UUID
    as_of: date = Field(description="The day that was asked for.")
    day: date = Field(description="The report day of the figures: the last one up to `as_of`.")
    version: str = Field(description="Changes when any row of the event does.")
    figures: dict[str, Any] = Field(
        description="By column of `report_event_summary`; rates are text with all decimals."
    )


@router.get("", summary="List the events", response_model=EventPage)
def list_events(  # noqa: PLR0913 - one argument per parameter
    caller: Viewer,
    api: Api,
    request: Request,
    *,
    first: Annotated[
        ReportDay | None, Query(alias="from", description="Takes place on this day or later.")
    ] = None,
    last: Annotated[
        ReportDay | None, Query(alias="to", description="Takes place on this day or earlier.")
    ] = None,
    limit: PageSize = 50,
    cursor: Cursor = None,
) -> Response:
    """The events of the organisation that have landed."""
    organization_id, days = caller.organization_id, (first, last)
    order = PagedList(
        organization_id=organization_id,
        name=f"events {first} {last}",
        place=_place,
        read=_position,
    )
    after = order.after(cursor)
    with api.reading(organization_id) as connection:
        rows = event_page(connection, organization_id, days, after=after, limit=limit + 1)
    page, following = order.page(rows, limit)
    return tagged(request, EventPage(items=list(map(_shown, page)), next_cursor=following))


@router.get("/{event_id}", summary="One event", response_model=Event)
def one_event(caller: Viewer, api: Api, request: Request, event_id: UUID) -> Response:
    """An event of the organisation."""
    with api.reading(caller.organization_id) as connection:
        found = known_events(connection, caller.organization_id, event_ids=[event_id])
    if not found:
        raise UnknownName(_no_event(event_id))
    return tagged(request, _shown(found[0]))


@router.get(
    "/{event_id}/summaries/{as_of}",
    summary="An event as of a day",
    name="event_summary",
    response_model=Summary,
)
async def summary(
    caller: Viewer,
    api: Api,
    request: Request,
    event_id: UUID,
    as_of: Annotated[ReportDay, Path(description="A report day, such as 2026-02-28.")],
) -> Response:
    """Tickets, admissions and money of an event up to the end of a report day, from memory."""
    kept = api.desk.caches.summaries.kept(caller.organization_id, event_id, as_of)
    if kept is not None:  # needs no thread, which would cost more than the answer
        return tagged(request, _summary(kept, event_id, as_of))
    found = await to_thread.run_sync(api.desk.summary, caller.organization_id, event_id, as_of)
    if found is None:
        raise UnknownName(f"{_no_event(event_id)}, or it has no figures up to {as_of}")
    return tagged(request, _summary(found, event_id, as_of))


def _summary(found: EventSummary, event_id: UUID, as_of: date) -> Summary:
    figures = {name: _plain(value) for name, value in found.row.items()}
    return Summary(
        event_id=event_id,
        as_of=as_of,
        day=date.fromisoformat(str(figures["date"])),
        version=found.version,
        figures=figures,
    )


def _place(each: KnownEvent) -> list[str | int]:
    return [each.starts, str(each.id)]


def _position(position: Any) -> tuple[str, UUID]:
    starts, event_id = position
    return text_of(starts), UUID(event_id)


def _no_event(event_id: UUID) -> str:
    return f"there is no event {event_id}: `GET .../events` lists them"


def _plain(value: object) -> object:
    """Numbers with decimals as text, so that no reader rounds them."""
    is_plain = value is None or isinstance(value, bool | int | str)
    return value if is_plain else str(value)


def _shown(each: KnownEvent) -> Event:
    return Event(
        id=each.id,
        name=each.name,
        time_zone=each.timezone,
        starts=each.starts,
        ends=each.ends,
        status=each.status,
        venue=each.venue,
    )
