"""Writes the XLSX file: XlsxWriter makes a workbook without cells, then rows go into its sheets.

XlsxWriter makes the sheets, styles, widths and the print setup. Its first sheet gets one row with a
cell in each style, from which the numbers of the styles are read. The archive is then written again
with the cells of the report. Its members are compressed as they are written, so a sheet is never in
memory as a whole. All time stamps are fixed.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile

from reporting_pipeline.errors import ExportIncomplete
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline.exports.report_heading import PAGE_NUMBER, period_text, provisional_texts
from reporting_pipeline.exports.shown_words import shown_word
from reporting_pipeline.exports.xlsx.cells import RowCells
from reporting_pipeline.exports.xlsx.control_sheet import ControlFacts, control_rows
from reporting_pipeline.exports.xlsx.layout import (
    DataSheet,
    PlainCell,
    column_letters,
    header_row,
    header_text,
    heading_rows,
    row_xml,
    rows_xml,
    sheets_after_data,
    terms_name,
    terms_rows,
)
from reporting_pipeline.exports.xlsx.rows_below import TotalFormulas, rows_below
from reporting_pipeline.exports.xlsx.styles import Style, all_styles
from reporting_pipeline.languages import translated
from reporting_pipeline.registry.columns import ColumnType, Unit

if TYPE_CHECKING:
    import pyarrow as pa

# A file holds the time of its creation. This one is the same on every day.
_CREATED = datetime(2000, 1, 1)  # noqa: DTZ001 the format knows no zone
_STYLE_ID = re.compile(r'<c r="[A-Z]+1" s="(\d+)"/>')
_SHEET_DATA = re.compile(rb"<sheetData\s*/>|<sheetData>.*?</sheetData>", re.DOTALL)
_DIMENSION = re.compile(rb'<dimension ref="[^"]*"/>')
# Level 6 takes twice the time for a tenth fewer bytes.
_COMPRESSION_LEVEL = 4

_SAMPLE_ROWS = 200
_WIDTHS = {
    ColumnType.DATE: 12,
    ColumnType.INSTANT: 21,
    ColumnType.BOOLEAN: 8,
    ColumnType.RATIO: 10,
    ColumnType.CURRENCY: 9,
}
_MONEY_WIDTH = 14
_COUNT_WIDTH = 9
_MAX_WIDTH = 60
_HEADER_LINES = 2
_FILTER_BUTTON_WIDTH = 3
_CONTROL_WIDTHS = (24, 44, 40, 24, 16)
_TERMS_WIDTHS = (32, 100)
_TITLE_POINTS = 14
_A4 = 9
# Page headers and footers hold 255 characters, with their codes.
_MAX_PAGE_HEADER_PART = 60

_SLICE_ROWS = 8_192
# The most bytes of a cell's own XML, beside its value; and of an escaped byte of a value.
_BYTES_PER_CELL = 80
_BYTES_PER_BYTE = 7
_LARGE_BYTES = 2**31


@dataclass(frozen=True, slots=True, kw_only=True)
class _EmptyWorkbook:
    """A workbook without cells.

    Attributes:
        archive: The file, a zip archive.
        style_ids: The number of each style in it.
    """

    archive: bytes
    style_ids: Mapping[Style, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _SheetCells:
    """The cells of one sheet.

    Attributes:
        last_cell: The name of the last cell, `H1001`.
        rows: The XML of the rows.
        may_be_large: Whether the XML may have more than 2 GiB. Excel offers to repair an archive
            that declares such members, so it is declared only then.
    """

    last_cell: str
    rows: Iterable[bytes | memoryview]
    may_be_large: bool = False


def write_workbook(document: ReportDocument, sheets: Sequence[DataSheet], file: BinaryIO) -> None:
    """Write a report's whole file.

    Args:
        document: The report.
        sheets: Its data sheets; all read the one stream of rows, in their order.
        file: New and seekable.

    Raises:
        ExportIncomplete: There are fewer rows than the sheets should have.
        FormatCannotHold: A text is longer than a cell holds.
    """
    widths = [column_widths(part) for part in document.parts]
    empty = _empty_workbook(document, sheets, widths)
    cells = _cells_by_member(document, sheets, empty.style_ids, widths)
    with (
        ZipFile(BytesIO(empty.archive)) as source,
        ZipFile(file, "w", ZIP_DEFLATED, compresslevel=_COMPRESSION_LEVEL) as archive,
    ):
        for name in source.namelist():
            content, of_sheet = source.read(name), cells.get(name)
            is_large = of_sheet is not None and of_sheet.may_be_large
            with archive.open(name, "w", force_zip64=is_large) as member:
                for part in [content] if of_sheet is None else _filled_sheet(content, of_sheet):
                    member.write(part)


def column_widths(document: ReportDocument) -> list[int]:
    """The width of each column, by its header and the report's first rows."""
    sample = next(document.rows.batches(), None)
    widths = []
    for index, column in enumerate(document.columns):
        type_ = column.column.type
        header = header_text(column.header, type_, document.time_zone)
        header_width = _header_width(header) + _FILTER_BUTTON_WIDTH
        if type_ in _WIDTHS or type_ is ColumnType.BIGINT:
            is_money = column.column.unit is Unit.MINOR
            content_width = _WIDTHS.get(type_, _MONEY_WIDTH if is_money else _COUNT_WIDTH)
        else:
            values = [] if sample is None else sample.column(index)[:_SAMPLE_ROWS].to_pylist()
            shown = (shown_word(each or "", column.words) for each in values)
            content_width = max(map(_display_width, shown), default=0) + 1
        widths.append(min(max(header_width, content_width), _MAX_WIDTH))
    return widths


def _header_width(header: str) -> int:
    """The width of a header whose words are on two lines, or on three."""
    words = max(map(_display_width, header.split()), default=0)
    return max(words, _display_width(header) // _HEADER_LINES)


def _empty_workbook(
    document: ReportDocument, sheets: Sequence[DataSheet], widths: Sequence[Sequence[int]]
) -> _EmptyWorkbook:
    import xlsxwriter

    file = BytesIO()
    workbook = xlsxwriter.Workbook(file, {"in_memory": True})
    workbook.set_properties({"title": _one_line(document.title), "created": _CREATED})
    totals = (total for part in document.parts for total in part.manifest.totals)
    styles = all_styles(
        document.manifest.zone,
        with_terms=bool(document.manifest.terms),
        with_total_ratios=any(total.ratios for total in totals),
    )
    formats = [workbook.add_format(_properties(style)) for style in styles]
    pages = [workbook.add_worksheet(sheet.name) for sheet in sheets]
    for sheet, page in zip(sheets, pages, strict=True):
        _set_up_data_sheet(page, sheet, widths[sheet.block])
    terms = terms_name(document.locale)
    others = [
        _plain_sheet(workbook, name, _TERMS_WIDTHS if name == terms else _CONTROL_WIDTHS)
        for name in sheets_after_data(document.manifest)
    ]
    for page in (*pages, *others):
        _set_up_print(page, document)
    for index, each in enumerate(formats):
        pages[0].write_blank(0, index, None, each)
    workbook.close()
    return _EmptyWorkbook(archive=file.getvalue(), style_ids=_style_ids(file, styles))


def _plain_sheet(workbook: Any, name: str, widths: Sequence[int]) -> Any:
    page = workbook.add_worksheet(name)
    for index, width in enumerate(widths):
        page.set_column(index, index, width)
    return page


def _set_up_data_sheet(page: Any, sheet: DataSheet, widths: Sequence[int]) -> None:
    for index, width in enumerate(widths):
        page.set_column(index, index, width)
    header = sheet.header_row - 1  # XlsxWriter counts from 0
    page.freeze_panes(header + 1, 0)
    page.autofilter(header, 0, sheet.last_row - 1, len(widths) - 1)
    page.repeat_rows(header)
    # Order numbers are text on purpose; without this, Excel marks each of them as a mistake.
    last = f"{column_letters(len(widths) - 1)}{sheet.last_row}"
    page.ignore_errors({"number_stored_as_text": f"A1:{last}"})


def _set_up_print(page: Any, document: ReportDocument) -> None:
    manifest = document.manifest
    page.set_landscape()
    page.set_paper(_A4)
    page.fit_to_pages(1, 0)
    title = _page_header_part(document.title)
    owner = _page_header_part(manifest.organization.name)
    stamp = f"&B&KC00000{provisional_texts(manifest)[0]}" if manifest.is_provisional else ""
    number = translated(PAGE_NUMBER, manifest.locale, page="&P", pages="&N")
    page.set_header(f"&L{title}&C{stamp}&R{owner}")
    page.set_footer(f"&L{period_text(manifest)}&C&A&R{number}")


def _properties(style: Style) -> dict[str, Any]:
    properties: dict[str, Any] = {"num_format": style.number_format}
    if style.is_bold:
        properties["bold"] = True
    if style.is_italic:
        properties["italic"] = True
    if style.is_right:
        properties["align"] = "right"
    if style.is_left:
        properties["align"] = "left"
    if style.is_large:
        properties["font_size"] = _TITLE_POINTS
    if style.is_wrapped:
        properties["text_wrap"] = True
    if style.is_top:
        properties["valign"] = "top"
    return properties


def _style_ids(file: BytesIO, styles: Sequence[Style]) -> dict[Style, int]:
    with ZipFile(file) as archive:
        text = archive.read("xl/worksheets/sheet1.xml").decode()
    return dict(zip(styles, map(int, _STYLE_ID.findall(text)), strict=True))


def _page_header_part(text: str) -> str:
    line = _one_line(text)
    if len(line) > _MAX_PAGE_HEADER_PART:  # the Control sheet has the whole text
        line = line[: _MAX_PAGE_HEADER_PART - 1] + "…"
    return line.replace("&", "&&")


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _display_width(text: str, most: int = _MAX_WIDTH) -> int:
    """The width of a text in narrow characters; only the beginning of a long text counts."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text[:most])


def _cells_by_member(
    document: ReportDocument,
    sheets: Sequence[DataSheet],
    style_ids: Mapping[Style, int],
    widths: Sequence[Sequence[int]],
) -> dict[str, _SheetCells]:
    """The cells of each sheet by the name of its member in the archive."""
    writers = [
        _DataSheetWriter(
            part, [each for each in sheets if each.block == position], style_ids, of_part
        )
        for position, (part, of_part) in enumerate(zip(document.parts, widths, strict=True))
    ]
    last = {sheet.block: sheet for sheet in sheets}
    found = {
        _member(number): writers[sheet.block].cells(sheet, is_last=sheet is last[sheet.block])
        for number, sheet in enumerate(sheets, start=1)
    }
    facts = ControlFacts(
        notes=document.notes, has_totals=tuple(part.has_totals for part in document.parts)
    )
    if document.manifest.terms:
        terms = terms_rows(document.manifest)
        found[_member(len(found) + 1)] = _SheetCells(
            last_cell=f"B{len(terms)}", rows=_terms_xml(terms, style_ids)
        )
    control = list(control_rows(document.manifest, sheets, facts))
    found[_member(len(found) + 1)] = _SheetCells(
        last_cell=f"{column_letters(max(map(len, control)) - 1)}{len(control)}",
        rows=[rows_xml(control, 1, style_ids)],
    )
    return found


def _terms_xml(
    terms: Sequence[Sequence[PlainCell]], style_ids: Mapping[Style, int]
) -> Iterator[bytes]:
    for number, cells in enumerate(terms, start=1):
        lines = (
            _line_count(cell.text, width) for cell, width in zip(cells, _TERMS_WIDTHS, strict=True)
        )
        yield row_xml(number, dict(enumerate(cells)), style_ids, max(lines))


def _line_count(text: str, width: int) -> int:
    """The number of lines of a text in a column that wide; they break between words."""
    count, room = 1, width
    for word in text.split():
        length = _display_width(word, most=len(word))
        if length > room and room < width:
            count, room = count + 1, width
        count += max(length - 1, 0) // width
        room -= min(length, width) + 1
    return count


def _member(number: int) -> str:
    return f"xl/worksheets/sheet{number}.xml"


def _filled_sheet(empty: bytes, cells: _SheetCells) -> Iterable[bytes | memoryview]:
    dimension = f'<dimension ref="A1:{cells.last_cell}"/>'.encode()
    before, after = _SHEET_DATA.split(_DIMENSION.sub(dimension, empty), maxsplit=1)
    yield before + b"<sheetData>"
    yield from cells.rows
    yield b"</sheetData>" + after


class _DataSheetWriter:
    """Forms the cells of all data sheets of a report, from one stream of rows."""

    def __init__(
        self,
        document: ReportDocument,
        sheets: Sequence[DataSheet],
        style_ids: Mapping[Style, int],
        widths: Sequence[int],
    ) -> None:
        self._document = document
        self._sheets = sheets
        self._style_ids = style_ids
        self._widths = widths
        self._cells = RowCells(document, style_ids)
        self._rows = _RowStream(document.rows.batches())

    def cells(self, sheet: DataSheet, *, is_last: bool) -> _SheetCells:
        """The cells of one sheet; its rows must be read before those of the next sheet."""
        below = self._rows_below(sheet) if is_last else {}
        last_row = max((sheet.last_row, *below))
        last_column = max(
            (len(self._document.columns) - 1, *(max(cells) for cells in below.values()))
        )
        return _SheetCells(
            last_cell=f"{column_letters(last_column)}{last_row}",
            rows=self._row_xml(sheet, is_last=is_last),
            may_be_large=self._may_be_large(sheet),
        )

    def _rows_below(self, sheet: DataSheet) -> dict[int, dict[int, PlainCell]]:
        """The rows below the report's rows, by their numbers; right after these are written."""
        document = self._document
        formulas = TotalFormulas(
            manifest=document.manifest, sheets=self._sheets, texts=self._cells.text_columns
        )
        rows = rows_below(
            document.manifest, document.notes, formulas if document.has_totals else None
        )
        return {number: cells for number, cells in enumerate(rows, sheet.last_row + 1) if cells}

    def _row_xml(self, sheet: DataSheet, *, is_last: bool) -> Iterator[bytes | memoryview]:
        manifest, title = self._document.manifest, self._document.title
        for number, cells in enumerate(heading_rows(manifest, title), start=1):
            if cells:
                yield row_xml(number, cells, self._style_ids)
        header = header_row(manifest)
        lines = (
            _line_count(header[index].text, width - _FILTER_BUTTON_WIDTH)
            for index, width in enumerate(self._widths)
        )
        yield row_xml(sheet.header_row, header, self._style_ids, max(lines))
        number = sheet.first_row
        for part in self._rows.take(sheet.row_count):
            yield self._cells.xml(part, number)
            number += part.num_rows
        for number, cells in (self._rows_below(sheet) if is_last else {}).items():
            yield row_xml(number, cells, self._style_ids)

    def _may_be_large(self, sheet: DataSheet) -> bool:
        if sheet.row_count == 0:
            return False
        rows, row_count = self._document.rows, self._document.manifest.row_count
        share = rows.byte_count * sheet.row_count // row_count
        cells = sheet.row_count * len(self._document.columns)
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
