"""A folder as a store: the files on the disk, and the limits of the folder."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from reporting_pipeline.errors import StoreError
from reporting_pipeline.store import folder
from reporting_pipeline.store.folder import FolderStore
from reporting_pipeline.store.object_store import StoredObject


def files_below(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def test_a_missing_folder_is_created(tmp_path: Path) -> None:
    FolderStore(tmp_path / "a" / "b").put("c/d.csv", [b"x"])

    assert files_below(tmp_path) == {"a/b/c/d.csv": b"x"}


def test_a_location_is_a_path(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put("a/b.csv", [b"x"])

    assert Path(store.location("a/b.csv")).read_bytes() == b"x"


def test_an_interrupted_put_leaves_no_file(tmp_path: Path) -> None:
    def chunks() -> Iterable[bytes]:
        yield b"x" * 9_000_000
        raise RuntimeError

    with pytest.raises(RuntimeError):
        FolderStore(tmp_path).put("a/b.csv", chunks())

    assert files_below(tmp_path) == {}


def test_a_file_that_differs_from_what_was_sent_never_appears(tmp_path: Path) -> None:
    class LosesTheLastByte(FolderStore):
        def _write(
            self, key: str, chunks: Iterable[bytes], attributes: dict[str, str] | None = None
        ) -> StoredObject:
            sent = super()._write(key, chunks, attributes)
            path = Path(self.location(key))
            path.write_bytes(path.read_bytes()[:-1])
            return sent

    FolderStore(tmp_path).put("a/b.csv", [b"former"])

    with pytest.raises(StoreError, match=r"is not what was sent: expected 3 bytes .* found 2"):
        LosesTheLastByte(tmp_path).put("a/b.csv", [b"new"])

    assert files_below(tmp_path) == {"a/b.csv": b"former"}


def test_bytes_are_flushed_before_the_name_and_names_before_put_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[tuple[str, bool]] = []
    really_flush = folder._flush

    def flush(path: Path) -> None:
        place = path.relative_to(tmp_path).as_posix().partition("/")[0]
        flushed.append((place, (tmp_path / "a/b/c.csv").exists()))
        really_flush(path)

    monkeypatch.setattr(folder, "_flush", flush)
    store = FolderStore(tmp_path)

    store.put("a/b/c.csv", [b"x"])
    store.put("a/b/c.csv", [b"y"])

    first = [(".staging", False), ("a", True), ("a", True), (".", True)]
    again = [(".staging", True), ("a", True)]
    assert flushed == first + again


def test_an_empty_folder_is_removed_with_its_last_file(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    store.put("a/b/c.csv", [b"x"])

    store.delete("a/b/c.csv")

    assert not (tmp_path / "store" / "a").exists()
    assert (tmp_path / "store").is_dir()


def test_a_symbolic_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.csv").write_bytes(b"secret")
    store = FolderStore(tmp_path / "store")
    (tmp_path / "store" / "link").symlink_to(outside)
    (tmp_path / "store" / "file.csv").symlink_to(outside / "secret.csv")

    for key in ("link/secret.csv", "file.csv"):
        with pytest.raises(StoreError, match="symbolic link"):
            store.put(key, [b"x"])
        with pytest.raises(StoreError, match="symbolic link"):
            store.get(key)
        with pytest.raises(StoreError, match="symbolic link"):
            store.delete(key)

    assert list(store.list_keys()) == []
    assert store.list_folders() == []
    assert files_below(outside) == {"secret.csv": b"secret"}


def test_a_store_may_itself_be_a_symbolic_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")

    FolderStore(tmp_path / "link").put("a.csv", [b"x"])

    assert files_below(tmp_path / "real") == {"a.csv": b"x"}


def test_other_files_are_not_listed(tmp_path: Path) -> None:
    (tmp_path / ".hidden").write_bytes(b"x")
    (tmp_path / "a file.txt").write_bytes(b"x")
    (tmp_path / "lost+found").mkdir()
    (tmp_path / ".staging").mkdir()
    (tmp_path / ".staging" / "left by a killed process").write_bytes(b"x")
    store = FolderStore(tmp_path)

    assert list(store.list_keys()) == []
    assert store.list_folders() == []


def test_a_key_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put("a/b.csv", [b"x"])

    with pytest.raises(StoreError, match="a could not be written"):
        store.put("a", [b"x"])

    assert files_below(tmp_path) == {"a/b.csv": b"x"}


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")

    with pytest.raises(StoreError, match="file cannot be created"):
        FolderStore(tmp_path / "file")


def test_a_file_in_place_of_a_folder_of_the_key_is_named(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put("a", [b"x"])

    with pytest.raises(StoreError, match=r"a/b\.csv could not be written"):
        store.put("a/b.csv", [b"x"])


def test_a_file_has_no_link_since_browsers_open_no_files_from_a_page(tmp_path: Path) -> None:
    assert FolderStore(tmp_path).link("a/b.csv") is None
