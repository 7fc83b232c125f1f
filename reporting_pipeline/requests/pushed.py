"""Messages that others push onto an organisation's list, and what they ask for.

    {"version": 1, "definition": "daily-sales", "period": "2026-02-28", "format": "csv"}

`definition` is a slug or an id, of the organisation whose list it is; `provisional` may be true.
Our own hints lie in the same list: {"version": 1, "request_id": "..."}.

What belongs here: reading one message. What does not: lists (`lists`) and requests (`ask`).
"""

from typing import Annotated, Any, Literal
from uuid import UUID

from psycopg import Connection
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reporting_pipeline.catalogue.definitions import definition_by_slug, definitions_of
from reporting_pipeline.domain.period import Period
from reporting_pipeline.errors import DefinitionInvalid, UnknownDefinition
from reporting_pipeline.publishing.report_rows import ReportRequest
from reporting_pipeline.report_definitions.definition import ReportDefinition, ReportFormat

MAX_BYTES = 10_000
"""Longer messages are not read."""


class Hint(BaseModel):
    """Our own message: a request waits, or waited."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1]
    request_id: UUID


class Wanted(BaseModel):
    """A message of others: a report that they want."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1]
    definition: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,99}$")]
    period: Annotated[str, Field(max_length=100)]
    format: ReportFormat
    provisional: bool = False


def hint(request_id: UUID) -> bytes:
    """The message by which a request waits in the list."""
    return f'{{"version": 1, "request_id": "{request_id}"}}'.encode()


def message_from(raw: bytes) -> Hint | Wanted:
    """What a message says.

    Raises:
        DefinitionInvalid: It is none of the two forms; the reason says where.
    """
    if len(raw) > MAX_BYTES:
        message = f"the message has {len(raw)} bytes; expected at most {MAX_BYTES}"
        raise DefinitionInvalid(message)
    form: type[Hint | Wanted] = Hint if b'"request_id"' in raw else Wanted
    try:
        return form.model_validate_json(raw)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, each['loc'])) or 'message'}: {each['msg']}"
            for each in error.errors(include_input=False, include_url=False)
        )
        message = f"the message is malformed: {problems}"
        raise DefinitionInvalid(message) from None


def report_wanted(
    connection: Connection[Any], organization_id: UUID, wanted: Wanted
) -> ReportRequest:
    """The report that a message of an organisation's list asks for.

    Raises:
        UnknownDefinition: The organisation has no such definition.
        DefinitionInvalid: The period is none.
    """
    definition = _definition(connection, organization_id, wanted.definition)
    try:
        period = Period.of_token(wanted.period)
    except ValueError as error:
        message = f"period: {error}"
        raise DefinitionInvalid(message) from error
    return ReportRequest(
        definition=definition, period=period, is_provisional_allowed=wanted.provisional
    )


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
