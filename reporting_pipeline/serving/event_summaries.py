"""Recent event summaries, from memory: the totals of an event as of a report day.

The columns are those of `report_event_summary`; `registry.report_tables` describes them. The
version comes from the warehouse; the row may come from a read replica, if it has that version.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import Connection, IsolationLevel
from sqlalchemy import URL

from reporting_pipeline.publishing.replica import Replica
from reporting_pipeline.serving.hot_cache import CacheKey, CacheLimits, CacheMetrics, HotCache
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline.warehouse.tenancy import tenant_session, tenant_transaction

_VERSION_BYTES = 64
# The version is a digest of the event's rows: every build that changes one of them changes it.
_VERSION = """
    select md5(string_agg(summary::text, '|' order by summary.date, summary.currency))
    from reporting.report_event_summary as summary
    where summary.organization_id = %s and summary.event_id = %s
"""
_SUMMARY = """
    select to_jsonb(summary)::text
    from reporting.report_event_summary as summary
    where summary.organization_id = %s and summary.event_id = %s and summary.date <= %s
    order by summary.date desc, summary.currency
    limit 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSummary:
    """The last summary of an event up to a day.

    Attributes:
        version: The version of all rows of the event; it changes if one of them changes.
        row: The values by column, as in JSON: money in whole minor units, rates as Decimal, days
            and ids as text.
        byte_count: The bytes of the row as JSON.
    """

    version: str
    row: Mapping[str, Any]
    byte_count: int


class EventSummaries:
    """Summaries of events; all methods are thread-safe.

    Args:
        warehouse: The warehouse with the report tables.
        limits: The limits of the summaries in memory.
        clock: Seconds, monotonic.
        replica: From which rows are read while it has the warehouse's version of them.
    """

    def __init__(
        self,
        warehouse: URL,
        limits: CacheLimits,
        clock: Callable[[], float],
        replica: Replica | None = None,
    ) -> None:
        self._warehouse = warehouse
        self._replica = replica
        versions = CacheLimits(
            ttl_seconds=limits.ttl_seconds,
            max_entries=limits.max_entries,
            max_bytes=limits.max_entries * _VERSION_BYTES,
        )
        self._versions: HotCache[str] = HotCache(versions, lambda _: _VERSION_BYTES, clock)
        self._rows: HotCache[EventSummary] = HotCache(limits, lambda each: each.byte_count, clock)
        self._metrics = CacheMetrics("summaries")

    def summary(self, organization_id: UUID, event_id: UUID, as_of: date) -> EventSummary | None:
        """The summary of an organisation's event at the end of a report day.

        Returns:
            None if the organisation has no such event, or the event has no row so early.

        Raises:
            WarehouseUnavailable: The warehouse cannot be reached.
        """
        key = CacheKey(organization_id=organization_id, item=event_id)
        version = self._versions.get(key, lambda: self._version(key))
        if version is None:
            return None
        versioned = CacheKey(
            organization_id=organization_id, item=(event_id, as_of), version=version
        )
        found = self._rows.get(versioned, lambda: self._row(key, as_of, version))
        if found is not None and found.version != version:
            # The rows changed between the two queries: the next call starts again.
            self._rows.drop(lambda each: each == versioned)
            self.forget(organization_id)
        return found

    def kept(self, organization_id: UUID, event_id: UUID, as_of: date) -> EventSummary | None:
        """The summary if memory has it; never waits for the warehouse."""
        version = self._versions.kept(CacheKey(organization_id=organization_id, item=event_id))
        if version is None:
            return None
        return self._rows.kept(
            CacheKey(organization_id=organization_id, item=(event_id, as_of), version=version)
        )

    def forget(self, organization_id: UUID) -> None:
        """Look up the current version at the next call, for all events of an organisation."""
        self._versions.drop(lambda key: key.organization_id == organization_id)

    def forget_all(self) -> None:
        """Look up the current version of every event at the next call."""
        self._versions.drop(lambda _: True)

    def _version(self, key: CacheKey) -> str | None:
        with warehouse_connection(self._warehouse) as connection:
            self._metrics.record(connection, self._versions)
            connection.commit()
            with tenant_transaction(connection, key.organization_id):
                return _version(connection, key)

    def _row(self, key: CacheKey, as_of: date, version: str) -> EventSummary | None:
        if self._replica is not None:
            found = self._replica.read(
                key.organization_id,
                lambda replica: _version(replica, key) == version,
                lambda replica: _summary(replica, key, as_of),
            )
            if found is not None:
                return found
        level = IsolationLevel.REPEATABLE_READ
        with tenant_session(
            self._warehouse, key.organization_id, isolation_level=level
        ) as connection:
            return _summary(connection, key, as_of)


def _version(connection: Connection[Any], key: CacheKey) -> str | None:
    [(version,)] = connection.execute(_VERSION, (key.organization_id, key.item)).fetchall()
    return None if version is None else str(version)


def _summary(connection: Connection[Any], key: CacheKey, as_of: date) -> EventSummary | None:
    version = _version(connection, key)
    bound = (key.organization_id, key.item, as_of)
    found = connection.execute(_SUMMARY, bound).fetchone()
    if found is None:
        return None
    text = str(found[0])
    return EventSummary(
        version=str(version),
        row=json.loads(text, parse_float=Decimal),
        byte_count=len(text.encode()),
    )
