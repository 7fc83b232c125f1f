"""The key of a generated report, its names in the store, and the catalogue rows that have the key.

    {organization}/{slug}/{period}/{slug}_{period}.csv                  the file
    {organization}/{slug}/{period}/{slug}_{period}_PROVISIONAL.csv      over days that are not final
    {organization}/{slug}/{period}/{slug}_{period}.csv.zip              a file for each block
    {organization}/{slug}/{period}/....manifest.json                    its manifest, beside it
    {organization}/{slug}/{period}/rows/{rows_sha256}.csv.zst           the rows of an edition

All formats and editions of a report share one folder.
"""

from dataclasses import dataclass, fields
from datetime import date
from uuid import UUID, uuid5

from reporting_pipeline.domain.period import Period
from reporting_pipeline.exports.manifest import MANIFEST_SUFFIX, Manifest
from reporting_pipeline.report_definitions.definition import ReportDefinition, ReportFormat

_NAMESPACE = UUID("7c0c1f0e-6d0b-5c55-9b0a-3b9a4c1d2e11")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportKey:
    """The key of a generated report: organisation, definition, period and format."""

    organization_id: UUID
    definition_id: UUID
    slug: str
    period: Period
    format: ReportFormat

    @classmethod
    def of(cls, definition: ReportDefinition, period: Period, format_: ReportFormat) -> "ReportKey":
        """The key of a definition's report; it does not depend on the definition's version."""
        return cls(
            organization_id=definition.organization_id,
            definition_id=definition.id,
            slug=definition.slug,
            period=period,
            format=format_,
        )

    @property
    def id(self) -> UUID:
        """The report's id in the catalogue; the same report has the same id even after a wipe."""
        parts = (self.organization_id, self.definition_id, self.period.token, self.format)
        return uuid5(_NAMESPACE, "/".join(map(str, parts)))

    @property
    def lock_name(self) -> str:
        """The name of the lock during generation; all formats of a period share it."""
        return f"report {self.definition_id} {self.period.token}"

    @property
    def folder(self) -> str:
        """The folder of all files of the definition's period."""
        return f"{self.organization_id}/{self.slug}/{self.period.token}"

    @property
    def columns(self) -> dict[str, object]:
        """The columns of a catalogue row about the report, as SQL parameters."""
        return {
            "organization_id": self.organization_id,
            "definition_id": self.definition_id,
            "period": self.period.token,
            "period_first": self.period.first,
            "period_end": self.period.end,
            "event_id": self.period.event_id,
            "format": self.format,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedRow:
    """A catalogue row about one report; subclasses add the other columns of their table.

    Attributes:
        id: The id of the row.
        slug: The definition's slug; the only field that is not a column of the row.
        version: The definition's version.
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
        """The key of the report."""
        return ReportKey(
            organization_id=self.organization_id,
            definition_id=self.definition_id,
            slug=self.slug,
            period=Period(first=self.period_first, end=self.period_end, event_id=self.event_id),
            format=ReportFormat(self.format),
        )


def select_statement(row: type[KeyedRow], table: str) -> str:
    """A SELECT of all fields of a subclass, from its table (as `keyed`) and the definitions."""
    columns = ", ".join(
        "definition.slug" if each.name == "slug" else f"keyed.{each.name}" for each in fields(row)
    )
    return (
        f"select {columns} from {table} as keyed"  # noqa: S608 - names from the code
        " inner join catalogue.report_definitions as definition"
        " on definition.id = keyed.definition_id"
    )


def manifest_key(file_key: str) -> str:
    """The key of the manifest beside a file."""
    return f"{file_key}{MANIFEST_SUFFIX}"


def rows_key(manifest: Manifest) -> str:
    """The key of a report's kept rows, which all its formats share."""
    slug, _, _ = manifest.definition.slug.partition("/")  # of a block: its report's
    folder = f"{manifest.organization.id}/{slug}/{manifest.period.token}"
    return f"{folder}/rows/{manifest.rows_sha256}.csv.zst"
