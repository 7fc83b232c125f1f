"""Saves the file of a published report in a folder, under its own name, with its manifest."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from reporting_pipeline.catalogue.generated_reports import GeneratedReport
from reporting_pipeline.errors import FileExists, FileLost, ObjectNotFound
from reporting_pipeline.exports.manifest import MANIFEST_SUFFIX
from reporting_pipeline.publishing.restatement import chunks
from reporting_pipeline.store.object_store import ObjectStore


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedFile:
    """A file in a folder; `is_new` is False if it was there with the same bytes."""

    path: Path
    is_new: bool


def save(
    store: ObjectStore, report: GeneratedReport, folder: Path, *, is_overwriting: bool
) -> SavedFile:
    """Save the current file of a report and its manifest; a reader sees each of them whole.

    Args:
        store: The store with the file.
        report: A report with a current edition.
        folder: An existing folder.
        is_overwriting: A file of this name with other bytes is replaced.

    Raises:
        FileLost: The file is gone from the store, or altered there.
        FileExists: The folder has another file of this name.
        StoreError: The store failed.
    """
    name, manifest = report.file_name, report.current_manifest()
    if name is None or report.storage_path is None or manifest is None or name != Path(name).name:
        raise FileLost(f"{report.slug}, {report.period}, {report.format} has no published file")
    target = folder / name
    found = _sha256(chunks(target)) if target.is_file() else None
    if found != report.file_sha256:
        if not is_overwriting and (target.exists() or target.is_symlink()):
            message = (
                f"{target} is not edition {report.edition} of {report.slug}, {report.period}: "
                "name another folder, or replace it with --overwrite"
            )
            raise FileExists(message)
        with TemporaryDirectory(prefix=".reporting-", dir=folder) as staging:
            staged = Path(staging) / "file"
            _fetch(store, report, staged)
            staged.replace(target)
    with TemporaryDirectory(prefix=".reporting-", dir=folder) as staging:
        staged = Path(staging) / "manifest"
        staged.write_text(manifest.to_json(), encoding="utf-8")
        staged.replace(f"{target}{MANIFEST_SUFFIX}")
    return SavedFile(path=target, is_new=found != report.file_sha256)


def _fetch(store: ObjectStore, report: GeneratedReport, target: Path) -> None:
    path, digest = report.storage_path or "", hashlib.sha256()
    advice = "`reporting verify --store --restore` generates it again"
    try:
        with target.open("wb") as file:
            for chunk in store.get(path):
                digest.update(chunk)
                file.write(chunk)
    except ObjectNotFound as error:
        raise FileLost(f"{store.location(path)} is gone from the store: {advice}") from error
    if digest.hexdigest() != report.file_sha256:
        message = (
            f"{store.location(path)} is altered: expected SHA-256 {report.file_sha256}, found "
            f"{digest.hexdigest()}: {advice}"
        )
        raise FileLost(message)


def _sha256(content: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in content:
        digest.update(chunk)
    return digest.hexdigest()
