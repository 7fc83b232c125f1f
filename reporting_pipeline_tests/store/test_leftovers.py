"""Unfinished writes are found in a folder and in a bucket, and nothing else is."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from reporting_pipeline.errors import StoreUnavailable
from reporting_pipeline.store import open_store
from reporting_pipeline.store.folder import FolderStore

MEBIBYTE = 1024 * 1024
NOW = datetime.now(UTC)
LATER = NOW + timedelta(days=1)


def test_a_staged_file_is_removed_and_objects_stay(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put("a/b.csv", [b"x"])
    staged = tmp_path / ".staging" / "0123"
    staged.write_bytes(b"half")
    os.utime(staged, (NOW.timestamp() - 7200,) * 2)

    assert store.leftovers(NOW - timedelta(hours=3)) == []
    [leftover] = store.leftovers(NOW - timedelta(hours=1))
    store.remove(leftover)
    store.remove(leftover)

    assert store.leftovers(LATER) == []
    assert list(store.list_keys()) == ["a/b.csv"]


def test_only_unfinished_uploads_below_the_prefix_are_aborted(moto_address: str) -> None:
    bucket = moto_address.split("/")[2]
    client: Any = boto3.client("s3", region_name="us-east-1")
    for key in ("reports/a/b.csv", "others/a/b.csv"):
        client.create_multipart_upload(Bucket=bucket, Key=key)
    store = open_store(moto_address)
    store.put("a/b.csv", [b"x"])

    assert store.leftovers(NOW - timedelta(days=9000)) == []
    [leftover] = store.leftovers(LATER)
    store.remove(leftover)
    store.remove(leftover)

    assert leftover.name == "a/b.csv"
    assert store.leftovers(LATER) == []
    assert list(store.list_keys()) == ["a/b.csv"]
    left = client.list_multipart_uploads(Bucket=bucket)["Uploads"]
    assert [each["Key"] for each in left] == ["others/a/b.csv"]


def test_an_upload_that_somebody_else_has_aborted_hides_no_error(moto_address: str) -> None:
    bucket = moto_address.split("/")[2]
    client: Any = boto3.client("s3", region_name="us-east-1")

    def chunks() -> Iterator[bytes]:
        yield from [bytes(MEBIBYTE)] * 20
        [upload] = client.list_multipart_uploads(Bucket=bucket)["Uploads"]
        client.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_store(moto_address).put("a/b.csv", chunks())


def test_a_store_that_is_down_is_unavailable_for_leftovers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")

    with pytest.raises(StoreUnavailable, match="unfinished uploads could not be listed"):
        open_store("s3://bucket").leftovers(LATER)
