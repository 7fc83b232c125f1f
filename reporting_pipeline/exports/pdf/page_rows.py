"""Comparing the rows with what stands in the cells of the pages.

What belongs here: rows against pages. What does not: reading pages (`page_cells`), digests of
pages, the meaning of values.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from reporting_pipeline.exports.pdf.page_cells import PageCells
from reporting_pipeline.exports.pdf.page_letters import is_shown
from reporting_pipeline.exports.pdf.visible import visible_text

_SHOWN_LENGTH = 40


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row that is to stand on the pages, and what it is called in a message.

    Attributes:
        texts: Of its cells; the first may span several columns.
    """

    name: str
    texts: Sequence[str]


def row_problem(
    pages: Sequence[PageCells],
    headers: Sequence[str],
    rows: Iterable[ShownRow],
    frame: Callable[[int, int], str],
) -> str | None:
    """The first difference between rows and pages, by page, row and column; None: there is none.

    Args:
        pages: What stands on each page.
        headers: What stands over the columns, on each page that has rows.
        rows: What is to stand below them, in order, totals included.
        frame: What stands on a page beside its content, for its number and the number of pages.
    """
    differences = (
        _differing_rows(pages, headers, rows),
        _differing_headings(pages, headers),
        _strays(pages),
        _differing_frames(pages, frame),
    )
    return next((each for found in differences for each in found), None)


def _differing_rows(
    pages: Sequence[PageCells], headers: Sequence[str], rows: Iterable[ShownRow]
) -> Iterator[str]:
    found = ((number, cells) for number, page in enumerate(pages, 1) for cells in page.rows)
    last = "the headings"
    for place, row in zip_longest(found, rows):
        if place is None:
            yield f"{row.name} stands on no page"
            return
        number, cells = place
        if row is None:
            yield f"page {number} shows {_short(''.join(cells))} after {last}, the last"
            return
        for index, (text, actual) in enumerate(zip_longest(row.texts, cells, fillvalue="")):
            if not is_shown(visible_text(text), actual):
                column = headers[index - len(row.texts)]
                yield (
                    f"{row.name}, column {column}, on page {number}: the page shows "
                    f"{_short(actual)}, the row has {_short(text)}"
                )
                return
        last = row.name


def _differing_headings(pages: Sequence[PageCells], headers: Sequence[str]) -> Iterator[str]:
    for number, page in enumerate(pages, 1):
        for headings in page.headings:
            for wanted, found in zip_longest(headers, headings, fillvalue=""):
                if not is_shown(visible_text(wanted), found):
                    heading = f"the heading {_short(wanted)}"
                    yield f"page {number} shows {_short(found)} in place of {heading}"


def _strays(pages: Sequence[PageCells]) -> Iterator[str]:
    with_rows = [number for number, page in enumerate(pages, 1) if page.headings]
    for number, page in enumerate(pages, 1):
        # The front stands before the first rows, the proof on pages of its own after the last.
        is_among = bool(with_rows) and with_rows[0] < number <= with_rows[-1]
        stray = (page.before if is_among else "") + page.stray
        if stray:
            yield f"page {number} shows {_short(stray)} beside the rows"


def _differing_frames(
    pages: Sequence[PageCells], frame: Callable[[int, int], str]
) -> Iterator[str]:
    for number, page in enumerate(pages, 1):
        wanted = frame(number, len(pages))
        if not is_shown(wanted, page.frame):
            yield f"page {number} shows {_short(page.frame)} around it, not {_short(wanted)}"


def _short(text: str) -> str:
    return repr(text[:_SHOWN_LENGTH])
