"""The file itself: a workbook's frame with the cells put into its sheets, as one zip archive.

Members are compressed as they are written, so that a sheet never stands in memory. Their time stamp
is the first that the format knows.

What belongs here: the archive. What does not: what a cell is.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile

# Level 6 needs twice the time for a tenth less bytes.
_COMPRESSION_LEVEL = 4
_SHEET_DATA = re.compile(rb"<sheetData\s*/>|<sheetData>.*?</sheetData>", re.DOTALL)
_DIMENSION = re.compile(rb'<dimension ref="[^"]*"/>')


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetCells:
    """The cells of one sheet.

    Attributes:
        last_cell: The name of the last cell, `H1001`.
        rows: XML.
        may_be_large: The XML may have more than 2 GiB. Excel offers to repair an archive that says
            so of its members, so it is said only then.
    """

    last_cell: str
    rows: Iterable[bytes | memoryview]
    may_be_large: bool = False


def write_package(frame: bytes, sheets: Mapping[str, SheetCells], file: BinaryIO) -> None:
    """Write the whole archive.

    Args:
        frame: The workbook without cells.
        sheets: By the names of their members, in the frame's order, in which rows are read.
        file: New, and of the kind that can be written at any place.
    """
    with (
        ZipFile(BytesIO(frame)) as source,
        ZipFile(file, "w", ZIP_DEFLATED, compresslevel=_COMPRESSION_LEVEL) as archive,
    ):
        for name in source.namelist():
            content = source.read(name)
            cells = sheets.get(name)
            is_large = cells is not None and cells.may_be_large
            with archive.open(name, "w", force_zip64=is_large) as member:
                for part in [content] if cells is None else _filled(content, cells):
                    member.write(part)


def _filled(empty: bytes, cells: SheetCells) -> Iterable[bytes | memoryview]:
    dimension = f'<dimension ref="A1:{cells.last_cell}"/>'.encode()
    before, after = _SHEET_DATA.split(_DIMENSION.sub(dimension, empty), maxsplit=1)
    yield before + b"<sheetData>"
    yield from cells.rows
    yield b"</sheetData>" + after
