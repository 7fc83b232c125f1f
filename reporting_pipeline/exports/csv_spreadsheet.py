"""The CSV profile `spreadsheet`: what Excel and LibreOffice open as a person expects.

    encoding   UTF-8 with a byte order mark, by which Excel knows it
    delimiter  `;` where the locale's decimal sign is a comma, else `,`: Excel of that locale splits
               there without asking
    line ends  CRLF, as RFC 4180 says; both programs take either
    quoting    a text with a delimiter of any kind, a quote or a line end, quotes doubled; numbers
               never, since some take a quoted number for a text
    money      major units by ISO 4217, the locale's decimal sign, no groups; minor units where the
               currency is unknown
    ratios     the locale's decimal sign, six decimals
    dates      2026-02-28; instants on the wall clock of the report's zone, 2026-02-28 20:30:00
               (`presentation.local_text`)
    texts      guarded, headers too (`csv_guard`)
    null       nothing; an empty text is ""

Nothing is rounded, so the canonical rows come back exactly. Excel itself shows 15 digits.

What belongs here: writing and reading that profile. What does not: the profile `machine`
(`csv_file`).
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.canonical import CanonicalRow, canonical_texts
from reporting_pipeline.exports.csv_guard import guard, guard_column, unguard
from reporting_pipeline.exports.csv_reading import csv_batches
from reporting_pipeline.exports.manifest import ColumnPart, Manifest
from reporting_pipeline.exports.presentation import (
    decimal_sign,
    instant_of,
    list_delimiter,
    minor_of,
)
from reporting_pipeline.exports.presentation_columns import local_texts, major_texts, ratio_texts
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline.exports.text_lines import joined_lines
from reporting_pipeline.registry.columns import ColumnType, Unit
from reporting_pipeline.report_definitions.compiled import ReportColumn

if TYPE_CHECKING:
    import pyarrow as pa

_Reader: TypeAlias = Callable[[str, str | None], str | None]
"""A cell's text and its row's currency -> canonical text; None for what is never written so."""

_MARK = "\ufeff"
_LINE_END = "\r\n"
_NEEDS_QUOTES = '[",;\t\r\n]'
_FREE_TEXTS = frozenset({ColumnType.TEXT, ColumnType.CURRENCY})


def write_rows(document: ReportDocument, file: BinaryIO) -> int:
    """Write the whole file, in batches at flat memory; gives the number of rows."""
    import pyarrow as pa

    delimiter = list_delimiter(document.locale)
    headers = [_quoted(guard_column(pa.array([each.header]))) for each in document.columns]
    file.write(_MARK.encode())
    file.write(_lines(headers, delimiter))
    row_count = 0
    for batch in document.rows.batches():
        file.write(_lines(_shown(batch, document), delimiter))
        row_count += batch.num_rows
    return row_count


def canonical_rows(path: Path, manifest: Manifest) -> Iterator[CanonicalRow]:
    """The canonical rows of such a file, at flat memory.

    Raises:
        FileUnreadable: A header or a cell is not as this profile writes it; it is named.
        pyarrow.ArrowInvalid: The file is no CSV of that many columns.
    """
    import pyarrow as pa

    columns = manifest.columns
    readers = [_reader(column, manifest) for column in columns]
    currency = next((i for i, each in enumerate(columns) if each.type == ColumnType.CURRENCY), None)
    types, delimiter = [pa.string()] * len(columns), list_delimiter(manifest.locale)
    number = 0
    for batch in csv_batches(path, types, delimiter=delimiter):
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            if number:
                code = None if currency is None else row[currency]
                yield _read_row(row, code, readers, number, columns)
            else:
                _require_headers(row, columns)
            number += 1


def _shown(batch: "pa.RecordBatch", document: ReportDocument) -> "list[pa.StringArray]":
    names = [column.name for column in document.columns]
    code = document.currency
    codes = batch.column(names.index(code)) if code in names else None
    sign = decimal_sign(document.locale)
    return [
        _shown_column(array, column, codes, sign, document.time_zone)
        for array, column in zip(batch.columns, document.columns, strict=True)
    ]


def _shown_column(
    array: "pa.Array",
    column: ReportColumn,
    codes: "pa.Array | None",
    sign: str,
    zone: str,
) -> "pa.StringArray":
    if column.column.unit is Unit.MINOR:
        return major_texts(array, codes, sign)
    match column.column.type:
        case ColumnType.RATIO:
            return ratio_texts(array, sign)
        case ColumnType.INSTANT:
            return local_texts(array, zone)
        case type_ if type_ in _FREE_TEXTS:
            return _quoted(guard_column(array))
        case ColumnType.UUIDS:
            return _quoted(array)
        case _:
            return canonical_texts(array)


def _lines(columns: "Sequence[pa.StringArray]", delimiter: str) -> "pa.Buffer":
    parts: list[pa.StringArray | str] = []
    for column in columns:
        parts += [delimiter, column.fill_null("")]
    return joined_lines([*parts[1:], _LINE_END])


def _quoted(texts: "pa.StringArray") -> "pa.StringArray":
    import pyarrow.compute as pc

    needs = pc.or_(pc.match_substring_regex(texts, _NEEDS_QUOTES), pc.equal(texts, ""))
    if pc.any(needs).as_py():
        doubled = pc.replace_substring(texts, '"', '""')
        texts = pc.if_else(needs, pc.binary_join_element_wise('"', doubled, '"', ""), texts)
    return texts


def _read_row(
    row: Sequence[str | None],
    code: str | None,
    readers: Sequence[_Reader],
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


def _reader(column: ColumnPart, manifest: Manifest) -> _Reader:
    sign, zone = decimal_sign(manifest.locale), manifest.time_zone
    if column.unit == Unit.MINOR:
        return lambda text, code: _minor(text, unguard(code) if code else code, sign)
    match column.type:
        case ColumnType.RATIO:
            return lambda text, _: _ratio(text, sign)
        case ColumnType.INSTANT:
            return lambda text, _: _instant(text, zone)
        case type_ if type_ in _FREE_TEXTS:
            return lambda text, _: unguard(text)
        case _:
            return lambda text, _: text


def _minor(text: str, code: str | None, sign: str) -> str | None:
    minor = minor_of(text, code, sign)
    return None if minor is None else str(minor)


def _ratio(text: str, sign: str) -> str | None:
    return text.replace(sign, ".") if text[-7:-6] == sign else None


def _instant(text: str, zone: str) -> str | None:
    instant = instant_of(text, zone)
    return None if instant is None else instant.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _require_headers(row: Sequence[str | None], columns: Sequence[ColumnPart]) -> None:
    expected = [guard(column.header) for column in columns]
    if list(row) != expected:
        message = f"the file's headers are {list(row)}, the manifest's columns {expected}"
        raise FileUnreadable(message)
