"""Generated reports in the catalogue: one row per organisation, definition, period and format.

An edition is published in two transactions, one before and one after the file is put into the
store: `record_upcoming` records the upcoming edition, `complete_edition` makes it current. If the
process dies in between, the former edition stays current, and `publishing.publish.settle` later
completes or drops the upcoming one.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Json
from pydantic import BaseModel, ConfigDict

from reporting_pipeline.catalogue.report_keys import KeyedRow, ReportKey, select_statement
from reporting_pipeline.errors import ExportIncomplete
from reporting_pipeline.exports.manifest import FilePart, Manifest


class UpcomingEdition(BaseModel):
    """An edition that is being put into the store.

    Attributes:
        storage_path: The key of the file.
        manifest: The manifest beside the file.
        landed_through: The greatest record clock landed when the rows were read.
        generated_at: The time of the generation.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    storage_path: str
    manifest: Manifest
    landed_through: datetime | None
    generated_at: datetime

    @property
    def file(self) -> FilePart:
        """The file of the edition."""
        if self.manifest.file is None:
            message = f"the manifest of {self.storage_path} does not describe the file"
            raise ValueError(message)
        return self.manifest.file


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedReport(KeyedRow):
    """One row of `catalogue.generated_reports`.

    Attributes:
        edition: The number of the current edition; 0 while none is published.
        storage_path: The key of the current edition's file; None if there is none.
        upcoming: The edition that was being put into the store when the row was last written.
        basis: The digest of what the last generation was read from (`publishing.basis`); None: the
            report is read again.
    """

    status: str
    edition: int
    is_provisional: bool
    storage_path: str | None
    generated_at: datetime | None
    byte_count: int | None
    row_count: int | None
    file_sha256: str | None
    rows_sha256: str | None
    failure_class: str | None
    failure_message: str | None
    manifest: dict[str, Any] | None
    upcoming: dict[str, Any] | None
    basis: str | None = None

    @property
    def file_name(self) -> str | None:
        """The own name of the current edition's file; of an older file, its name in the store."""
        if self.storage_path is None:
            return None
        part: dict[str, Any] = (self.manifest or {}).get("file") or {}
        return part.get("download_name") or self.storage_path.rpartition("/")[2]

    def upcoming_edition(self) -> UpcomingEdition | None:
        """The edition that was being put into the store, if any."""
        return None if self.upcoming is None else UpcomingEdition.model_validate(self.upcoming)

    def is_edition(self, upcoming: UpcomingEdition) -> bool:
        """True if an upcoming edition is the current one: the same bytes at the same key."""
        return (self.file_sha256, self.storage_path) == (
            upcoming.file.sha256,
            upcoming.storage_path,
        )

    def current_manifest(self) -> Manifest | None:
        """The manifest of the current edition; None if there is none."""
        return None if self.manifest is None else Manifest.model_validate(self.manifest)


_SELECT = select_statement(GeneratedReport, "catalogue.generated_reports")

_PUBLISHED = """
    where
        keyed.edition > 0
        and (%(schedule)s::text is null or definition.schedule = %(schedule)s)
        and (%(ends)s::date[] is null or keyed.period_end = any(%(ends)s))
        and (%(event_ids)s::uuid[] is null or keyed.event_id = any(%(event_ids)s))
        and (%(since)s::timestamptz is null or keyed.generated_at >= %(since)s)
    order by definition.slug, keyed.organization_id, keyed.period, keyed.format
"""

_NOTE = """
    insert into catalogue.generated_reports (
        id, organization_id, definition_id, version, period, period_first, period_end, event_id,
        format, status, failure_class, failure_message, basis, updated_at
    )
    values (
        %(id)s, %(organization_id)s, %(definition_id)s, %(version)s, %(period)s, %(period_first)s,
        %(period_end)s, %(event_id)s, %(format)s, %(status)s, %(failure_class)s,
        %(failure_message)s, %(basis)s, %(now)s
    )
    on conflict (id) do update set
        version = case when generated_reports.edition = 0 then excluded.version
            else generated_reports.version end,
        status = excluded.status,
        failure_class = excluded.failure_class,
        failure_message = excluded.failure_message,
        basis = excluded.basis,
        updated_at = excluded.updated_at
"""

_COMPLETE = """
    update catalogue.generated_reports set
        status = 'ready', version = %(version)s, edition = %(edition)s,
        is_provisional = %(is_provisional)s, storage_path = %(storage_path)s,
        generated_at = %(generated_at)s, byte_count = %(byte_count)s, row_count = %(row_count)s,
        file_sha256 = %(file_sha256)s, rows_sha256 = %(rows_sha256)s, manifest = %(manifest)s,
        upcoming = null, failure_class = null, failure_message = null, basis = %(basis)s,
        updated_at = %(now)s
    where id = %(id)s
"""

_EDITION = """
    insert into catalogue.generated_report_editions (
        report_id, edition, version, logic_version, is_provisional, storage_path, generated_at,
        byte_count, row_count, file_sha256, rows_sha256, landed_through, manifest, causes
    )
    values (
        %(id)s, %(edition)s, %(version)s, %(logic_version)s, %(is_provisional)s, %(storage_path)s,
        %(generated_at)s, %(byte_count)s, %(row_count)s, %(file_sha256)s, %(rows_sha256)s,
        %(landed_through)s, %(manifest)s, %(causes)s
    )
"""


def generated_report(connection: Connection[Any], report_id: UUID) -> GeneratedReport | None:
    """A report by its id; None if it was never requested."""
    with connection.cursor(row_factory=class_row(GeneratedReport)) as cursor:
        return cursor.execute(f"{_SELECT} where keyed.id = %s", (report_id,)).fetchone()


def reports_with(
    connection: Connection[Any], report_ids: Collection[UUID]
) -> dict[UUID, GeneratedReport]:
    """The reports with these ids, by id; those that were never requested are left out."""
    with connection.cursor(row_factory=class_row(GeneratedReport)) as cursor:
        found = cursor.execute(f"{_SELECT} where keyed.id = any(%s)", (list(report_ids),))
        return {each.id: each for each in found}


def required_report(connection: Connection[Any], key: ReportKey) -> GeneratedReport:
    """A report whose row exists.

    Raises:
        ExportIncomplete: The row was lost meanwhile.
    """
    report = generated_report(connection, key.id)
    if report is None:
        message = (
            f"the catalogue has lost report {key.id}, {key.slug} of {key.period}, while it was "
            "generated; request it again"
        )
        raise ExportIncomplete(message)
    return report


def generated_reports(
    connection: Connection[Any],
    *,
    organization_id: UUID | None = None,
    definition_id: UUID | None = None,
) -> list[GeneratedReport]:
    """The generated reports, newest period first, of one organisation or definition if given."""
    where = (
        " where (%(o)s::uuid is null or keyed.organization_id = %(o)s)"
        " and (%(d)s::uuid is null or keyed.definition_id = %(d)s)"
        " order by keyed.period_end desc, definition.slug, keyed.period, keyed.format"
    )
    with connection.cursor(row_factory=class_row(GeneratedReport)) as cursor:
        bound = {"o": organization_id, "d": definition_id}
        return cursor.execute(_SELECT + where, bound).fetchall()


def published_reports(
    connection: Connection[Any],
    *,
    schedule: str | None = None,
    period_ends: Collection[date] | None = None,
    event_ids: Collection[UUID] | None = None,
    since: datetime | None = None,
) -> list[GeneratedReport]:
    """The reports with a current edition, by definition, organisation, period and format.

    Args:
        connection: To the warehouse.
        schedule: Only of definitions with this schedule now.
        period_ends: Only those whose period ends before one of these days.
        event_ids: Only those about one of these events.
        since: Only those whose edition was generated at this time or later.
    """
    bound = {
        "schedule": schedule,
        "ends": None if period_ends is None else list(period_ends),
        "event_ids": None if event_ids is None else list(event_ids),
        "since": since,
    }
    with connection.cursor(row_factory=class_row(GeneratedReport)) as cursor:
        return cursor.execute(_SELECT + _PUBLISHED, bound).fetchall()


def unsettled_reports(connection: Connection[Any]) -> list[GeneratedReport]:
    """The reports with an upcoming edition that was not completed, oldest change first."""
    with connection.cursor(row_factory=class_row(GeneratedReport)) as cursor:
        return cursor.execute(
            f"{_SELECT} where keyed.upcoming is not null order by keyed.updated_at"
        ).fetchall()


def set_status(  # noqa: PLR0913 - one argument per column
    connection: Connection[Any],
    key: ReportKey,
    status: str,
    *,
    version: int,
    now: datetime,
    failure: tuple[str, str] | None = None,
    basis: str | None = None,
) -> None:
    """Set the status of a report, without a change of its current edition.

    Args:
        connection: To the warehouse.
        key: The report.
        status: `queued`, `running`, `failed`, `held`, `empty`; `ready` if the edition stays valid.
        version: The requested version of the definition; a row with an edition keeps its version.
        now: The time of the change.
        failure: Class and message, if it failed or is held.
        basis: What it was read from, if it is held or empty.
    """
    failure_class, failure_message = failure or (None, None)
    connection.execute(
        _NOTE,
        {
            **key.columns,
            "id": key.id,
            "version": version,
            "status": status,
            "failure_class": failure_class,
            "failure_message": failure_message,
            "basis": basis,
            "now": now,
        },
    )


def record_upcoming(connection: Connection[Any], key: ReportKey, upcoming: UpcomingEdition) -> None:
    """Record the edition that is about to be put into the store; the report's row must exist."""
    connection.execute(
        "update catalogue.generated_reports set upcoming = %s where id = %s",
        (_json_value(upcoming), key.id),
    )


def drop_upcoming(connection: Connection[Any], report_id: UUID) -> None:
    """Drop an upcoming edition that the store does not have; the former one stays current."""
    connection.execute(
        "update catalogue.generated_reports set upcoming = null where id = %s", (report_id,)
    )


def complete_edition(
    connection: Connection[Any],
    report: GeneratedReport,
    upcoming: UpcomingEdition,
    *,
    causes: Sequence[str],
    now: datetime,
    basis: str | None = None,
) -> int:
    """Make the upcoming edition the current one; the number rises only if the bytes differ.

    Args:
        connection: To the warehouse.
        report: The report's row.
        upcoming: The edition, which the store has.
        causes: Why it differs from the former edition.
        now: The time of the change.
        basis: What it was read from; None if another process has read it.

    Returns:
        The number of the current edition.
    """
    is_new = not report.is_edition(upcoming)
    edition = report.edition + 1 if is_new else report.edition
    manifest = upcoming.manifest
    values = {
        "id": report.id,
        "version": manifest.definition.version,
        "edition": edition,
        "logic_version": manifest.logic_version,
        "is_provisional": manifest.is_provisional,
        "storage_path": upcoming.storage_path,
        "generated_at": upcoming.generated_at if is_new else report.generated_at,
        "byte_count": upcoming.file.byte_count,
        "row_count": manifest.row_count,
        "file_sha256": upcoming.file.sha256,
        "rows_sha256": manifest.rows_sha256,
        "landed_through": upcoming.landed_through,
        "manifest": _json_value(manifest),
        "causes": list(causes),
        "basis": basis,
        "now": now,
    }
    connection.execute(_COMPLETE, values)
    if is_new:
        connection.execute(_EDITION, values)
    return edition


def complete_unchanged(
    connection: Connection[Any],
    report: GeneratedReport,
    manifest: Manifest | None,
    now: datetime,
    basis: str | None = None,
) -> None:
    """Make a report ready whose current edition stays; only signatures of its manifest change."""
    connection.execute(
        "update catalogue.generated_reports set status = 'ready', failure_class = null,"
        " failure_message = null, manifest = %s, basis = %s, updated_at = %s where id = %s",
        (None if manifest is None else _json_value(manifest), basis, now, report.id),
    )


def _json_value(model: BaseModel) -> Json:
    return Json(json.loads(model.model_dump_json()))
