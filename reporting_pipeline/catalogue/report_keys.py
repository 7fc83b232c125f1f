"""Which report a file is, and where it stands in the store.

    {organization}/{slug}/{period}/{slug}_{period}.csv                  the file
    {organization}/{slug}/{period}/{slug}_{period}_PROVISIONAL.csv      over days that are not final
    {organization}/{slug}/{period}/....manifest.json                    its manifest, beside it
    {organization}/{slug}/{period}/rows/{rows_sha256}.csv.zst           the rows of an edition

What belongs here: names. What does not: what is in them.
"""

from dataclasses import dataclass, fields
from datetime import date
from uuid import UUID, uuid5

from reporting_pipeline.domain.period import Period
from reporting_pipeline.exports.manifest import MANIFEST_SUFFIX, Manifest
from reporting_pipeline.report_definitions.definition import ReportDefinition, ReportFormat

_NAMESPACE = UUID("7c0c1f0e-6d0b-5c55-9b0a-3b9a4c1d2e11")
PROVISIONAL_MARK = "_PROVISIONAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportKey:
    """A generated report: organisation, definition, period and format. There is one of each."""

    organization_id: UUID
    definition_id: UUID
    slug: str
    period: Period
    format: ReportFormat

    @classmethod
    def of(cls, definition: ReportDefinition, period: Period, format_: ReportFormat) -> "ReportKey":
        """The report of a definition, whatever its version."""
        return cls(
            organization_id=definition.organization_id,
            definition_id=definition.id,
            slug=definition.slug,
            period=period,
            format=format_,
        )

    @property
    def id(self) -> UUID:
        """Its id in the catalogue: the same report has the same id, also after a wipe."""
        parts = (self.organization_id, self.definition_id, self.period.token, self.format)
        return uuid5(_NAMESPACE, "/".join(map(str, parts)))

    @property
    def lock_name(self) -> str:
        """What is locked while it is made: all formats of a definition's period."""
        return f"report {self.definition_id} {self.period.token}"

    def file_name(self, *, is_provisional: bool) -> str:
        """The name of its file."""
        mark = PROVISIONAL_MARK if is_provisional else ""
        return f"{self.slug}_{self.period.token}{mark}.{self.format}"

    def file_key(self, *, is_provisional: bool) -> str:
        """Where its file stands."""
        return f"{self.folder}/{self.file_name(is_provisional=is_provisional)}"

    @property
    def folder(self) -> str:
        """Where all files of the definition's period stand."""
        return f"{self.organization_id}/{self.slug}/{self.period.token}"


def manifest_key(file_key: str) -> str:
    """Where the manifest beside a file stands."""
    return f"{file_key}{MANIFEST_SUFFIX}"


def rows_key(manifest: Manifest) -> str:
    """Where the rows of a report are kept, which all its formats share."""
    folder = f"{manifest.organization.id}/{manifest.definition.slug}/{manifest.period.token}"
    return f"{folder}/rows/{manifest.rows_sha256}.csv.zst"


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


def select_statement(row: type[KeyedRow], table: str) -> str:
    """A SELECT of all that a subclass holds, from its table and the definitions, as `keyed`."""
    columns = ", ".join(
        "definition.slug" if each.name == "slug" else f"keyed.{each.name}" for each in fields(row)
    )
    return (
        f"select {columns} from {table} as keyed"  # noqa: S608 - our own names
        " inner join catalogue.report_definitions as definition"
        " on definition.id = keyed.definition_id"
    )
