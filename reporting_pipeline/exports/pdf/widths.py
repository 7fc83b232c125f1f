"""Column widths and the type size of a table, so that all columns fit across the page.

Sizes are in points. Figures, dates and codes stay on one line; texts and ids may wrap.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import lru_cache
from math import fsum
from types import MappingProxyType

from reporting_pipeline.exports.manifest import ColumnPart
from reporting_pipeline.exports.pdf.fonts import FIRST_ASCII, MONOSPACE, SANS, ascii_widths
from reporting_pipeline.exports.pdf.page_texts import CellTexts, ColumnStyle
from reporting_pipeline.exports.pdf.visible_text import visible_text
from reporting_pipeline.registry.columns import ColumnType
from reporting_pipeline.report_definitions.compile import ReportColumn

TABLE_WIDTH_POINTS = 785  # A4 landscape, less 10 mm on either side

_TYPE_SIZES = (8.5, 8.0, 7.5, 7.0, 6.5, 6.0, 5.5, 5.0)
_LEAST_EASY_SIZE = 6.5  # down to this size, smaller type is preferred to ids on two lines
_TOLERANCE_EMS = 0.01
_SLACK = 1.03
_ID_SIZE = 0.78  # relative to the type around it, as in the style sheet
_PADDING_POINTS = 7
_LINE_HEIGHT = 1.6  # relative to the type; scripts with high letters need it
_RAGGED = 1.15  # lines break between words
_LONG = 60  # characters; a shorter text fills no page
_WRAPPING = frozenset({ColumnStyle.TEXT, ColumnStyle.ID})
_BOLD = 1.18  # bold letters are at most this much wider
_TEXT_LEAST_EMS, _ID_LEAST_EMS = 11.0, 9.2
_TEXT_MOST_EMS = 40.0
_HEADER_LEAST_EMS = 8.0
_LARGEST_STRETCH = 1.4

# One of these values of each type is the narrowest in any locale.
_NARROW: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        ColumnType.BIGINT: ("0",),
        ColumnType.BOOLEAN: ("true", "false"),
        ColumnType.CURRENCY: ("III",),
        ColumnType.DATE: tuple(f"2011-{month:02}-01" for month in range(1, 13)),
        ColumnType.INSTANT: ("2011-11-11T11:11:11Z",),
        ColumnType.RATIO: ("0",),
        ColumnType.TEXT: ("",),
        ColumnType.UUID: ("11111111-1111-1111-1111-111111111111",),
        ColumnType.UUIDS: ("",),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFit:
    """The type size of a table and the widths of its columns, in points.

    Attributes:
        wraps: For each column, whether it is narrower than its longest line.
    """

    type_size: float
    widths: tuple[float, ...]
    wraps: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class _Need:
    """The least and the preferred width of a column, in ems of the table's type."""

    least: float
    natural: float


def fit_table(
    styles: Sequence[ColumnStyle], headers: Sequence[str], rows: Iterable[Sequence[str]]
) -> TableFit | None:
    """The largest type with which all columns fit; None: they do not fit with the smallest."""
    needs = _needs(styles, headers, rows)
    whole_ids = [
        _Need(need.natural, need.natural) if style is ColumnStyle.ID else need
        for style, need in zip(styles, needs, strict=True)
    ]
    easy = (size for size in _TYPE_SIZES if size >= _LEAST_EASY_SIZE)
    tries = [(whole_ids, size) for size in easy] + [(needs, size) for size in _TYPE_SIZES]
    for wanted, size in tries:
        room = (TABLE_WIDTH_POINTS - _PADDING_POINTS * len(needs)) / size
        if fsum(need.least for need in wanted) <= room:
            ems = _shared(wanted, room)
            return TableFit(
                type_size=size,
                widths=tuple(round(each * size + _PADDING_POINTS, 2) for each in ems),
                wraps=tuple(
                    each + _TOLERANCE_EMS < need.natural
                    for each, need in zip(ems, needs, strict=True)
                ),
            )
    return None


def narrowest_row(columns: Sequence[ReportColumn], locale: str) -> tuple[str, ...]:
    """Texts that are not wider than those of any row of these columns, whatever its values are."""
    parts = tuple(map(ColumnPart.of, columns))
    texts = CellTexts(columns=parts, currency=None, locale=locale, zone=UTC)
    return tuple(
        ""
        if column.column.nullable
        else min((texts.text(part, value, None) for value in _NARROW[part.type]), key=ems_of)
        for column, part in zip(columns, parts, strict=True)
    )


def row_points(fit: TableFit, styles: Sequence[ColumnStyle], row: Sequence[str]) -> float:
    """The approximate height of a row, rather too large."""
    size = fit.type_size
    lines = 1
    for style, text, width in zip(styles, row, fit.widths, strict=True):
        if style in _WRAPPING and len(text) > _LONG:
            room = (width - _PADDING_POINTS) / size / _RAGGED
            ends = text.split("\n")
            lines = max(lines, sum(1 + int(ems_of(visible_text(end)) / room) for end in ends))
    return lines * size * _LINE_HEIGHT


@lru_cache(maxsize=16384)
def ems_of(text: str, family: str = SANS) -> float:
    """The width of a line of text: exact for ASCII, rather too large for other characters."""
    ascii_ = ascii_widths(family)
    total = 0
    for character in text:
        index = ord(character) - FIRST_ASCII
        total += ascii_[index] if 0 <= index < len(ascii_) else _wide(character)
    return total / 1000


def _wide(character: str) -> int:
    if unicodedata.east_asian_width(character) in {"W", "F"}:
        return 1000
    return 0 if unicodedata.category(character) in {"Mn", "Me", "Cf"} else 680


def _needs(
    styles: Sequence[ColumnStyle], headers: Sequence[str], rows: Iterable[Sequence[str]]
) -> list[_Need]:
    longest = [0.0] * len(styles)
    families = [MONOSPACE if style is ColumnStyle.ID else SANS for style in styles]
    for row in rows:
        for index, text in enumerate(row):
            longest[index] = max(longest[index], ems_of(text, families[index]))
    return [
        _need(style, header, ems)
        for style, header, ems in zip(styles, headers, longest, strict=True)
    ]


def _need(style: ColumnStyle, header: str, ems: float) -> _Need:
    words = max((ems_of(word) for word in header.split()), default=0.0) * _BOLD
    line = ems_of(header) * _BOLD
    header_least = min(words, _HEADER_LEAST_EMS)
    match style:
        case ColumnStyle.TEXT:
            # A word that is as wide as its column would break for a rounding error.
            natural = min(ems * _SLACK, _TEXT_MOST_EMS)
            least = min(ems * _SLACK, _TEXT_LEAST_EMS)
        case ColumnStyle.ID:
            natural = min(ems * _ID_SIZE, _TEXT_MOST_EMS)
            least = min(natural, _ID_LEAST_EMS)
        case _:
            natural = least = ems
    return _Need(max(least, header_least), max(natural, header_least, min(line, _TEXT_MOST_EMS)))


def _shared(needs: Sequence[_Need], room: float) -> list[float]:
    """The width of each column: its least, then its wish, then a share of the rest.

    Sums are exact: since Python 3.12, `sum` of the same widths differs in the last digit.
    """
    ems = [need.least for need in needs]
    wants = [need.natural - need.least for need in needs]
    spare = room - fsum(ems)
    part = min(1.0, spare / fsum(wants)) if fsum(wants) > 0 else 0.0
    ems = [each + want * part for each, want in zip(ems, wants, strict=True)]
    stretch = min(room / fsum(ems), _LARGEST_STRETCH) if fsum(ems) > 0 else 1.0
    return [each * max(stretch, 1.0) for each in ems]
