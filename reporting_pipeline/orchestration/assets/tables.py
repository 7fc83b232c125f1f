"""Tables in metadata: organisations and events with their names, files with links, Markdown."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import dagster as dg
from psycopg import Connection

from reporting_pipeline.catalogue.definition_store import event_names, organization_names

LISTED = 50
"""The number of rows that a table shows at most."""

ORGANIZATION_COLUMNS = (dg.TableColumn("organization"), dg.TableColumn("organization_id"))
"""The columns of `Names.of_organization`."""

_EVERY = "every organisation"


@dataclass(frozen=True, slots=True)
class Names:
    """Names by id, as landed last. An id without a name is shown alone."""

    organizations: Mapping[UUID, str] = field(default_factory=dict)
    events: Mapping[UUID, str] = field(default_factory=dict)

    @classmethod
    def read(cls, connection: Connection[Any], event_ids: Collection[UUID] = ()) -> "Names":
        """The names of all organisations, and of these events."""
        return cls(organization_names(connection), event_names(connection, event_ids))

    def of_organization(self, organization_id: UUID | None) -> dict[str, str | None]:
        """The cells of an organisation: its name and its id. None is every organisation."""
        if organization_id is None:
            return {"organization": _EVERY, "organization_id": _EVERY}
        return {
            "organization": self.organizations.get(organization_id),
            "organization_id": str(organization_id),
        }

    def of_event(self, event_id: UUID | None) -> dict[str, str | None]:
        """The cell of an event: its name, or its id if it has none."""
        if event_id is None:
            return {"event": None}
        return {"event": self.events.get(event_id, str(event_id))}


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows as a Markdown table; a null is empty."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(value: object) -> str:
    return "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")
