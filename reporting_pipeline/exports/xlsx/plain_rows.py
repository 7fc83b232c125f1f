"""Rows that are not the report's own, cell by cell: header, totals, notes, the Control sheet.

What belongs here: such a row, and its XML. What does not: what stands in it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape as xml_escape

from reporting_pipeline.exports.presentation import major_text, minor_digits
from reporting_pipeline.exports.xlsx import styles
from reporting_pipeline.exports.xlsx.cells import EXACT_BELOW
from reporting_pipeline.exports.xlsx.layout import column_letters
from reporting_pipeline.exports.xlsx.styles import Style
from reporting_pipeline.exports.xlsx.text import escape


@dataclass(frozen=True, slots=True)
class PlainCell:
    """One cell: its text, or the digits of its number, and how it looks."""

    text: str
    style: Style
    is_number: bool = False


def bold(text: str) -> PlainCell:
    """A text in bold."""
    return PlainCell(text, styles.HEADER)


def plain(text: str) -> PlainCell:
    """A text."""
    return PlainCell(text, styles.TEXT)


def amount(minor: int, currency: str | None) -> PlainCell:
    """Money in major units, in bold; in minor units where the currency's digits are not known."""
    return _figure(minor, major_text(minor, currency), styles.money(minor_digits(currency)))


def count(number: int) -> PlainCell:
    """A whole number, in bold."""
    return _figure(number, str(number), styles.COUNT)


def _figure(number: int, text: str, style: Style) -> PlainCell:
    if abs(number) < EXACT_BELOW:
        return PlainCell(text, replace(style, is_bold=True), is_number=True)
    return PlainCell(text, replace(styles.AMOUNT_TEXT, is_bold=True))


def row_xml(number: int, cells: Mapping[int, PlainCell], style_ids: Mapping[Style, int]) -> bytes:
    """One row of a sheet; `cells` by the index of their column."""
    parts = [_cell(number, index, cell, style_ids) for index, cell in sorted(cells.items())]
    return f'<row r="{number}">{"".join(parts)}</row>'.encode()


def rows_xml(
    rows: Iterable[Iterable[PlainCell]], first: int, style_ids: Mapping[Style, int]
) -> bytes:
    """Rows from number `first` on, each from the first column on; an empty one is left out."""
    return b"".join(
        row_xml(number, dict(enumerate(cells)), style_ids)
        for number, cells in enumerate(map(tuple, rows), start=first)
        if cells
    )


def _cell(row: int, index: int, cell: PlainCell, style_ids: Mapping[Style, int]) -> str:
    opening = f'<c r="{column_letters(index)}{row}" s="{style_ids[cell.style]}"'
    if cell.is_number:
        return f"{opening}><v>{cell.text}</v></c>"
    text = xml_escape(escape(cell.text))
    return f'{opening} t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
