"""Audits the files in the store against the catalogue, a part of them each night, in rotation.

    listed    the folders of some organisations: each published file and its manifest must be there
              with the known size and mark, and each file must be known. All folders in some days
    read      the files that were not read for the longest time, up to a number of bytes
    again     whatever was found wrong before

What is wrong is recorded as a finding until a later look finds it right. A file that is gone or
altered is generated again where that gives the same bytes (`restore`). The progress of the rotation
is in the catalogue, so a night that was missed, or a process that died, leaves nothing out.

A store that cannot be reached ends the audit with its error. What was found by then is recorded,
and no file counts as gone because of it.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from math import ceil
from typing import Any
from uuid import UUID

from psycopg import Connection

from reporting_pipeline.catalogue.generated_reports import (
    GeneratedReport,
    generated_report,
    generated_reports,
)
from reporting_pipeline.catalogue.report_keys import manifest_key
from reporting_pipeline.catalogue.stored_files import (
    FindingKind,
    StoreFinding,
    forget_findings,
    known_paths,
    listed_at,
    longest_unread,
    marks_of,
    organizations_with_files,
    put_findings,
    record_listed,
    record_seen,
    store_findings,
)
from reporting_pipeline.exports.manifest import MANIFEST_SUFFIX
from reporting_pipeline.publishing.generate import Publisher
from reporting_pipeline.publishing.restore import restore
from reporting_pipeline.publishing.stored_file import (
    is_kept_aside,
    look_at,
    look_at_manifest,
    needs_reading,
)
from reporting_pipeline.store.object_store import ObjectHead
from reporting_pipeline.warehouse.engine import warehouse_connection

_ROWS = "rows"
# If so many files are looked at and all are gone, the store is not the one of the catalogue.
_EMPTIED_COUNT = 5
_EMPTIED = (
    "none of the files that were looked at is in the store, so nothing was generated again: check "
    "REPORTING_STORE_URL, and that its folder is mounted; if the files are lost, run "
    "`reporting verify --store --restore`"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditScope:
    """How much of the store an audit looks at.

    Attributes:
        rotation_days: All folders are listed once in so many audits; 1 lists all of them.
        max_bytes: The bytes to read; None reads every file of the listed folders.
        organization_ids: Only these organisations; None means all.
        is_restoring: Files that are gone or altered are generated again.
        is_forced: They are, even if not a single file is in the store.
    """

    rotation_days: int = 1
    max_bytes: int | None = None
    organization_ids: Collection[UUID] | None = None
    is_restoring: bool = False
    is_forced: bool = False


@dataclass(slots=True, kw_only=True)
class StoreAudit:
    """The result of an audit.

    Attributes:
        folder_count: The folders that were listed.
        file_count: The published files that were looked at.
        read_count: The files whose bytes were read.
        read_byte_count: Their bytes, by the catalogue.
        findings: What is wrong, or was wrong and is restored.
        restored_count: The findings that are restored.
    """

    folder_count: int = 0
    file_count: int = 0
    read_count: int = 0
    read_byte_count: int = 0
    findings: list[StoreFinding] = field(default_factory=list)
    restored_count: int = 0


Progress = Callable[[StoreAudit], None]


def audit_store(
    publisher: Publisher, scope: AuditScope, on_progress: Progress = lambda _: None
) -> StoreAudit:
    """Look at a part of the store, record what is wrong, and restore what can be.

    Args:
        publisher: The warehouse with the catalogue, and the store.
        scope: How much to look at.
        on_progress: Called after each folder, and after each file that was read.

    Raises:
        StoreUnavailable: The store cannot be reached.
        StoreError: The store refuses a request.
        WarehouseUnavailable: The warehouse cannot be reached.
    """
    return _Audit(publisher, scope, on_progress).run()


@dataclass(slots=True)
class _Audit:
    publisher: Publisher
    scope: AuditScope
    on_progress: Progress
    result: StoreAudit = field(default_factory=StoreAudit)
    read: set[UUID] = field(default_factory=set)
    looked: set[UUID] = field(default_factory=set)
    gone: set[UUID] = field(default_factory=set)

    def run(self) -> StoreAudit:
        with self._connection() as connection:
            before = [each for each in store_findings(connection) if self._is_in_scope(each)]
            folders = self._folders(connection)
        for organization_id in folders:
            with self._connection() as connection:
                self._list(connection, organization_id)
            self.on_progress(self.result)
        self._list_strangers(folders)
        self._read_in_rotation()
        self._look_again(before)
        self._restore()
        return self.result

    def _connection(self) -> Any:
        return warehouse_connection(self.publisher.warehouse)

    def _is_in_scope(self, found: StoreFinding) -> bool:
        chosen = self.scope.organization_ids
        return chosen is None or found.organization_id in chosen

    def _folders(self, connection: Connection[Any]) -> list[UUID]:
        """The organisations whose folders are listed now: those that waited for the longest."""
        known = organizations_with_files(connection)
        if self.scope.organization_ids is not None:
            return [each for each in known if each in self.scope.organization_ids]
        last = listed_at(connection)
        never = self.publisher.clock() - timedelta(days=36_500)
        waiting = sorted(known, key=lambda each: (last.get(str(each), never), each))
        due_before = self.publisher.clock() - timedelta(days=self.scope.rotation_days)
        overdue_count = sum(last[str(each)] < due_before for each in known if str(each) in last)
        return waiting[: max(overdue_count, ceil(len(known) / self.scope.rotation_days))]

    def _list(self, connection: Connection[Any], organization_id: UUID) -> None:
        """Compare a folder with the catalogue, by one list of its objects."""
        now = self.publisher.clock()
        reports = _published(connection, organization_id)
        heads = {each.key: each for each in self.publisher.store.list_objects(str(organization_id))}
        marks = marks_of(connection, reports)
        suspects = [
            each
            for each in reports
            if needs_reading(each, heads.get(each.storage_path or ""), marks.get(each.id))
        ]
        self._judge(connection, suspects, is_read=False)
        seen = [each for each in reports if each.id not in self.read]
        self.looked |= {each.id for each in seen}
        record_seen(connection, [each.id for each in seen], now)
        forget_findings(connection, [each.storage_path or "" for each in seen])
        if self.scope.max_bytes is None:
            self._judge(connection, seen, is_read=True)
        self._judge_manifests(connection, reports, heads)
        self._record(connection, _unknown(connection, organization_id, heads))
        record_listed(connection, str(organization_id), now)
        self.result.folder_count += 1
        self.result.file_count += len(reports)

    def _list_strangers(self, folders: Sequence[UUID]) -> None:
        """Find the folders that belong to no organisation with a published report."""
        if self.scope.organization_ids is not None:
            return
        with self._connection() as connection:
            known = {*map(str, organizations_with_files(connection)), *map(str, folders)}
            for folder in self.publisher.store.list_folders():
                if folder in known:
                    continue
                heads = {each.key: each for each in self.publisher.store.list_objects(folder)}
                self._record(connection, _unknown(connection, _organization(folder), heads))

    def _read_in_rotation(self) -> None:
        if self.scope.max_bytes is None or self.scope.organization_ids is not None:
            return
        with self._connection() as connection:
            waiting = longest_unread(connection, self.scope.max_bytes)
        for report_id in waiting:
            if self.scope.max_bytes <= self.result.read_byte_count:
                return
            with self._connection() as connection:
                report = generated_report(connection, report_id)
                if report is not None and report.id not in self.read:
                    self._judge(connection, [report], is_read=True)

    def _look_again(self, before: Iterable[StoreFinding]) -> None:
        """Look again at what was found wrong before, unless this audit has."""
        judged = {each.storage_path for each in self.result.findings}
        for each in before:
            if each.storage_path in judged:
                continue
            with self._connection() as connection:
                if self._is_right_now(connection, each):
                    forget_findings(connection, [each.storage_path])
                else:
                    self.result.findings.append(each)

    def _is_right_now(self, connection: Connection[Any], found: StoreFinding) -> bool:
        if found.finding is FindingKind.UNKNOWN:
            is_known = found.organization_id is not None and found.storage_path in known_paths(
                connection, found.organization_id
            )
            return is_known or self.publisher.store.head(found.storage_path) is None
        report = None if found.report_id is None else generated_report(connection, found.report_id)
        if report is None:
            return True
        if found.finding is FindingKind.MANIFEST:
            return look_at_manifest(self.publisher.store, report) is None
        return look_at(connection, self.publisher.store, report, self.publisher.clock()) is None

    def _judge(
        self, connection: Connection[Any], reports: Iterable[GeneratedReport], *, is_read: bool
    ) -> None:
        """Look at files one by one, and record what is wrong with them."""
        store, now = self.publisher.store, self.publisher.clock()
        for report in reports:
            found = look_at(connection, store, report, now, is_read=is_read)
            self.read.add(report.id)
            self.looked.add(report.id)
            self.result.read_count += 1
            self.result.read_byte_count += report.byte_count or 0
            if found is None:
                forget_findings(connection, [report.storage_path or ""])
            else:
                if found.finding is FindingKind.GONE:
                    self.gone.add(report.id)
                self._record(connection, [found])
            connection.commit()  # one transaction would last for hours
            self.on_progress(self.result)

    def _judge_manifests(
        self,
        connection: Connection[Any],
        reports: Iterable[GeneratedReport],
        heads: dict[str, ObjectHead],
    ) -> None:
        """Find manifests that are gone; with every file read, also those that were altered."""
        for report in reports:
            key = manifest_key(report.storage_path or "")
            if key in heads and self.scope.max_bytes is not None:
                continue
            found = look_at_manifest(self.publisher.store, report)
            if found is None:
                forget_findings(connection, [key])
            else:
                self._record(connection, [found])

    def _record(self, connection: Connection[Any], found: Sequence[StoreFinding]) -> None:
        put_findings(connection, found, self.publisher.clock())
        self.result.findings.extend(found)

    def _restore(self) -> None:
        """Generate again what is gone or altered, and record what came of it."""
        is_emptied = _EMPTIED_COUNT <= len(self.gone) == len(self.looked)
        for index, found in enumerate(self.result.findings):
            if found.report_id is None:
                continue
            consequence, is_restored = "nothing was changed: `--restore` was not given", False
            if is_emptied and not self.scope.is_forced:
                consequence = _EMPTIED
            elif self.scope.is_restoring:
                with self._connection() as connection:
                    report = generated_report(connection, found.report_id)
                if report is not None:
                    restored = restore(self.publisher, report, found)
                    consequence, is_restored = restored.consequence, restored.is_restored
            self.result.findings[index] = replace(found, consequence=consequence)
            self.result.restored_count += is_restored
            with self._connection() as connection:
                if is_restored:
                    forget_findings(connection, [found.storage_path])
                else:
                    put_findings(connection, [self.result.findings[index]], self.publisher.clock())


def _published(connection: Connection[Any], organization_id: UUID) -> list[GeneratedReport]:
    found = generated_reports(connection, organization_id=organization_id)
    return [each for each in found if each.edition > 0]


def _unknown(
    connection: Connection[Any], organization_id: UUID | None, heads: dict[str, ObjectHead]
) -> list[StoreFinding]:
    """The objects that belong to no edition of the catalogue."""
    known = set() if organization_id is None else known_paths(connection, organization_id)
    folders = {path.rpartition("/")[0] for path in known}
    return [
        StoreFinding(
            storage_path=key,
            finding=FindingKind.UNKNOWN,
            organization_id=organization_id,
            report_id=None,
            expected="a file that the catalogue knows",
            found=f"{head.byte_count} bytes that belong to no report",
            consequence="nothing was changed: find out who has put it there, then remove it",
        )
        for key, head in sorted(heads.items())
        if not _is_known(key, known, folders)
    ]


def _is_known(key: str, paths: set[str], folders: set[str]) -> bool:
    if key in paths or key.removesuffix(MANIFEST_SUFFIX) in paths:
        return True
    folder, _, _ = key.rpartition("/")
    above, _, name = folder.rpartition("/")
    return above in folders and (name == _ROWS or is_kept_aside(key))


def _organization(folder: str) -> UUID | None:
    try:
        return UUID(folder)
    except ValueError:
        return None
