"""A bounded cache in this process: values by organisation, for some minutes, loaded once per key.

    hit     the value comes from memory
    miss    one caller loads it; other callers for the key wait for that value, or that error

If a value is dropped while it is being loaded, the waiting callers still get it, but it is not
kept. Errors and None are never kept. Hits and misses are counted, and added to the metrics of
/metrics when a cache queries the warehouse anyway, so that a hit needs no query. While all calls
are hits, the metrics lag behind.
"""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from cachetools import TTLCache
from psycopg import Connection

from reporting_pipeline.errors import SettingsError
from reporting_pipeline.telemetry.metric_store import Observation, record
from reporting_pipeline.telemetry.metrics import CACHE_REQUESTS

V = TypeVar("V")

MIN_TTL_SECONDS = 600
MAX_TTL_SECONDS = 1800


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheKey:
    """The key of a value: organisation, item, and version of the data.

    Attributes:
        item: For example a report's id, or an event's id and a day.
        version: The version of the data. None for the value that names the current version.
    """

    organization_id: UUID
    item: Hashable
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheLimits:
    """The limits of a cache: how much it keeps, and for how long.

    Attributes:
        ttl_seconds: From 600 to 1800.
        max_entries: The number of values; at least 1.
        max_bytes: The bytes of all values together; at least 1. A larger value is not kept.
    """

    ttl_seconds: int
    max_entries: int
    max_bytes: int

    def __post_init__(self) -> None:
        if not MIN_TTL_SECONDS <= self.ttl_seconds <= MAX_TTL_SECONDS:
            message = (
                f"a hot cache keeps a value for {MIN_TTL_SECONDS} to {MAX_TTL_SECONDS} seconds, "
                f"not {self.ttl_seconds}: set REPORTING_HOT_CACHE_TTL_SECONDS"
            )
            raise SettingsError(message)
        if self.max_entries < 1 or self.max_bytes < 1:
            message = (
                f"a hot cache holds at least one value of one byte, not {self.max_entries} of "
                f"{self.max_bytes} bytes: set REPORTING_HOT_CACHE_ENTRIES and ..._BYTES"
            )
            raise SettingsError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheCounts:
    """The number of hits, and of misses, which load a value or wait for a load."""

    hits: int = 0
    misses: int = 0

    def since(self, former: "CacheCounts") -> "CacheCounts":
        """The counts added since `former`."""
        return CacheCounts(hits=self.hits - former.hits, misses=self.misses - former.misses)


class HotCache(Generic[V]):
    """Values under `CacheKey`s; all methods are thread-safe.

    Args:
        limits: The limits of the cache.
        size_of: Returns the bytes of a value.
        clock: Seconds, monotonic.
    """

    def __init__(
        self, limits: CacheLimits, size_of: Callable[[V], int], clock: Callable[[], float]
    ) -> None:
        self._limits = limits
        self._size_of = size_of
        self._kept: TTLCache[CacheKey, V] = TTLCache(
            maxsize=limits.max_bytes, ttl=limits.ttl_seconds, timer=clock, getsizeof=size_of
        )
        self._loading: dict[CacheKey, Future[V | None]] = {}
        self._lock = threading.Lock()
        self._hits = 0
        self._misses = 0

    def get(self, key: CacheKey, load: Callable[[], V | None]) -> V | None:
        """The value of a key; on a miss the result of `load`, which one thread at a time calls.

        Raises:
            BaseException: The error of `load`, in all threads that waited for it.
        """
        with self._lock:
            kept: V | None = self._kept.get(key)
            if kept is not None:
                self._hits += 1
                return kept
            self._misses += 1
            own: Future[V | None] = Future()
            flight = self._loading.setdefault(key, own)
        return self._load(key, load, flight) if flight is own else flight.result()

    def kept(self, key: CacheKey) -> V | None:
        """The value of a key if it is in memory; counts a hit, and no miss."""
        with self._lock:
            found: V | None = self._kept.get(key)
            self._hits += found is not None
            return found

    def drop(self, is_dropped: Callable[[CacheKey], bool]) -> int:
        """Drop values, also those that are being loaded; returns how many were in memory."""
        with self._lock:
            kept = [key for key in self._kept if is_dropped(key)]
            for key in kept:
                self._kept.pop(key, None)  # it may have just expired
            for key in [key for key in self._loading if is_dropped(key)]:
                del self._loading[key]
        return len(kept)

    @property
    def counts(self) -> CacheCounts:
        """The counts so far."""
        with self._lock:
            return CacheCounts(hits=self._hits, misses=self._misses)

    @property
    def entry_count(self) -> int:
        """The number of values in memory."""
        with self._lock:
            self._kept.expire()
            return len(self._kept)

    @property
    def byte_count(self) -> int:
        """The bytes of the values in memory."""
        with self._lock:
            self._kept.expire()
            return int(self._kept.currsize)

    def _load(
        self, key: CacheKey, load: Callable[[], V | None], flight: Future[V | None]
    ) -> V | None:
        try:
            value = load()
        except BaseException as error:
            self._finish_load(key, flight, None)
            flight.set_exception(error)
            raise
        self._finish_load(key, flight, value)
        flight.set_result(value)
        return value

    def _finish_load(self, key: CacheKey, flight: Future[V | None], value: V | None) -> None:
        with self._lock:
            if self._loading.get(key) is not flight:  # dropped meanwhile
                return
            del self._loading[key]
            if value is None or self._size_of(value) > self._limits.max_bytes:
                return
            self._kept.expire()
            while len(self._kept) >= self._limits.max_entries:
                self._kept.popitem()
            self._kept[key] = value


class CacheMetrics:
    """The counts of one cache that are not yet part of the metrics."""

    def __init__(self, cache: str) -> None:
        self._cache = cache
        self._recorded = CacheCounts()
        self._lock = threading.Lock()

    def record(self, connection: Connection[Any], cache: HotCache[Any]) -> None:
        """Add the counts since the last call to the metrics in the warehouse."""
        with self._lock:
            counts = cache.counts
            new, self._recorded = counts.since(self._recorded), counts
        record(
            connection,
            [
                Observation(CACHE_REQUESTS, {"cache": self._cache, "result": result}, value)
                for result, value in (("hit", new.hits), ("miss", new.misses))
                if value > 0
            ],
        )
