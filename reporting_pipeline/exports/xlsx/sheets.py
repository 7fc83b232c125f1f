"""The cells of every sheet of a report, as streams.

What belongs here: what stands below what. What does not: one cell, and the archive.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reporting_pipeline.errors import ExportIncomplete
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline.exports.xlsx.around import header_row, rows_below
from reporting_pipeline.exports.xlsx.cells import RowCells
from reporting_pipeline.exports.xlsx.control_sheet import ControlFacts, control_rows
from reporting_pipeline.exports.xlsx.layout import FIRST_ROW, DataSheet, column_letters
from reporting_pipeline.exports.xlsx.package import SheetCells
from reporting_pipeline.exports.xlsx.plain_rows import PlainCell, row_xml, rows_xml
from reporting_pipeline.exports.xlsx.styles import Style

if TYPE_CHECKING:
    import pyarrow as pa

_SLICE_ROWS = 8_192
# What a cell's own XML has at most, beside its value; and what escapes make of one byte of it.
_BYTES_PER_CELL = 80
_BYTES_PER_BYTE = 7
_LARGE_BYTES = 2**31


@dataclass(frozen=True, slots=True, kw_only=True)
class _Book:
    document: ReportDocument
    style_ids: Mapping[Style, int]
    cells: RowCells
    rows: "_RowStream"


def sheet_cells(
    document: ReportDocument, sheets: Sequence[DataSheet], style_ids: Mapping[Style, int]
) -> dict[str, SheetCells]:
    """The cells of each sheet by the name of its member.

    All data sheets read the one stream of rows, so they are to be read in their order, once.
    """
    book = _Book(
        document=document,
        style_ids=style_ids,
        cells=RowCells(document, style_ids),
        rows=_RowStream(document.rows.batches()),
    )
    found = {
        _member(number): _data_sheet(book, sheet, is_last=sheet is sheets[-1])
        for number, sheet in enumerate(sheets, start=1)
    }
    facts = ControlFacts(notes=document.notes, has_totals=document.has_totals)
    control = list(control_rows(document.manifest, sheets, facts))
    found[_member(len(sheets) + 1)] = SheetCells(
        last_cell=f"{column_letters(max(map(len, control)) - 1)}{len(control)}",
        rows=[rows_xml(control, 1, style_ids)],
    )
    return found


def _member(number: int) -> str:
    return f"xl/worksheets/sheet{number}.xml"


def _data_sheet(book: _Book, sheet: DataSheet, *, is_last: bool) -> SheetCells:
    document = book.document
    manifest, notes = document.manifest, document.notes
    rows = rows_below(manifest, notes, has_totals=document.has_totals) if is_last else ()
    below = dict(enumerate(rows, sheet.last_row + 1))
    below = {number: cells for number, cells in below.items() if cells}
    last_row = max((sheet.last_row, *below))
    last_column = max((len(document.columns) - 1, *(max(cells) for cells in below.values())))
    return SheetCells(
        last_cell=f"{column_letters(last_column)}{last_row}",
        rows=_rows(book, sheet, below),
        may_be_large=_may_be_large(document, sheet),
    )


def _rows(
    book: _Book, sheet: DataSheet, below: Mapping[int, Mapping[int, PlainCell]]
) -> Iterator[bytes | memoryview]:
    yield row_xml(1, header_row(book.document.manifest), book.style_ids)
    number = FIRST_ROW
    for part in book.rows.take(sheet.row_count):
        yield book.cells.xml(part, number)
        number += part.num_rows
    for number, cells in below.items():
        yield row_xml(number, cells, book.style_ids)


def _may_be_large(document: ReportDocument, sheet: DataSheet) -> bool:
    if sheet.row_count == 0:
        return False
    share = document.rows.byte_count * sheet.row_count // document.manifest.row_count
    cells = sheet.row_count * len(document.columns)
    return cells * _BYTES_PER_CELL + share * _BYTES_PER_BYTE >= _LARGE_BYTES


class _RowStream:
    """Batches of rows, taken by numbers of rows."""

    def __init__(self, batches: "Iterator[pa.RecordBatch]") -> None:
        self._batches = batches
        self._rest: pa.RecordBatch | None = None

    def take(self, row_count: int) -> "Iterator[pa.RecordBatch]":
        """The next `row_count` rows, in parts that keep memory flat."""
        missing = row_count
        while missing:
            batch = self._rest if self._rest is not None else next(self._batches, None)
            if batch is None:
                message = f"the spool ends {missing} rows before its report; nothing was published"
                raise ExportIncomplete(message)
            part = batch.slice(0, min(missing, _SLICE_ROWS))
            rest = batch.slice(part.num_rows)
            self._rest = rest if rest.num_rows else None
            missing -= part.num_rows
            yield part
