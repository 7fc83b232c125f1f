"""A bounded cache in this process: values by organisation, for some minutes, loaded once per key.

    hit     the value, from memory
    miss    one caller loads; whoever asks for the key meanwhile gets that value, or that error

A value that is dropped while it is being loaded goes to those who waited for it, and is not kept.
Errors and None are never kept. What belongs here: keeping, dropping, counting. What does not: what
is kept, and who says that it is old (`hot_reports`, `hot_summaries`, `restatements`).
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
    """Whose value, of what, in which state.

    Attributes:
        item: What it is of: a report's id, an event's id and a day.
        version: Of the data: another version is another value. None: which version is current.
    """

    organization_id: UUID
    item: Hashable
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheLimits:
    """How much is kept, and for how long.

    Attributes:
        ttl_seconds: From 600 to 1800.
        max_entries: Values; at least 1.
        max_bytes: Of all values together; at least 1. A larger value is not kept.
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
    """How often it was asked: answered from memory, or by loading or waiting for a load."""

    hits: int = 0
    misses: int = 0

    def since(self, former: "CacheCounts") -> "CacheCounts":
        """What was added after `former`."""
        return CacheCounts(hits=self.hits - former.hits, misses=self.misses - former.misses)


class HotCache(Generic[V]):
    """Values under `HotKey`s; every method may be called from any thread.

    Args:
        bounds: How much, and how long.
        size_of: The bytes of a value.
        clock: Seconds, monotonic.
    """

    def __init__(
        self, bounds: CacheLimits, size_of: Callable[[V], int], clock: Callable[[], float]
    ) -> None:
        self._bounds = bounds
        self._size_of = size_of
        self._kept: TTLCache[CacheKey, V] = TTLCache(
            maxsize=bounds.max_bytes, ttl=bounds.ttl_seconds, timer=clock, getsizeof=size_of
        )
        self._loading: dict[CacheKey, Future[V | None]] = {}
        self._lock = threading.Lock()
        self._hits = 0
        self._misses = 0

    def get(self, key: CacheKey, load: Callable[[], V | None]) -> V | None:
        """The value of a key; on a miss what `load` gives, called by one thread at a time.

        Raises:
            BaseException: What `load` raised, to the caller and to those who waited with it.
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

    def drop(self, is_dropped: Callable[[CacheKey], bool]) -> int:
        """Forget values, those that are being loaded too; how many were kept."""
        with self._lock:
            kept = [key for key in self._kept if is_dropped(key)]
            for key in kept:
                self._kept.pop(key, None)  # its time may just be over
            for key in [key for key in self._loading if is_dropped(key)]:
                del self._loading[key]
        return len(kept)

    @property
    def counts(self) -> CacheCounts:
        """How often it was asked so far."""
        with self._lock:
            return CacheCounts(hits=self._hits, misses=self._misses)

    @property
    def entry_count(self) -> int:
        """How many values are kept now."""
        with self._lock:
            self._kept.expire()
            return len(self._kept)

    @property
    def byte_count(self) -> int:
        """The bytes of the values that are kept now."""
        with self._lock:
            self._kept.expire()
            return int(self._kept.currsize)

    def _load(
        self, key: CacheKey, load: Callable[[], V | None], flight: Future[V | None]
    ) -> V | None:
        try:
            value = load()
        except BaseException as error:
            self._land(key, flight, None)
            flight.set_exception(error)
            raise
        self._land(key, flight, value)
        flight.set_result(value)
        return value

    def _land(self, key: CacheKey, flight: Future[V | None], value: V | None) -> None:
        with self._lock:
            if self._loading.get(key) is not flight:  # dropped meanwhile
                return
            del self._loading[key]
            if value is None or self._size_of(value) > self._bounds.max_bytes:
                return
            self._kept.expire()
            while len(self._kept) >= self._bounds.max_entries:
                self._kept.popitem()
            self._kept[key] = value


class CacheTally:
    """What one cache has counted and not yet told."""

    def __init__(self, cache: str) -> None:
        self._cache = cache
        self._told = CacheCounts()
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
