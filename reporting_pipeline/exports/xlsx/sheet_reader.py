"""Opens an XLSX file and reads the rows of its sheets, with openpyxl.

openpyxl reads the workbook, its styles and the values of cells. It does not report formulas, hidden
rows or links in its read-only mode, and it drops cells and rows that are out of order. Therefore
each sheet is scanned first for everything that no report has (`_SheetScan`, ADR 0027).

A file from outside is not trusted: small parts are read up to a limit, a part with a document type
is refused, and nothing outside the archive is opened.
"""

import math
import re
import warnings
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple, NoReturn, Protocol
from xml.etree import ElementTree as ET
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.format import ProblemSink
from reporting_pipeline.exports.xlsx.cell_text import unescape
from reporting_pipeline.exports.xlsx.layout import MAX_ROWS, column_index, column_letters

if TYPE_CHECKING:
    from openpyxl.reader.excel import ExcelReader

_MAX_PART_BYTES = 16 * 1024 * 1024
_SHEET_FOLDER = "xl/worksheets/"
_OWN_PARTS = frozenset(
    {
        "[Content_Types].xml",
        "_rels/.rels",
        "docProps/app.xml",
        "docProps/core.xml",
        "xl/_rels/workbook.xml.rels",
        "xl/sharedStrings.xml",
        "xl/styles.xml",
        "xl/theme/theme1.xml",
        "xl/workbook.xml",
    }
)
_OWN_NAMES = frozenset({"_xlnm._FilterDatabase", "_xlnm.Print_Titles"})
# The elements of a report's sheet, also when Excel or a similar program saved it.
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
# Programs mark formulas that they compute always, or that are not of an array.
_OF_PLAIN_FORMULAS = frozenset({"aca", "ca"})
_MAX_FORMULAS = 100_000
_CELL_NAME = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_CHUNK_BYTES = 256 * 1024
_MAX_PROBLEMS = 20

_BAD_ARCHIVE = (BadZipFile, zlib.error, EOFError, OSError)
_UNKNOWN_PACKING = (NotImplementedError, RuntimeError)
# openpyxl checks little: what it raises depends on the place of the damage.
_BAD_CONTENT = (ValueError, TypeError, LookupError, AttributeError, SyntaxError, ArithmeticError)


class SheetCell(Protocol):
    """A cell as openpyxl reads it.

    Attributes:
        value: None where the cell is empty.
        data_type: `n` a number, `b` a truth value, `s` a text, or a type that no report has.
        number_format: In Excel's notation; None where the file has no such cell.
    """

    value: object
    data_type: str
    number_format: str | None


class SheetRow(NamedTuple):
    """A row with cells: its number, from 1, and its cells from the first column on."""

    number: int
    cells: Sequence[SheetCell]


class SheetPart(NamedTuple):
    """A sheet: its name, its member in the archive, and whether it is hidden."""

    name: str
    member: str
    is_hidden: bool


def is_number(cell: SheetCell) -> bool:
    """True if a cell holds a number."""
    return cell.data_type == "n" and cell.value is not None


def is_text(cell: SheetCell) -> bool:
    """True if a cell holds a text."""
    return cell.data_type == "s" and cell.value is not None


def shown_text(cell: SheetCell) -> str:
    """The text of a cell, or the digits of its number; empty for an empty cell."""
    if cell.value is None:
        return ""
    return unescape(cell.value) if isinstance(cell.value, str) else str(cell.value)


def is_marked(row: SheetRow) -> bool:
    """True if all cells of a row are bold or italic, as totals and notes are."""
    fonts = (getattr(cell, "font", None) for cell in row.cells)
    return all(font is None or font.b or font.i for font in fonts)


@contextmanager
def open_xlsx(path: Path) -> Iterator["XlsxFile"]:
    """An XLSX file, open for reading.

    Raises:
        FileUnreadable: It is no XLSX file, or it is damaged.
    """
    with ExitStack() as opened:
        with _unreadable_errors(path):
            content = opened.enter_context(path.open("rb"))
            file = XlsxFile(path, content)
        yield file


class XlsxFile:
    """An XLSX file that is open for reading.

    Attributes:
        sheets: All sheets, in the order in which people see them.
    """

    sheets: tuple[SheetPart, ...]

    def __init__(self, path: Path, content: IO[bytes]) -> None:
        self._path = path
        self._archive = ZipFile(content)
        for name in self._archive.namelist():
            self._require_plain(name)
        reader = _loaded(path, content)
        self._workbook = reader.wb
        with _unreadable_errors(path, "xl/styles.xml"):
            self._style_count = _style_count(self._archive)
        self.sheets = tuple(
            SheetPart(sheet.name, relation.target, sheet.state != "visible")
            for sheet, relation in reader.parser.find_sheets()
        )

    def foreign_parts(self) -> Iterator[str]:
        """The parts that no report has: macros, links, pictures, names; each as a sentence."""
        own = _OWN_PARTS | {sheet.member for sheet in self.sheets}
        for name, times in Counter(self._archive.namelist()).items():
            if name not in own:
                yield f"the file holds {name}, which no report has"
            elif times > 1:
                yield f"the file holds {name} {times} times"
        yield from self._foreign_properties()

    def rows(
        self,
        sheet: SheetPart,
        report_problem: ProblemSink,
        columns: Sequence[str] = (),
        formulas: dict[str, str] | None = None,
    ) -> Iterator[SheetRow]:
        """The rows of a sheet that have cells, from the top.

        Memory grows by about 100 bytes per row.

        Args:
            sheet: One of `sheets`.
            report_problem: Called for everything in the sheet that no report has.
            columns: The names of the columns, for messages.
            formulas: Gets the formula of each cell that has one, by the cell's name, before the
                first row is returned; None: each is a problem.

        Raises:
            FileUnreadable: The XML is damaged, its rows or cells are not in order, or a cell holds
                no value of its type.
        """
        with _unreadable_errors(self._path), self._archive.open(sheet.member) as file:
            scan = _SheetScan(sheet.name, report_problem, columns, self._style_count, formulas)
            scan.run(file)
        with _unreadable_errors(self._path):
            page = self._workbook[sheet.name]
            page.reset_dimensions()  # openpyxl would drop the cells outside of a changed dimension
            for number, cells in enumerate(page.iter_rows(), start=1):
                if cells:
                    yield SheetRow(number, cells)

    def _foreign_properties(self) -> Iterator[str]:
        yield from (f"sheet {each.name} is hidden" for each in self.sheets if each.is_hidden)
        for name, times in Counter(sheet.name for sheet in self.sheets).items():
            if times > 1:
                yield f"the file has {times} sheets named {name}"
        for each in ET.fromstring(self._archive.read("xl/workbook.xml")).iter():  # noqa: S314
            if each.tag.endswith("}definedName") and each.get("name") not in _OWN_NAMES:
                yield f"the file defines the name {each.get('name')!r}, which no report does"
            elif each.tag.endswith("}workbookPr") and each.get("date1904") not in {None, "0"}:
                yield "the file counts days from 1904, which no report does"

    def _require_plain(self, name: str) -> None:
        """Refuse a part that openpyxl loads as a whole if it is large or has a document type."""
        if name.startswith(_SHEET_FOLDER) or not name.endswith((".xml", ".rels")):
            return
        with self._archive.open(name) as file:
            content = file.read(_MAX_PART_BYTES + 1)
        if len(content) > _MAX_PART_BYTES or b"<!DOCTYPE" in content:
            raise FileUnreadable(f"{name} is too large, or has a document type; no report has that")


def unreadable_cell(
    sheet: str, number: int, index: int, columns: Sequence[str], problem: str
) -> FileUnreadable:
    """The error for a cell that holds no value of its column."""
    name = columns[index] if index < len(columns) else ""
    place = f"sheet {sheet}, cell {column_letters(index)}{number}"
    message = f"{place}{f', column {name!r}' if name else ''}: {problem}"
    return FileUnreadable(message, row=number, column=name)


def _loaded(path: Path, content: IO[bytes]) -> "ExcelReader":
    """The parts of the workbook that rows need; an error names the damaged part."""
    from openpyxl.reader.excel import ExcelReader
    from openpyxl.styles.stylesheet import apply_stylesheet

    reader = ExcelReader(content, read_only=True, keep_vba=False, data_only=True, keep_links=False)
    steps = (
        ("[Content_Types].xml", reader.read_manifest),
        ("xl/sharedStrings.xml", reader.read_strings),
        ("xl/workbook.xml", reader.read_workbook),
        ("xl/styles.xml", lambda: apply_stylesheet(reader.archive, reader.wb)),
        ("xl/worksheets", reader.read_worksheets),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about parts that are reported as foreign anyway
        for part, read in steps:
            with _unreadable_errors(path, part):
                read()
    # openpyxl would round instants to milliseconds.
    reader.wb._date_formats = reader.wb._timedelta_formats = frozenset()  # noqa: SLF001
    return reader


def _style_count(archive: ZipFile) -> int:
    """The number of cell styles, all of whose fonts and number formats exist.

    Raises:
        IndexError: A font or number format does not exist; openpyxl would notice it later.
    """
    from openpyxl.styles.numbers import BUILTIN_FORMATS_MAX_SIZE
    from openpyxl.styles.stylesheet import Stylesheet

    sheet = Stylesheet.from_tree(ET.fromstring(archive.read("xl/styles.xml")))  # noqa: S314
    for style in sheet.cell_styles:
        sheet.fonts[style.fontId]
        if style.numFmtId >= BUILTIN_FORMATS_MAX_SIZE:
            sheet.number_formats[style.numFmtId - BUILTIN_FORMATS_MAX_SIZE]
    return len(sheet.cell_styles)


@contextmanager
def _unreadable_errors(path: Path, part: str = "") -> Iterator[None]:
    """Raises FileUnreadable in place of the errors of zipfile and openpyxl."""
    try:
        yield
    except _UNKNOWN_PACKING as error:
        message = f"{path.name} is packed in a way that no report is: {error}"
        raise FileUnreadable(message) from error
    except (*_BAD_ARCHIVE, *_BAD_CONTENT) as error:
        place = f"{part}: " if part else ""
        message = f"{path.name} is no XLSX file, or damaged: {place}{error}"
        raise FileUnreadable(message) from error


class _SheetScan:
    """Reads the XML of one sheet for what openpyxl does not report, at flat memory.

    Problems: formulas that nobody expects, links and other foreign elements, hidden rows and
    columns. Errors: rows and cells that are out of order or occur twice, and values that are not of
    their cell's type.
    """

    def __init__(
        self,
        name: str,
        report_problem: ProblemSink,
        columns: Sequence[str],
        style_count: int,
        formulas: dict[str, str] | None,
    ) -> None:
        self._name = name
        self._formulas = formulas
        self._style_count = style_count
        self._report_problem = report_problem
        self._columns = columns
        self._problems: set[str] = set()
        self._is_in_data = False
        self._row = 0
        self._column = -1
        self._type = "n"
        self._value: list[str] | None = None

    def run(self, file: IO[bytes]) -> None:
        """Scan the whole sheet.

        Raises:
            FileUnreadable: The sheet is damaged; the message names the place.
        """
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = self._refuse_document_type
        try:
            while chunk := file.read(_CHUNK_BYTES):
                parser.Parse(chunk, False)
            parser.Parse(b"", True)
        except (expat.ExpatError, ValueError, LookupError) as error:
            raise FileUnreadable(f"sheet {self._name} is damaged: {error}") from error

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._start_cell(attributes)
        elif name == "v":
            self._value = []
        elif name == "row":
            self._start_row(attributes)
        elif name == "f":
            self._start_formula(attributes)
        elif name == "sheetData":
            self._is_in_data = True
        elif name not in (_OF_CELLS if self._is_in_data else _OF_SHEETS):
            self._add_problem(f"it holds <{name}>, which no report has")
        elif "hidden" in attributes:
            self._add_problem(f"<{name}> is hidden in it")

    def _start_formula(self, attributes: dict[str, str]) -> None:
        """Keep a plain formula of one cell for its comparison; any other is a problem."""
        cell = f"{column_letters(self._column)}{self._row}"
        is_plain = attributes.keys() <= _OF_PLAIN_FORMULAS
        if self._formulas is None or not is_plain or len(self._formulas) >= _MAX_FORMULAS:
            self._add_problem(f"cell {cell} is a formula")
        else:
            self._formulas[cell] = ""
            self._value = []

    def _start_row(self, attributes: dict[str, str]) -> None:
        number = int(attributes.get("r", self._row + 1))
        if number <= self._row:
            raise ValueError(f"row {number} comes after row {self._row}")
        if number > MAX_ROWS:
            raise ValueError(f"row {number}: a sheet has {MAX_ROWS} rows")
        self._row, self._column = number, -1
        if "hidden" in attributes or attributes.get("ht") == "0":
            self._add_problem(f"row {number} is hidden")

    def _start_cell(self, attributes: dict[str, str]) -> None:
        name = attributes.get("r", "")
        found = _CELL_NAME.fullmatch(name)
        if found is None or int(found[2]) != self._row:
            raise ValueError(f"a cell of row {self._row} is named {name!r}")
        index = column_index(found[1])
        if index <= self._column:
            raise ValueError(f"cell {name} occurs twice, or after a later one")
        style = attributes.get("s", "0")
        if int(style) >= self._style_count:
            raise ValueError(f"cell {name} has style {style}, which xl/styles.xml does not have")
        self._column = index
        self._type = attributes.get("t", "n")

    def _end(self, name: str) -> None:
        if name == "v" and self._value is not None:
            text, self._value = "".join(self._value), None
            if self._type == "b" and text not in {"0", "1"}:
                self._fail(f"{text!r} where true or false is expected")
            elif self._type == "n" and not _is_finite(text):
                self._fail(f"{text!r} where a number is expected")
        elif name == "f" and self._value is not None and self._formulas is not None:
            cell = f"{column_letters(self._column)}{self._row}"
            self._formulas[cell], self._value = "".join(self._value), None
        elif name == "sheetData":
            self._is_in_data = False

    def _characters(self, text: str) -> None:
        if self._value is not None:
            self._value.append(text)

    def _fail(self, problem: str) -> NoReturn:
        raise unreadable_cell(self._name, self._row, self._column, self._columns, problem)

    def _add_problem(self, problem: str) -> None:
        if problem not in self._problems and len(self._problems) < _MAX_PROBLEMS:
            self._problems.add(problem)
            self._report_problem(f"sheet {self._name}: {problem}")

    def _refuse_document_type(self, *_: object) -> None:
        message = "it has a document type, which no report has"
        raise ValueError(message)


def _is_finite(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
