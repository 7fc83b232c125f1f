"""Canonical rows: the one form of a report's rows that its digest is made of.

Every format can be read back into them, so the digest of a manifest can be computed again from any
file. A canonical row is one text per column, None where the value is null; the texts are those that
`row_spool` describes.

What belongs here: values and lines of that form. What does not: reading any one format.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import pyarrow as pa

CanonicalRow: TypeAlias = tuple[str | None, ...]
"""The texts of one row, in the report's order."""

_QUOTED = re.compile(r'[",\r\n]')


def canonical_line(values: Sequence[str | None]) -> bytes:
    """The line that PostgreSQL's COPY writes for such a row in its format csv, LF included."""
    if len(values) == 1 and values[0] == "\\.":
        # Alone on a line it ended the data for older servers; COPY quotes it to this day.
        return b'"\\."\n'
    return (",".join(map(_field, values)) + "\n").encode()


def canonical_texts(array: "pa.Array") -> "pa.StringArray":
    """The texts of a column of a spool's batch, whose types are those of `row_spool.arrow_type`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_timestamp(array.type):
        return array.cast(pa.string())
    in_utc = array.cast(pa.timestamp("us", tz="UTC")).view(pa.timestamp("us")).cast(pa.string())
    return pc.binary_join_element_wise(pc.replace_substring(in_utc, " ", "T"), "Z", "")


def rows_of(columns: Iterable["pa.Array"]) -> Iterator[CanonicalRow]:
    """The rows of columns that are texts already."""
    return zip(*(column.to_pylist() for column in columns), strict=True)


def _field(value: str | None) -> str:
    if value is None:
        return ""
    if value and not _QUOTED.search(value):
        return value
    return '"' + value.replace('"', '""') + '"'
