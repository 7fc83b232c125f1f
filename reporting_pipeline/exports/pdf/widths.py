"""How wide a table's columns are, and how large its type, so that everything fits on the page.

Figures, dates and codes stay on one line at any price; texts and ids give way and wrap.

What belongs here: sizes in points. What does not: markup.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from reporting_pipeline.exports.pdf.cells import Style
from reporting_pipeline.exports.pdf.fonts import FIRST_ASCII, MONOSPACE, SANS, ascii_widths
from reporting_pipeline.exports.pdf.visible import visible_text

TABLE_WIDTH_POINTS = 785  # A4 across, less 10 mm on either side

_TYPE_SIZES = (8.5, 8.0, 7.5, 7.0, 6.5, 6.0, 5.5, 5.0)
_LEAST_EASY_SIZE = 6.5  # above it, ids rather make the type smaller than rows higher
_TOLERANCE_EMS = 0.01
_ID_SIZE = 0.78  # of the type around it, as in the style sheet
_PADDING_POINTS = 7
_LINE_HEIGHT = 1.6  # of the type; scripts with high letters need it
_RAGGED = 1.15  # lines end at words
_LONG = 60  # characters; a shorter text fills no page
_WRAPPING = frozenset({Style.TEXT, Style.ID})
_BOLD = 1.18  # bold letters are wider, at most by so much
_TEXT_LEAST_EMS, _ID_LEAST_EMS = 11.0, 9.2
_TEXT_MOST_EMS = 40.0
_HEADER_LEAST_EMS = 8.0
_LARGEST_STRETCH = 1.8


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLook:
    """The size of a table's type and the widths of its columns, in points.

    Attributes:
        wraps: Whether a column is narrower than its longest line.
    """

    type_size: float
    widths: tuple[float, ...]
    wraps: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class _Need:
    """What a column wants and the least it takes, in ems of the table's type."""

    least: float
    natural: float


def table_look(
    styles: Sequence[Style], headers: Sequence[str], rows: Iterable[Sequence[str]]
) -> TableLook | None:
    """The largest type with which all columns fit; None: they do not fit with the smallest."""
    needs = _needs(styles, headers, rows)
    whole_ids = [
        _Need(need.natural, need.natural) if style is Style.ID else need
        for style, need in zip(styles, needs, strict=True)
    ]
    easy = (size for size in _TYPE_SIZES if size >= _LEAST_EASY_SIZE)
    tries = [(whole_ids, size) for size in easy] + [(needs, size) for size in _TYPE_SIZES]
    for wanted, size in tries:
        room = (TABLE_WIDTH_POINTS - _PADDING_POINTS * len(needs)) / size
        if sum(need.least for need in wanted) <= room:
            ems = _shared(wanted, room)
            return TableLook(
                type_size=size,
                widths=tuple(round(each * size + _PADDING_POINTS, 2) for each in ems),
                wraps=tuple(
                    each + _TOLERANCE_EMS < need.natural
                    for each, need in zip(ems, needs, strict=True)
                ),
            )
    return None


def row_points(look: TableLook, styles: Sequence[Style], row: Sequence[str]) -> float:
    """About how high a row is, rather too much."""
    size = look.type_size
    lines = 1
    for style, text, width in zip(styles, row, look.widths, strict=True):
        if style in _WRAPPING and len(text) > _LONG:
            room = (width - _PADDING_POINTS) / size / _RAGGED
            ends = text.split("\n")
            lines = max(lines, sum(1 + int(ems_of(visible_text(end)) / room) for end in ends))
    return lines * size * _LINE_HEIGHT


@lru_cache(maxsize=16384)
def ems_of(text: str, family: str = SANS) -> float:
    """About how wide a line of text is; exact for ASCII, rather too much for the rest."""
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
    styles: Sequence[Style], headers: Sequence[str], rows: Iterable[Sequence[str]]
) -> list[_Need]:
    longest = [0.0] * len(styles)
    families = [MONOSPACE if style is Style.ID else SANS for style in styles]
    for row in rows:
        for index, text in enumerate(row):
            longest[index] = max(longest[index], ems_of(text, families[index]))
    return [
        _need(style, header, ems)
        for style, header, ems in zip(styles, headers, longest, strict=True)
    ]


def _need(style: Style, header: str, ems: float) -> _Need:
    words = max((ems_of(word) for word in header.split()), default=0.0) * _BOLD
    line = ems_of(header) * _BOLD
    over_it = min(words, _HEADER_LEAST_EMS)
    match style:
        case Style.TEXT:
            natural = min(ems, _TEXT_MOST_EMS)
            least = min(ems, _TEXT_LEAST_EMS)
        case Style.ID:
            natural = min(ems * _ID_SIZE, _TEXT_MOST_EMS)
            least = min(natural, _ID_LEAST_EMS)
        case _:
            natural = least = ems
    return _Need(max(least, over_it), max(natural, over_it, min(line, _TEXT_MOST_EMS)))


def _shared(needs: Sequence[_Need], room: float) -> list[float]:
    """Room for each column: its least, then what it wants, then a share of what is left."""
    ems = [need.least for need in needs]
    wants = [need.natural - need.least for need in needs]
    spare = room - sum(ems)
    part = min(1.0, spare / sum(wants)) if sum(wants) > 0 else 0.0
    ems = [each + want * part for each, want in zip(ems, wants, strict=True)]
    stretch = min(room / sum(ems), _LARGEST_STRETCH) if sum(ems) > 0 else 1.0
    return [each * max(stretch, 1.0) for each in ems]
