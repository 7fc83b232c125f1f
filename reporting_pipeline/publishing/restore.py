"""Puts a published file into the store again that is gone or altered there.

The report is read again from the warehouse. If its rows are those of the edition, the file is
written with the edition's manifest. Only if that gives the same bytes is it put in its place; an
altered file is kept aside before. If the bytes differ, nothing is changed in the store.
"""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from psycopg import Connection

from reporting_pipeline.building.relations import ensure_relations, relations_are_current
from reporting_pipeline.catalogue.definition_store import definition_version
from reporting_pipeline.catalogue.generated_reports import GeneratedReport, generated_report
from reporting_pipeline.catalogue.report_lock import report_lock_if_free
from reporting_pipeline.catalogue.stored_files import FindingKind, StoreFinding, record_right
from reporting_pipeline.errors import ReportingError, StoreError
from reporting_pipeline.exports.formats import FORMATS
from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline.publishing.generate import Publisher
from reporting_pipeline.publishing.publish import media_type_of, put_manifest, settle_report
from reporting_pipeline.publishing.restatement import chunks
from reporting_pipeline.publishing.snapshot import (
    ReportRequest,
    platform_snapshot,
    read_report,
    report_state,
)
from reporting_pipeline.publishing.stored_file import keep_altered, look_at, look_at_manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoration:
    """The effect of restoring a file.

    Attributes:
        is_restored: The store has the file of the edition now.
        consequence: What was done, and the next step, for people.
    """

    is_restored: bool
    consequence: str


def restore(publisher: Publisher, report: GeneratedReport, found: StoreFinding) -> Restoration:
    """Put the file of a finding, or its manifest, into the store again.

    Raises:
        StoreError: The store failed.
        WarehouseUnavailable: The warehouse cannot be reached.
    """
    with (
        report_lock_if_free(publisher.warehouse, report.key) as connection,
        TemporaryDirectory(prefix="reporting-") as folder,
    ):
        if connection is None:
            consequence = "it is being generated now; the next audit looks at it again"
            return Restoration(is_restored=False, consequence=consequence)
        settle_report(connection, publisher.store, report.key, publisher.clock())
        current = generated_report(connection, report.id)
        manifest = None if current is None else current.current_manifest()
        if current is None or current.storage_path is None or manifest is None:
            return Restoration(is_restored=False, consequence="the catalogue has no edition of it")
        if found.finding is FindingKind.MANIFEST:
            return _restored_manifest(publisher, current, manifest)
        try:
            return _restored_file(publisher, connection, current, manifest, Path(folder))
        except StoreError:
            raise
        except ReportingError as error:
            consequence = f"it cannot be generated again: {type(error).__name__}: {error.message}"
            return Restoration(is_restored=False, consequence=consequence)


def _restored_manifest(
    publisher: Publisher, report: GeneratedReport, manifest: Manifest
) -> Restoration:
    if look_at_manifest(publisher.store, report) is not None:
        put_manifest(publisher.store, report.storage_path or "", manifest)
    return Restoration(is_restored=True, consequence="the manifest of the catalogue was put again")


def _restored_file(
    publisher: Publisher,
    connection: Connection[Any],
    report: GeneratedReport,
    manifest: Manifest,
    folder: Path,
) -> Restoration:
    store, now, path = publisher.store, publisher.clock(), report.storage_path or ""
    if look_at(connection, store, report, now) is None:
        return Restoration(is_restored=True, consequence="it is right again")
    target = folder / f"report.{report.format}"
    _write(publisher, connection, report, manifest, target)
    sha256 = _sha256(target)
    if sha256 != report.file_sha256:
        consequence = (
            f"generated again it has SHA-256 {sha256}, so nothing was overwritten: restore the "
            "file from the store's former versions or a backup, or export the report again as its "
            "next edition, which keeps an altered file aside"
        )
        return Restoration(is_restored=False, consequence=consequence)
    kept = keep_altered(connection, store, report, now)
    media_type = media_type_of(report.key, manifest)
    store.put(path, chunks(target), media_type, file_name=report.file_name)
    put_manifest(store, path, manifest)
    head = store.head(path)
    record_right(connection, report, None if head is None else head.mark, now)
    consequence = f"edition {report.edition} was generated again with the same bytes, and put again"
    if kept is not None:
        consequence += f"; the altered file is kept as {kept}"
    return Restoration(is_restored=True, consequence=consequence)


def _write(
    publisher: Publisher,
    connection: Connection[Any],
    report: GeneratedReport,
    manifest: Manifest,
    target: Path,
) -> None:
    """Write the report from its rows now, with the edition's manifest if the rows are the same."""
    if not relations_are_current(connection):
        ensure_relations(publisher.warehouse)
    request = ReportRequest(
        definition=definition_version(connection, report.definition_id, report.version),
        period=report.key.period,
        is_provisional_allowed=report.is_provisional,
    )
    with platform_snapshot(connection):
        document = read_report(
            connection,
            request,
            report_state(connection, request, delay_seconds=publisher.final_delay_seconds),
            is_provisional=report.is_provisional,
            spool_path=target.with_name("rows.csv"),
        )
    format_ = FORMATS[report.key.format]
    format_.write_report(_as_published(document, manifest), target)


def _as_published(document: ReportDocument, manifest: Manifest) -> ReportDocument:
    """The report with the manifest of the edition, if both have the same rows."""
    if document.manifest.rows_sha256 != manifest.rows_sha256:
        return document
    published = manifest.within_file()
    blocks = tuple(
        replace(block, manifest=part)
        for block, part in zip(document.blocks, published.parts, strict=False)
    )
    return replace(document, manifest=published, blocks=blocks)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    for chunk in chunks(path):
        digest.update(chunk)
    return digest.hexdigest()
