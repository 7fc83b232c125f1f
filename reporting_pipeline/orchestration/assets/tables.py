"""Tables in metadata: organisations and events with their names, files with links, Markdown."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import dagster as dg
from psycopg import Connection

from reporting_pipeline.domain.period import Period
from reporting_pipeline.sources.landed_names import NO_NAMES, LandedNames

LISTED = 50
"""The number of rows that a table shows at most."""

ORGANIZATION, ORGANIZATION_ID = dg.TableColumn("organization"), dg.TableColumn("organization_id")
"""The columns of `Names.of_organization`; ids are behind all columns that people read."""

EVENT = dg.TableColumn("event")
"""The column of `Names.of_event`."""

_EVERY = "every organisation"
_EVENT_SCHEMA = dg.TableSchema(
    columns=[EVENT, ORGANIZATION, dg.TableColumn("event_id"), ORGANIZATION_ID]
)


@dataclass(frozen=True, slots=True)
class Names:
    """Names by id, as landed last. An id without a name is shown alone."""

    landed: LandedNames = NO_NAMES

    @classmethod
    def read(cls, connection: Connection[Any], event_ids: Collection[UUID] = ()) -> "Names":
        """The names of all organisations, and of these events."""
        return cls(LandedNames.read(connection, event_ids))

    def of_organization(self, organization_id: UUID | None) -> dict[str, str | None]:
        """The cells of an organisation: its name and its id. None is every organisation."""
        if organization_id is None:
            return {"organization": _EVERY, "organization_id": _EVERY}
        return {
            "organization": self.landed.organizations.get(organization_id),
            "organization_id": str(organization_id),
        }

    def of_event(self, event_id: UUID | None) -> dict[str, str | None]:
        """The cell of an event: its name, or its id if it has none."""
        if event_id is None:
            return {"event": None}
        _, name = self.landed.events.get(event_id, (None, str(event_id)))
        return {"event": name}

    def table_of_event(self, event_id: UUID) -> dg.TableMetadataValue:
        """An event in words, as a table of one row: for where Dagster itself shows only the id."""
        owner, _ = self.landed.events.get(event_id, (None, None))
        owned = self.of_organization(owner) if owner else {}
        row = {**self.of_event(event_id), **owned, "event_id": str(event_id)}
        return dg.MetadataValue.table([dg.TableRecord(row)], schema=_EVENT_SCHEMA)


def period_text(token: str) -> str:
    """The days of a period; the event, whose id a token has, is in a column of its own."""
    return Period.of_token(token).words


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows as a Markdown table; a null is empty."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(value: object) -> str:
    return "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")
