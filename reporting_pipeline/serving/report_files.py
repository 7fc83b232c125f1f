"""The files of recently generated reports, from memory.

Two values of a report are cached: its current edition, and the bytes of that edition. The bytes are
kept under the file's digest, so they are never wrong, at most unused. The current edition changes
with a restatement: it is dropped by the notice of the new edition (`invalidation`), or when it
expires at the latest.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row
from sqlalchemy import URL

from reporting_pipeline.catalogue.generated_reports import generated_report
from reporting_pipeline.errors import FileLost, ObjectNotFound, StoreUnavailable
from reporting_pipeline.publishing.stored_file import look_at
from reporting_pipeline.requests.request_queue import AnswerState, StoredRequest, last_request
from reporting_pipeline.serving.hot_cache import CacheKey, CacheLimits, CacheMetrics, HotCache
from reporting_pipeline.store.object_store import ObjectStore
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline.warehouse.tenancy import tenant_session, tenant_transaction

_ENTRY_BYTES = 512
_STATES = MappingProxyType(
    {
        "held": AnswerState.HELD,
        "failed": AnswerState.FAILED,
        "empty": AnswerState.EMPTY,
    }
)
_EDITION = """
    select
        organization_id, id as report_id, edition, file_sha256, storage_path, byte_count,
        coalesce(
            manifest -> 'file' ->> 'download_name', regexp_replace(storage_path, '^.*/', '')
        ) as file_name
    from catalogue.generated_reports
    where organization_id = %s and id = %s and storage_path is not null
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentEdition:
    """The current edition of a report.

    Attributes:
        file_name: The file's own name, for a download.
    """

    organization_id: UUID
    report_id: UUID
    edition: int
    file_sha256: str
    storage_path: str
    byte_count: int
    file_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFile:
    """A report's current file.

    Attributes:
        content: The bytes of the file; None if it is too large for memory: read it from the store.
    """

    edition: CurrentEdition
    content: bytes | None

    @property
    def file_name(self) -> str:
        """The file's own name; `domain.file_names.content_disposition` makes a header of it."""
        return self.edition.file_name

    @property
    def state(self) -> AnswerState:
        """`READY`, also while a later attempt waits, is held or has failed."""
        return AnswerState.READY


@dataclass(frozen=True, slots=True, kw_only=True)
class NoFile:
    """A report of which no edition is published.

    Attributes:
        state: `WAITING`, `HELD`, `FAILED` or `EMPTY`.
        reason: Why it is held or failed; None in any other state.
        request: The newest request for it; None if only schedules have generated it.
    """

    state: AnswerState
    reason: str | None = None
    request: StoredRequest | None = None


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

    @property
    def store(self) -> ObjectStore:
        """The store with the files."""
        return self._store

    def file(self, organization_id: UUID, report_id: UUID) -> ReportFile | None:
        """The current file of an organisation's report.

        Returns:
            None if the organisation has no such report, or no edition of it is published.

        Raises:
            FileLost: The file is gone from the store, or altered there.
            StoreUnavailable: The store cannot be reached, or the file is being replaced.
            WarehouseUnavailable: The warehouse cannot be reached.
        """
        found = self._look_up(organization_id, report_id)
        if found is None or found.content is not None:
            return found
        if self._is_kept(found.edition):
            # The store has other bytes than the known edition: the report was restated.
            self.forget(organization_id, report_id)
            found = self._look_up(organization_id, report_id)
            if found is None or found.content is not None:
                return found
        self._require_file(found.edition)
        if not self._is_kept(found.edition):
            return found
        message = (
            f"{self._store.location(found.edition.storage_path)} is being replaced; "
            f"request report {report_id} again"
        )
        raise StoreUnavailable(message)

    def kept(self, organization_id: UUID, report_id: UUID) -> ReportFile | None:
        """The current file if memory has it; never waits for the warehouse or the store."""
        edition = self._editions.kept(CacheKey(organization_id=organization_id, item=report_id))
        content = None if edition is None else self._files.kept(_version(edition))
        if edition is None or content is None:
            return None
        return ReportFile(edition=edition, content=content)

    def no_file(self, organization_id: UUID, report_id: UUID) -> NoFile | None:
        """Why a report has no file; None if the organisation has never requested such a report.

        Raises:
            WarehouseUnavailable: The warehouse cannot be reached.
        """
        with tenant_session(self._warehouse, organization_id) as connection:
            request = last_request(connection, report_id)
            report = generated_report(connection, report_id)
        if request is not None and request.organization_id != organization_id:
            request = None
        if report is not None and report.organization_id != organization_id:
            report = None
        if report is None and request is None:
            return None
        # A schedule may have tried since the request ended: the last attempt counts.
        if report is not None and report.status in _STATES and (not request or request.is_final):
            state, reason = _STATES[report.status], report.failure_message
            return NoFile(state=state, reason=reason, request=request)
        if request is not None:
            return NoFile(state=request.state, reason=request.reason, request=request)
        return NoFile(state=AnswerState.WAITING)

    def _require_file(self, edition: CurrentEdition) -> None:
        """Raise an error if the store does not have the file of an edition."""
        with warehouse_connection(self._warehouse) as connection:
            report = generated_report(connection, edition.report_id)
            lost = report and look_at(connection, self._store, report, datetime.now(UTC))
        if lost:
            raise FileLost(f"report {edition.report_id} is lost in the store: {lost}")

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
        content = self._files.get(_version(edition), lambda: self._content(edition))
        return ReportFile(edition=edition, content=content)

    def _current(self, organization_id: UUID, report_id: UUID) -> CurrentEdition | None:
        with warehouse_connection(self._warehouse) as connection:
            self._metrics.record(connection, self._editions)
            connection.commit()
            with tenant_transaction(connection, organization_id):
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


def _version(edition: CurrentEdition) -> CacheKey:
    return CacheKey(
        organization_id=edition.organization_id,
        item=edition.report_id,
        version=edition.file_sha256,
    )


def _current_edition(
    connection: Connection[Any], organization_id: UUID, report_id: UUID
) -> CurrentEdition | None:
    with connection.cursor(row_factory=class_row(CurrentEdition)) as cursor:
        return cursor.execute(_EDITION, (organization_id, report_id)).fetchone()


def _edition_bytes(_: CurrentEdition) -> int:
    return _ENTRY_BYTES
