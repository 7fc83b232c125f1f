"""The CSV profile `spreadsheet`: Excel and LibreOffice open it as a person expects.

    encoding   UTF-8 with a byte order mark, by which Excel recognises it
    delimiter  `;` where the locale's decimal sign is a comma, otherwise `,`: Excel in that locale
               splits there without asking
    line ends  CRLF, as RFC 4180 says; both programs accept either
    quoting    a text with a delimiter of any kind, a quote or a line end, quotes doubled; numbers
               never, because some programs take a quoted number for a text
    money      major units by ISO 4217, the locale's decimal sign, no groups; minor units where the
               currency is unknown
    ratios     the locale's decimal sign, six decimals
    dates      2026-02-28; instants on the wall clock of the report's zone, 2026-02-28 20:30:00
               (`presentation.local_text`)
    texts      guarded, headers too (`guard`); words of ours in the language (`shown_words`)
    null       nothing; an empty text is ""

Nothing is rounded, so the canonical rows come back exactly. Excel itself shows 15 digits.

A spreadsheet takes a cell for a formula when it begins with one of `= + - @ | %` or a full-width
twin, also after white space and invisible characters. The guard puts an apostrophe before such a
text, and before a text that begins with a tab or a line end. It does the same inside a text,
wherever a cell would begin for a program that splits lines at another delimiter or ignores quotes:
after a comma, semicolon, tab or line end. Numbers are never guarded.

The guard can be inverted exactly: one more apostrophe does not change what the guard looks at, so a
guarded text differs from a text that began with an apostrophe before.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, TypeAlias

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.canonical_rows import (
    BYTE_ORDER_MARK,
    CanonicalRow,
    canonical_texts,
    csv_batches,
    joined_lines,
    rows_of,
)
from reporting_pipeline.exports.manifest import ColumnPart, Manifest
from reporting_pipeline.exports.presentation import (
    decimal_sign,
    instant_of,
    list_delimiter,
    local_texts,
    major_texts,
    minor_of,
    ratio_texts,
)
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline.exports.shown_words import shown_words, value_of
from reporting_pipeline.registry.columns import ColumnType, Unit
from reporting_pipeline.report_definitions.compile import ReportColumn

if TYPE_CHECKING:
    import pyarrow as pa

_CellReader: TypeAlias = Callable[[str, str | None], str | None]
"""A cell's text and its row's currency -> canonical text; None for a text that is never written."""

_LINE_END = "\r\n"
_NEEDS_QUOTES = '[",;\t\r\n]'
_GUARDED_TYPES = frozenset({ColumnType.TEXT, ColumnType.CURRENCY})

_DANGEROUS: Final = (
    "[-=+@|%\u2212\ufe62\ufe63\ufe66\ufe6a\ufe6b\uff05\uff0b\uff0d\uff1d\uff20\uff5c]"
)
_INVISIBLE: Final = (
    "'\x01-\x08\x0b\x0c\x0e-\x20\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f"
    "\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff"
    "\U000e0000-\U000e0fff"
)
# One spelling for Python's engine and for Arrow's: literal characters, no named classes.
_AT_START: Final = f"^(?:[{_INVISIBLE}\t\r\n]*{_DANGEROUS}|'*[\t\r\n])"
_INSIDE: Final = f"([,;\t\r\n])([{_INVISIBLE}]*{_DANGEROUS})"
_INSIDE_GUARDED: Final = f"([,;\t\r\n])'([{_INVISIBLE}]*{_DANGEROUS})"

_DELIMITERS: Final = b",;\t\r\n"
_DANGEROUS_ASCII: Final = b"-=+@|%\t\r\n"

_at_start = re.compile(_AT_START)
_inside = re.compile(_INSIDE)
_inside_guarded = re.compile(_INSIDE_GUARDED)


def write_rows(document: ReportDocument, file: BinaryIO) -> int:
    """Write the whole file, in batches at flat memory; returns the number of rows."""
    import pyarrow as pa

    delimiter = list_delimiter(document.locale)
    headers = [_quoted(guard_column(pa.array([each.header]))) for each in document.columns]
    file.write(BYTE_ORDER_MARK.encode())
    file.write(_lines(headers, delimiter))
    row_count = 0
    for batch in document.rows.batches():
        file.write(_lines(_cells(batch, document), delimiter))
        row_count += batch.num_rows
    return row_count


def canonical_rows(path: Path, manifest: Manifest) -> Iterator[CanonicalRow]:
    """The canonical rows of a file in this profile, at flat memory.

    Raises:
        FileUnreadable: A header or a cell is not in the form that this profile writes; the message
            names it.
        pyarrow.ArrowInvalid: The file is no CSV of that many columns.
    """
    import pyarrow as pa

    columns = manifest.columns
    readers = [_cell_reader(column, manifest) for column in columns]
    currency = next((i for i, each in enumerate(columns) if each.type == ColumnType.CURRENCY), None)
    types, delimiter = [pa.string()] * len(columns), list_delimiter(manifest.locale)
    number = 0
    for batch in csv_batches(path, types, delimiter=delimiter):
        for row in rows_of(batch.columns):
            if number:
                code = None if currency is None else row[currency]
                yield _read_row(row, code, readers, number, columns)
            else:
                _require_headers(row, columns)
            number += 1


def guard(text: str) -> str:
    """The text with apostrophes before all that a spreadsheet would run as a formula."""
    inner = _inside.sub(r"\1'\2", text)
    return "'" + inner if _at_start.match(text) else inner


def unguard(guarded: str) -> str | None:
    """The text that `guard` turned into this one; None for a text that `guard` never returns."""
    inner = guarded[1:] if guarded[:1] == "'" and _at_start.match(guarded[1:]) else guarded
    text = _inside_guarded.sub(r"\1\2", inner)
    return text if guard(text) == guarded else None


def guard_column(texts: "pa.StringArray") -> "pa.StringArray":
    """The result of `guard` for each text; nulls stay null."""
    import pyarrow.compute as pc

    data = _data(texts)
    if _has_one_of(data, _DELIMITERS) and pc.any(pc.match_substring_regex(texts, _INSIDE)).as_py():
        texts = pc.replace_substring_regex(texts, _INSIDE, r"\1'\2")
    if data.isascii() and not _has_one_of(data, _DANGEROUS_ASCII):
        return texts
    # The apostrophes inside do not change how a text begins.
    to_guard = pc.match_substring_regex(texts, _AT_START)
    if pc.any(to_guard).as_py():
        texts = pc.if_else(to_guard, pc.binary_join_element_wise("'", texts, ""), texts)
    return texts


def _cells(batch: "pa.RecordBatch", document: ReportDocument) -> "list[pa.StringArray]":
    names = [column.name for column in document.columns]
    code = document.currency
    codes = batch.column(names.index(code)) if code in names else None
    sign = decimal_sign(document.locale)
    return [
        _column_cells(array, column, codes, sign, document.manifest.zone)
        for array, column in zip(batch.columns, document.columns, strict=True)
    ]


def _column_cells(
    array: "pa.Array",
    column: ReportColumn,
    codes: "pa.Array | None",
    sign: str,
    zone: tzinfo,
) -> "pa.StringArray":
    if column.column.unit is Unit.MINOR:
        return major_texts(array, codes, sign)
    match column.column.type:
        case ColumnType.RATIO:
            return ratio_texts(array, sign)
        case ColumnType.INSTANT:
            return local_texts(array, zone)
        case type_ if type_ in _GUARDED_TYPES:
            return _quoted(guard_column(shown_words(array, column.words)))
        case ColumnType.UUIDS:
            return _quoted(array)
        case _:
            return shown_words(canonical_texts(array), column.words)


def _lines(columns: "Sequence[pa.StringArray]", delimiter: str) -> "pa.Buffer":
    parts: list[pa.StringArray | str] = []
    for column in columns:
        parts += [delimiter, column.fill_null("")]
    return joined_lines([*parts[1:], _LINE_END])


def _quoted(texts: "pa.StringArray") -> "pa.StringArray":
    import pyarrow.compute as pc

    needs = pc.equal(texts, "")
    if _has_one_of(_data(texts), _DELIMITERS + b'"'):
        needs = pc.or_(pc.match_substring_regex(texts, _NEEDS_QUOTES), needs)
    if pc.any(needs).as_py():
        doubled = pc.replace_substring(texts, '"', '""')
        texts = pc.if_else(needs, pc.binary_join_element_wise('"', doubled, '"', ""), texts)
    return texts


def _data(texts: "pa.StringArray") -> bytes:
    """All bytes that the texts are in, and perhaps more: most columns have no sign to look for."""
    data = texts.buffers()[-1]
    return b"" if data is None else data.to_pybytes()


def _has_one_of(data: bytes, signs: bytes) -> bool:
    return any(sign in data for sign in signs)


def _read_row(
    row: Sequence[str | None],
    code: str | None,
    readers: Sequence[_CellReader],
    number: int,
    columns: Sequence[ColumnPart],
) -> CanonicalRow:
    values = tuple(
        None if cell is None else read(cell, code) for cell, read in zip(row, readers, strict=True)
    )
    for value, cell, column in zip(values, row, columns, strict=True):
        if value is None and cell is not None:
            message = (
                f"row {number}, column {column.header!r}: {cell!r} is not how this report writes "
                f"a value of type {column.type}; the file was changed, or saved by another program"
            )
            raise FileUnreadable(message, row=number, column=column.name)
    return values


def _cell_reader(column: ColumnPart, manifest: Manifest) -> _CellReader:
    sign, zone = decimal_sign(manifest.locale), manifest.zone
    if column.unit == Unit.MINOR:
        return lambda text, code: _minor(text, unguard(code) if code else code, sign)
    match column.type:
        case ColumnType.RATIO:
            return lambda text, _: _ratio(text, sign)
        case ColumnType.INSTANT:
            return lambda text, _: _instant(text, zone)
        case type_ if type_ in _GUARDED_TYPES:
            return lambda text, _: _value(unguard(text), column)
        case _:
            return lambda text, _: _value(text, column)


def _value(text: str | None, column: ColumnPart) -> str | None:
    return text if text is None else value_of(text, column.words)


def _minor(text: str, code: str | None, sign: str) -> str | None:
    minor = minor_of(text, code, sign)
    return None if minor is None else str(minor)


def _ratio(text: str, sign: str) -> str | None:
    return text.replace(sign, ".") if text[-7:-6] == sign else None


def _instant(text: str, zone: tzinfo) -> str | None:
    instant = instant_of(text, zone)
    return None if instant is None else instant.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _require_headers(row: Sequence[str | None], columns: Sequence[ColumnPart]) -> None:
    expected = [guard(column.header) for column in columns]
    if list(row) != expected:
        message = f"the file's headers are {list(row)}, the manifest's columns {expected}"
        raise FileUnreadable(message)
