"""Reports as JSON Lines, for programs: one object per row.

    keys      the columns' names, in the report's order
    numbers   bigints as integers with all digits, beyond 2^53 too; ratios with six decimals; money
              in minor units
    texts     dates 2026-02-28, instants 2026-02-28T19:30:00.000000Z, uuids, texts unchanged
    others    true, false, null
    file      UTF-8 without a byte order mark, LF after each row; an empty file for no rows

JSON Lines holds any report.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.canonical_rows import CanonicalRow, canonical_texts, joined_lines
from reporting_pipeline.exports.format import (
    Format,
    ProblemSink,
    ignore_problem,
    new_file,
    require_complete,
)
from reporting_pipeline.exports.manifest import ColumnPart, Manifest
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline.registry.columns import ColumnType
from reporting_pipeline.report_definitions.compile import ReportColumn
from reporting_pipeline.report_definitions.definition import ReportFormat

if TYPE_CHECKING:
    import pyarrow as pa

_ValueReader: TypeAlias = Callable[[object], str]
"""Turns a decoded JSON value into canonical text; raises ValueError for another type."""

# The number of rows that become text at a time: keys make JSON several times as large as its rows.
_SLICE_ROWS = 16_384
_UNQUOTED = frozenset({ColumnType.BIGINT, ColumnType.BOOLEAN, ColumnType.RATIO})
# Besides what JSON requires: signs that some readers take for the end of a line.
_ESCAPED = '["\\\\\x01-\x1f\x7f-\x9f\u2028\u2029]'
_ESCAPED_BESIDES_JSON = re.compile("[\x7f-\x9f\u2028\u2029]")


class JsonLinesFormat(Format):
    """JSON Lines. Memory is flat for any number of rows."""

    name = ReportFormat.JSONL
    title = "JSON Lines"
    media_type = "application/jsonl"

    def write(self, document: ReportDocument, target: Path) -> None:
        """See `Format.write`."""
        row_count = 0
        with new_file(target) as file:
            for batch in document.rows.batches():
                for start in range(0, batch.num_rows, _SLICE_ROWS):
                    file.write(_lines(batch.slice(start, _SLICE_ROWS), document.columns))
                row_count += batch.num_rows
            require_complete(self.title, row_count, document.rows.row_count)

    def read(
        self,
        path: Path,
        manifest: Manifest,
        report_problem: ProblemSink = ignore_problem,  # noqa: ARG002 - all is rows
    ) -> Iterator[CanonicalRow]:
        """See `Format.read`; errors name the line.

        Raises:
            FileUnreadable: A line is no object with the columns' names in their order, or a value
                has another type than its column.
        """
        names = tuple(column.name for column in manifest.columns)
        readers = [_reader(column) for column in manifest.columns]
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    yield _row(line, names, readers)
                except (ValueError, RecursionError) as error:
                    raise FileUnreadable(f"{path.name}, line {number}: {error}") from error


JSONL = JsonLinesFormat()


class _Digits(str):
    """A number with its digits as in the file; a JSON string is a plain `str`."""

    __slots__ = ()


def _lines(batch: "pa.RecordBatch", columns: Sequence[ReportColumn]) -> "pa.Buffer":
    parts: list[pa.StringArray | str] = []
    for array, column in zip(batch.columns, columns, strict=True):
        parts += [f",{json.dumps(column.name)}:", _values(array, column.column.type)]
    parts[0] = f"{{{json.dumps(columns[0].name)}:"
    return joined_lines([*parts, "}\n"])


def _values(array: "pa.Array", type_: ColumnType) -> "pa.StringArray":
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = canonical_texts(array)
    if type_ not in _UNQUOTED:
        escaped = pc.match_substring_regex(texts, _ESCAPED)
        if pc.any(escaped).as_py():
            bodies = [_string_body(text) for text in texts.filter(escaped).to_pylist()]
            texts = pc.replace_with_mask(texts, escaped.fill_null(False), pa.array(bodies))
        texts = pc.binary_join_element_wise('"', texts, '"', "")
    return pc.fill_null(texts, "null")


def _string_body(text: str) -> str:
    body = json.dumps(text, ensure_ascii=False)[1:-1]
    return _ESCAPED_BESIDES_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", body)


def _row(line: bytes, names: tuple[str, ...], readers: Sequence[_ValueReader]) -> CanonicalRow:
    pairs = _decode(line.decode().removesuffix("\n"))
    if not isinstance(pairs, tuple) or tuple(name for name, _ in pairs) != names:
        raise ValueError(f"no object with the keys {', '.join(names)}")
    values = zip((value for _, value in pairs), readers, strict=True)
    return tuple(None if value is None else read(value) for value, read in values)


def _reader(column: ColumnPart) -> _ValueReader:
    match column.type:
        case ColumnType.BIGINT | ColumnType.RATIO:
            return lambda value: str(_of_type(value, _Digits))
        case ColumnType.BOOLEAN:
            return lambda value: str(_of_type(value, bool)).lower()
        case _:
            return lambda value: str(_of_type(value, str))


def _of_type(value: object, type_: type) -> object:
    if type(value) is not type_:
        raise ValueError(f"{value!r} is not of its column's type")
    return value


_decode: Callable[[str], object] = json.JSONDecoder(
    object_pairs_hook=tuple, parse_int=_Digits, parse_float=_Digits
).decode
