"""The store of an address."""

from pathlib import Path

import pytest

from reporting_pipeline.errors import StoreError
from reporting_pipeline.store import open_store
from reporting_pipeline.store.bucket import BucketStore
from reporting_pipeline.store.folder import FolderStore


def test_a_path_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert isinstance(open_store("relative/folder"), FolderStore)
    assert open_store("relative/folder").address == str(tmp_path / "relative" / "folder")
    assert open_store(str(tmp_path / "absolute")).address == str(tmp_path / "absolute")


def test_a_file_address_is_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "a folder % with signs"

    assert open_store(folder.as_uri()).address == str(folder)


@pytest.mark.parametrize(
    ("address", "location"),
    [
        ("s3://bucket", "s3://bucket/a.csv"),
        ("s3://bucket/", "s3://bucket/a.csv"),
        ("s3://bucket/some/prefix/", "s3://bucket/some/prefix/a.csv"),
    ],
)
def test_an_s3_address_is_a_bucket(address: str, location: str) -> None:
    store = open_store(address)

    assert isinstance(store, BucketStore)
    assert store.location("a.csv") == location


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a\0b",
        "https://example.com/exports",
        "gs://bucket/prefix",
        "s3://",
        "s3:///prefix",
        "s3://B",
        "s3://bucket/../other",
        "s3://bucket/a//b",
        "s3://bucket/a b",
        "file://otherhost/exports",
        "file://",
        "file:///",
    ],
)
def test_a_malformed_address_is_refused_with_what_was_expected(address: str) -> None:
    with pytest.raises(StoreError, match=r"expected a folder, file:///folder or s3://bucket"):
        open_store(address)


@pytest.mark.parametrize(
    "address",
    [
        "s3://key:canary@bucket/prefix",
        "s3://bucket/prefix?secret=canary",
        "s3://bucket/prefix#canary",
    ],
)
def test_a_secret_in_the_address_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(StoreError, match="credentials belong in AWS_") as refusal:
        open_store(address)

    assert "canary" not in refusal.value.message
