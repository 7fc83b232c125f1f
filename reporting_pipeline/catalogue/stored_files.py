"""The catalogue's record of the files in the store: the last look at each, and its faults.

stored_files      the last look at each report's file, with the store's mark of it then
store_findings    the present faults, one row per object
listed_folders    when each organisation's folder was last listed
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from reporting_pipeline.catalogue.generated_reports import GeneratedReport

_LOOK = """
    insert into catalogue.stored_files (report_id, file_sha256, store_mark, looked_at, read_at)
    values (%(report_id)s, %(sha256)s, %(mark)s, %(now)s, %(now)s)
    on conflict (report_id) do update set
        file_sha256 = excluded.file_sha256, store_mark = excluded.store_mark,
        looked_at = excluded.looked_at, read_at = excluded.read_at
"""
_SEE = """
    update catalogue.stored_files set looked_at = %(now)s where report_id = any(%(report_ids)s)
"""
_PUT_FINDING = """
    insert into catalogue.store_findings (
        storage_path, finding, organization_id, report_id, expected, found, consequence, since,
        last_at
    )
    values (
        %(storage_path)s, %(finding)s, %(organization_id)s, %(report_id)s, %(expected)s, %(found)s,
        %(consequence)s, %(now)s, %(now)s
    )
    on conflict (storage_path) do update set
        finding = excluded.finding, expected = excluded.expected, found = excluded.found,
        consequence = excluded.consequence, last_at = excluded.last_at,
        report_id = excluded.report_id
"""
# A report that was published since has its file.
_FINDINGS = """
    select
        finding.storage_path, finding.finding, finding.organization_id, finding.report_id,
        finding.expected, finding.found, finding.consequence
    from catalogue.store_findings as finding
    left join catalogue.stored_files as file on file.report_id = finding.report_id
    where file.read_at is null or file.read_at <= finding.last_at
    order by finding.storage_path collate "C"
"""
_LONGEST_UNREAD = """
    select id
    from (
        select
            report.id, file.read_at,
            sum(report.byte_count) over (
                order by file.read_at nulls first, report.id rows unbounded preceding
            ) - report.byte_count as bytes_before
        from catalogue.generated_reports as report
        left join catalogue.stored_files as file
            on file.report_id = report.id and file.file_sha256 = report.file_sha256
        where report.edition > 0
    ) as waiting
    where bytes_before < %(max_bytes)s
    order by read_at nulls first, id
"""
_KNOWN_PATHS = """
    select edition.storage_path
    from catalogue.generated_report_editions as edition
    inner join catalogue.generated_reports as report on report.id = edition.report_id
    where report.organization_id = %(organization_id)s
    union
    select storage_path from catalogue.generated_reports
    where organization_id = %(organization_id)s and storage_path is not null
    union
    select upcoming ->> 'storage_path' from catalogue.generated_reports
    where organization_id = %(organization_id)s and upcoming is not null
"""


class FindingKind(StrEnum):
    """A fault of an object in the store."""

    GONE = "gone"
    SIZE = "size"
    DIGEST = "digest"
    MANIFEST = "manifest"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFinding:
    """One object of the store that is not as the catalogue says.

    Attributes:
        storage_path: The key of the object.
        organization_id: The organisation of the folder; None if the folder is of none.
        report_id: None if no report has the file.
        expected: Of the catalogue: its size, or its digest.
        found: In the store.
        consequence: What was done about it, and the next step.
    """

    storage_path: str
    finding: FindingKind
    organization_id: UUID | None
    report_id: UUID | None
    expected: str
    found: str
    consequence: str = ""

    def __str__(self) -> str:
        """The object, what is expected and what was found, in one sentence."""
        return f"{self.storage_path}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedAt:
    """The last look at a report's file.

    Attributes:
        mark: The store's mark when the bytes were last right; None if the store gives none.
        read_at: When the bytes were last right.
    """

    mark: str | None
    read_at: datetime | None


def marks_of(
    connection: Connection[Any], reports: Iterable[GeneratedReport]
) -> dict[UUID, LookedAt]:
    """The last look at each of these reports' current files, by report; unknown ones are left out.

    A look at the file of another edition does not count.
    """
    digests = {each.id: each.file_sha256 for each in reports}
    rows = connection.execute(
        "select report_id, file_sha256, store_mark, read_at from catalogue.stored_files"
        " where report_id = any(%s)",
        (list(digests),),
    )
    return {
        report_id: LookedAt(mark=mark, read_at=read_at)
        for report_id, sha256, mark, read_at in rows
        if digests[report_id] == sha256
    }


def record_right(
    connection: Connection[Any], report: GeneratedReport, mark: str | None, now: datetime
) -> None:
    """Record that the bytes of a report's current file were read, or written, and are right."""
    bound = {"report_id": report.id, "sha256": report.file_sha256, "mark": mark, "now": now}
    connection.execute(_LOOK, bound)


def record_seen(connection: Connection[Any], report_ids: Collection[UUID], now: datetime) -> None:
    """Record that files are there with the known size and mark; their bytes were not read."""
    connection.execute(_SEE, {"report_ids": list(report_ids), "now": now})


def put_findings(
    connection: Connection[Any], findings: Iterable[StoreFinding], now: datetime
) -> None:
    """Record what is wrong."""
    connection.cursor().executemany(_PUT_FINDING, [_bound(each, now) for each in findings])


def forget_findings(connection: Connection[Any], storage_paths: Collection[str]) -> None:
    """Delete the findings about objects that are as they should be."""
    connection.execute(
        "delete from catalogue.store_findings where storage_path = any(%s)", (list(storage_paths),)
    )


def store_findings(connection: Connection[Any]) -> list[StoreFinding]:
    """The faults that the last look at each object has found, by key."""
    with connection.cursor(row_factory=class_row(StoreFinding)) as cursor:
        found = cursor.execute(_FINDINGS).fetchall()
    return [replace(each, finding=FindingKind(each.finding)) for each in found]


def known_paths(connection: Connection[Any], organization_id: UUID) -> set[str]:
    """The keys of the files of all editions of an organisation, the upcoming ones included."""
    found = connection.execute(_KNOWN_PATHS, {"organization_id": organization_id})
    return {path for (path,) in found}


def listed_at(connection: Connection[Any]) -> dict[str, datetime]:
    """When each folder was last listed."""
    return dict(connection.execute("select folder, listed_at from catalogue.listed_folders"))


def record_listed(connection: Connection[Any], folder: str, now: datetime) -> None:
    """Record that a folder was listed and looked at as a whole."""
    connection.execute(
        "insert into catalogue.listed_folders values (%s, %s)"
        " on conflict (folder) do update set listed_at = excluded.listed_at",
        (folder, now),
    )


def organizations_with_files(connection: Connection[Any]) -> list[UUID]:
    """The organisations of published reports, in order."""
    statement = (
        "select distinct organization_id from catalogue.generated_reports where edition > 0"
        " order by organization_id"
    )
    return [organization_id for (organization_id,) in connection.execute(statement)]


def longest_unread(connection: Connection[Any], max_bytes: int) -> list[UUID]:
    """The reports whose files were not read for the longest time, of at most so many bytes.

    The first one is taken even if it is larger.
    """
    found = connection.execute(_LONGEST_UNREAD, {"max_bytes": max_bytes})
    return [report_id for (report_id,) in found]


def _bound(finding: StoreFinding, now: datetime) -> Mapping[str, object]:
    return {
        **{name: getattr(finding, name) for name in StoreFinding.__slots__},
        "now": now,
    }
