"""The folder of the test servers' files.

The tests copy and drop a database more than a thousand times, some hundred files each. In memory
this takes a tenth of the CPU time that it takes on a disk.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reporting_pipeline.embedded.account import Account, private_folder

_PREFIX = "reporting-tests-"
_MEMORY = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a private folder in it
_DISK = Path("/var/tmp")  # noqa: S108 - the same
# A test process needs 0.4 GB, and up to four run at the same time.
_ROOM_BYTES = 3 << 30
_NEW_SECONDS = 60  # a new folder is not locked yet


@contextmanager
def temporary_servers_folder(account: Account) -> Iterator[Path]:
    """A folder that `account` can enter, which pytest's own folder does not allow.

    A run that was killed leaves its folder: the next run deletes it.
    """
    place = _place(account)
    _delete_leftovers(place)
    folder = private_folder(Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place)), account)
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield folder
    finally:
        shutil.rmtree(folder)
        os.close(lock)


def _place(account: Account) -> Path:
    if _has_room(_MEMORY) and account.can_enter(_MEMORY):
        return _MEMORY
    usual = Path(tempfile.gettempdir())
    return usual if account.can_enter(usual) else _DISK


def _has_room(folder: Path) -> bool:
    """True if programs can run from `folder` and it has enough room."""
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        return False
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize >= _ROOM_BYTES and not found.f_flag & os.ST_NOEXEC


def _delete_leftovers(place: Path) -> None:
    """Delete the folders whose test process has ended."""
    for folder in place.glob(f"{_PREFIX}*"):
        try:
            lock = os.open(folder, os.O_RDONLY)
        except OSError:  # another user's, or deleted by another test process
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if time.time() - os.fstat(lock).st_mtime > _NEW_SECONDS:
                shutil.rmtree(folder)
        except OSError:  # in use
            continue
        finally:
            os.close(lock)
