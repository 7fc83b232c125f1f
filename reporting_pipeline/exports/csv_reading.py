"""Reading CSV in batches by Arrow, without what Arrow's reader loses by itself.

Left alone it skips empty lines (a null in a report's only column), takes a byte order mark at the
beginning for none of the data, and gives up on a row that is longer than its block.

What belongs here: that. What does not: what the fields mean.
"""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    import pyarrow as pa

_BLOCK_BYTES = 1024 * 1024
_MAX_BLOCK_BYTES = 1024 * 1024 * 1024
_TOO_LONG = "straddling"
_MARK = "\ufeff".encode()


def csv_batches(
    path: Path,
    types: "Sequence[pa.DataType]",
    *,
    delimiter: str = ",",
    keeps_mark: bool = False,
) -> "Iterator[pa.RecordBatch]":
    """All lines of a CSV file, at flat memory; its columns have the names 0, 1, 2 and so on.

    An unquoted nothing is null, a quoted one an empty text. There is no header to this reader.

    Args:
        path: A file of at least one line, in UTF-8.
        types: Of the fields.
        delimiter: Between the fields.
        keeps_mark: Whether a byte order mark at the beginning is a part of the first field.

    Raises:
        pyarrow.ArrowInvalid: The file is not such a file.
    """
    import pyarrow as pa

    block_bytes, done_count = _BLOCK_BYTES, 0
    while True:
        to_skip = done_count
        try:
            for batch in _blocks(path, types, delimiter, keeps_mark, block_bytes):
                fresh = batch.slice(min(to_skip, batch.num_rows))
                to_skip -= batch.num_rows - fresh.num_rows
                done_count += fresh.num_rows
                if fresh.num_rows:
                    yield fresh
        except pa.ArrowInvalid as error:
            if _TOO_LONG not in str(error) or block_bytes >= _MAX_BLOCK_BYTES:
                raise
            block_bytes *= 8
        else:
            return


def _blocks(
    path: Path,
    types: "Sequence[pa.DataType]",
    delimiter: str,
    keeps_mark: bool,
    block_bytes: int,
) -> "Iterator[pa.RecordBatch]":
    from pyarrow import csv

    names = [str(index) for index in range(len(types))]
    # With one thread the reader is as fast, and takes half the memory: it does not read ahead.
    with path.open("rb") as file:
        yield from csv.open_csv(
            _Marked(file) if keeps_mark else file,
            read_options=csv.ReadOptions(
                column_names=names, block_size=block_bytes, use_threads=False
            ),
            parse_options=csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False
            ),
            convert_options=csv.ConvertOptions(
                column_types=dict(zip(names, types, strict=True)),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                true_values=["true"],
                false_values=["false"],
            ),
        )


class _Marked(io.RawIOBase):
    """A file with a byte order mark before it: the one that the reader takes away."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self._mark = _MARK

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        mark, self._mark = self._mark, b""
        return mark + self._file.read(size - len(mark) if size > 0 else size)
