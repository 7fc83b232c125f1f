"""The parts of an XLSX file that is read: which sheets there are, and what its styles look like.

A file from outside is not trusted: parts are read up to a limit, a part with a document type is
refused, and nothing outside of the archive is ever opened.

What belongs here: the archive and its small parts. What does not: the cells of sheets.
"""

import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO
from xml.etree import ElementTree as ET
from zipfile import BadZipFile, ZipFile

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.xlsx.styles import Style

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_MAX_PART_BYTES = 16 * 1024 * 1024
_BUILT_IN_FORMATS = {
    0: "General",
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    9: "0%",
    10: "0.00%",
    49: "@",
}
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetPart:
    """A sheet: its name, the member that holds it, and whether a person sees it."""

    name: str
    member: str
    is_hidden: bool


class Archive:
    """An XLSX file that is open for reading."""

    def __init__(self, file: ZipFile) -> None:
        self._file = file

    @cached_property
    def sheets(self) -> tuple[SheetPart, ...]:
        """All sheets, in the order in which a person sees them."""
        targets = {
            relation.get("Id"): relation.get("Target", "")
            for relation in self._part("xl/_rels/workbook.xml.rels")
        }
        return tuple(
            SheetPart(
                name=sheet.get("name", ""),
                member="xl/" + targets.get(sheet.get(_RELATION), "").removeprefix("/xl/"),
                is_hidden=sheet.get("state", "visible") != "visible",
            )
            for sheet in self._part("xl/workbook.xml").iter(f"{_MAIN}sheet")
        )

    def style(self, number: int) -> Style:
        """How the cells of a style look, by its number."""
        if number >= len(self._styles):
            raise FileUnreadable(f"a cell has style {number}, which xl/styles.xml does not have")
        return self._styles[number]

    @cached_property
    def _styles(self) -> tuple[Style, ...]:
        try:
            return tuple(_styles_of(self._part("xl/styles.xml")))
        except (ValueError, IndexError) as error:
            message = f"xl/styles.xml is damaged: {error}"
            raise FileUnreadable(message) from error

    @cached_property
    def shared_texts(self) -> tuple[str, ...]:
        """The texts that cells refer to by number; our own writer makes none."""
        if "xl/sharedStrings.xml" not in self._file.namelist():
            return ()
        items = self._part("xl/sharedStrings.xml").iter(f"{_MAIN}si")
        return tuple("".join(text.text or "" for text in si.iter(f"{_MAIN}t")) for si in items)

    def foreign_parts(self) -> Iterator[str]:
        """What no report has: macros, links, pictures, names, hidden sheets; each as a sentence."""
        members = self._file.namelist()
        own = _OWN_PARTS | {sheet.member for sheet in self.sheets}
        for name, times in Counter(members).items():
            if name not in own:
                yield f"the file holds {name}, which no report has"
            elif times > 1:
                yield f"the file holds {name} {times} times"
        yield from (f"sheet {each.name} is hidden" for each in self.sheets if each.is_hidden)
        for each in self._part("xl/workbook.xml").iter(f"{_MAIN}definedName"):
            if each.get("name") not in _OWN_NAMES:
                yield f"the file defines the name {each.get('name')!r}, which no report does"

    def open(self, sheet: SheetPart) -> IO[bytes]:
        """The XML of a sheet, as a stream."""
        return self._file.open(sheet.member)

    def _part(self, name: str) -> ET.Element:
        with self._file.open(name) as file:
            content = file.read(_MAX_PART_BYTES + 1)
        if len(content) > _MAX_PART_BYTES or b"<!DOCTYPE" in content:
            raise FileUnreadable(f"{name} is too large, or has a document type; it is not ours")
        return ET.fromstring(content)  # noqa: S314 expat stops entities that expand


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """An XLSX file, open for reading.

    Raises:
        FileUnreadable: It is no XLSX file, or damaged; also from within the block.
    """
    try:
        with ZipFile(path) as file:
            yield Archive(file)
    except (BadZipFile, zlib.error, EOFError, LookupError, ET.ParseError, OSError) as error:
        message = f"{path.name} is no XLSX file, or damaged: {error}"
        raise FileUnreadable(message) from error
    except (NotImplementedError, RuntimeError) as error:  # compressed or encrypted in other ways
        message = f"{path.name} is packed in a way that no report is: {error}"
        raise FileUnreadable(message) from error


def _styles_of(root: ET.Element) -> Iterator[Style]:
    codes = {**_BUILT_IN_FORMATS}
    for each in root.iter(f"{_MAIN}numFmt"):
        codes[int(each.get("numFmtId", "0"))] = each.get("formatCode", "")
    fonts = root.findall(f"{_MAIN}fonts/{_MAIN}font")
    for xf in root.iterfind(f"{_MAIN}cellXfs/{_MAIN}xf"):
        yield _style(xf, codes, fonts)


def _style(xf: ET.Element, codes: dict[int, str], fonts: list[ET.Element]) -> Style:
    font = fonts[int(xf.get("fontId", "0"))]
    alignment = xf.find(f"{_MAIN}alignment")
    return Style(
        codes.get(int(xf.get("numFmtId", "0")), ""),
        is_bold=font.find(f"{_MAIN}b") is not None,
        is_italic=font.find(f"{_MAIN}i") is not None,
        is_right=alignment is not None and alignment.get("horizontal") == "right",
    )
