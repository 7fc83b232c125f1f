"""Temporary folders that killed processes of this program have left."""

import os
import re
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

# With the eight characters of `tempfile`.
_NAME = re.compile(
    r"reporting-(?:(?:restated|former|shown|blocks|read|render|dbt|demo|lake)-)?[a-z0-9_]{8}"
)


def abandoned_folders(parent: Path, before: datetime) -> list[Path]:
    """This program's folders in which nothing was written since an instant, sorted by name.

    Args:
        parent: The folder for temporary files.
        before: A folder is abandoned if its last change, and that of its contents, is older.
    """
    return [
        path
        for path in sorted(parent.glob("reporting-*"))
        if _NAME.fullmatch(path.name) and _is_own_folder(path) and not _is_used(path, before)
    ]


def remove_folder(path: Path) -> None:
    """Remove a folder with its contents; files that cannot be removed stay."""
    shutil.rmtree(path, ignore_errors=True)


def _is_own_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and path.stat().st_uid == os.getuid()


def _is_used(folder: Path, before: datetime) -> bool:
    """True if anything in the folder was written since."""
    try:
        return any(path.lstat().st_mtime >= before.timestamp() for path in _contents(folder))
    except FileNotFoundError:  # a process is at work there
        return True


def _contents(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        yield Path(parent)
        yield from (Path(parent, name) for name in names)
