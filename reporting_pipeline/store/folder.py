"""A folder as a store."""

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import obstore
from obstore.store import LocalStore

from reporting_pipeline.errors import StoreError
from reporting_pipeline.store.object_store import (
    BINARY,
    Leftover,
    ObjectStore,
    StoredObject,
    cause,
)

# No key begins with a dot, so files in this folder are never listed or read as objects.
_STAGING = ".staging"


class FolderStore(ObjectStore):
    """A folder, which is created if it is missing.

    A file appears under its key by one rename, after its bytes were compared and flushed to the
    disk. When `put` returns, the file survives a power cut. Unfinished writes of killed processes
    are in `.staging` and may be removed.
    """

    def __init__(self, root: Path) -> None:
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = f"the store {root} cannot be created: {error}; correct the address"
            raise StoreError(message) from error
        self._root = root.resolve()
        super().__init__(str(self._root), LocalStore(self._root, automatic_cleanup=True))

    def put(
        self,
        key: str,
        chunks: Iterable[bytes],
        media_type: str = BINARY,  # noqa: ARG002 - not kept
        *,
        file_name: str | None = None,  # noqa: ARG002 - not kept
    ) -> StoredObject:
        """See `ObjectStore.put`."""
        self._check(key)
        staged = f"{_STAGING}/{uuid4().hex}"
        try:
            sent = self._write(staged, chunks)
            self._compare(sent)
            self._publish(staged, key)
        finally:
            (self._root / staged).unlink(missing_ok=True)
        return StoredObject(key=key, byte_count=sent.byte_count, sha256=sent.sha256)

    def location(self, key: str) -> str:
        """The file's path."""
        return str(self._root / key)

    def path(self, key: str) -> Path:
        """The file."""
        self._check(key)
        return self._root / key

    def leftovers(self, before: datetime) -> list[Leftover]:
        """The files in `.staging` that were last written before an instant."""
        found = []
        for path in (self._root / _STAGING).glob("*"):
            try:
                written_at = datetime.fromtimestamp(path.lstat().st_mtime, UTC)
            except FileNotFoundError:  # its writer has just renamed it
                continue
            if written_at < before:
                name = f"{_STAGING}/{path.name}"
                found.append(Leftover(name=name, upload_id=None, begun_at=written_at))
        return sorted(found, key=lambda each: (each.begun_at, each.name))

    def remove(self, leftover: Leftover) -> None:
        """See `ObjectStore.remove`."""
        try:
            (self._root / leftover.name).unlink(missing_ok=True)
        except OSError as error:
            message = f"{self.address}: {leftover.name} could not be removed: {error}"
            raise StoreError(message) from error

    def _publish(self, staged: str, key: str) -> None:
        path = self._root / key
        try:
            # A new name, of a file or a folder, survives a power cut once its folder is flushed.
            created = [folder for folder in path.parents if not folder.exists()]
            _flush(self._root / staged)
            with self._explained("written", key):
                obstore.rename(self._objects, staged, key)
            for folder in (path.parent, *(folder.parent for folder in created)):
                _flush(folder)
        except OSError as error:
            message = f"{self.address}: {key} could not be written: {error}"
            raise StoreError(message) from error

    def _check(self, key: str) -> None:
        super()._check(key)
        if not self._is_inside(key):
            message = f"{self.address}: {key} leaves the folder by a symbolic link; remove the link"
            raise StoreError(message)

    def _is_valid(self, key: str) -> bool:
        return super()._is_valid(key) and self._is_inside(key)

    def _is_inside(self, key: str) -> bool:
        return (self._root / key).resolve().is_relative_to(self._root)

    def _failure(self, doing: str, error: Exception) -> StoreError:
        return StoreError(f"{doing}: {cause(error)}")


def _flush(path: Path) -> None:
    # obstore renames whole files into place but does not flush them to the disk.
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
