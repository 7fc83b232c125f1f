"""The cells of one sheet, read as a stream at flat memory, whatever its size.

What belongs here: a sheet's XML, and what in it no report has: formulas, links, hidden rows. What
does not: what a cell means.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import IO, NamedTuple
from xml.parsers import expat

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.xlsx.layout import column_index, column_letters
from reporting_pipeline.exports.xlsx.text import unescape

_CHUNK_BYTES = 256 * 1024
_NAME = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
# What a report's sheet is made of, also when Excel or its like saved it; the rest is foreign.
_OF_CELLS = frozenset({"row", "c", "v", "is", "t"})
_OF_SHEETS = frozenset(
    {
        *("worksheet", "sheetPr", "outlinePr", "pageSetUpPr", "dimension", "sheetFormatPr"),
        *("sheetViews", "sheetView", "pane", "selection", "cols", "col", "sheetData", "autoFilter"),
        *("printOptions", "pageMargins", "pageSetup", "ignoredErrors", "ignoredError"),
        *("headerFooter", "oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader"),
        *("firstFooter",),
    }
)
_MAX_TOLD = 20


class Cell(NamedTuple):
    """A cell as it stands in the file.

    Attributes:
        style: The number of its style.
        kind: `n` a number, `b` a truth value, `text`, or a kind that no report has.
        text: None where the cell is empty.
    """

    style: int
    kind: str
    text: str | None


class SheetRow(NamedTuple):
    """A row with cells: its number, from 1, and its cells by the index of their column."""

    number: int
    cells: Mapping[int, Cell]


class SheetXml:
    """Reads one sheet.

    Args:
        name: The sheet's, for messages.
        shared_texts: Of the file.
        tell: Is given a sentence for each thing that no report has.
    """

    def __init__(
        self, name: str, shared_texts: tuple[str, ...], tell: Callable[[str], None]
    ) -> None:
        self._name = name
        self._shared = shared_texts
        self._tell = tell
        self._told: set[str] = set()
        self._rows: list[SheetRow] = []
        self._number = 0
        self._cells: dict[int, Cell] = {}
        self._cell: tuple[int, int, str] = (0, 0, "n")
        self._texts: list[str] | None = None
        self._is_in_data = False
        self._value: str | None = None

    def rows(self, file: IO[bytes]) -> Iterator[SheetRow]:
        """The rows that have cells, from the top.

        Raises:
            FileUnreadable: The XML is damaged, or its rows are not in order.
        """
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        try:
            while chunk := file.read(_CHUNK_BYTES):
                parser.Parse(chunk, False)
                yield from self._read()
            parser.Parse(b"", True)
            yield from self._read()
        except (expat.ExpatError, ValueError, LookupError) as error:
            raise FileUnreadable(f"sheet {self._name} is damaged: {error}") from error

    def _read(self) -> list[SheetRow]:
        rows, self._rows = self._rows, []
        return rows

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._start_cell(attributes)
        elif name in {"v", "t"}:
            self._texts = []
        elif name == "row":
            self._start_row(attributes)
        elif name == "f":
            self._say(f"cell {self._place()} is a formula")
        elif name == "sheetData":
            self._is_in_data = True
        elif name not in (_OF_CELLS if self._is_in_data else _OF_SHEETS):
            self._say(f"it holds <{name}>, which no report has")
        elif "hidden" in attributes:
            self._say(f"<{name}> is hidden in it")

    def _start_row(self, attributes: dict[str, str]) -> None:
        number = int(attributes.get("r", self._number + 1))
        if number <= self._number:
            raise ValueError(f"row {number} stands below row {self._number}")
        self._number = number
        self._cells = {}
        if "hidden" in attributes or attributes.get("ht") == "0":
            self._say(f"row {number} is hidden")

    def _start_cell(self, attributes: dict[str, str]) -> None:
        found = _NAME.fullmatch(attributes.get("r", ""))
        if found is None or int(found[2]) != self._number:
            raise ValueError(f"a cell of row {self._number} is named {attributes.get('r')!r}")
        index = column_index(found[1])
        self._cell = (index, int(attributes.get("s", "0")), attributes.get("t", "n"))
        self._value = None
        if index in self._cells:
            raise ValueError(f"cell {found[0]} stands there twice")

    def _end(self, name: str) -> None:
        if name in {"v", "t"} and self._texts is not None:
            self._value = (self._value or "") + "".join(self._texts)
            self._texts = None
        elif name == "c":
            index, style, kind = self._cell
            self._cells[index] = self._formed(style, kind, self._value)
        elif name == "row" and self._cells:
            self._rows.append(SheetRow(self._number, self._cells))
        elif name == "sheetData":
            self._is_in_data = False

    def _characters(self, text: str) -> None:
        if self._texts is not None:
            self._texts.append(text)

    def _formed(self, style: int, kind: str, value: str | None) -> Cell:
        if kind == "s" and value is not None:
            texts = self._shared
            if not value.isdecimal() or int(value) >= len(texts):
                raise ValueError(f"cell {self._place()} refers to no text")
            return Cell(style, "text", unescape(texts[int(value)]))
        if kind == "inlineStr":
            return Cell(style, "text", unescape(value or ""))
        return Cell(style, kind, value)

    def _place(self) -> str:
        return f"{column_letters(self._cell[0])}{self._number}"

    def _say(self, what: str) -> None:
        if what not in self._told and len(self._told) < _MAX_TOLD:
            self._told.add(what)
            self._tell(f"sheet {self._name}: {what}")

    def _refuse_doctype(self, *_: object) -> None:
        message = "it has a document type, which no report has"
        raise ValueError(message)
