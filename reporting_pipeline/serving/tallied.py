"""How often the hot caches answered, told to the tallies that every /metrics shows.

Each cache tells what it has counted when it asks the warehouse anyway, so a hit stays free of it;
the figures are late by as long as everything is hit. What belongs here: what was told already.
"""

import threading
from typing import Any

from psycopg import Connection

from reporting_pipeline.serving.hot_cache import Counts, HotCache
from reporting_pipeline.telemetry.metric_store import Observation, record
from reporting_pipeline.telemetry.metrics import CACHE_REQUESTS


class CacheTally:
    """What one cache has counted and not yet told."""

    def __init__(self, cache: str) -> None:
        self._cache = cache
        self._told = Counts()
        self._lock = threading.Lock()

    def tell(self, connection: Connection[Any], cache: HotCache[Any]) -> None:
        """Add what was counted since the last time."""
        with self._lock:
            counts = cache.counts
            new, self._told = counts.since(self._told), counts
        record(
            connection,
            [
                Observation(CACHE_REQUESTS, {"cache": self._cache, "result": result}, value)
                for result, value in (("hit", new.hits), ("miss", new.misses))
                if value > 0
            ],
        )
