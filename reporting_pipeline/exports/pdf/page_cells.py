"""What stands on the pages, cell by cell, as the tags of the file have it.

Each text on a page has a number, and the tree of tags says to which cell the number belongs. So
nothing is guessed from where a text stands, or in which direction it runs.

What belongs here: tags. What does not: how text is drawn (`page_drawing`), and what is to stand in
the cells (`page_rows`).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.pdf.page_drawing import Drawings, DrawnText

# Besides pikepdf's own: what is met where a file is built in another way than ours.
_UNLIKE_OURS = (LookupError, AttributeError, TypeError, ValueError, RecursionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageCells:
    """The texts of one page.

    Attributes:
        headings, rows: Of the table of rows, a text for each cell; none where it does not stand.
        before: What is drawn before this table, or where it does not stand.
        stray: What is drawn later and is not of this table, or has a number that no tag has.
        frame: What is drawn without a number.
    """

    headings: tuple[tuple[str, ...], ...]
    rows: tuple[tuple[str, ...], ...]
    before: str
    stray: str
    frame: str


@dataclass(slots=True)
class _Tags:
    """The numbers of a page's texts: of each cell in the table of rows, and all that have a tag."""

    headings: list[list[list[int]]] = field(default_factory=list)
    rows: list[list[list[int]]] = field(default_factory=list)
    known: set[int] = field(default_factory=set)


def cells_of_pages(path: Path) -> list[PageCells]:
    """The texts of all pages, in order.

    Raises:
        FileUnreadable: Text is drawn or tagged in another way than in our files, or in another
            order than that of its tags.
    """
    import pikepdf

    try:
        with pikepdf.open(path) as pdf:
            drawings, tags = Drawings(), _tags_by_page(pdf.Root.StructTreeRoot)
            return [
                _page_cells(list(drawings.texts(page)), tags[page.obj.objgen]) for page in pdf.pages
            ]
    except (pikepdf.PdfError, *_UNLIKE_OURS) as error:
        message = f"{path.name}: the text of its pages cannot be read: {error}"
        raise FileUnreadable(message) from error


def _page_cells(drawn: Sequence[DrawnText], tags: _Tags) -> PageCells:
    texts: dict[int, str] = {}
    for each in drawn:
        if each.number is not None:
            texts[each.number] = texts.get(each.number, "") + each.text
    in_table = [number for row in tags.headings + tags.rows for cell in row for number in cell]
    if sorted(set(in_table)) != in_table or sorted(texts) != list(texts):
        message = "texts are drawn in another order than they are read"
        raise ValueError(message)
    before = [
        number
        for number in texts
        if number in tags.known and (not in_table or number < in_table[0])
    ]
    stray = texts.keys() - set(before) - set(in_table)
    return PageCells(
        headings=_texts_of(tags.headings, texts),
        rows=_texts_of(tags.rows, texts),
        before="".join(texts[number] for number in before),
        stray="".join(texts[number] for number in sorted(stray)),
        frame="".join(each.text for each in drawn if each.number is None),
    )


def _texts_of(rows: list[list[list[int]]], texts: dict[int, str]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        tuple("".join(texts.get(number, "") for number in cell) for cell in row) for row in rows
    )


def _tags_by_page(tree: Any) -> Mapping[tuple[int, int], _Tags]:
    found: dict[tuple[int, int], _Tags] = defaultdict(_Tags)
    for document in _kids(tree):
        for element in _kids(document):  # each is of one page
            tags = found[element.Pg.objgen]
            tags.known.update(_numbers(element))
            if element.S == "/Table" and element.K[0].S == "/THead":  # only the one of rows has it
                for part in _kids(element):
                    rows = tags.headings if part.S == "/THead" else tags.rows
                    rows += [[list(_numbers(cell)) for cell in _kids(row)] for row in _kids(part)]
    return found


def _numbers(element: Any) -> Iterator[int]:
    """The numbers of the texts within a tag, in order."""
    for each in _kids(element):
        if isinstance(each, int):
            yield each
        else:
            yield from _numbers(each)


def _kids(element: Any) -> list[Any]:
    return list(element.get("/K", ()))
