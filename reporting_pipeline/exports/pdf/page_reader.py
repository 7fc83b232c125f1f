"""Reads the texts on the pages, cell by cell, by the tags of the file.

Each text on a page has a number, and the tree of tags assigns each number to a cell. So nothing is
guessed from the place or the direction of a text. Glyphs become letters by the tables of their
fonts.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from reporting_pipeline.errors import FileUnreadable

_CODES = re.compile(rb"<([0-9a-fA-F]+)>\s*<([0-9a-fA-F]*)>")
_GLYPH_BYTES = 2
_TEXT_TAGS = frozenset({"/H1", "/H2", "/P", "/TH", "/TD", "/Caption"})
# Besides pikepdf's own errors: those of a file that is built in another way than ours.
_OTHER_STRUCTURE = (LookupError, AttributeError, TypeError, ValueError, RecursionError)

_Letters: TypeAlias = dict[bytes, str]
"""The letters of each glyph of a font."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageCells:
    """The texts of one page.

    Attributes:
        headings, rows: Of the table of rows, a text for each cell; empty on a page without it.
        before: The texts before this table, or all texts of a page without it: one for each
            paragraph, heading and cell, in order.
        after: The texts after this table.
        stray: The text that has a number without a tag.
        frame: The text without a number.
    """

    headings: tuple[tuple[str, ...], ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    stray: str = ""
    frame: str = ""


@dataclass(slots=True)
class _Tags:
    """The numbers of a page's texts: of each cell in the table of rows, and of each other text."""

    headings: list[list[list[int]]] = field(default_factory=list)
    rows: list[list[list[int]]] = field(default_factory=list)
    before: list[list[int]] = field(default_factory=list)
    after: list[list[int]] = field(default_factory=list)

    @property
    def in_order(self) -> list[int]:
        """All numbers with a tag, in the order in which they are read.

        Only in charts, which are before the table, texts are drawn in another order.
        """
        before = sorted(number for text in self.before for number in text)
        in_table = [cell for row in self.headings + self.rows for cell in row]
        return before + [number for text in in_table + self.after for number in text]


@dataclass(frozen=True, slots=True)
class _DrawnText:
    """A text on a page; `number` is that of its marked content, None where it has none."""

    number: int | None
    text: str


def cells_of_pages(path: Path) -> list[PageCells]:
    """The texts of all pages, in order.

    Raises:
        FileUnreadable: Text is drawn or tagged in another way than in our files, or in another
            order than that of its tags.
    """
    import pikepdf

    try:
        with pikepdf.open(path) as pdf:
            texts, tags = _PageTexts(), _tags_by_page(pdf.Root.StructTreeRoot)
            return [_page_cells(list(texts.of(page)), tags[page.obj.objgen]) for page in pdf.pages]
    except (pikepdf.PdfError, *_OTHER_STRUCTURE) as error:
        message = f"{path.name}: the text of its pages cannot be read: {error}"
        raise FileUnreadable(message) from error


def _page_cells(drawn: Sequence[_DrawnText], tags: _Tags) -> PageCells:
    texts: dict[int, str] = {}
    for each in drawn:
        if each.number is not None:
            texts[each.number] = texts.get(each.number, "") + each.text
    known = tags.in_order
    if sorted(set(known)) != known or sorted(texts) != list(texts):
        message = "texts are drawn in another order than they are read"
        raise ValueError(message)
    return PageCells(
        headings=_cell_texts(tags.headings, texts),
        rows=_cell_texts(tags.rows, texts),
        before=_joined(tags.before, texts),
        after=_joined(tags.after, texts),
        stray="".join(texts[number] for number in sorted(texts.keys() - set(known))),
        frame="".join(each.text for each in drawn if each.number is None),
    )


def _cell_texts(
    rows: list[list[list[int]]], texts: Mapping[int, str]
) -> tuple[tuple[str, ...], ...]:
    return tuple(_joined(row, texts) for row in rows)


def _joined(parts: Sequence[Sequence[int]], texts: Mapping[int, str]) -> tuple[str, ...]:
    """A text for each list of numbers."""
    return tuple("".join(texts.get(number, "") for number in part) for part in parts)


def _tags_by_page(tree: Any) -> Mapping[tuple[int, int], _Tags]:
    found: dict[tuple[int, int], _Tags] = defaultdict(_Tags)
    for document in _kids(tree):
        for element in _kids(document):  # each belongs to one page
            tags = found[element.Pg.objgen]
            if element.S == "/Table" and element.K[0].S == "/THead":  # only the table of rows
                for part in _kids(element):
                    rows = tags.headings if part.S == "/THead" else tags.rows
                    rows += [[list(_numbers(cell)) for cell in _kids(row)] for row in _kids(part)]
            else:
                others = tags.after if tags.headings else tags.before
                others += filter(None, _texts_in(element))
    return found


def _texts_in(element: Any) -> Iterator[list[int]]:
    """The numbers of each paragraph, heading and cell within a tag."""
    if str(element.S) in _TEXT_TAGS or any(isinstance(each, int) for each in _kids(element)):
        yield list(_numbers(element))
    else:
        for each in _kids(element):
            yield from _texts_in(each)


def _numbers(element: Any) -> Iterator[int]:
    """The numbers of the texts within a tag, in order."""
    for each in _kids(element):
        if isinstance(each, int):
            yield each
        else:
            yield from _numbers(each)


def _kids(element: Any) -> list[Any]:
    return list(element.get("/K", ()))


class _PageTexts:
    """Reads the texts of the pages of one open file, and each of its fonts once."""

    def __init__(self) -> None:
        self._fonts: dict[tuple[int, int], _Letters] = {}

    def of(self, page: Any) -> Iterator[_DrawnText]:
        """The texts that a page or a form draws, in order, with those of the forms in it.

        Raises:
            ValueError, LookupError, AttributeError, TypeError: They are drawn in another way than
                in our files.
        """
        import pikepdf

        resources, state = page.Resources, _ContentState()
        for instruction in pikepdf.parse_content_stream(page):
            operands = list(instruction.operands)
            match str(instruction.operator):
                case "Tf":
                    state.letters = self._letters_of(resources.Font[operands[0]])
                case "Tj" | "TJ":
                    yield _DrawnText(state.number, state.text(operands[0]))
                case "Do" if resources.XObject[operands[0]].Subtype == "/Form":
                    yield from self.of(resources.XObject[operands[0]])
                case other:
                    state.follow(other, operands)

    def _letters_of(self, font: Any) -> _Letters:
        if font.objgen not in self._fonts:
            self._fonts[font.objgen] = {
                bytes.fromhex(glyph.decode()): bytes.fromhex(text.decode()).decode("utf-16-be")
                for glyph, text in _CODES.findall(font.ToUnicode.read_bytes())
            }
        return self._fonts[font.objgen]


@dataclass(slots=True)
class _ContentState:
    """The state within a content stream: the numbers of open marks, and the font's letters.

    Each of our texts sets its font.
    """

    marks: list[int | None] = field(default_factory=list)
    letters: _Letters = field(default_factory=dict)

    @property
    def number(self) -> int | None:
        """The number of the innermost mark that has one."""
        return next((each for each in reversed(self.marks) if each is not None), None)

    def follow(self, operator: str, operands: Sequence[Any]) -> None:
        """Apply an operator that sets no font and shows no text."""
        match operator:
            case "BDC":
                properties = operands[1]
                self.marks.append(int(properties.MCID) if "/MCID" in properties else None)
            case "BMC":
                self.marks.append(None)
            case "EMC":
                self.marks.pop()
            case "BT":
                self.letters = {}
            case "'" | '"':
                message = f"our files do not show text with the operator {operator}"
                raise ValueError(message)

    def text(self, shown: Any) -> str:
        """The letters of glyphs: a text, or texts with numbers between them."""
        import pikepdf

        parts = [shown] if isinstance(shown, pikepdf.String) else shown
        glyphs = b"".join(bytes(each) for each in parts if isinstance(each, pikepdf.String))
        return "".join(
            self.letters[glyphs[at : at + _GLYPH_BYTES]]
            for at in range(0, len(glyphs), _GLYPH_BYTES)
        )
