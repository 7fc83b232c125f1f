"""Writing invented rows to the files of a dump, as they come.

What belongs here: files and bytes. What does not: what the rows say.
"""

import csv
import gzip
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from reporting_pipeline.sources.contract import TABLES

# Fast: a benchmark's dump is written once and read once.
_COMPRESSION_LEVEL = 1

Value = object


class Books:
    """The open files of a dump; a row goes to its file at once."""

    def __init__(self, files: Mapping[str, TextIO]) -> None:
        self._write_row: dict[str, Callable[[tuple[Value, ...]], object]] = {}
        for table in TABLES:
            writer = csv.writer(files[table.key], lineterminator="\n")
            writer.writerow([column.name for column in table.columns])
            self._write_row[table.key] = writer.writerow

    def add(self, table: str, *values: Value) -> None:
        """Add a row of `<schema>.<table>`, its values in the contract's order; None is null."""
        self._write_row[table](values)


@contextmanager
def open_books(directory: Path, *, is_packed: bool) -> Iterator[Books]:
    """Open the files of a dump in an existing folder, for writing; packed ones are `.csv.gz`."""
    with ExitStack() as stack:
        yield Books(
            {
                table.key: stack.enter_context(_open(stack, directory / table.key, is_packed))
                for table in TABLES
            }
        )


def _open(stack: ExitStack, path: Path, is_packed: bool) -> TextIO:
    if not is_packed:
        return path.with_name(f"{path.name}.csv").open("w", newline="", encoding="utf-8")
    file = stack.enter_context(path.with_name(f"{path.name}.csv.gz").open("wb"))
    # Neither name nor time stand in it, so that the same rows give the same bytes.
    packed = gzip.GzipFile("", "wb", _COMPRESSION_LEVEL, file, mtime=0)
    return io.TextIOWrapper(cast(BinaryIO, packed), newline="", encoding="utf-8")
