"""Compares the texts on the pages with the rows and texts that should be there."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TypeAlias

from reporting_pipeline.exports.pdf.page_reader import PageCells
from reporting_pipeline.exports.pdf.visible_text import visible_text

_MAX_QUOTED_LENGTH = 40
_INVISIBLE = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
# In text from right to left, one of a pair is drawn by the glyph of the other.
_AS_OPENING = str.maketrans(")]}>", "([{<")
# ASCII, and the spaces and apostrophes that separate the groups of a locale's figures.
_PLAIN_TEXT = re.compile("[\\x00-\\x7f\\s\u00b7\u2019]*")
# One sign, whose font does not name its digit.
_KEYCAP = re.compile("[0-9#*]\ufe0f?\u20e3")
_DIGIT, _PLAIN = re.compile("[0-9]").match, re.compile("[0-9A-Za-z]").match
_ALLOWED_DIFFERENCES = 4


_Numbered: TypeAlias = Sequence[tuple[int, PageCells]]
# Pages with their numbers in the file.


@dataclass(frozen=True, slots=True)
class ExpectedRow:
    """A row that should be on the pages, and its name in messages.

    Attributes:
        texts: The texts of its cells; the first may span several columns.
    """

    name: str
    texts: Sequence[str]


def row_problem(
    pages: Sequence[PageCells],
    headers: Sequence[str],
    rows: Iterable[ExpectedRow],
    frame: Callable[[int, int], str],
    *,
    first_page: int = 1,
    closing: Sequence[str] = (),
) -> str | None:
    """The first difference between rows and pages, by page, row and column; None: no difference.

    Args:
        pages: The texts of each page.
        headers: The texts over the columns, on each page with rows.
        rows: The rows below them, in order, totals included.
        frame: The text around a page's content, by its number and the number of pages.
        first_page: The number of the first of these pages in the file.
        closing: The texts after the rows, in order; the proof follows on a page of its own.
    """
    numbered = list(enumerate(pages, first_page))
    differences = (
        _row_differences(numbered, headers, rows),
        _heading_differences(numbered, headers),
        _stray_texts(numbered, closing),
        _frame_differences(numbered, frame),
    )
    return next((each for found in differences for each in found), None)


def missing_text(shown: str, expected: Iterable[str]) -> str | None:
    """The first of some texts that is not part of `shown`; only texts in ASCII are compared."""
    letters = letters_of(shown)
    return next(
        (each for each in expected if each.isascii() and letters_of(each) not in letters), None
    )


def is_same_text(expected: str, found: str) -> bool:
    """True if a text on a page is the expected one, as far as its fonts can show that.

    Text in ASCII and figures must be the same sign by sign. In other texts, digits must be the same
    in order, and ASCII letters too if no letter has marks; where part of the text runs from right
    to left, they may be in another order. Of all letters, three in four must be there, or all but a
    few: some scripts have signs made of several letters, and a font knows one meaning of each sign.
    """
    wanted, actual = (
        letters_of(_KEYCAP.sub("", each)).translate(_AS_OPENING) for each in (expected, found)
    )
    if wanted == actual or _PLAIN_TEXT.fullmatch(expected):
        return wanted == actual
    has_marks = any(map(unicodedata.combining, wanted))
    certain = [list(filter(_DIGIT if has_marks else _PLAIN, each)) for each in (wanted, actual)]
    if any(unicodedata.bidirectional(each) in _RIGHT_TO_LEFT for each in expected):
        certain = list(map(sorted, certain))
    letters = [Counter(filter(str.isalnum, each)) for each in (wanted, actual)]
    differing = (letters[0] - letters[1]) + (letters[1] - letters[0])
    allowed = max(_ALLOWED_DIFFERENCES, len(wanted) // 4)
    return certain[0] == certain[1] and differing.total() <= allowed


def letters_of(text: str) -> str:
    """The visible part of a text: no spaces, no invisible characters, compatible forms as one."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(each for each in plain if unicodedata.category(each) not in _INVISIBLE)


def _row_differences(
    pages: _Numbered, headers: Sequence[str], rows: Iterable[ExpectedRow]
) -> Iterator[str]:
    found = ((number, cells) for number, page in pages for cells in page.rows)
    last = "the headings"
    for place, row in zip_longest(found, rows):
        if place is None:
            yield f"{row.name} is on no page"
            return
        number, cells = place
        if row is None:
            yield f"page {number} shows {_quoted(''.join(cells))} after {last}, the last"
            return
        for index, (text, actual) in enumerate(zip_longest(row.texts, cells, fillvalue="")):
            if not is_same_text(visible_text(text), actual):
                column = headers[index - len(row.texts)]
                yield (
                    f"{row.name}, column {column}, on page {number}: the page shows "
                    f"{_quoted(actual)}, the row has {_quoted(text)}"
                )
                return
        last = row.name


def _heading_differences(pages: _Numbered, headers: Sequence[str]) -> Iterator[str]:
    for number, page in pages:
        for headings in page.headings:
            for expected, found in zip_longest(headers, headings, fillvalue=""):
                if not is_same_text(visible_text(expected), found):
                    heading = f"the heading {_quoted(expected)}"
                    yield f"page {number} shows {_quoted(found)} in place of {heading}"


def _stray_texts(pages: _Numbered, closing: Sequence[str]) -> Iterator[str]:
    with_rows = [number for number, page in pages if page.headings]
    last = with_rows[-1] if with_rows else 0
    for number, page in pages:
        # Other text is before the first rows or after the last ones.
        before = page.before if with_rows and with_rows[0] < number <= last else ()
        stray = "".join((*before, *(page.after if number != last else ()), page.stray))
        if stray:
            yield f"page {number} shows {_quoted(stray)} beside the rows"
    after = [(n, text) for n, page in pages for text in page.after if n == last]
    after += [(n, text) for n, page in pages for text in page.before if n > last]
    yield from _closing_differences(after, closing, last)


def _closing_differences(
    found: Sequence[tuple[int, str]], closing: Sequence[str], last: int
) -> Iterator[str]:
    """The differences of the texts after the rows; texts that follow begin on another page."""
    for (number, text), expected in zip(found, closing, strict=False):
        if not is_same_text(visible_text(expected), text):
            yield f"page {number} shows {_quoted(text)} in place of {_quoted(expected)}"
            return
    if len(found) < len(closing):
        yield f"{_quoted(closing[len(found)])} is on no page"
    end = found[len(closing) - 1][0] if closing and len(found) >= len(closing) else last
    yield from (
        f"page {number} shows {_quoted(text)} beside the rows"
        for number, text in found[len(closing) :]
        if number == end
    )


def _frame_differences(pages: _Numbered, frame: Callable[[int, int], str]) -> Iterator[str]:
    for number, page in pages:
        expected = frame(number, len(pages))
        if not is_same_text(expected, page.frame):
            yield f"page {number} shows {_quoted(page.frame)} around it, not {_quoted(expected)}"


def _quoted(text: str) -> str:
    return repr(text[:_MAX_QUOTED_LENGTH])
