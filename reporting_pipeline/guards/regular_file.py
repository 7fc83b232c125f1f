"""Files from outside: a pipe would hang its reader, and a device never ends."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

_KINDS = (
    (stat.S_ISDIR, "it is a folder"),
    (stat.S_ISFIFO, "it is a pipe"),
    (stat.S_ISSOCK, "it is a socket"),
    (stat.S_ISCHR, "it is a device"),
    (stat.S_ISBLK, "it is a device"),
)


def open_regular(path: Path) -> BinaryIO:
    """A file, open for reading; links are followed.

    Raises:
        OSError: It cannot be opened, or it is no regular file; `strerror` says what it is.
    """
    try:
        # A pipe without a writer would make this call wait.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError as error:  # NUL or a lone surrogate in its name
        raise OSError(errno.EINVAL, "its name is no name of a file", str(path)) from error
    reason = not_regular(os.fstat(descriptor).st_mode)
    if reason is None:
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    raise OSError(errno.EINVAL, f"{reason}, not a file", str(path))


def not_regular(mode: int) -> str | None:
    """The kind of a file that is not regular, in words; None if the file is regular."""
    if stat.S_ISREG(mode):
        return None
    return next((kind for is_kind, kind in _KINDS if is_kind(mode)), "it is something else")


def path_fault(path: Path) -> str | None:
    """The reason why a regular file cannot be read at a path, in words; None if it can be."""
    try:
        return not_regular(path.stat().st_mode)
    except FileNotFoundError:
        return "it is a link that leads nowhere" if path.is_symlink() else "it does not exist"
    except OSError as error:
        return error.strerror or str(error)
    except ValueError:
        return "its name is no name of a file"
