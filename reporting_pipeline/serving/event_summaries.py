"""Recent event summaries, from memory: where an event stands as of a day.

What belongs here: reading the summary for one organisation. What does not: who may see which
organisation, and what the columns mean (`registry.report_tables`).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import URL

from reporting_pipeline.serving.hot_cache import CacheKey, CacheLimits, CacheTally, HotCache
from reporting_pipeline.warehouse.engine import warehouse_connection

_VERSION_BYTES = 64
# The version is the state of the very rows that the answer rests on: every build, of whatever
# cause, that changed one of them gives another.
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
    """An event's last summary up to a day.

    Attributes:
        version: Of all rows of the event; another one when any was restated.
        row: Column -> value as JSON has it: money in whole minor
            units, rates as Decimal, days and ids as text.
        byte_count: Of the row as JSON.
    """

    version: str
    row: Mapping[str, Any]
    byte_count: int


class EventSummaries:
    """Summaries of events; every method may be called from any thread.

    Args:
        warehouse: Where the report tables are.
        bounds: Of what is kept.
        clock: Seconds, monotonic.
    """

    def __init__(self, warehouse: URL, bounds: CacheLimits, clock: Callable[[], float]) -> None:
        self._warehouse = warehouse
        versions = CacheLimits(
            ttl_seconds=bounds.ttl_seconds,
            max_entries=bounds.max_entries,
            max_bytes=bounds.max_entries * _VERSION_BYTES,
        )
        self._versions: HotCache[str] = HotCache(versions, lambda _: _VERSION_BYTES, clock)
        self._rows: HotCache[EventSummary] = HotCache(bounds, lambda each: each.byte_count, clock)
        self._tally = CacheTally("summaries")

    def summary(self, organization_id: UUID, event_id: UUID, as_of: date) -> EventSummary | None:
        """Where an organisation's event stood at the end of a report day.

        Returns:
            None where the organisation has no such event, or no row of it stands that early.

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
        found = self._rows.get(versioned, lambda: self._row(key, as_of))
        if found is not None and found.version != version:
            # It was restated between the two questions: the next who asks begins anew.
            self._rows.drop(lambda each: each == versioned)
            self.forget(organization_id)
        return found

    def forget(self, organization_id: UUID) -> None:
        """Look up which state is current when next asked, of all events of an organisation."""
        self._versions.drop(lambda key: key.organization_id == organization_id)

    def forget_all(self) -> None:
        """Look up every event's current state when next asked."""
        self._versions.drop(lambda _: True)

    def _version(self, key: CacheKey) -> str | None:
        with warehouse_connection(self._warehouse) as connection:
            self._tally.tell(connection, self._versions)
            [(version,)] = connection.execute(_VERSION, (key.organization_id, key.item)).fetchall()
            return None if version is None else str(version)

    def _row(self, key: CacheKey, as_of: date) -> EventSummary | None:
        bound = (key.organization_id, key.item)
        with warehouse_connection(self._warehouse) as connection:
            connection.execute("set transaction isolation level repeatable read read only")
            [(version,)] = connection.execute(_VERSION, bound).fetchall()
            found = connection.execute(_SUMMARY, (*bound, as_of)).fetchone()
        if found is None:
            return None
        text = str(found[0])
        return EventSummary(
            version=str(version),
            row=json.loads(text, parse_float=Decimal),
            byte_count=len(text.encode()),
        )
