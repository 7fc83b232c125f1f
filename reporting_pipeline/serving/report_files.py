"""The files of recently generated reports, from memory.

Two values of a report are cached: its current edition, and the bytes of that edition. The bytes are
kept under the file's digest, so they are never wrong, at most unused. The current edition changes
with a restatement: it is dropped by the notice of the new edition (`invalidation`), or when it
expires at the latest.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row
from sqlalchemy import URL

from reporting_pipeline.errors import ObjectNotFound, StoreUnavailable
from reporting_pipeline.serving.hot_cache import CacheKey, CacheLimits, CacheMetrics, HotCache
from reporting_pipeline.store.object_store import ObjectStore
from reporting_pipeline.warehouse.engine import warehouse_connection

_ENTRY_BYTES = 512
_EDITION = """
    select organization_id, id as report_id, edition, file_sha256, storage_path, byte_count
    from catalogue.generated_reports
    where organization_id = %s and id = %s and storage_path is not null
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentEdition:
    """The current edition of a report."""

    organization_id: UUID
    report_id: UUID
    edition: int
    file_sha256: str
    storage_path: str
    byte_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFile:
    """A report's current file.

    Attributes:
        content: The bytes of the file; None if it is too large for memory: read it from the store.
    """

    edition: CurrentEdition
    content: bytes | None


class ReportFiles:
    """The files of generated reports; all methods are thread-safe.

    Args:
        warehouse: The warehouse with the catalogue.
        store: The store with the files.
        limits: The limits of the files in memory.
        max_file_bytes: A larger file is not kept in memory, and not read as a whole.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        warehouse: URL,
        store: ObjectStore,
        limits: CacheLimits,
        *,
        max_file_bytes: int,
        clock: Callable[[], float],
    ) -> None:
        self._warehouse = warehouse
        self._store = store
        self._max_file_bytes = min(max_file_bytes, limits.max_bytes)
        editions = CacheLimits(
            ttl_seconds=limits.ttl_seconds,
            max_entries=limits.max_entries,
            max_bytes=limits.max_entries * _ENTRY_BYTES,
        )
        self._editions: HotCache[CurrentEdition] = HotCache(editions, _edition_bytes, clock)
        self._files: HotCache[bytes] = HotCache(limits, len, clock)
        self._metrics = CacheMetrics("reports")

    def file(self, organization_id: UUID, report_id: UUID) -> ReportFile | None:
        """The current file of an organisation's report.

        Returns:
            None if the organisation has no such report, or no edition of it is published.

        Raises:
            StoreUnavailable: The store cannot be reached, or the file is being replaced.
            WarehouseUnavailable: The warehouse cannot be reached.
        """
        found = self._look_up(organization_id, report_id)
        if found is None or found.content is not None or not self._is_kept(found.edition):
            return found
        # The store has other bytes than the known edition: the report was restated.
        self.forget(organization_id, report_id)
        again = self._look_up(organization_id, report_id)
        if again is not None and again.content is None and self._is_kept(again.edition):
            message = (
                f"{self._store.location(again.edition.storage_path)} is being replaced; "
                f"request report {report_id} again"
            )
            raise StoreUnavailable(message)
        return again

    def forget(self, organization_id: UUID, report_id: UUID | None = None) -> None:
        """Look up the current edition at the next call, for one report or a whole organisation."""
        self._editions.drop(
            lambda key: key.organization_id == organization_id and report_id in {None, key.item}
        )

    def forget_all(self) -> None:
        """Look up the current edition of every report at the next call."""
        self._editions.drop(lambda _: True)

    def _look_up(self, organization_id: UUID, report_id: UUID) -> ReportFile | None:
        key = CacheKey(organization_id=organization_id, item=report_id)
        edition = self._editions.get(key, lambda: self._current(organization_id, report_id))
        if edition is None:
            return None
        if not self._is_kept(edition):
            return ReportFile(edition=edition, content=None)
        version = CacheKey(
            organization_id=organization_id, item=report_id, version=edition.file_sha256
        )
        return ReportFile(
            edition=edition, content=self._files.get(version, lambda: self._content(edition))
        )

    def _current(self, organization_id: UUID, report_id: UUID) -> CurrentEdition | None:
        with warehouse_connection(self._warehouse) as connection:
            self._metrics.record(connection, self._editions)
            return _current_edition(connection, organization_id, report_id)

    def _content(self, edition: CurrentEdition) -> bytes | None:
        """The bytes of an edition; None if the store has other bytes, or no file."""
        try:
            content = b"".join(self._store.get(edition.storage_path))
        except ObjectNotFound:
            return None
        return content if hashlib.sha256(content).hexdigest() == edition.file_sha256 else None

    def _is_kept(self, edition: CurrentEdition) -> bool:
        return edition.byte_count <= self._max_file_bytes


def _current_edition(
    connection: Connection[Any], organization_id: UUID, report_id: UUID
) -> CurrentEdition | None:
    with connection.cursor(row_factory=class_row(CurrentEdition)) as cursor:
        return cursor.execute(_EDITION, (organization_id, report_id)).fetchone()


def _edition_bytes(_: CurrentEdition) -> int:
    return _ENTRY_BYTES
