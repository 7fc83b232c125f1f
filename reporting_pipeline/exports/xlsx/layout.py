"""The layout of the sheets: which row is where, and the heading, notes and totals around the rows.

Writer and reader both use it, so that a heading or total that was edited is found.
"""

import itertools
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from xml.sax.saxutils import escape as xml_escape

from reporting_pipeline.domain.currencies import major_text, minor_digits
from reporting_pipeline.exports.manifest import ColumnPart, Manifest, TotalPart
from reporting_pipeline.exports.report_heading import event_facts, period_text, provisional_texts
from reporting_pipeline.exports.xlsx import styles
from reporting_pipeline.exports.xlsx.cell_text import escape, utf16_units
from reporting_pipeline.exports.xlsx.styles import EXACT_BELOW, Style
from reporting_pipeline.languages import translated
from reporting_pipeline.registry.columns import ColumnType, Unit

MAX_ROWS = 1_048_576
"""The rows of a sheet, its header included."""
MAX_COLUMNS = 16_384
# Both are the same in every language: formulas and queries of other workbooks refer to them.
CONTROL = "Control"
"""The name of the sheet with the proof."""
DATA = "Data"
"""The name of the sheet with the rows; further ones have a number behind it."""
_MAX_NAME = 31
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\]")
_RESERVED_NAMES = frozenset({"history"})
_LINE_POINTS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSheet:
    """One sheet with rows of the report: its rows `first_row` to `last_row`, both included.

    Attributes:
        header_row: The number of the row with the headers of columns, below the heading.
        first: The index of its first row in the report, from 0.
        row_count: 0 on the only sheet of an empty report.
        block: The place of its block among those of the report.
    """

    name: str
    first: int
    row_count: int
    header_row: int
    block: int = 0

    @property
    def first_row(self) -> int:
        """The number of its first row of the report."""
        return self.header_row + 1

    @property
    def last_row(self) -> int:
        """The number of its last row; the header's where there are no rows."""
        return self.header_row + self.row_count


@dataclass(frozen=True, slots=True)
class PlainCell:
    """A cell beside the report's rows: a text, or the digits of a number, and its style.

    Attributes:
        formula: Of a number that a formula computes again; without `=`.
    """

    text: str
    style: Style
    is_number: bool = False
    formula: str = ""


def sheets_of_blocks(manifest: Manifest, max_rows: int = MAX_ROWS) -> tuple[DataSheet, ...]:
    """The data sheets of a report of several blocks, in order; at least one for each block."""
    taken = {*map(str.casefold, sheets_after_data(manifest)), *_RESERVED_NAMES}
    found: list[DataSheet] = []
    for position, (block, part) in enumerate(zip(manifest.blocks, manifest.parts, strict=True)):
        for sheet in data_sheets(part, max_rows, block.title):
            prefix, _, number = sheet.name.partition(DATA)
            name = _free_name(block.title, prefix, number, taken)
            taken.add(name.casefold())
            found.append(replace(sheet, name=name, block=position))
    return tuple(found)


def _free_name(title: str, prefix: str, number: str, taken: Collection[str]) -> str:
    """A sheet name after a title: Excel allows 31 characters, not all signs, and no two alike."""
    plain = " ".join(_NOT_IN_NAMES.sub(" ", title).split()).strip("'") or DATA
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


def terms_name(locale: str) -> str:
    """The name of the sheet with the meanings of terms, between the data sheets and Control."""
    return translated("Terms", locale)


def sheets_after_data(manifest: Manifest) -> tuple[str, ...]:
    """The names of the sheets after the data sheets."""
    return (terms_name(manifest.locale), CONTROL) if manifest.terms else (CONTROL,)


def data_sheets(
    manifest: Manifest, max_rows: int = MAX_ROWS, block_title: str = ""
) -> tuple[DataSheet, ...]:
    """The data sheets of a report, in order; at least one.

    The last one has the totals, and every sheet leaves room for them.
    """
    below = len(manifest.totals) + 1 if manifest.totals else 0
    header_row = len(heading_rows(manifest, block_title)) + 1
    capacity = max_rows - header_row - below
    starts = range(0, manifest.row_count, capacity) or range(1)
    return tuple(
        DataSheet(
            name=sheet_name(number, manifest),
            first=start,
            row_count=min(capacity, manifest.row_count - start),
            header_row=header_row,
        )
        for number, start in enumerate(starts, start=1)
    )


def sheet_name(number: int, manifest: Manifest) -> str:
    """The name of the data sheet with that number, counted from 1; of a report without blocks."""
    name = DATA if number == 1 else f"{DATA} {number}"
    return f"{provisional_texts(manifest)[0]} {name}" if manifest.is_provisional else name


def heading_rows(manifest: Manifest, block_title: str = "") -> list[dict[int, PlainCell]]:
    """The rows above the header: title, organisation, event and period; then an empty row."""
    name, event = manifest.definition.name, event_facts(manifest)
    period = f"{translated('Period', manifest.locale)}: {period_text(manifest)}"
    cells = [
        PlainCell(name, styles.TITLE),
        *([bold_cell(block_title)] if block_title not in {"", name} else []),
        text_cell(manifest.organization.name),
        *([text_cell(" · ".join(value for _, value in event))] if event else []),
        text_cell(period),
        *([bold_cell(": ".join(provisional_texts(manifest)))] if manifest.is_provisional else []),
    ]
    return [*({0: each} for each in cells), {}]


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
    heading = tuple(bold_cell(translated(each, manifest.locale)) for each in ("Term", "Meaning"))
    return [
        heading,
        *(
            (PlainCell(each.term, styles.TERM), PlainCell(each.meaning, styles.MEANING))
            for each in manifest.terms
        ),
    ]


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


def _figure_cell(number: int, text: str, style: Style) -> PlainCell:
    if abs(number) < EXACT_BELOW:
        return PlainCell(text, replace(style, is_bold=True), is_number=True)
    return PlainCell(text, replace(styles.AMOUNT_TEXT, is_bold=True))


def _cell_xml(row: int, index: int, cell: PlainCell, style_ids: Mapping[Style, int]) -> str:
    opening = f'<c r="{column_letters(index)}{row}" s="{style_ids[cell.style]}"'
    if cell.is_number:
        formula = f"<f>{xml_escape(cell.formula)}</f>" if cell.formula else ""
        return f"{opening}>{formula}<v>{cell.text}</v></c>"
    text = xml_escape(escape(cell.text))
    return f'{opening} t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
