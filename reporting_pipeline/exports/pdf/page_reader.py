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


@dataclass(frozen=True, slots=True)
class PageTable:
    """A table of rows on one page, or the part of it that is there; a text for each cell."""

    headings: tuple[tuple[str, ...], ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class PageChart:
    """The texts of a chart."""

    texts: tuple[str, ...]


PageItem: TypeAlias = str | PageTable | PageChart
"""A table of rows, a chart, or the text of a paragraph, a heading or another cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageContent:
    """The texts of one page.

    Attributes:
        items: In the order in which they are read.
        stray: The text that has a number without a tag.
        frame: The text without a number.
    """

    items: tuple[PageItem, ...] = ()
    stray: str = ""
    frame: str = ""

    @property
    def tables(self) -> tuple[PageTable, ...]:
        """The tables of rows."""
        return tuple(each for each in self.items if isinstance(each, PageTable))


_Numbers: TypeAlias = list[int]


@dataclass(frozen=True, slots=True)
class _TableTags:
    """The numbers of the texts in each cell of a table of rows."""

    headings: list[list[_Numbers]]
    rows: list[list[_Numbers]]

    @property
    def numbers(self) -> _Numbers:
        return [number for row in self.headings + self.rows for cell in row for number in cell]

    def item(self, texts: Mapping[int, str]) -> PageTable:
        headings, rows = (
            tuple(tuple(_joined(cell, texts) for cell in row) for row in part)
            for part in (self.headings, self.rows)
        )
        return PageTable(headings=headings, rows=rows)


@dataclass(frozen=True, slots=True)
class _ChartTags:
    """The numbers of the texts of a chart, which are drawn in another order than they are read."""

    parts: list[_Numbers]

    @property
    def numbers(self) -> _Numbers:
        return sorted(number for part in self.parts for number in part)

    def item(self, texts: Mapping[int, str]) -> PageChart:
        return PageChart(texts=tuple(_joined(part, texts) for part in self.parts))


@dataclass(frozen=True, slots=True)
class _TextTags:
    """The numbers of a paragraph, a heading or a cell."""

    numbers: _Numbers

    def item(self, texts: Mapping[int, str]) -> str:
        return _joined(self.numbers, texts)


_Tags: TypeAlias = list[_TableTags | _ChartTags | _TextTags]


@dataclass(frozen=True, slots=True)
class _DrawnText:
    """A text on a page; `number` is that of its marked content, None where it has none."""

    number: int | None
    text: str


def contents_of_pages(path: Path) -> list[PageContent]:
    """The texts of all pages, in order.

    Raises:
        FileUnreadable: Text is drawn or tagged in another way than in our files, or in another
            order than that of its tags.
    """
    import pikepdf

    try:
        with pikepdf.open(path) as pdf:
            texts, tags = _PageTexts(), _tags_by_page(pdf.Root.StructTreeRoot)
            return [_content(list(texts.of(page)), tags[page.obj.objgen]) for page in pdf.pages]
    except (pikepdf.PdfError, *_OTHER_STRUCTURE) as error:
        message = f"{path.name}: the text of its pages cannot be read: {error}"
        raise FileUnreadable(message) from error


def _content(drawn: Sequence[_DrawnText], tags: _Tags) -> PageContent:
    texts: dict[int, str] = {}
    for each in drawn:
        if each.number is not None:
            texts[each.number] = texts.get(each.number, "") + each.text
    known = [number for each in tags for number in each.numbers]
    if sorted(set(known)) != known or sorted(texts) != list(texts):
        message = "texts are drawn in another order than they are read"
        raise ValueError(message)
    return PageContent(
        items=tuple(each.item(texts) for each in tags),
        stray="".join(texts[number] for number in sorted(texts.keys() - set(known))),
        frame="".join(each.text for each in drawn if each.number is None),
    )


def _joined(numbers: _Numbers, texts: Mapping[int, str]) -> str:
    return "".join(texts.get(number, "") for number in numbers)


def _tags_by_page(tree: Any) -> Mapping[tuple[int, int], _Tags]:
    found: dict[tuple[int, int], _Tags] = defaultdict(list)
    for document in _kids(tree):
        for element in _kids(document):  # each belongs to one page
            found[element.Pg.objgen] += _tags_of(element)
    return found


def _tags_of(element: Any) -> Iterator[_TableTags | _ChartTags | _TextTags]:
    """The parts of an element at the top of a page."""
    if element.S == "/Table" and element.K[0].S == "/THead":  # only a table of rows
        parts = [
            (part.S, [[list(_numbers(cell)) for cell in _kids(row)] for row in _kids(part)])
            for part in _kids(element)
        ]
        headings, rows = (
            [row for kind, of_part in parts for row in of_part if (kind == "/THead") is is_heading]
            for is_heading in (True, False)
        )
        yield _TableTags(headings, rows)
        return
    texts = [each for each in _texts_in(element) if each]
    if _contains_figure(element):
        yield _ChartTags(texts)
    else:
        yield from map(_TextTags, texts)


def _contains_figure(element: Any) -> bool:
    return any(
        not isinstance(each, int) and (each.S == "/Figure" or _contains_figure(each))
        for each in _kids(element)
    )


def _texts_in(element: Any) -> Iterator[_Numbers]:
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
