"""Styles of cells: number formats, and the part of a value that a number format carries.

money       major units, with as many decimals as ISO 4217 gives the row's currency
instants    wall clock of the report's time zone; in the hour that comes twice, when the clock
            goes back, the format itself shows the offset: 2026-10-25 02:30:00 +01:00
text        the text format, so that a cell stays text when a person edits it
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

from reporting_pipeline.domain.time_zones import OffsetZone

MONEY_DIGITS = (0, 2, 3, 4)
"""All numbers of decimals that ISO 4217 knows."""
EXACT_BELOW = 10**15
"""Whole numbers below this are exact as a double; larger ones are written as text."""

_INSTANT_FORMAT = "yyyy-mm-dd hh:mm:ss"
_OFFSET_FORMAT = re.compile(rf'{_INSTANT_FORMAT} "([+-])(\d\d):(\d\d)"')
_YEARS = range(1973, 2080)


@dataclass(frozen=True, slots=True, order=True)
class Style:
    """The look of a cell.

    Attributes:
        number_format: In Excel's English notation.
        is_right: Whether a text is aligned right.
        is_left: Whether a number is aligned left: a date beside a text would run into it.
        is_wrapped: Whether a text breaks into lines.
        is_top: Whether a text is at the top of its cell.
        is_large: Whether the type is that of the title.
    """

    number_format: str
    is_bold: bool = False
    is_italic: bool = False
    is_right: bool = False
    is_wrapped: bool = False
    is_top: bool = False
    is_left: bool = False
    is_large: bool = False


TEXT = Style("@")
AMOUNT_TEXT = Style("@", is_right=True)
COUNT = Style("#,##0")
RATIO = Style("0.00%")
TOTAL_RATIO = Style("0.00%", is_bold=True)
DATE = Style("yyyy-mm-dd", is_left=True)
INSTANT = Style(_INSTANT_FORMAT, is_left=True)
BOOLEAN = Style("General")
LABEL = Style("@", is_bold=True)
LABEL_OF_FIGURES = Style("@", is_bold=True, is_right=True)
"""For labels and texts in rows of totals, and on the Control sheet."""
NOTE = Style("@", is_italic=True)
TITLE = Style("@", is_bold=True, is_large=True)
HEADING = Style("@", is_bold=True, is_wrapped=True)
HEADING_OF_FIGURES = Style("@", is_bold=True, is_right=True, is_wrapped=True)
"""Over a column."""
TERM = Style("@", is_bold=True, is_wrapped=True, is_top=True)
MEANING = Style("@", is_wrapped=True, is_top=True)


def money(digits: int | None) -> Style:
    """The style of amounts with so many decimals; None: minor units, as a whole number."""
    return Style("#,##0." + "0" * digits) if digits else COUNT


def at_offset(offset: timedelta) -> Style:
    """The style of an instant whose wall clock time comes twice; the offset has whole minutes."""
    hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
    sign = "-" if offset < timedelta(0) else "+"
    return Style(f'{_INSTANT_FORMAT} "{sign}{hours:02}:{minutes:02}"', is_left=True)


def offset_of(number_format: str) -> timedelta | None:
    """The offset in the number format of an instant; None where it has none."""
    found = _OFFSET_FORMAT.fullmatch(number_format)
    if found is None:
        return None
    offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return -offset if found[1] == "-" else offset


@lru_cache
def ambiguous_styles(zone: tzinfo) -> dict[timedelta, Style]:
    """A style for each offset of a zone; of one with rules, on each first day of a month since."""
    if isinstance(zone, OffsetZone):
        offsets = set(zone.offsets)
    else:
        months = (datetime(year, month, 1, tzinfo=UTC) for year in _YEARS for month in range(1, 13))
        offsets = {each.astimezone(zone).utcoffset() or timedelta(0) for each in months}
    return {each: at_offset(each) for each in sorted(offsets) if not each % timedelta(minutes=1)}


def all_styles(zone: tzinfo, *, with_terms: bool, with_total_ratios: bool) -> tuple[Style, ...]:
    """Every style that a report in that time zone may need, in a fixed order."""
    of_rows = (TEXT, AMOUNT_TEXT, COUNT, RATIO, DATE, INSTANT, BOOLEAN)
    amounts = tuple(money(digits) for digits in MONEY_DIGITS if digits)
    of_totals = tuple(replace(each, is_bold=True) for each in (TEXT, AMOUNT_TEXT, COUNT, *amounts))
    of_totals += (TOTAL_RATIO,) if with_total_ratios else ()
    of_texts = (TITLE, HEADING, HEADING_OF_FIGURES, *((TERM, MEANING) if with_terms else ()))
    return (*of_rows, *amounts, *ambiguous_styles(zone).values(), NOTE, *of_totals, *of_texts)
