"""The editions that were published, with their manifests, to compare a file with."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from reporting_pipeline.exports.manifest import Manifest

_SELECT = """
    select
        definition.slug,
        report.period,
        report.format,
        edition.edition,
        report.edition as current_edition,
        edition.file_sha256,
        edition.manifest,
        case when edition.edition = report.edition then report.manifest end as current_manifest
    from catalogue.generated_report_editions as edition
    inner join catalogue.generated_reports as report on report.id = edition.report_id
    inner join catalogue.report_definitions as definition
        on definition.id = report.definition_id
    where edition.file_sha256 = %(file_sha256)s or edition.report_id = %(report_id)s
    order by report.id, edition.edition desc
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedEdition:
    """One edition of a report.

    Attributes:
        current_edition: The number of the report's current edition.
        file_sha256: The digest of the file's bytes.
        manifest: The manifest with which the edition began.
        current_manifest: Of the current edition: the manifest that is beside its file now. It may
            be a later one, because the same bytes make no new edition.
    """

    slug: str
    period: str
    format: str
    edition: int
    current_edition: int
    file_sha256: str
    manifest: dict[str, Any]
    current_manifest: dict[str, Any] | None

    @property
    def manifests(self) -> list[Manifest]:
        """The manifests of the edition, the newest one first."""
        known = [self.current_manifest, self.manifest]
        return [Manifest.model_validate(each) for each in known if each is not None]

    def __str__(self) -> str:
        """The edition, for people."""
        return f"edition {self.edition} of {self.slug}, {self.period}, {self.format}"


def published_editions(
    connection: Connection[Any], *, file_sha256: str, report_id: UUID
) -> list[PublishedEdition]:
    """The editions that have these bytes, of any report, and all editions of one report."""
    with connection.cursor(row_factory=class_row(PublishedEdition)) as cursor:
        bound = {"file_sha256": file_sha256, "report_id": report_id}
        return cursor.execute(_SELECT, bound).fetchall()
