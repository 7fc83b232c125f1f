"""The operations of every store, over obstore: write and verify, read, look up, list, delete.

Keys are valid in a folder and in S3, and mean the same in both:

    00000001-0000-4000-8000-000000000001/report_sales_daily/2026-02-28/sales.csv

The subclasses in `folder` and `bucket` define how an object becomes visible, and how errors of the
library are translated.
"""

import hashlib
import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from reporting_pipeline.errors import ObjectNotFound, StoreError

BINARY = "application/octet-stream"
"""The media type of objects that nobody opens in a browser."""

# An object of up to one part is sent in one request, a larger one in parts. S3 accepts 10,000
# parts: 80 GB.
_PART_BYTES = 8 * 1024 * 1024
_PARTS_IN_FLIGHT = 2
_READ_BYTES = 1024 * 1024
_MAX_CAUSE_CHARACTERS = 300

_NO_FOLDER = "reachable"  # a folder that no file is in: reports are in the folders of ids

_MAX_KEY_BYTES = 1024  # of S3
_MAX_SEGMENT_BYTES = 255  # of every common file system
# No percent sign: a proxy may decode it and so change the key. No dot at either end: this excludes
# `..`, hidden files, and names that Windows shortens. `=` is between the name and the value of a
# partition of the lake.
_SEGMENT = re.compile(r"[A-Za-z0-9_-](?:[A-Za-z0-9._=-]*[A-Za-z0-9_-])?")
_DEVICE_NAME = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """An object that was written, read back, and found equal to the bytes that were sent."""

    key: str
    byte_count: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectHead:
    """The facts of an object that a store gives without its bytes.

    Attributes:
        mark: The entity tag. It differs if the object was written again; an object whose bytes
            changed on the disk only may keep it. None if the store gives none.
    """

    key: str
    byte_count: int
    mark: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """An unfinished write of a killed process. It is no object, and readers do not see it.

    Attributes:
        name: The path below the folder, or the key that was being written.
        upload_id: The unfinished upload in a bucket; None in a folder.
        begun_at: When the file in a folder was last written, or the upload to a bucket begun.
    """

    name: str
    upload_id: str | None
    begun_at: datetime


class ObjectStore(ABC):
    """Objects under keys; `check_key` defines the valid keys.

    Every method raises StoreError for an invalid key, before it does anything else. It raises
    StoreUnavailable if the same call may succeed later, and StoreError for all other failures.
    """

    def __init__(self, address: str, objects: LocalStore | S3Store) -> None:
        self.address = address
        self._objects = objects

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.address!r})"

    @abstractmethod
    def put(
        self,
        key: str,
        chunks: Iterable[bytes],
        media_type: str = BINARY,
        *,
        file_name: str | None = None,
    ) -> StoredObject:
        """Write `chunks` as the object `key`, in place of a former object.

        A reader sees the former object or the whole new one. If `chunks` raises an error, the error
        is passed on and the former object stays. Memory is bounded by a few parts of 8 MiB. The
        object is read back, and its size and SHA-256 are compared with those of the sent bytes. A
        bucket gives the media type to browsers, and the file's own name for downloads; a folder
        keeps neither.
        """

    @abstractmethod
    def location(self, key: str) -> str:
        """The object's place for people: a path, or an s3:// address."""

    def link(self, key: str) -> str | None:  # noqa: ARG002 - for the subclasses
        """The object's address for a browser, which grants no access; None if there is none."""
        return None

    def signed_link(self, key: str, lifetime: timedelta) -> str | None:  # noqa: ARG002 - for the subclasses
        """An address that anybody can read the object at, until it expires; None if there is none.

        The bucket gives the object its own file name.
        """
        return None

    def path(self, key: str) -> Path | None:  # noqa: ARG002 - for the subclasses
        """The object as a file of this machine; None if it is none."""
        return None

    def leftovers(self, before: datetime) -> list[Leftover]:  # noqa: ARG002 - for the subclasses
        """The unfinished writes that are older than an instant, oldest first."""
        return []

    def remove(self, leftover: Leftover) -> None:  # noqa: B027 - a store may have no leftovers
        """Remove a leftover; does nothing if it is gone."""

    def get(self, key: str) -> Iterator[bytes]:
        """The object's bytes, in chunks; iterating raises ObjectNotFound if there is no object."""
        self._check(key)
        return self._read(key)

    def head(self, key: str) -> ObjectHead | None:
        """Size and mark of the object; None if the store says that there is none."""
        self._check(key)
        try:
            with self._explained("looked up", key):
                found = obstore.head(self._objects, key)
        except ObjectNotFound:
            return None
        return ObjectHead(key=key, byte_count=found["size"], mark=found["e_tag"])

    def exists(self, key: str) -> bool:
        """True if the object exists."""
        return self.head(key) is not None

    def delete(self, key: str) -> None:
        """Delete the object; does nothing if there is none."""
        self._check(key)
        with suppress(ObjectNotFound), self._explained("deleted", key):
            obstore.delete(self._objects, key)

    def require_reachable(self) -> None:
        """Raise the error of a store that cannot be used now, before work depends on it.

        Raises:
            StoreUnavailable: The store cannot be reached.
            StoreError: It refuses, or there is no such bucket; the message says what to check.
        """
        next(self.list_objects(_NO_FOLDER), None)

    def list_keys(self, folder: str = "") -> Iterator[str]:
        """The keys below `folder`, in no order; names that are not valid keys are left out."""
        return (each.key for each in self.list_objects(folder))

    def list_objects(self, folder: str = "") -> Iterator[ObjectHead]:
        """The objects below `folder`, as in `list_keys`, a thousand in one request."""
        if folder:
            self._check(folder)
        with self._explained("listed", folder):
            for page in obstore.list(self._objects, folder or None, chunk_size=1000):
                for each in page:
                    if self._is_valid(each["path"]):
                        yield ObjectHead(
                            key=each["path"], byte_count=each["size"], mark=each["e_tag"]
                        )

    def list_folders(self) -> list[str]:
        """The first segment of every key that has more than one, sorted."""
        with self._explained("listed", ""):
            found = obstore.list_with_delimiter(self._objects)
        return sorted(name for name in found["common_prefixes"] if self._is_valid(name))

    @abstractmethod
    def _failure(self, doing: str, error: Exception) -> StoreError:
        """Translate an error of the library."""

    def _check(self, key: str) -> None:
        check_key(key)

    def _is_valid(self, key: str) -> bool:
        return is_key(key)

    def _write(
        self, key: str, chunks: Iterable[bytes], attributes: dict[str, str] | None = None
    ) -> StoredObject:
        digest, byte_count = hashlib.sha256(), 0
        writer = obstore.open_writer(
            self._objects,
            key,
            attributes=attributes,
            buffer_size=_PART_BYTES,
            max_concurrency=_PARTS_IN_FLIGHT,
        )
        try:
            for chunk in chunks:
                digest.update(chunk)
                byte_count += len(chunk)
                with self._explained("written", key):
                    writer.write(chunk)
        except BaseException as error:
            _abort(writer, error)
            raise
        with self._explained("written", key):
            writer.close()
        return StoredObject(key=key, byte_count=byte_count, sha256=digest.hexdigest())

    def _read(self, key: str) -> Iterator[bytes]:
        with self._explained("read", key):
            yield from obstore.get(self._objects, key).stream(min_chunk_size=_READ_BYTES)

    def _compare(self, sent: StoredObject) -> None:
        digest, byte_count = hashlib.sha256(), 0
        for chunk in self._read(sent.key):
            digest.update(chunk)
            byte_count += len(chunk)
        if (byte_count, digest.hexdigest()) != (sent.byte_count, sent.sha256):
            message = (
                f"{self.location(sent.key)} is not what was sent: expected {sent.byte_count} "
                f"bytes with SHA-256 {sent.sha256}, found {byte_count} with {digest.hexdigest()}; "
                "do not use it, write it again"
            )
            raise StoreError(message)

    @contextmanager
    def _explained(self, done: str, key: str) -> Iterator[None]:
        doing = f"{self.address}: {key or 'the store'} could not be {done}"
        try:
            yield
        except FileNotFoundError as error:
            if done == "written" or "NoSuchBucket" in str(error):
                message = f"{doing}: there is no such bucket; create it or correct the address"
                raise StoreError(message) from error
            message = f"{self.address} has no object {key}"
            raise ObjectNotFound(message) from error
        except (BaseError, OSError) as error:  # the library's writers raise OSError
            raise self._failure(doing, error) from error


def check_key(key: str) -> None:
    """Accept a relative path of plain segments: letters, digits, `.`, `_`, `-` and `=`.

    Raises:
        StoreError: The key is not such a path; the message names the segment.
    """
    if len(key.encode(errors="replace")) > _MAX_KEY_BYTES:
        message = f"the key {key[:40]!r}... is longer than {_MAX_KEY_BYTES} bytes"
        raise StoreError(message)
    for segment in key.split("/"):
        if not _is_plain(segment):
            message = (
                f"the key {key!r} has the segment {segment!r}: expected 1 to {_MAX_SEGMENT_BYTES} "
                "letters, digits, '.', '_', '-' or '=', no '.' or '=' at either end, no device name"
            )
            raise StoreError(message)


def is_key(name: str) -> bool:
    """True if `check_key` accepts the name."""
    try:
        check_key(name)
    except StoreError:
        return False
    return True


def cause(error: Exception) -> str:
    """The library's own message on one line, without its dump of internals."""
    summary = str(error).partition("Debug source")[0]
    return " ".join(summary.split())[:_MAX_CAUSE_CHARACTERS]


def _abort(writer: "obstore.WritableFile", error: BaseException) -> None:
    """Abort an upload because of an error, which is more important than a failure of this.

    What is left then is a leftover, which housekeeping removes (`ObjectStore.leftovers`).
    """
    try:
        writer.__exit__(type(error), error, error.__traceback__)
    except Exception as failure:  # noqa: BLE001 - the library's errors have no common class
        _LOG.info("an upload could not be aborted: %s", cause(failure))


def _is_plain(segment: str) -> bool:
    return (
        len(segment) <= _MAX_SEGMENT_BYTES
        and _SEGMENT.fullmatch(segment) is not None
        and _DEVICE_NAME.fullmatch(segment) is None
    )
