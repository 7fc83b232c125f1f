"""The hot cache is bounded in size and time, and loads a value once for all callers."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from reporting_pipeline.errors import SettingsError, StoreUnavailable
from reporting_pipeline.serving.hot_cache import CacheCounts, CacheKey, CacheLimits, HotCache
from reporting_pipeline_tests.serving.clock import ManualClock

ORGANIZATION = UUID(int=1)
OTHER = UUID(int=2)


def cache_of(
    *, entries: int = 10, max_bytes: int = 1000, clock: Callable[[], float] | None = None
) -> HotCache[bytes]:
    limits = CacheLimits(ttl_seconds=600, max_entries=entries, max_bytes=max_bytes)
    return HotCache(limits, len, clock or ManualClock())


def key(item: object, organization_id: UUID = ORGANIZATION) -> CacheKey:
    return CacheKey(organization_id=organization_id, item=str(item), version="1")


def unexpected() -> bytes:
    pytest.fail("the value was loaded again")


@pytest.mark.parametrize("seconds", [0, 599, 1801])
def test_a_time_outside_ten_to_thirty_minutes_is_refused(seconds: int) -> None:
    with pytest.raises(SettingsError, match="600 to 1800"):
        CacheLimits(ttl_seconds=seconds, max_entries=1, max_bytes=1)


def test_a_cache_without_room_is_refused() -> None:
    with pytest.raises(SettingsError, match="at least one value"):
        CacheLimits(ttl_seconds=600, max_entries=0, max_bytes=1)


def test_a_value_is_loaded_once_within_its_time_and_again_after_it() -> None:
    clock = ManualClock()
    cache = cache_of(clock=clock)
    assert cache.get(key("a"), lambda: b"one") == b"one"
    clock.seconds = 599.0
    assert cache.get(key("a"), unexpected) == b"one"
    clock.seconds = 600.0
    assert cache.get(key("a"), lambda: b"two") == b"two"
    assert cache.counts == CacheCounts(hits=1, misses=2)


def test_what_memory_has_is_given_without_loading_and_expires() -> None:
    clock = ManualClock()
    cache = cache_of(clock=clock)
    assert cache.kept(key("a")) is None
    cache.get(key("a"), lambda: b"one")
    assert cache.kept(key("a")) == b"one"
    assert cache.kept(key("a", OTHER)) is None
    clock.seconds = 600.0
    assert cache.kept(key("a")) is None
    assert cache.counts == CacheCounts(hits=1, misses=1)


def test_organisations_and_versions_have_values_of_their_own() -> None:
    cache = cache_of()
    cache.get(key("a"), lambda: b"ours")
    assert cache.get(key("a", OTHER), lambda: b"theirs") == b"theirs"
    newer = CacheKey(organization_id=ORGANIZATION, item="a", version="2")
    assert cache.get(newer, lambda: b"newer") == b"newer"
    assert cache.get(key("a"), unexpected) == b"ours"


def test_the_number_of_values_is_bounded_and_the_least_used_is_dropped() -> None:
    cache = cache_of(entries=2)
    cache.get(key("a"), lambda: b"a")
    cache.get(key("b"), lambda: b"b")
    cache.get(key("a"), unexpected)
    cache.get(key("c"), lambda: b"c")
    assert cache.entry_count == 2
    assert cache.get(key("a"), unexpected) == b"a"
    assert cache.get(key("b"), lambda: b"again") == b"again"


def test_the_bytes_are_bounded_and_a_too_large_value_is_not_kept() -> None:
    cache = cache_of(max_bytes=10)
    cache.get(key("a"), lambda: b"a" * 6)
    cache.get(key("b"), lambda: b"b" * 6)
    assert (cache.entry_count, cache.byte_count) == (1, 6)
    assert cache.get(key("huge"), lambda: b"h" * 11) == b"h" * 11
    assert cache.get(key("huge"), lambda: b"again") == b"again"


def test_an_error_is_not_kept() -> None:
    cache = cache_of()

    def fails() -> bytes:
        message = "the store is down"
        raise StoreUnavailable(message)

    with pytest.raises(StoreUnavailable):
        cache.get(key("a"), fails)
    assert cache.get(key("a"), lambda: b"loaded") == b"loaded"


def test_none_is_not_kept() -> None:
    cache = cache_of()
    assert cache.get(key("a"), lambda: None) is None
    assert cache.get(key("a"), lambda: b"now") == b"now"


def test_a_hundred_callers_at_once_load_once() -> None:
    cache = cache_of()
    is_open, loads = threading.Event(), []

    def load() -> bytes:
        loads.append(1)
        assert is_open.wait(10)
        return b"value"

    with ThreadPoolExecutor(100) as threads:
        results = [threads.submit(cache.get, key("a"), load) for _ in range(100)]
        while cache.counts.misses < 100:
            pass
        is_open.set()
        assert {each.result() for each in results} == {b"value"}
    assert len(loads) == 1


def test_callers_that_wait_for_a_failing_load_get_its_error() -> None:
    cache = cache_of()
    is_open = threading.Event()

    def load() -> bytes:
        assert is_open.wait(10)
        message = "the store is down"
        raise StoreUnavailable(message)

    with ThreadPoolExecutor(5) as threads:
        results = [threads.submit(cache.get, key("a"), load) for _ in range(5)]
        while cache.counts.misses < 5:
            pass
        is_open.set()
        assert all(isinstance(each.exception(), StoreUnavailable) for each in results)


def test_loading_one_key_does_not_block_another() -> None:
    cache = cache_of()
    assert cache.get(key("a"), lambda: cache.get(key("b"), lambda: b"b")) == b"b"


def test_a_dropped_value_is_loaded_again_and_others_stay() -> None:
    cache = cache_of()
    cache.get(key("a"), lambda: b"a")
    cache.get(key("a", OTHER), lambda: b"theirs")
    assert cache.drop(lambda each: each.organization_id == ORGANIZATION) == 1
    assert cache.get(key("a"), lambda: b"new") == b"new"
    assert cache.get(key("a", OTHER), unexpected) == b"theirs"


def test_a_value_dropped_while_it_is_loaded_is_not_kept() -> None:
    cache = cache_of()

    def load() -> bytes:
        cache.drop(lambda _: True)
        return b"old"

    assert cache.get(key("a"), load) == b"old"
    assert cache.get(key("a"), lambda: b"new") == b"new"
