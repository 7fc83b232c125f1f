"""Options that name an organisation or an event: by its id, or by its name.

A command reads such an option with `ORGANIZATION` or `EVENT`, and finds out which one is meant in
its session: `chosen_organization(connection, option)`.
"""

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click
from psycopg import Connection
from typing_extensions import override

from reporting_pipeline.catalogue.definition_store import definitions_of, require_slugs
from reporting_pipeline.catalogue.directory import event_called, organization_called
from reporting_pipeline.guards.shown_text import shown

_MAX_CHARACTERS = 1_000
_LOG = logging.getLogger(__name__)

if TYPE_CHECKING:
    _Text = click.ParamType[str]
else:  # only the newest versions of click have a type parameter
    _Text = click.ParamType


class NameOrId(_Text):
    """A text that names a landed thing; the warehouse knows which one."""

    def __init__(self, thing: str) -> None:
        self.name = thing

    @override
    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return "NAME|ID"

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value)
        if not text.strip():
            self.fail(f"it is empty; expected the name or the id of an {self.name}", param, ctx)
        if len(text) > _MAX_CHARACTERS or any(map(_is_lone_surrogate, text)):
            self.fail(f"{shown(text)!r} is too long, or is not UTF-8", param, ctx)
        return text


def _is_lone_surrogate(character: str) -> bool:
    """True for a byte of a command line that is not UTF-8."""
    return "\ud800" <= character <= "\udfff"


def token_of(token: str, event_id: UUID | None) -> str:
    """The name of a period; with an event, the days alone are enough."""
    if event_id is None or token.startswith("event-"):
        return token
    return f"event-{event_id}_{token}"


ORGANIZATION = NameOrId("organisation")
EVENT = NameOrId("event")


def chosen_organization(connection: Connection[Any], chosen: str | None) -> UUID | None:
    """The id of the chosen organisation; None if none is chosen.

    Raises:
        UnknownName: None has this name or id, or several have the name.
    """
    return None if chosen is None else organization_called(connection, chosen)


def chosen_organizations(
    connection: Connection[Any], chosen: Iterable[str], *, may_land_later: bool = False
) -> tuple[UUID, ...]:
    """The ids of the chosen organisations, each once.

    Args:
        connection: To the warehouse.
        chosen: The values of the option.
        may_land_later: An id is taken as it is, also one that is not known yet.

    Raises:
        UnknownName: None has one of the names or ids, or several have a name.
    """
    found = (
        organization_called(connection, each, may_land_later=may_land_later) for each in chosen
    )
    return tuple(dict.fromkeys(found))


def require_definition(
    connection: Connection[Any], slug: str, organization_id: UUID | None = None
) -> None:
    """Refuse a slug that no report definition has, of the organisation or of all.

    Raises:
        UnknownDefinition: There is none; the message names the nearest, and lists all.
    """
    definitions = definitions_of(connection, organization_id, on_unreadable=_LOG.warning)
    require_slugs([slug], (each.slug for each in definitions))


def chosen_event(
    connection: Connection[Any], chosen: str | None, organization_id: UUID | None = None
) -> UUID | None:
    """The id of the chosen event; None if none is chosen.

    Args:
        connection: To the warehouse.
        chosen: The value of the option.
        organization_id: Only an event of this organisation may be meant by a name.

    Raises:
        UnknownName: None has this name or id, or several have the name.
    """
    return None if chosen is None else event_called(connection, chosen, organization_id)
