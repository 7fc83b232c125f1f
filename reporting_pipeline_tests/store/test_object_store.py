"""The contract of every store, checked for a folder and for buckets of two servers."""

import hashlib
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from reporting_pipeline.errors import ObjectNotFound, StoreError
from reporting_pipeline.store.object_store import ObjectStore

MEBIBYTE = 1024 * 1024
KEY = "organization/table/2026-02-28/file.csv"


def content(store: ObjectStore, key: str = KEY) -> bytes:
    return b"".join(store.get(key))


def large_chunks() -> Iterator[bytes]:
    """Two parts and a half, which S3 must join."""
    for number in range(20):
        yield bytes([number]) * MEBIBYTE


@pytest.mark.parametrize("chunks", [[b"one", b"", b" two"], [], [b""]])
def test_a_read_returns_what_was_put(store: ObjectStore, chunks: list[bytes]) -> None:
    sent = b"".join(chunks)

    stored = store.put(KEY, chunks)

    assert content(store) == sent
    assert stored.key == KEY
    assert stored.byte_count == len(sent)
    assert stored.sha256 == hashlib.sha256(sent).hexdigest()


def test_an_object_of_several_parts_is_whole(store: ObjectStore) -> None:
    stored = store.put(KEY, large_chunks())

    digest = hashlib.sha256()
    for chunk in store.get(KEY):
        digest.update(chunk)
    assert stored.byte_count == 20 * MEBIBYTE
    assert digest.hexdigest() == stored.sha256
    assert stored.sha256 == hashlib.sha256(b"".join(large_chunks())).hexdigest()


def test_a_put_replaces_the_object(store: ObjectStore) -> None:
    store.put(KEY, [b"a longer former object"])
    store.put(KEY, [b"new"])

    assert content(store) == b"new"
    assert list(store.list_keys()) == [KEY]


def test_readers_see_the_former_object_until_the_new_one_is_whole(store: ObjectStore) -> None:
    store.put(KEY, [b"former"])
    seen = []

    def chunks() -> Iterator[bytes]:
        for chunk in large_chunks():
            seen.append((content(store), list(store.list_keys())))
            yield chunk

    store.put(KEY, chunks())

    assert seen == [(b"former", [KEY])] * 20


@pytest.mark.parametrize("former", [None, b"former"])
@pytest.mark.parametrize("mebibytes", [0, 1, 18])
@pytest.mark.parametrize(
    "error", [RuntimeError("boom"), FileNotFoundError("a chunk's own"), KeyboardInterrupt()]
)
def test_an_interrupted_put_changes_nothing(
    store: ObjectStore, former: bytes | None, mebibytes: int, error: BaseException
) -> None:
    if former is not None:
        store.put(KEY, [former])

    def chunks() -> Iterator[bytes]:
        for _ in range(mebibytes):
            yield b"x" * MEBIBYTE
        raise error

    with pytest.raises(type(error)) as raised:
        store.put(KEY, chunks())

    assert raised.value is error
    assert store.exists(KEY) == (former is not None)
    assert list(store.list_keys()) == ([] if former is None else [KEY])
    if former is not None:
        assert content(store) == former


def test_a_process_killed_while_it_writes_changes_nothing(store: ObjectStore) -> None:
    store.put(KEY, [b"former"])
    program = f"""
import os, signal
from reporting_pipeline.store import open_store

def chunks():
    yield bytes({18 * MEBIBYTE})
    os.kill(os.getpid(), signal.SIGKILL)

open_store({store.address!r}).put({KEY!r}, chunks())
"""

    killed = subprocess.run([sys.executable, "-c", program], check=False)  # noqa: S603 - our own

    assert killed.returncode == -signal.SIGKILL
    assert list(store.list_keys()) == [KEY]
    assert content(store) == b"former"


def test_keys_are_listed_by_whole_segments(store: ObjectStore) -> None:
    keys = ["a/b/1.csv", "a/b/c/2.csv", "a/bc/3.csv", "ab/4.csv", "5.csv"]
    for key in keys:
        store.put(key, [b"x"])

    assert sorted(store.list_keys()) == sorted(keys)
    assert sorted(store.list_keys("a")) == ["a/b/1.csv", "a/b/c/2.csv", "a/bc/3.csv"]
    assert sorted(store.list_keys("a/b")) == ["a/b/1.csv", "a/b/c/2.csv"]
    assert list(store.list_keys("a/b/c/d")) == []
    assert store.list_folders() == ["a", "ab"]


def test_an_empty_store_lists_nothing(store: ObjectStore) -> None:
    assert list(store.list_keys()) == []
    assert store.list_folders() == []


def test_a_store_that_answers_is_reachable(store: ObjectStore) -> None:
    store.require_reachable()


def test_a_deleted_object_is_gone_and_may_be_deleted_again(store: ObjectStore) -> None:
    store.put(KEY, [b"x"])
    store.put("organization/other.csv", [b"x"])

    store.delete(KEY)
    store.delete(KEY)

    assert not store.exists(KEY)
    assert list(store.list_keys()) == ["organization/other.csv"]


def test_reading_a_missing_object_is_an_error(store: ObjectStore) -> None:
    with pytest.raises(ObjectNotFound, match=f"has no object {KEY}"):
        content(store)


@pytest.mark.parametrize("key", ["../x", "/etc/passwd", "a\0b", ""])
def test_every_operation_refuses_a_bad_key(store: ObjectStore, key: str) -> None:
    with pytest.raises(StoreError, match="the key "):
        store.put(key, [b"x"])
    with pytest.raises(StoreError, match="the key "):
        store.get(key)
    with pytest.raises(StoreError, match="the key "):
        store.exists(key)
    with pytest.raises(StoreError, match="the key "):
        store.delete(key)
    with pytest.raises(StoreError, match="the key "):
        list(store.list_keys(key or "/"))
