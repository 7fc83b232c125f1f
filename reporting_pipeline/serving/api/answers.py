"""Answers with an entity tag, pages with a cursor, and the model that all bodies inherit from."""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from reporting_pipeline.domain.period import Period
from reporting_pipeline.errors import CallInvalid, VersionChanged

MAX_PAGE = 200
_DIGEST_CHARACTERS = 16
_MAX_CURSOR_CHARACTERS = 1_000
_NO_CURSOR = "the cursor is none of this list: send `next_cursor` of a page, with the same filters"
_JSON = "application/json"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_KEPT_BY_CALLER = "private, no-cache"

PageSize = Annotated[
    int, Query(alias="limit", ge=1, le=MAX_PAGE, description="The most rows of the page.")
]
Cursor = Annotated[
    str | None,
    Query(
        alias="cursor",
        max_length=_MAX_CURSOR_CHARACTERS,
        description="`next_cursor` of the page before; absent for the first page.",
    ),
]


# The form of a period, for the OpenAPI document; `Period.of_token` reads it.
_MONTH_FORM = "[0-9]{4}-(0[1-9]|1[0-2])"
_DAY_FORM = f"{_MONTH_FORM}-(0[1-9]|[12][0-9]|3[01])"
_EVENT_FORM = "event-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}_"
_PERIOD_FORM = f"^({_EVENT_FORM})?({_MONTH_FORM}|{_DAY_FORM}(_{_DAY_FORM})?)$"
PeriodToken = Annotated[str, Field(max_length=100, json_schema_extra={"pattern": _PERIOD_FORM})]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=100)]
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$", max_length=1_000)]
"""A text for people. No database keeps a NUL, and no terminal should see a control character."""


class ApiModel(BaseModel):
    """A body of the API; unknown members are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _written_day(value: object) -> object:
    """The day as it is written; the library would also take seconds since 1970."""
    if isinstance(value, str) and not _DAY.fullmatch(value):
        message = "expected a day such as 2026-02-28"
        raise ValueError(message)
    return value


def _written_time(value: object) -> object:
    """The time as it is written; the library would also take seconds since 1970."""
    if not isinstance(value, str):
        message = "expected a time with its zone, such as 2026-02-28T18:00:00Z"
        raise ValueError(message)  # noqa: TRY004 - the library expects it
    return value


ReportDay = Annotated[date, BeforeValidator(_written_day)]
"""A day in a path or a filter."""

Instant = Annotated[AwareDatetime, BeforeValidator(_written_time)]
"""A time in a body, with its zone."""


def tagged(
    request: Request, model: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A body with its entity tag, or 304 if the caller has it already.

    The caller was authorised before, so a tag of another organisation finds nothing out.
    """
    content = model.model_dump_json().encode()
    tag = tag_of(model)
    found = {"ETag": tag, "Cache-Control": _KEPT_BY_CALLER, **(headers or {})}
    if status == 200 and has_tag(request, tag):  # noqa: PLR2004 - only a whole answer is kept
        return Response(status_code=304, headers=found)
    return Response(content, status, headers=found, media_type=_JSON)


def tag_of(model: BaseModel) -> str:
    """The entity tag of a body."""
    return f'"{hashlib.sha256(model.model_dump_json().encode()).hexdigest()[:32]}"'


def has_tag(request: Request, tag: str) -> bool:
    """True if `If-None-Match` of a call names the tag."""
    given = request.headers.get("if-none-match")
    if given is None:
        return False
    tags = {each.strip().removeprefix("W/") for each in given.split(",")}
    return tag in tags or "*" in tags


def require_tag(if_match: str, tag: str) -> None:
    """Refuse a change of something that has changed since the caller read it.

    Args:
        if_match: The header `If-Match` of the call.
        tag: The entity tag of what is there now.

    Raises:
        VersionChanged: The header names another tag.
    """
    if if_match.strip() != "*" and tag not in map(str.strip, if_match.split(",")):
        message = "it is not what `If-Match` names: get it again, and send its new `ETag`"
        raise VersionChanged(message)


_Row = TypeVar("_Row")
_Position = TypeVar("_Position")


@dataclass(frozen=True, slots=True, kw_only=True)
class PagedList(Generic[_Row, _Position]):
    """A list of an organisation, whose pages begin behind the last row of another.

    Attributes:
        name: The list with its filters; cursors of other lists are refused.
        place: The place of a row in the order of the list, as texts and numbers.
        read: The position of a cursor as a query takes it; raises ValueError or TypeError if it
            is none, because somebody can write a cursor.
    """

    organization_id: UUID
    name: str
    place: Callable[[_Row], Sequence[str | int]]
    read: Callable[[Any], _Position]

    def after(self, cursor: str | None) -> _Position | None:
        """The position behind which a page begins; None for the first page.

        Raises:
            CallInvalid: The cursor is none of this list.
        """
        return position_as(self.organization_id, self.name, cursor, self.read)

    def page(self, rows: Sequence[_Row], limit: int) -> tuple[Sequence[_Row], str | None]:
        """At most `limit` rows, and the next cursor if there are more."""
        if len(rows) <= limit:
            return rows, None
        position = list(self.place(rows[limit - 1]))
        return rows[:limit], cursor_of(self.organization_id, self.name, position)


def text_of(value: Any) -> str:
    """A text of a position, in ASCII.

    Raises:
        ValueError: It is no such text.
    """
    if not isinstance(value, str) or "\0" in value or not value.isascii():
        raise ValueError
    return value


def number_of(value: Any) -> int:
    """A whole number of a position, of at most 64 bits.

    Raises:
        ValueError: It is no such number.
    """
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise ValueError
    return value


def aware_instant(value: Any) -> datetime:
    """An instant of a position, with its zone.

    Raises:
        ValueError: It is none.
    """
    instant = datetime.fromisoformat(text_of(value))
    if instant.tzinfo is None:
        raise ValueError
    return instant


def cursor_of(organization_id: UUID, list_name: str, position: Any) -> str:
    """A cursor: the position in a list of an organisation, as text.

    It says nothing that the page has not said, and it is no secret: each page reads rows of the
    caller's own organisation only. The digest refuses cursors of other lists and organisations.
    """
    content = json.dumps([_digest(organization_id, list_name, position), position])
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def position_of(organization_id: UUID, list_name: str, cursor: str | None) -> Any:
    """The position of a cursor; None without one.

    Raises:
        CallInvalid: It is no cursor of this list and organisation.
    """
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        digest, position = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if digest == _digest(organization_id, list_name, position):
            return position
    except (binascii.Error, ValueError, TypeError, RecursionError):
        pass
    raise CallInvalid(_NO_CURSOR)


def position_as(
    organization_id: UUID, list_name: str, cursor: str | None, read: Callable[[Any], _Position]
) -> _Position | None:
    """The position of a cursor as `read` understands it; None without one.

    Raises:
        CallInvalid: It is no cursor of this list, or `read` does not understand its position:
            the digest has no secret, so somebody can write a cursor.
    """
    position = position_of(organization_id, list_name, cursor)
    if position is None:
        return None
    try:
        return read(position)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise CallInvalid(_NO_CURSOR) from error


def _digest(organization_id: UUID, list_name: str, position: Any) -> str:
    content = json.dumps([str(organization_id), list_name, position], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:_DIGEST_CHARACTERS]


def report_period(token: str) -> Period:
    """The period of a call.

    Raises:
        CallInvalid: No period has this name.
    """
    try:
        return Period.of_token(token)
    except ValueError as error:
        raise CallInvalid(str(error)) from error
