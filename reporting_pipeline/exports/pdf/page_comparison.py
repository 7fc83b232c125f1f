"""Compares the texts on the pages with the rows and texts that should be there."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile, zip_longest

from reporting_pipeline.exports.pdf.page_reader import PageChart, PageContent, PageTable
from reporting_pipeline.exports.pdf.visible_text import visible_text

_MAX_QUOTED_LENGTH = 40
_QUOTED_BEFORE = 16
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


@dataclass(frozen=True, slots=True)
class ExpectedRow:
    """A row that should be on the pages, and its name in messages.

    Attributes:
        texts: The texts of its cells; the first may span several columns.
    """

    name: str
    texts: Sequence[str]


@dataclass(frozen=True, slots=True)
class ExpectedTable:
    """A table that should be on the pages, on one or several.

    Attributes:
        name: Names its rows in messages: `the rows of block tickets`.
        headers: The texts over the columns, on each page.
        rows: The rows below them, in order, totals included.
    """

    name: str
    headers: Sequence[str]
    rows: Iterable[ExpectedRow]


def page_problem(
    pages: Sequence[PageContent],
    expected: Iterable[str | ExpectedTable],
    frame: Callable[[int, int], str],
) -> str | None:
    """The first difference between the pages and what they should show; None: no difference.

    Args:
        pages: The texts of each page.
        expected: All texts and tables of the report, in order. Charts may be among them.
        frame: The text around a page's content, by its number and the number of pages.
    """
    numbered = list(enumerate(pages, start=1))
    items = [
        (number, item)
        for number, page in numbered
        for item in page.items
        if not isinstance(item, PageChart)
    ]
    differences = (
        _ItemComparison(items).differences(expected),
        _stray_texts(numbered),
        _frame_differences(numbered, frame),
    )
    return next((each for found in differences for each in found), None)


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


class _ItemComparison:
    """Compares the items on the pages, each with the number of its page, in their order."""

    def __init__(self, items: Sequence[tuple[int, str | PageTable]]) -> None:
        self._items = items
        self._at = 0

    def differences(self, expected: Iterable[str | ExpectedTable]) -> Iterator[str]:
        """The differences; after the first one the comparison makes no sense."""
        for each in expected:
            of_item = self._text(each) if isinstance(each, str) else self._table(each)
            yield from of_item
        self._skip_blank()
        for number, item in self._items[self._at :]:
            yield f"page {number} shows {_quoted(_text_of(item))}, which the report does not have"

    def _text(self, expected: str) -> Iterator[str]:
        wanted = visible_text(expected)
        if not letters_of(wanted):
            return
        self._skip_blank(wanted)
        if self._at == len(self._items):
            yield f"{_quoted(expected)} is on no page"
            return
        number, item = self._items[self._at]
        self._at += 1
        found = item if isinstance(item, str) else None
        while found is not None and not is_same_text(wanted, found):
            more = self._continuation()
            if more is None or len(letters_of(found)) >= len(letters_of(wanted)):
                break
            found += more
            self._at += 1
        if found is None or not is_same_text(wanted, found):
            yield (
                f"page {number} shows {_quoted(found) if found else 'rows'} in place of "
                f"{_quoted(expected)}"
            )

    def _skip_blank(self, unless: str = "") -> None:
        """Skip texts without a letter; the font of a short text may name none of its letters."""
        while self._at < len(self._items):
            item = self._items[self._at][1]
            if not isinstance(item, str) or letters_of(item):
                return
            if unless and is_same_text(unless, item):
                return
            self._at += 1

    def _continuation(self) -> str | None:
        """The rest of a text that began at the end of a page."""
        if self._at == len(self._items):
            return None
        (before, _), (number, item) = self._items[self._at - 1 : self._at + 1]
        return item if isinstance(item, str) and number == before + 1 else None

    def _table(self, expected: ExpectedTable) -> Iterator[str]:
        rows = iter(expected.rows)
        row, last = next(rows, None), "the headings"
        while row is not None:
            self._skip_blank()
            number, item = self._items[self._at] if self._at < len(self._items) else (0, None)
            if isinstance(item, str) and last == "the headings":
                yield f"page {number} shows {_quoted(item)} in place of {expected.name}"
            if isinstance(item, str) and last != "the headings":
                yield f"page {number} shows {_quoted(item)} beside the rows"
            if not isinstance(item, PageTable):
                yield f"{row.name} is on no page"
                return
            self._at += 1
            yield from _heading_differences(number, item, expected.headers)
            for cells in item.rows:
                if row is None:
                    yield f"page {number} shows {_quoted(''.join(cells))} after {last}, the last"
                    return
                yield from _cell_differences(number, cells, row, expected.headers)
                last, row = row.name, next(rows, None)


def _cell_differences(
    number: int, cells: Sequence[str], row: ExpectedRow, headers: Sequence[str]
) -> Iterator[str]:
    for index, (text, actual) in enumerate(zip_longest(row.texts, cells, fillvalue="")):
        if not is_same_text(visible_text(text), actual):
            column = headers[index - len(row.texts)]
            yield (
                f"{row.name}, column {column}, on page {number}: the page shows "
                f"{_quoted(actual)}, the row has {_quoted(text)}"
            )


def _heading_differences(number: int, table: PageTable, headers: Sequence[str]) -> Iterator[str]:
    for headings in table.headings:
        for expected, found in zip_longest(headers, headings, fillvalue=""):
            if not is_same_text(visible_text(expected), found):
                heading = f"the heading {_quoted(expected)}"
                yield f"page {number} shows {_quoted(found)} in place of {heading}"


def _stray_texts(pages: Iterable[tuple[int, PageContent]]) -> Iterator[str]:
    for number, page in pages:
        if page.stray:
            yield f"page {number} shows {_quoted(page.stray)} beside the rows"


def _frame_differences(
    pages: Sequence[tuple[int, PageContent]], frame: Callable[[int, int], str]
) -> Iterator[str]:
    for number, page in pages:
        expected = frame(number, len(pages))
        if not is_same_text(expected, page.frame):
            letters = zip(letters_of(page.frame), letters_of(expected), strict=False)
            same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], letters))
            found, wanted = (
                _quoted(_from_letter(each, same - _QUOTED_BEFORE))
                for each in (page.frame, expected)
            )
            yield f"page {number} shows {found} around it, not {wanted}"


def _from_letter(text: str, count: int) -> str:
    """A text without its first visible letters, `count` of them."""
    for index, character in enumerate(text):
        if count <= 0:
            return text[index:]
        count -= 0 if character.isspace() else 1
    return text


def _text_of(item: str | PageTable) -> str:
    """The beginning of an item."""
    if isinstance(item, str):
        return item
    return "".join(text for row in (*item.headings, *item.rows) for text in row)


def _quoted(text: str) -> str:
    return repr(text[:_MAX_QUOTED_LENGTH])
