"""Canonical rows: the one form of a report's rows that digests are made of, and its CSV text.

A canonical row has one text per column, None for null; `row_spool` describes the texts. Every
format can be read back into canonical rows, so the digest in a manifest can be computed again from
any file. The functions for batches use Arrow, which reads and writes whole columns at once.
"""

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from reporting_pipeline.errors import FileUnreadable

if TYPE_CHECKING:
    import pyarrow as pa

CanonicalRow: TypeAlias = tuple[str | None, ...]
"""The texts of one row, in the order of the report's columns."""

BYTE_ORDER_MARK = "\ufeff"

_NEEDS_QUOTES = re.compile(r'[",\r\n]')
_FIELD = re.compile(r'(?:"((?:[^"]|"")*)"|([^,"\n]*))(,|\n)')
_BLOCK_BYTES = 1024 * 1024
_MAX_BLOCK_BYTES = 1024 * 1024 * 1024
# Part of Arrow's message for a row that is longer than its block.
_ROW_TOO_LONG = "straddling"


def canonical_line(values: Sequence[str | None]) -> bytes:
    """The line that PostgreSQL's COPY writes for a row in its csv format, with its line feed."""
    if len(values) == 1 and values[0] == "\\.":
        # Alone on a line this ended the data for older servers; COPY still quotes it.
        return b'"\\."\n'
    return (",".join(map(_quoted_field, values)) + "\n").encode()


def parse_lines(text: str) -> Iterator[CanonicalRow]:
    """The rows of canonical lines, without Arrow; for texts of a few thousand rows.

    Raises:
        FileUnreadable: The text is not in the form that COPY writes.
    """
    row: list[str | None] = []
    position = 0
    while position < len(text):
        match = _FIELD.match(text, position)
        if match is None:
            message = f"the rows end or are damaged at character {position}"
            raise FileUnreadable(message)
        quoted, plain, end = match.groups()
        row.append(quoted.replace('""', '"') if quoted is not None else plain or None)
        position = match.end()
        if end == "\n":
            yield tuple(row)
            row = []
    if row:
        message = "the last row has no end"
        raise FileUnreadable(message)


def canonical_texts(array: "pa.Array") -> "pa.StringArray":
    """The canonical texts of a typed column; its type is one of `row_spool.arrow_type`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_timestamp(array.type):
        return array.cast(pa.string())
    in_utc = array.cast(pa.timestamp("us", tz="UTC")).view(pa.timestamp("us")).cast(pa.string())
    return pc.binary_join_element_wise(pc.replace_substring(in_utc, " ", "T"), "Z", "")


def rows_of(columns: Iterable["pa.Array"]) -> Iterator[CanonicalRow]:
    """The rows of columns that hold canonical texts."""
    return zip(*(column.to_pylist() for column in columns), strict=True)


def csv_batches(
    path: Path,
    types: "Sequence[pa.DataType]",
    *,
    delimiter: str = ",",
    keeps_mark: bool = False,
) -> "Iterator[pa.RecordBatch]":
    """All lines of a CSV file, the header included, at flat memory; columns are named 0, 1, 2 ...

    An unquoted empty field is null, a quoted one is an empty text. Arrow's own reader would skip
    empty lines (a null in a report's only column), drop a byte order mark at the beginning, and
    fail on a row that is longer than its block.

    Args:
        path: A file of at least one line, in UTF-8.
        types: The types of the fields.
        delimiter: The sign between fields.
        keeps_mark: Whether a byte order mark at the beginning belongs to the first field.

    Raises:
        pyarrow.ArrowInvalid: The file is no CSV of fields of these types.
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
            if _ROW_TOO_LONG not in str(error) or block_bytes >= _MAX_BLOCK_BYTES:
                raise
            block_bytes *= 8
        else:
            return


def joined_lines(parts: "Sequence[pa.StringArray | str]") -> "pa.Buffer":
    """The parts of each row joined, row after row, in UTF-8.

    Args:
        parts: Columns without nulls, at least one, and texts that are the same in every row.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    lines = pc.binary_join_element_wise(*parts, "")
    if len(lines) == 0:
        return pa.py_buffer(b"")
    # An array keeps its texts one after the other in its last buffer, from its first offset on.
    _, offsets, texts = lines.buffers()
    first = int.from_bytes(offsets.slice(4 * lines.offset, 4), "little")
    return texts.slice(first, pc.sum(pc.binary_length(lines)).as_py())


def _quoted_field(value: str | None) -> str:
    if value is None:
        return ""
    if value and not _NEEDS_QUOTES.search(value):
        return value
    return '"' + value.replace('"', '""') + '"'


def _blocks(
    path: Path,
    types: "Sequence[pa.DataType]",
    delimiter: str,
    keeps_mark: bool,
    block_bytes: int,
) -> "Iterator[pa.RecordBatch]":
    from pyarrow import csv

    names = [str(index) for index in range(len(types))]
    # One thread is as fast, and takes half the memory: the reader does not read ahead.
    with path.open("rb") as file:
        yield from csv.open_csv(
            _WithExtraMark(file) if keeps_mark else file,
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


class _WithExtraMark(io.RawIOBase):
    """A file with one more byte order mark at its beginning, for the reader to drop."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self._mark = BYTE_ORDER_MARK.encode()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        mark, self._mark = self._mark, b""
        return mark + self._file.read(size - len(mark) if size > 0 else size)
