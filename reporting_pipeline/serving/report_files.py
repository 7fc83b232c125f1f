"""The files of recently generated reports, from memory.

Two steps, each kept: which edition of a report is current, and the bytes of that edition. The
second is under the file's digest, so it is never wrong, only unused. The first is what a
restatement changes: it is dropped when the notice of the new edition comes (`restatements`), and at
the latest after the cache's time.

What belongs here: reading a report's file for one organisation. What does not: who may see which
organisation, and generating what is not there.
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
from reporting_pipeline.serving.hot_cache import CacheKey, CacheLimits, CacheTally, HotCache
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
    """Which edition of a report stands in the store."""

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
        content: Its bytes; None where they are too many for memory: read them from the store.
    """

    edition: CurrentEdition
    content: bytes | None


class ReportFiles:
    """The files of generated reports; every method may be called from any thread.

    Args:
        warehouse: Where the catalogue is.
        store: Where the files are.
        bounds: Of the bytes that are kept.
        max_file_bytes: A larger file is not kept, and not read whole.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        warehouse: URL,
        store: ObjectStore,
        bounds: CacheLimits,
        *,
        max_file_bytes: int,
        clock: Callable[[], float],
    ) -> None:
        self._warehouse = warehouse
        self._store = store
        self._max_file_bytes = min(max_file_bytes, bounds.max_bytes)
        editions = CacheLimits(
            ttl_seconds=bounds.ttl_seconds,
            max_entries=bounds.max_entries,
            max_bytes=bounds.max_entries * _ENTRY_BYTES,
        )
        self._editions: HotCache[CurrentEdition] = HotCache(editions, _edition_bytes, clock)
        self._files: HotCache[bytes] = HotCache(bounds, len, clock)
        self._tally = CacheTally("reports")

    def report(self, organization_id: UUID, report_id: UUID) -> ReportFile | None:
        """The current file of an organisation's report.

        Returns:
            None where the organisation has no such report, or none of it is published.

        Raises:
            StoreUnavailable: The store cannot be reached, or the file is being replaced.
            WarehouseUnavailable: The warehouse cannot be reached.
        """
        found = self._report(organization_id, report_id)
        if found is None or found.content is not None or not self._is_kept(found.edition):
            return found
        # The store holds other bytes than the edition that we knew: it has been restated.
        self.forget(organization_id, report_id)
        again = self._report(organization_id, report_id)
        if again is not None and again.content is None and self._is_kept(again.edition):
            message = (
                f"{self._store.location(again.edition.storage_path)} is being replaced; "
                f"ask for report {report_id} again"
            )
            raise StoreUnavailable(message)
        return again

    def forget(self, organization_id: UUID, report_id: UUID | None = None) -> None:
        """Look up which edition is current when next asked: of a report, or of all of them."""
        self._editions.drop(
            lambda key: key.organization_id == organization_id and report_id in {None, key.item}
        )

    def forget_all(self) -> None:
        """Look up every report's current edition when next asked."""
        self._editions.drop(lambda _: True)

    def _report(self, organization_id: UUID, report_id: UUID) -> ReportFile | None:
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
            self._tally.tell(connection, self._editions)
            return _current_edition(connection, organization_id, report_id)

    def _content(self, edition: CurrentEdition) -> bytes | None:
        """The bytes of an edition; None where the store holds others, or none."""
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
