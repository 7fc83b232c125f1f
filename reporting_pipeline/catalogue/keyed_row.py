"""A row of the catalogue that is about one report file, and how such rows are read.

What belongs here: the columns that say which report it is. What does not: what else a row says
(`catalogue.generated`, `requests.request`).
"""

from dataclasses import dataclass, fields
from datetime import date
from uuid import UUID

from reporting_pipeline.catalogue.report_keys import ReportKey
from reporting_pipeline.domain.period import Period
from reporting_pipeline.report_definitions.definition import ReportFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedRow:
    """Which report a row is about; a subclass adds what its table says of it.

    Attributes:
        id: Of the row.
        slug: The definition's; the only field that is no column of the row.
        version: Of the definition.
    """

    id: UUID
    organization_id: UUID
    definition_id: UUID
    slug: str
    version: int
    period: str
    period_first: date | None
    period_end: date
    event_id: UUID | None
    format: str

    @property
    def key(self) -> ReportKey:
        """Which report it is."""
        return ReportKey(
            organization_id=self.organization_id,
            definition_id=self.definition_id,
            slug=self.slug,
            period=Period(first=self.period_first, end=self.period_end, event_id=self.event_id),
            format=ReportFormat(self.format),
        )


def select_of(row: type[KeyedRow], table: str) -> str:
    """A SELECT of all that a subclass holds, from its table and the definitions, as `keyed`."""
    columns = ", ".join(
        "definition.slug" if each.name == "slug" else f"keyed.{each.name}" for each in fields(row)
    )
    return (
        f"select {columns} from {table} as keyed"  # noqa: S608 - our own names
        " inner join catalogue.report_definitions as definition"
        " on definition.id = keyed.definition_id"
    )
