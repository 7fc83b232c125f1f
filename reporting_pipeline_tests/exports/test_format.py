"""A new file is there whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from reporting_pipeline.errors import RenderFailed
from reporting_pipeline.exports.format import new_file


def test_a_written_file_is_there(tmp_path: Path) -> None:
    with new_file(tmp_path / "a") as file:
        file.write(b"content")

    assert (tmp_path / "a").read_bytes() == b"content"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_no_file(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error):
        _write(tmp_path / "a", error())

    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_reported_and_leaves_no_file(tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(RenderFailed, match="a was not written: No space left on device"):
        _write(tmp_path / "a", full)

    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    with pytest.raises(RenderFailed, match="No such file or directory"):
        _write(tmp_path / "no" / "a", None)


def _write(target: Path, error: BaseException | None) -> None:
    with new_file(target) as file:
        file.write(b"half")
        if error is not None:
            raise error
