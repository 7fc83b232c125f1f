"""The editions of one report: when and why each was made, its manifest, and the rows it changed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

_EDITIONS = """
    select
        edition.edition,
        edition.version as definition_version,
        edition.logic_version,
        edition.is_provisional,
        edition.generated_at,
        edition.byte_count,
        edition.row_count,
        edition.file_sha256,
        edition.rows_sha256,
        edition.causes,
        edition.edition = report.edition as is_current
    from catalogue.generated_report_editions as edition
    inner join catalogue.generated_reports as report on report.id = edition.report_id
    where report.organization_id = %(organization_id)s and report.id = %(report_id)s
    order by edition.edition desc
"""
_MANIFEST = """
    select
        case when edition.edition = report.edition then report.manifest else edition.manifest end
    from catalogue.generated_report_editions as edition
    inner join catalogue.generated_reports as report on report.id = edition.report_id
    where
        report.organization_id = %(organization_id)s
        and report.id = %(report_id)s
        and edition.edition = %(edition)s
"""
_CHANGES = """
    select change.position, change.change, change.row_key, change.column_name,
        change.former_value, change.new_value
    from catalogue.restatement_changes as change
    inner join catalogue.generated_reports as report
        on report.organization_id = change.organization_id
        and report.definition_id = change.definition_id
        and report.period = change.period_token
        and report.format = change.format
    where
        report.organization_id = %(organization_id)s
        and report.id = %(report_id)s
        and change.edition = %(edition)s
        and change.position > %(after)s
    order by change.position
    limit %(limit)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportEdition:
    """One edition of a report.

    Attributes:
        causes: Why it differs from the edition before.
        is_current: Its file is in the store; those of former editions were replaced.
    """

    edition: int
    definition_version: int
    logic_version: int
    is_provisional: bool
    generated_at: datetime
    byte_count: int
    row_count: int
    file_sha256: str
    rows_sha256: str
    causes: list[str]
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RestatedValue:
    """A row that an edition added or removed, or a value that it changed.

    Attributes:
        position: The place in the list, from 1.
        change: `added`, `removed` or `changed`.
        row_key: The values that identify the row.
        column_name: The column of a changed value; None of a whole row.
    """

    position: int
    change: str
    row_key: str
    column_name: str | None
    former_value: str | None
    new_value: str | None


def report_editions(
    connection: Connection[Any], organization_id: UUID, report_id: UUID
) -> list[ReportEdition]:
    """The editions of an organisation's report, the newest first."""
    bound = {"organization_id": organization_id, "report_id": report_id}
    with connection.cursor(row_factory=class_row(ReportEdition)) as cursor:
        return cursor.execute(_EDITIONS, bound).fetchall()


def edition_manifest(
    connection: Connection[Any], organization_id: UUID, report_id: UUID, edition: int
) -> dict[str, Any] | None:
    """The manifest of an edition, with its signatures; None if there is no such edition."""
    bound = {"organization_id": organization_id, "report_id": report_id, "edition": edition}
    found = connection.execute(_MANIFEST, bound).fetchone()
    return None if found is None else dict(found[0])


def edition_changes(
    connection: Connection[Any],
    organization_id: UUID,
    report_id: UUID,
    edition: int,
    *,
    after: int,
    limit: int,
) -> list[RestatedValue]:
    """What an edition changed against the one before, from behind a position on."""
    bound = {
        "organization_id": organization_id,
        "report_id": report_id,
        "edition": edition,
        "after": after,
        "limit": limit,
    }
    with connection.cursor(row_factory=class_row(RestatedValue)) as cursor:
        return cursor.execute(_CHANGES, bound).fetchall()
