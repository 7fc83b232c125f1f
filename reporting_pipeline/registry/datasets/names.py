"""The names beside ids: what organisations, events, venues, ticket types and gates are called.

They are as landed last, so a renamed event has its new name on all days; null where the source has
not told of the thing. Money of no single event, a payout, is named so.

What belongs here: the name columns, and where they stand. What does not: any other column.
"""

from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType

from reporting_pipeline.registry.columns import Column, ColumnType, attribute


def _name(name: str, words: str, *sources: str) -> Column:
    description = f"{words}, as known now; null where unknown."
    return attribute(name, ColumnType.TEXT, description, *sources, nullable=True)


_NAMES = MappingProxyType(
    {
        "organization_id": (
            _name("organization_name", "Name of the organisation", "ticketing_organizations.name"),
        ),
        "event_id": (
            _name("event_name", "Name of the event", "ticketing_events.name"),
            _name(
                "event_timezone",
                "IANA time zone of the event, which its report days are in",
                "ticketing_events.timezone",
            ),
            _name(
                "venue_name",
                "Name of the event's venue",
                "ticketing_events.venue_id",
                "seating_venues.name",
            ),
        ),
        "ticket_type_id": (
            _name("ticket_type_name", "Name of the ticket type", "ticketing_ticket_types.name"),
        ),
        "gate_id": (_name("gate_name", "Name of the gate", "scanning_gates.name"),),
    }
)


_NO_SINGLE_EVENT = "; `(no single event)` where there is none."


def with_names(columns: Iterable[Column]) -> tuple[Column, ...]:
    """The columns, each id followed by the names of what it stands for."""
    return tuple(named for column in columns for named in (column, *_names_of(column)))


def _names_of(column: Column) -> tuple[Column, ...]:
    names = _NAMES.get(column.name, ())
    if column.name != "event_id" or not column.nullable:
        return names
    name, *others = names
    description = name.description.removesuffix(".") + _NO_SINGLE_EVENT
    return (replace(name, description=description), *others)
