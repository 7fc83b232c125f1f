"""Messages of the lists in Redis: how they are read, and why one is refused.

    {"version": 1, "request_id": "..."}      a hint of `queue_lists`: this request is queued
    {"version": 1, "definition": "daily-sales", "period": "2026-02-28", "format": "csv"}

The second form is a pushed request: `definition` is a slug or an id of the organisation whose list
it is. `provisional` may be true. `correlation_id` is what the program that pushes calls its
request: 1 to 200 printable characters, which the notices about it have.

A reason is shown to the program that pushed, on a topic. It says what was expected and what was
found, and repeats nothing of the message but names of at most 100 characters.
"""

import json
import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from psycopg import Connection
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, from_json

from reporting_pipeline.catalogue.definition_store import definition_by_slug, definitions_of
from reporting_pipeline.domain.period import Period
from reporting_pipeline.errors import DefinitionInvalid, UnknownDefinition
from reporting_pipeline.guards.shown_text import shown
from reporting_pipeline.publishing.snapshot import ReportRequest
from reporting_pipeline.report_definitions.definition import ReportDefinition, ReportFormat

MAX_MESSAGE_BYTES = 10_000
"""Longer messages are not read."""

MAX_CORRELATION_CHARACTERS = 200
"""The longest correlation id."""

_MAX_REASON = 1_000
_MAX_PROBLEMS = 5
_MAX_NAME = 100
_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")
_CORRELATION = "correlation_id"


def _is_whole(value: object) -> object:
    """A number as it is; true and 1.0 are equal to 1 for Python."""
    if type(value) is not int:
        message = "expected the whole number 1"
        raise ValueError(message)
    return value


def _is_correlation_id(value: str) -> bool:
    return 0 < len(value) <= MAX_CORRELATION_CHARACTERS and value.isprintable()


def _correlation_id(value: str | None) -> str | None:
    if value is not None and not _is_correlation_id(value):
        message = f"expected 1 to {MAX_CORRELATION_CHARACTERS} printable characters"
        raise ValueError(message)
    return value


_VersionOne = Annotated[Literal[1], BeforeValidator(_is_whole)]


class RequestHint(BaseModel):
    """A message written by `queue_lists`: a request is or was queued."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: _VersionOne
    request_id: UUID


class PushedRequest(BaseModel):
    """A message of another program: a report that it requests."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: _VersionOne
    definition: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,99}$")]
    period: Annotated[str, Field(max_length=100)]
    format: ReportFormat
    provisional: bool = False
    correlation_id: Annotated[str | None, AfterValidator(_correlation_id)] = None


def parse_message(raw: bytes) -> RequestHint | PushedRequest:
    """The content of a message.

    Raises:
        DefinitionInvalid: The message has neither form; the error names the field.
    """
    if len(raw) > MAX_MESSAGE_BYTES:
        message = f"the message has {len(raw)} bytes; expected at most {MAX_MESSAGE_BYTES}"
        raise DefinitionInvalid(message)
    form: type[RequestHint | PushedRequest] = (
        RequestHint if b'"request_id"' in raw else PushedRequest
    )
    try:
        json.loads(raw, object_pairs_hook=_once)
        return form.model_validate_json(raw, strict=True)
    except _GivenTwice as error:
        message = f"the message is malformed: {shown(error, _MAX_NAME)} is given twice"
        raise DefinitionInvalid(message) from None
    except (ValueError, RecursionError) as error:
        if not isinstance(error, ValidationError):
            message = "the message is malformed: it is no JSON"
            raise DefinitionInvalid(message) from None
        message = f"the message is malformed: {_problems(error.errors(include_url=False))}"
        raise DefinitionInvalid(message) from None


def correlation_id_of(raw: bytes) -> str | None:
    """The correlation id of a message that may be malformed.

    Returns:
        None if there is none, several, or one that is no correlation id; also if the message is too
        long, or no JSON. A message that is cut off is read up to the cut.
    """
    if len(raw) > MAX_MESSAGE_BYTES:
        return None
    found = _values(raw)
    is_one = len(found) == 1 and isinstance(found[0], str) and _is_correlation_id(found[0])
    return str(found[0]) if is_one else None


def refusal(error: Exception) -> str:
    """Why a push is refused, for the program that pushed it.

    Only errors about requests are shown: others may name what belongs to nobody outside.
    """
    if isinstance(error, DefinitionInvalid | UnknownDefinition):
        return shown(error.message, _MAX_REASON)
    return (
        f"the report cannot be requested because of an error of the program, {type(error).__name__}"
        "; its operators find the cause beside the message in the list reporting:dead"
    )


def report_request_of(
    connection: Connection[Any], organization_id: UUID, pushed: PushedRequest
) -> ReportRequest:
    """The report that a message in an organisation's list requests.

    Raises:
        UnknownDefinition: The organisation has no such definition.
        DefinitionInvalid: The period is malformed.
    """
    definition = _definition(connection, organization_id, pushed.definition)
    try:
        period = Period.of_token(pushed.period)
    except ValueError as error:
        is_name = _NAME.fullmatch(pushed.period) is not None
        message = f"period: {error}"
        if not is_name:
            message = (
                f"period: {_kind_of(pushed.period)} is not a period; expected a name such as "
                "2026-02-28 or 2026-02"
            )
        raise DefinitionInvalid(message) from error
    return ReportRequest(
        definition=definition, period=period, is_provisional_allowed=pushed.provisional
    )


class _GivenTwice(ValueError):
    """A name that an object of a message has twice."""


class _Pairs(list[tuple[str, object]]):
    """The names and values of an object, as they are written."""


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _GivenTwice(next(name for name in names if names.count(name) > 1))
    return found


def _values(raw: bytes) -> list[object]:
    """The values that a message gives as correlation id."""
    try:
        # What is no UTF-8 becomes surrogates, and no id with one is printable.
        whole = json.loads(raw.decode(errors="surrogateescape"), object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return _values_before_the_cut(raw)
    pairs = whole if isinstance(whole, _Pairs) else []
    return [value for name, value in pairs if name == _CORRELATION]


def _values_before_the_cut(raw: bytes) -> list[object]:
    try:
        part = from_json(raw, allow_partial=True)
    except (ValueError, RecursionError):
        return []
    is_given = isinstance(part, dict) and raw.count(_CORRELATION.encode()) == 1
    return [part[_CORRELATION]] if is_given and _CORRELATION in part else []


def _problems(errors: Sequence[ErrorDetails]) -> str:
    more = len(errors) - _MAX_PROBLEMS
    listed = "; ".join(map(_problem, errors[:_MAX_PROBLEMS]))
    return f"{listed}; and {more} more" if more > 0 else listed


def _problem(error: ErrorDetails) -> str:
    field = shown(".".join(map(str, error["loc"])), _MAX_NAME) or "message"
    expected = error["msg"].removeprefix("Value error, ")
    is_nothing_found = error["type"] in {"missing", "extra_forbidden"}
    found = "" if is_nothing_found else f", found {_kind_of(error['input'])}"
    return f"{field}: {expected}{found}"


def _kind_of(value: object) -> str:
    """What a value is, without the value."""
    match value:
        case None | True | False:
            return json.dumps(value)
        case str():
            return f"a text of {len(value)} characters"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case _:
            return "an object"


def _definition(connection: Connection[Any], organization_id: UUID, named: str) -> ReportDefinition:
    try:
        definition_id = UUID(named)
    except ValueError:
        return definition_by_slug(connection, organization_id, named)
    for definition in definitions_of(connection, organization_id, on_unreadable=_leave_out):
        if definition.id == definition_id:
            return definition
    message = f"organisation {organization_id} has no report definition with id {definition_id}"
    raise UnknownDefinition(message)


def _leave_out(_: DefinitionInvalid) -> None:
    """An unreadable definition of the organisation must not stop requests for the others."""
