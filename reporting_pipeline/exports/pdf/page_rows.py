"""Comparing the rows with the letters that a PDF reader finds on the pages.

Readers give letters in the order in which they are drawn and may part words otherwise, so spaces
do not count. Where text runs from right to left, words and even cells of a row may come in another
order: the row's letters count. Where a reader cannot tell even the letters, the cell is passed
over, and its page's digest speaks for it.

What belongs here: rows against pages. What does not: digests of pages, the meaning of values.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from reporting_pipeline.exports.pdf.page_letters import letters_of
from reporting_pipeline.exports.pdf.visible import visible_text

_DIGITS = re.compile("[0-9]+")
_SHOWN_LENGTH = 40
_MOST_UNSURE, _MOST_MISTAKEN = 24, 4  # letters of a row that a reader may tell otherwise
_FARTHEST = 4  # how many times longer than its text a cell's place may be passed over for


@dataclass(frozen=True, slots=True)
class _Cell:
    """What is to be seen of one cell; `is_exact`: letter by letter, in this order."""

    letters: str
    is_exact: bool


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row that is to stand on the pages, and what it is called in a message."""

    name: str
    texts: Sequence[str]


def row_problem(
    pages: Sequence[str],
    headers: Sequence[str],
    rows: Iterable[ShownRow],
    frame: Callable[[int, int], str],
) -> str | None:
    """The first difference between rows and pages, by page, row and column; None: there is none.

    Args:
        pages: The text of each page, as a PDF reader gives it.
        headers: What stands over the columns, on each page that has rows.
        rows: What is to stand below them, in order, totals included.
        frame: What stands on a page beside its content, for its number and the number of pages.
    """
    frames = [letters_of(frame(number, len(pages))) for number in range(1, len(pages) + 1)]
    header = "".join(letters_of(visible_text(each)) for each in headers)
    reader = _Reader([letters_of(text) for text in pages], frames, header)
    last = None
    for row, following in _with_next(rows):
        cells = [_cell(text) for text in row.texts]
        if not reader.take_row(cells, _next_exact(map(_cell, following.texts))):
            place = reader.failed_at or 0
            return (
                f"{row.name}, column {headers[place]}, on page {reader.page + 1}: the page shows "
                f"{reader.next_letters()!r}, the row has {row.texts[place][:_SHOWN_LENGTH]!r}"
            )
        last = row
    return reader.rest_problem(last.name) if last is not None else None


class _Reader:
    """A place on the pages that moves on with each row that is found there.

    Attributes:
        page: Index of the page.
        failed_at: The column of the last row that was not found; None: it was found.
    """

    def __init__(self, pages: Sequence[str], frames: Sequence[str], header: str) -> None:
        self._pages, self._frames, self._header = pages, frames, header
        self.page, self._at = 0, 0
        self.failed_at: int | None = None
        self._has_begun = False
        self._following = ""

    def take_row(self, cells: Sequence[_Cell], following: str) -> bool:
        """Whether the row stands here, or first on the next page; then the place is behind it.

        `following` is what stands next if the page is not full.
        """
        self._following = following
        if not self._has_begun:
            return self._begin(cells)
        begin = self._at
        if self._take(cells):
            return True
        is_page_full = _same(self._pages[self.page][begin:], self._frames[self.page])
        if not is_page_full or self.page + 1 == len(self._pages):
            return False
        self.page, self._at = self.page + 1, len(self._header)
        return _same(self._pages[self.page][: self._at], self._header) and self._take(cells)

    def rest_problem(self, last: str) -> str | None:
        """What stands behind the last row that is not the page's frame."""
        rest = self._pages[self.page][self._at :]
        if _same(rest, self._frames[self.page]):
            return None
        return f"page {self.page + 1} shows {self.next_letters()!r} after {last}, the last"

    def next_letters(self) -> str:
        """What stands at this place, for a message."""
        return self._pages[self.page][self._at :][:_SHOWN_LENGTH]

    def _begin(self, cells: Sequence[_Cell]) -> bool:
        """Find the head of the table with the first row below it, behind the front."""
        self._has_begun = True
        nearest: tuple[int, int, int | None] = (0, 0, 0)
        for page, end in self._ends_of_header():
            self.page, self._at = page, end
            if self._take(cells):
                return True
            nearest = max(nearest, (self.page, self._at, self.failed_at))
        self.page, self._at, self.failed_at = nearest
        return False

    def _ends_of_header(self) -> Iterator[tuple[int, int]]:
        size = len(self._header)
        for page, text in enumerate(self._pages):
            for at in range(len(text) - size + 1):
                # The first letter may be another one where a label is written right to left.
                if _same(text[at : at + size], self._header):
                    yield page, at + size

    def _take(self, cells: Sequence[_Cell]) -> bool:
        text, begin = self._pages[self.page], self._at
        for index, cell in enumerate(cells):
            ends = _next_exact(cells[index + 1 :]), self._following, self._frames[self.page]
            end = _end_of(text, self._at, cell, ends[:1] if ends[0] else ends[1:])
            if end is None:
                self.failed_at = index
                return self._take_unsure(cells, begin)
            self._at = end
        self.failed_at = None
        return True

    def _take_unsure(self, cells: Sequence[_Cell], begin: int) -> bool:
        """Take a row of which a reader does not give every letter in its place."""
        ways = [self._take_anywhere, self._take_turned]
        if not all(cell.is_exact for cell in cells):
            ways.reverse()
        return any(take(cells, begin) for take in ways)

    def _take_turned(self, cells: Sequence[_Cell], begin: int) -> bool:
        """Take a row with text in which a reader turns lines round or cannot tell the letters.

        All its letters are here; or the next row follows, and at least the plain ones are here.
        """
        letters = "".join(cell.letters for cell in cells)
        if all(cell.letters.isascii() and cell.is_exact for cell in cells):
            return False
        page = self._pages[self.page]
        plain = [cell.letters for cell in cells if cell.letters.isascii()]
        followers = self._following, self._frames[self.page]
        found = _first_of(followers, page, begin, begin + _FARTHEST * len(letters))
        unsure = 0 if all(cell.is_exact for cell in cells) else _unsure(len(letters))
        for end in (_likeliest_end(page, begin, letters, unsure), found):
            if end is not None and _holds(page[begin:end], letters, plain):
                self._at, self.failed_at = end, None
                return True
        return False

    def _take_anywhere(self, cells: Sequence[_Cell], begin: int) -> bool:
        """Take a row in which what follows a cell also seems to stand within it."""
        end = self._end_of_cells(cells, begin)
        if end is None:
            return False
        self._at, self.failed_at = end, None
        return True

    def _end_of_cells(self, cells: Sequence[_Cell], at: int) -> int | None:
        """Where cells end of which the first begins at a place; None: they do not stand there."""
        if not cells:
            return at
        text, cell, rest = self._pages[self.page], cells[0], cells[1:]
        following = _next_exact(rest)
        followers = [following] if following else [self._following, self._frames[self.page]]
        for end in _ends_of(text, at, cell, followers):
            found = self._end_of_cells(rest, end)
            if found is not None:
                return found
        return None


def _same(text: str, expected: str) -> bool:
    """Whether two texts are the same, or have the same letters where words may be turned round."""
    if text == expected or len(text) != len(expected):
        return text == expected
    return not _is_left_to_right(expected) and sorted(text) == sorted(expected)


def _is_left_to_right(letters: str) -> bool:
    return all(unicodedata.bidirectional(each) not in {"R", "AL", "AN"} for each in letters)


def _cell(text: str) -> _Cell:
    visible = visible_text(text)
    return _Cell(letters_of(visible), _is_left_to_right(visible))


def _end_of(text: str, at: int, cell: _Cell, followers: Sequence[str]) -> int | None:
    """Where the cell ends that begins at a place; None: another text stands there.

    `followers` are what may stand behind it.
    """
    end = at + len(cell.letters)
    here = text[at:end]
    if here == cell.letters:
        return end
    if cell.is_exact and cell.letters.isascii():
        return None
    if sorted(here) == sorted(cell.letters):
        return end
    return _first_of(followers, text, at, at + _FARTHEST * len(cell.letters))


def _first_of(wanted: Sequence[str], text: str, begin: int, end: int) -> int | None:
    """Where the first of some texts begins that begins before `end`."""
    places = (text.find(each, begin, end + len(each)) for each in wanted if each)
    return min((place for place in places if place >= 0), default=None)


def _ends_of(text: str, at: int, cell: _Cell, followers: Sequence[str]) -> Iterator[int]:
    """Where a cell may end that begins at a place: behind nearly all letters, at a follower."""
    size = len(cell.letters)
    if text.startswith(cell.letters, at):
        yield at + size
    elif not (cell.is_exact and cell.letters.isascii()):
        wanted = Counter(cell.letters)
        for end in range(at, min(at + size + _MOST_UNSURE, len(text)) + 1):
            is_followed = any(each and text.startswith(each, end) for each in followers)
            if is_followed and _difference(wanted, text[at:end]) <= _unsure(size):
                yield end


def _likeliest_end(text: str, begin: int, letters: str, unsure: int) -> int | None:
    """Where a row ends of which all letters but `unsure` are here, in any order."""
    wanted, middle = Counter(letters), begin + len(letters)
    ends = range(max(begin, middle - unsure), min(len(text), middle + unsure) + 1)
    differing = {end: _difference(wanted, text[begin:end]) for end in ends}
    best = min(differing, key=lambda end: (differing[end], abs(end - middle)), default=None)
    return best if best is not None and differing[best] <= unsure else None


def _unsure(size: int) -> int:
    """How many letters of a text a reader may tell otherwise: it has others for some marks."""
    return min(_MOST_UNSURE, size // 4)


def _difference(wanted: Counter[str], text: str) -> int:
    found = Counter(text)
    return (wanted - found).total() + (found - wanted).total()


def _holds(text: str, letters: str, plain: Sequence[str]) -> bool:
    """Whether a text has what readers never mistake: ASCII, and digits that stand together.

    They may make some more ASCII of other letters, but not as much as another row has.
    """
    wanted, found = Counter(filter(str.isascii, letters)), Counter(filter(str.isascii, text))
    if not wanted <= found or (found - wanted).total() > _MOST_MISTAKEN:
        return False
    return all(digits in text for digits in _DIGITS.findall(" ".join(plain)))


def _next_exact(cells: Iterable[_Cell]) -> str:
    """The first of some cells that can be found letter by letter."""
    return next((each.letters for each in cells if each.is_exact and each.letters), "")


def _with_next(rows: Iterable[ShownRow]) -> Iterator[tuple[ShownRow, ShownRow]]:
    """Each row with the one after it, which is empty for the last."""
    this: ShownRow | None = None
    for row in rows:
        if this is not None:
            yield this, row
        this = row
    if this is not None:
        yield this, ShownRow("", ())
