"""The names beside ids: what organisations, events, venues, ticket types and gates are called.

They are as landed last, so a renamed event has its new name on all days; null where the source has
not told of the thing.

What belongs here: the name columns, and where they stand. What does not: any other column.
"""

from collections.abc import Iterable
from types import MappingProxyType

from reporting_pipeline.reports.tables.report_table import Column, ColumnType, attribute


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


def with_names(columns: Iterable[Column]) -> tuple[Column, ...]:
    """The columns, each id followed by the names of what it stands for."""
    return tuple(named for column in columns for named in (column, *_NAMES.get(column.name, ())))
