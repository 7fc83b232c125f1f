"""Publishes one report file: into the store, into the catalogue, then as a notice.

    1  the rows are kept under their digest
    2  the catalogue records the upcoming edition
    3  the file, then its manifest, are put into the store
    4  the catalogue makes the edition current, with a notice

All editions have the same file key, so the store has the whole file of one edition. If the process
dies after step 2, `settle` completes step 4 if the store has the new file, and drops the upcoming
edition if it does not. The result is the former edition or the new one, never half of each.
"""

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from psycopg import Connection
from sqlalchemy import URL

from reporting_pipeline.catalogue.generated_reports import (
    GeneratedReport,
    UpcomingEdition,
    complete_edition,
    complete_unchanged,
    drop_upcoming,
    generated_report,
    record_upcoming,
    required_report,
    unsettled_reports,
)
from reporting_pipeline.catalogue.notices import (
    PublishedFile,
    ReportChange,
    write_report_notice,
)
from reporting_pipeline.catalogue.report_keys import ReportKey, manifest_key
from reporting_pipeline.catalogue.report_lock import report_lock_if_free
from reporting_pipeline.catalogue.report_names import own_name
from reporting_pipeline.catalogue.stored_files import forget_findings, record_right
from reporting_pipeline.errors import ExportIncomplete, ObjectNotFound
from reporting_pipeline.exports.formats import FORMATS
from reporting_pipeline.exports.made_with import made_with, shows_the_same
from reporting_pipeline.exports.manifest import FilePart, Manifest
from reporting_pipeline.exports.row_spool import RowSpool
from reporting_pipeline.exports.signing import Signer
from reporting_pipeline.publishing.restatement import (
    RestatedBlock,
    causes_of,
    chunks,
    fetch_rows,
    keep_rows,
    record_restatement,
)
from reporting_pipeline.publishing.signatures import signed_beside
from reporting_pipeline.publishing.stored_file import keep_altered
from reporting_pipeline.store.object_store import ObjectStore
from reporting_pipeline.warehouse.engine import warehouse_connection

_LOG = logging.getLogger(__name__)
_JSON_TYPE = "application/json"
_ARCHIVE_TYPE = "application/zip"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedFile:
    """A report's file that is written and not yet published.

    Attributes:
        manifest: The manifest beside the published file.
        part: The part of the manifest about the file.
        rows: The rows that the file was written from, of each block.
        landed_through: The greatest record clock landed when the rows were read.
        basis: The digest of what the report was read from; None: it is read again next time.
    """

    key: ReportKey
    path: Path
    manifest: Manifest
    part: FilePart
    rows: tuple[RowSpool, ...]
    landed_through: datetime | None
    basis: str | None = None

    @classmethod
    def of(
        cls,
        key: ReportKey,
        path: Path,
        manifest: Manifest,
        rows: tuple[RowSpool, ...],
        landed_through: datetime | None,
        database: str,
    ) -> "RenderedFile":
        """A file on disk, with its size and digest and the versions in the manifest."""
        digest, byte_count = hashlib.sha256(), 0
        for chunk in chunks(path):
            digest.update(chunk)
            byte_count += len(chunk)
        is_archive = _is_archive(key, manifest)
        part = FilePart(
            name=manifest.file_name(key.format, is_archive=is_archive),
            format=key.format,
            byte_count=byte_count,
            sha256=digest.hexdigest(),
        )
        return cls(
            key=key,
            path=path,
            manifest=manifest.of_file(
                part,
                made_with(FORMATS[key.format], database=database, is_archive=is_archive),
            ),
            part=part,
            rows=rows,
            landed_through=landed_through,
        )


def publish(
    connection: Connection[Any],
    store: ObjectStore,
    rendered: RenderedFile,
    now: datetime,
    signer: Signer | None = None,
) -> GeneratedReport:
    """Put a rendered file into the store and make it the report's edition.

    The same bytes as before make no new edition. Other bytes that show the same, because another
    version of a library has written them, do not either: the published file stays as it is. The
    report's row must exist in the catalogue. The connection holds the report's lock.

    Raises:
        StoreError: The store failed; the former edition stays current.
        ExportIncomplete: The store has other bytes than the rendered file.
    """
    key = rendered.key
    former = required_report(connection, key)
    if _is_published(store, former, rendered):
        return _sign_again(connection, store, former, now, signer, rendered.basis)
    rendered = _with_own_name(connection, _as_made_first(former, rendered))
    signed = signed_beside(rendered.manifest, former.current_manifest(), signer)
    rendered = replace(rendered, manifest=signed)
    upcoming = UpcomingEdition(
        storage_path=f"{key.folder}/{rendered.part.name}",
        manifest=rendered.manifest,
        landed_through=rendered.landed_through,
        generated_at=now,
    )
    kept = keep_altered(connection, store, former, now)
    if kept is not None:
        _LOG.warning("%s was altered in the store; it is kept as %s", former.storage_path, kept)
    for part, rows in zip(rendered.manifest.parts, rendered.rows, strict=True):
        keep_rows(store, part, rows)
    with connection.transaction():
        record_upcoming(connection, key, upcoming)
    media_type = media_type_of(key, rendered.manifest)
    stored = store.put(
        upcoming.storage_path,
        chunks(rendered.path),
        media_type,
        file_name=upcoming.file.download_name,
    )
    if stored.sha256 != upcoming.file.sha256:
        message = (
            f"{store.location(upcoming.storage_path)} has SHA-256 {stored.sha256}, the rendered "
            f"file {upcoming.file.sha256}: it changed during the upload; generate the report again"
        )
        raise ExportIncomplete(message)
    return _complete(connection, store, key, upcoming, now, rendered.basis)


def _is_published(store: ObjectStore, former: GeneratedReport, rendered: RenderedFile) -> bool:
    """True if the store has a file of the same report that shows the same in other bytes."""
    manifest, part = former.current_manifest(), rendered.part
    path = f"{rendered.key.folder}/{part.name}"
    if (
        manifest is None
        or former.file_sha256 == part.sha256
        or former.storage_path != path
        or manifest.within_file() != rendered.manifest.within_file()
    ):
        return False
    with TemporaryDirectory(prefix="reporting-former-") as folder:
        published = Path(folder) / part.name
        digest = hashlib.sha256()
        try:
            with published.open("wb") as file:
                for chunk in store.get(path):
                    digest.update(chunk)
                    file.write(chunk)
        except ObjectNotFound:
            return False
        return digest.hexdigest() == former.file_sha256 and shows_the_same(
            published,
            rendered.path,
            FORMATS[rendered.key.format],
            is_archive=_is_archive(rendered.key, manifest),
        )


def _sign_again(
    connection: Connection[Any],
    store: ObjectStore,
    former: GeneratedReport,
    now: datetime,
    signer: Signer | None,
    basis: str | None,
) -> GeneratedReport:
    """Keep a published file; the manifest beside it has the signature of the key of now."""
    manifest = former.current_manifest()
    if manifest is not None and signer is not None:
        signed = signer.signed_beside(manifest)
        if signed != manifest:
            store.put(manifest_key(former.storage_path or ""), _json(signed), _JSON_TYPE)
            manifest = signed
    with connection.transaction():
        complete_unchanged(connection, former, manifest, now, basis)
        return required_report(connection, former.key)


def _as_made_first(former: GeneratedReport, rendered: RenderedFile) -> RenderedFile:
    """The file, with the versions of the edition that first had its bytes."""
    manifest = former.current_manifest()
    if manifest is None or former.file_sha256 != rendered.part.sha256 or not manifest.made_with:
        return rendered
    return replace(rendered, manifest=rendered.manifest.of_file(rendered.part, manifest.made_with))


def _with_own_name(connection: Connection[Any], rendered: RenderedFile) -> RenderedFile:
    """The file, with the name under which people save it; the report's first name stays."""
    manifest = rendered.manifest
    with connection.transaction():
        name = own_name(connection, rendered.key, manifest)
    download_name = manifest.download_name(name, rendered.part.name)
    part = rendered.part.model_copy(update={"download_name": download_name})
    return replace(rendered, part=part, manifest=manifest.of_file(part, manifest.made_with))


def settle(warehouse: URL, store: ObjectStore, now: datetime) -> int:
    """Complete or drop the upcoming editions of processes that died.

    Returns:
        How many reports were settled; those that are being published are not changed.
    """
    with warehouse_connection(warehouse) as connection:
        interrupted = unsettled_reports(connection)
    settled = 0
    for report in interrupted:
        with report_lock_if_free(warehouse, report.key) as locked:
            settled += locked is not None and settle_report(locked, store, report.key, now)
    return settled


def settle_report(
    connection: Connection[Any], store: ObjectStore, key: ReportKey, now: datetime
) -> bool:
    """Complete or drop the upcoming edition of a report; the connection holds its lock.

    Returns:
        Whether there was an upcoming edition.
    """
    report = generated_report(connection, key.id)
    upcoming = None if report is None else report.upcoming_edition()
    if report is None or upcoming is None:
        return False
    if _stored_sha256(store, upcoming.storage_path) == upcoming.file.sha256:
        _complete(connection, store, key, upcoming, now)
    else:
        with connection.transaction():
            drop_upcoming(connection, report.id)
    return True


def _complete(
    connection: Connection[Any],
    store: ObjectStore,
    key: ReportKey,
    upcoming: UpcomingEdition,
    now: datetime,
    basis: str | None = None,
) -> GeneratedReport:
    put_manifest(store, upcoming.storage_path, upcoming.manifest)
    head = store.head(upcoming.storage_path)
    with connection.transaction():
        report = required_report(connection, key)
        causes = _restated_causes(connection, store, report, upcoming)
        edition = complete_edition(
            connection, report, upcoming, causes=causes, now=now, basis=basis
        )
        if edition != report.edition:
            file = PublishedFile(
                byte_count=upcoming.file.byte_count,
                row_count=upcoming.manifest.row_count,
                path=upcoming.storage_path,
            )
            change = ReportChange(kind="available", edition=edition, file=file)
            write_report_notice(connection, key, change, now)
        current = required_report(connection, key)
        record_right(connection, current, None if head is None else head.mark, now)
        forget_findings(connection, [upcoming.storage_path, manifest_key(upcoming.storage_path)])
        return current


def put_manifest(store: ObjectStore, storage_path: str, manifest: Manifest) -> None:
    """Put the manifest beside a file into the store."""
    store.put(manifest_key(storage_path), _json(manifest), _JSON_TYPE)


def media_type_of(key: ReportKey, manifest: Manifest) -> str:
    """The media type of a report's file."""
    return _ARCHIVE_TYPE if _is_archive(key, manifest) else FORMATS[key.format].media_type


def _restated_causes(
    connection: Connection[Any],
    store: ObjectStore,
    report: GeneratedReport,
    upcoming: UpcomingEdition,
) -> list[str]:
    """Record the restated rows; the causes, or none if the edition is the first or the same."""
    former, new = report.current_manifest(), upcoming.manifest
    if former is None or report.is_edition(upcoming):
        return []
    if former.rows_sha256 != new.rows_sha256:
        with TemporaryDirectory(prefix="reporting-restated-") as folder:
            _record_restated_rows(connection, store, (former, new), Path(folder))
    return causes_of(connection, former, new, _landed_through(connection, report))


def _record_restated_rows(
    connection: Connection[Any],
    store: ObjectStore,
    manifests: tuple[Manifest, Manifest],
    folder: Path,
) -> None:
    """Compare the rows that both editions have, block by block."""
    former, new = manifests
    names = [each.name for each in new.blocks] or [""]
    former_names = [each.name for each in former.blocks] or [""]
    former_parts = dict(zip(former_names, former.parts, strict=True))
    for position, (name, part) in enumerate(zip(names, new.parts, strict=True)):
        before = former_parts.get(name)
        if before is None or before.rows_sha256 == part.rows_sha256:
            continue
        former_rows, new_rows = fetch_rows(store, before, folder), fetch_rows(store, part, folder)
        # Rows that the store no longer has cannot be compared; the digests still differ.
        if former_rows is not None and new_rows is not None:
            of_block = RestatedBlock(
                name=name, position=position, former=former.rows_sha256, new=new.rows_sha256
            )
            record_restatement(connection, (before, former_rows), (part, new_rows), of_block)


def _is_archive(key: ReportKey, manifest: Manifest) -> bool:
    return bool(manifest.blocks) and FORMATS[key.format].archives_blocks


def _landed_through(connection: Connection[Any], report: GeneratedReport) -> datetime | None:
    found = connection.execute(
        "select landed_through from catalogue.generated_report_editions"
        " where report_id = %s and edition = %s",
        (report.id, report.edition),
    ).fetchone()
    return found[0] if found else None


def _stored_sha256(store: ObjectStore, storage_path: str) -> str | None:
    digest = hashlib.sha256()
    try:
        for chunk in store.get(storage_path):
            digest.update(chunk)
    except ObjectNotFound:
        return None
    return digest.hexdigest()


def _json(manifest: Manifest) -> Iterator[bytes]:
    yield manifest.to_json().encode()
