"""Looks at the file of a published report in the store, and keeps what somebody else has put there.

A look compares the object with the catalogue: does it exist, has it the size, and, if the store's
mark is not that of the last time, has it the digest. Only an answer of the store counts: a time-out
or a refusal is an error, and no file is gone because of it.
"""

import hashlib
from datetime import datetime
from typing import Any

from psycopg import Connection

from reporting_pipeline.catalogue.generated_reports import GeneratedReport, generated_report
from reporting_pipeline.catalogue.report_keys import ReportKey, manifest_key
from reporting_pipeline.catalogue.stored_files import (
    FindingKind,
    LookedAt,
    StoreFinding,
    marks_of,
    record_right,
)
from reporting_pipeline.errors import ObjectNotFound
from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.store.object_store import ObjectHead, ObjectStore

_ALTERED = "altered"
# A report that is published again and again meanwhile is not judged.
_TRIES = 3


def look_at(
    connection: Connection[Any],
    store: ObjectStore,
    report: GeneratedReport,
    now: datetime,
    *,
    is_read: bool = False,
) -> StoreFinding | None:
    """The fault of the file of a report's current edition; None if it is right.

    Args:
        connection: To the warehouse; a file whose bytes were right is recorded.
        store: The store with the file.
        report: The report; its current row is read again.
        now: The time of the look.
        is_read: The bytes are read even if the store's mark has not changed.

    Raises:
        StoreUnavailable: The store cannot be reached.
        StoreError: The store refuses the request.
    """
    for _ in range(_TRIES):
        current = generated_report(connection, report.id)
        if current is None or current.storage_path is None:
            return None
        found = _finding(connection, store, current, now, is_read=is_read)
        if found is None or _is_same(current, generated_report(connection, report.id)):
            return found
    return None


def look_at_manifest(store: ObjectStore, report: GeneratedReport) -> StoreFinding | None:
    """The fault of the manifest beside a report's file; None if it says the same."""
    manifest = report.current_manifest()
    if manifest is None or report.storage_path is None:
        return None
    try:
        content = b"".join(store.get(manifest_key(report.storage_path)))
        stored = Manifest.model_validate_json(content)
    except ObjectNotFound:
        return _found(report, FindingKind.MANIFEST, "no manifest")
    except ValueError:
        return _found(report, FindingKind.MANIFEST, "a text that is no manifest")
    return None if stored == manifest else _found(report, FindingKind.MANIFEST, "another manifest")


def needs_reading(report: GeneratedReport, head: ObjectHead | None, known: LookedAt | None) -> bool:
    """True if a file has to be looked at itself: its head is not that of the last time."""
    return (
        head is None
        or head.byte_count != report.byte_count
        or known is None
        or head.mark is None
        or head.mark != known.mark
    )


def keep_altered(
    connection: Connection[Any], store: ObjectStore, report: GeneratedReport, now: datetime
) -> str | None:
    """Copy an altered file aside before another one takes its place.

    Returns:
        The key of the copy; None if there is no file, or its bytes are those of the edition.

    Raises:
        StoreError: It could not be copied; it is still in its place.
    """
    path = report.storage_path
    found = look_at(connection, store, report, now)
    if path is None or found is None or found.finding is FindingKind.GONE:
        return None
    sha256 = _sha256(store, path)
    if sha256 is None or sha256 == report.file_sha256:
        return None
    key = altered_key(report.key, path, sha256)
    store.put(key, store.get(path))
    return key


def altered_key(key: ReportKey, path: str, sha256: str) -> str:
    """The key at which an altered file is kept: its digest, then its name."""
    return f"{key.folder}/{_ALTERED}/{sha256}_{path.rpartition('/')[2]}"


def is_kept_aside(storage_path: str) -> bool:
    """True if a key is that of an altered file that was kept."""
    return storage_path.split("/")[3:4] == [_ALTERED]


def _finding(
    connection: Connection[Any],
    store: ObjectStore,
    report: GeneratedReport,
    now: datetime,
    *,
    is_read: bool,
) -> StoreFinding | None:
    path = report.storage_path or ""
    head = store.head(path)
    if head is None:
        # The head of a missing bucket looks the same; a list of it is an error.
        is_listed = any(each.key == path for each in store.list_objects(path.rpartition("/")[0]))
        return None if is_listed else _found(report, FindingKind.GONE, "no such file")
    known = marks_of(connection, [report]).get(report.id)
    if not (is_read or needs_reading(report, head, known)):
        return None
    upcoming = report.upcoming_edition()
    if not is_read and upcoming is None and head.byte_count != report.byte_count:
        return _found(report, FindingKind.SIZE, f"{head.byte_count} bytes")
    sha256 = _sha256(store, path)
    if sha256 == report.file_sha256:
        record_right(connection, report, head.mark, now)
    if sha256 in {None, report.file_sha256, upcoming and upcoming.file.sha256}:
        return None
    return _found(report, FindingKind.DIGEST, f"SHA-256 {sha256}")


def _found(report: GeneratedReport, kind: FindingKind, found: str) -> StoreFinding:
    is_manifest = kind is FindingKind.MANIFEST
    path = report.storage_path or ""
    return StoreFinding(
        storage_path=manifest_key(path) if is_manifest else path,
        finding=kind,
        organization_id=report.organization_id,
        report_id=report.id,
        expected="the manifest of the catalogue"
        if is_manifest
        else f"{report.byte_count} bytes with SHA-256 {report.file_sha256}",
        found=found,
    )


def _is_same(report: GeneratedReport, again: GeneratedReport | None) -> bool:
    """True if the report was not published meanwhile."""
    return again is not None and (report.storage_path, report.file_sha256, report.upcoming) == (
        again.storage_path,
        again.file_sha256,
        again.upcoming,
    )


def _sha256(store: ObjectStore, key: str) -> str | None:
    digest = hashlib.sha256()
    try:
        for chunk in store.get(key):
            digest.update(chunk)
    except ObjectNotFound:
        return None
    return digest.hexdigest()
