"""The layout of the sheets: which row is where, and the header, notes and totals around the rows.

Writer and reader both use it, so that a header or total that was edited is found.
"""

import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from xml.sax.saxutils import escape as xml_escape

from reporting_pipeline.exports.manifest import ColumnPart, Manifest, TotalPart
from reporting_pipeline.exports.presentation import major_text, minor_digits
from reporting_pipeline.exports.report_document import NO_ROWS
from reporting_pipeline.exports.xlsx import styles
from reporting_pipeline.exports.xlsx.cell_text import escape, utf16_units
from reporting_pipeline.exports.xlsx.styles import EXACT_BELOW, Style
from reporting_pipeline.registry.columns import ColumnType, Unit

MAX_ROWS = 1_048_576
"""The rows of a sheet, its header included."""
MAX_COLUMNS = 16_384
CONTROL = "Control"
TERMS = "Terms"
"""The sheet with the meanings of terms, between the data sheets and Control."""
_MAX_NAME = 31
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\]")
_RESERVED_NAMES = frozenset({"history"})
_LINE_POINTS = 15
FIRST_ROW = 2
"""The number of the first row below the header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSheet:
    """One sheet with rows of the report: its rows FIRST_ROW to `last_row`, both included.

    Attributes:
        first: The index of its first row in the report, from 0.
        row_count: 0 on the only sheet of an empty report.
        block: The place of its block among those of the report.
    """

    name: str
    first: int
    row_count: int
    block: int = 0

    @property
    def last_row(self) -> int:
        """The number of its last row; the header's where there are no rows."""
        return FIRST_ROW - 1 + self.row_count


@dataclass(frozen=True, slots=True)
class PlainCell:
    """A cell beside the report's rows: a text, or the digits of a number, and its style."""

    text: str
    style: Style
    is_number: bool = False


def sheets_of_blocks(manifest: Manifest, max_rows: int = MAX_ROWS) -> tuple[DataSheet, ...]:
    """The data sheets of a report of several blocks, in order; at least one for each block."""
    taken = {*map(str.casefold, sheets_after_data(manifest)), *_RESERVED_NAMES}
    found: list[DataSheet] = []
    for position, (block, part) in enumerate(zip(manifest.blocks, manifest.parts, strict=True)):
        for sheet in data_sheets(part, max_rows):
            prefix, _, number = sheet.name.partition("Data")
            name = _free_name(block.title, prefix, number, taken)
            taken.add(name.casefold())
            found.append(replace(sheet, name=name, block=position))
    return tuple(found)


def _free_name(title: str, prefix: str, number: str, taken: Collection[str]) -> str:
    """A sheet name after a title: Excel allows 31 characters, not all signs, and no two alike."""
    plain = " ".join(_NOT_IN_NAMES.sub(" ", title).split()).strip("'") or "Data"
    for count in itertools.count(1):
        end = number if count == 1 else f"{number} ({count})"
        room = _MAX_NAME - utf16_units(prefix) - utf16_units(end)
        name = f"{prefix}{_cut(plain, room)}{end}"
        if name.casefold() not in taken:
            return name
    raise AssertionError(title)


def _cut(text: str, units: int) -> str:
    while utf16_units(text) > units:
        text = text[:-1]
    return text.rstrip(" '")


def sheets_after_data(manifest: Manifest) -> tuple[str, ...]:
    """The names of the sheets after the data sheets."""
    return (TERMS, CONTROL) if manifest.terms else (CONTROL,)


def data_sheets(manifest: Manifest, max_rows: int = MAX_ROWS) -> tuple[DataSheet, ...]:
    """The data sheets of a report, in order; at least one.

    The last one has the totals, and every sheet leaves room for them.
    """
    below = len(manifest.totals) + 1 if manifest.totals else 0
    capacity = max_rows - 1 - below
    starts = range(0, manifest.row_count, capacity) or range(1)
    return tuple(
        DataSheet(
            name=sheet_name(number, is_provisional=manifest.is_provisional),
            first=start,
            row_count=min(capacity, manifest.row_count - start),
        )
        for number, start in enumerate(starts, start=1)
    )


def sheet_name(number: int, *, is_provisional: bool) -> str:
    """The name of the data sheet with that number, counted from 1."""
    name = "Data" if number == 1 else f"Data {number}"
    return f"PROVISIONAL {name}" if is_provisional else name


def header_text(header: str, type_: str, time_zone: str) -> str:
    """The text over a column; over instants with the time zone."""
    return f"{header} ({time_zone})" if type_ == ColumnType.INSTANT else header


def header_row(manifest: Manifest) -> dict[int, PlainCell]:
    """The header: its cells by the index of their column."""
    return {
        index: PlainCell(
            header_text(column.header, column.type, manifest.time_zone),
            styles.HEADING_OF_FIGURES if column.unit else styles.HEADING,
        )
        for index, column in enumerate(manifest.columns)
    }


def terms_rows(manifest: Manifest) -> list[tuple[PlainCell, ...]]:
    """The rows of the sheet with the meanings of terms, from the first on."""
    heading = (bold_cell("Term"), bold_cell("Meaning"))
    return [
        heading,
        *(
            (PlainCell(each.term, styles.TERM), PlainCell(each.meaning, styles.MEANING))
            for each in manifest.terms
        ),
    ]


def rows_below(
    manifest: Manifest, notes: Sequence[str], *, has_totals: bool
) -> Iterator[dict[int, PlainCell]]:
    """The rows below the report's last row: notes where there are no rows; an empty row and totals.

    The notes of a report with rows are on the Control sheet only.
    """
    if manifest.row_count == 0:
        yield from ({0: PlainCell(note, styles.NOTE)} for note in notes or (NO_ROWS,))
    if has_totals and manifest.totals:
        yield {}
        yield from _total_rows(manifest)


def total_cell(column: ColumnPart, part: TotalPart) -> PlainCell:
    """The total of one column and currency, in bold; money in major units.

    Money stays in minor units where the currency's digits are unknown.
    """
    if column.type == ColumnType.RATIO:
        return PlainCell(part.ratios[column.name], styles.TOTAL_RATIO, is_number=True)
    value = int(part.texts[column.name])
    if column.unit != Unit.MINOR:
        return count_cell(value)
    style = styles.money(minor_digits(part.currency))
    return _figure_cell(value, major_text(value, part.currency), style)


def count_cell(number: int) -> PlainCell:
    """A whole number, in bold."""
    return _figure_cell(number, str(number), styles.COUNT)


def bold_cell(text: str) -> PlainCell:
    """A text in bold."""
    return PlainCell(text, styles.LABEL)


def text_cell(text: str) -> PlainCell:
    """A text."""
    return PlainCell(text, styles.TEXT)


def row_xml(
    number: int,
    cells: Mapping[int, PlainCell],
    style_ids: Mapping[Style, int],
    line_count: int = 1,
) -> bytes:
    """The XML of one row of a sheet; `cells` by the index of their column.

    Programs do not find the height of a row of several lines by themselves.
    """
    parts = [_cell_xml(number, index, cell, style_ids) for index, cell in sorted(cells.items())]
    height = f' ht="{line_count * _LINE_POINTS}" customHeight="1"' if line_count > 1 else ""
    return f'<row r="{number}"{height}>{"".join(parts)}</row>'.encode()


def rows_xml(
    rows: Iterable[Iterable[PlainCell]], first: int, style_ids: Mapping[Style, int]
) -> bytes:
    """The XML of rows from number `first` on, each from column A on; empty rows are left out."""
    return b"".join(
        row_xml(number, dict(enumerate(cells)), style_ids)
        for number, cells in enumerate(map(tuple, rows), start=first)
        if cells
    )


def column_letters(index: int) -> str:
    """The letters of a column, counted from 0: A, B ... Z, AA."""
    letters = ""
    number = index + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


@cache
def column_index(letters: str) -> int:
    """The inverse of `column_letters`."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _total_rows(manifest: Manifest) -> Iterator[dict[int, PlainCell]]:
    """A row for each part of the totals: its cells by the index of their column.

    The label is in the first column without a total, or after the last column if all have one.
    """
    for part in manifest.totals:
        cells = {
            index: total_cell(column, part)
            for index, column in enumerate(manifest.columns)
            if column.name in part.texts
        }
        free = (index for index in range(len(manifest.columns) + 1) if index not in cells)
        label = "Total" if part.currency is None else f"Total {part.currency}"
        cells[next(free)] = bold_cell(label)
        yield cells


def _figure_cell(number: int, text: str, style: Style) -> PlainCell:
    if abs(number) < EXACT_BELOW:
        return PlainCell(text, replace(style, is_bold=True), is_number=True)
    return PlainCell(text, replace(styles.AMOUNT_TEXT, is_bold=True))


def _cell_xml(row: int, index: int, cell: PlainCell, style_ids: Mapping[Style, int]) -> str:
    opening = f'<c r="{column_letters(index)}{row}" s="{style_ids[cell.style]}"'
    if cell.is_number:
        return f"{opening}><v>{cell.text}</v></c>"
    text = xml_escape(escape(cell.text))
    return f'{opening} t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
