"""The names of organisations and events, as landed last, for texts that people read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg import Connection

from reporting_pipeline.domain.names import beside_id
from reporting_pipeline.domain.period import Period


def organization_names(connection: Connection[Any]) -> dict[UUID, str]:
    """The names of the organisations that have landed, by id."""
    return dict(connection.execute("select id, name from landing.ticketing_organizations"))


@dataclass(frozen=True, slots=True, kw_only=True)
class LandedNames:
    """Names beside ids, for messages.

    Attributes:
        organizations: The names of all organisations.
        events: The names of some events, each with its organisation.
    """

    organizations: Mapping[UUID, str] = field(default_factory=dict)
    events: Mapping[UUID, tuple[UUID, str]] = field(default_factory=dict)

    @classmethod
    def read(
        cls, connection: Connection[Any], event_ids: Iterable[UUID | None] = ()
    ) -> "LandedNames":
        """The names of all organisations, and of these events."""
        wanted = list({each for each in event_ids if each is not None})
        query = "select id, organization_id, name from landing.ticketing_events where id = any(%s)"
        rows = connection.execute(query, (wanted,)) if wanted else ()
        return cls(
            organizations=organization_names(connection),
            events={event_id: (organization_id, name) for event_id, organization_id, name in rows},
        )

    def organization(self, organization_id: UUID) -> str:
        """The name and the id of an organisation; the id if it has no name."""
        return beside_id(self.organizations.get(organization_id), organization_id)

    def event(self, event_id: UUID, organization_id: UUID | None) -> str:
        """The name and the id of an event; the id if another organisation holds it.

        Args:
            event_id: The event.
            organization_id: The organisation that reads the text; None: only the operator does.
        """
        owner, name = self.events.get(event_id, (None, None))
        is_own = organization_id is None or organization_id == owner
        return beside_id(name if is_own else None, event_id)

    def period(self, token: str, event_id: UUID | None, organization_id: UUID) -> str:
        """The days of a report's period, behind the name and the id of its event, if it has one."""
        days = Period.of_token(token).words
        return days if event_id is None else f"{self.event(event_id, organization_id)}, {days}"


NO_NAMES = LandedNames()
"""Ids are shown alone."""
