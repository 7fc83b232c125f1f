"""The temporary folders that killed processes of ours have left.

What belongs here: which folders are ours and abandoned. What does not: leftovers in the store,
which it knows itself.
"""

import os
import re
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

# Those of spools, of restatements and of dbt, with the eight characters of `tempfile`.
_OURS = re.compile(r"reporting-(?:restated-|dbt-)?[a-z0-9_]{8}")


def abandoned_folders(parent: Path, before: datetime) -> list[Path]:
    """The folders of ours in which nothing was written since an instant, sorted by name.

    Args:
        parent: The folder for temporary files.
        before: Whose last change of anything is older is abandoned.
    """
    return [
        path
        for path in sorted(parent.glob("reporting-*"))
        if _OURS.fullmatch(path.name) and _is_own_folder(path) and not _is_used(path, before)
    ]


def remove_folder(path: Path) -> None:
    """Remove a folder with all that is in it; what cannot be removed stays."""
    shutil.rmtree(path, ignore_errors=True)


def _is_own_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and path.stat().st_uid == os.getuid()


def _is_used(folder: Path, before: datetime) -> bool:
    """Whether anything in it was written since."""
    try:
        return any(path.lstat().st_mtime >= before.timestamp() for path in _below(folder))
    except FileNotFoundError:  # somebody is at work there
        return True


def _below(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        yield Path(parent)
        yield from (Path(parent, name) for name in names)
