"""A file that is there whole or not at all.

What belongs here: that. What does not: what stands in the file, and where it goes (`delivery`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from reporting_pipeline.errors import RenderFailed


@contextmanager
def new_file(target: Path) -> Iterator[BinaryIO]:
    """A new file `target`, open for writing; it is removed again if the block raises anything.

    Raises:
        RenderFailed: The file cannot be written: it exists, the disk is full, and the like.
    """
    try:
        file = target.open("xb")
    except OSError as error:
        raise _failed(target, error) from error
    try:
        with file:
            yield file
    except OSError as error:
        target.unlink()
        raise _failed(target, error) from error
    except BaseException:
        target.unlink()
        raise


def _failed(target: Path, error: OSError) -> RenderFailed:
    return RenderFailed(f"{target.name} was not written: {error.strerror or error}; none was left")
