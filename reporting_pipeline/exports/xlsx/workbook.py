"""The workbook around the cells: sheets, styles, widths, what a printer needs. XlsxWriter makes it.

Its sheets are empty but for one row on the first, with a cell in each style, from which the numbers
of the styles are known; `package` puts the cells in.

What belongs here: everything of a sheet but its cells. What does not: cells.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from itertools import islice
from typing import Any
from zipfile import ZipFile

from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline.exports.xlsx.layout import (
    CONTROL,
    DataSheet,
    column_letters,
    header_text,
)
from reporting_pipeline.exports.xlsx.styles import Style, all_styles
from reporting_pipeline.registry.columns import ColumnType

# A file says when it was created. This one says the same on every day.
_CREATED = datetime(2000, 1, 1)  # noqa: DTZ001 the format knows no zone
_STYLE_ID = re.compile(r'<c r="[A-Z]+1" s="(\d+)"/>')
_SAMPLE_ROWS = 200
_WIDTHS = {
    ColumnType.DATE: 11,
    ColumnType.INSTANT: 20,
    ColumnType.BOOLEAN: 8,
    ColumnType.RATIO: 10,
    ColumnType.CURRENCY: 9,
}
_FIGURE_WIDTH = 14
_MAX_WIDTH = 60
_FILTER_BUTTON = 3
_CONTROL_WIDTHS = (24, 44, 40, 24, 16)
_A4 = 9
# Of header and footer, which hold 255 characters together with their codes.
_MAX_HEADER_PART = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A workbook without cells.

    Attributes:
        package: The file, a zip archive.
        style_ids: The number of each style in it.
    """

    package: bytes
    style_ids: Mapping[Style, int]


def frame(document: ReportDocument, sheets: Sequence[DataSheet]) -> Frame:
    """The workbook of a report, without its cells."""
    import xlsxwriter

    file = BytesIO()
    workbook = xlsxwriter.Workbook(file, {"in_memory": True})
    workbook.set_properties({"title": _one_line(document.title), "created": _CREATED})
    styles = all_styles(document.time_zone)
    formats = [workbook.add_format(_properties(style)) for style in styles]
    widths = column_widths(document)
    pages = [workbook.add_worksheet(sheet.name) for sheet in sheets]
    for sheet, page in zip(sheets, pages, strict=True):
        _set_up(page, sheet, widths)
    control = workbook.add_worksheet(CONTROL)
    for index, width in enumerate(_CONTROL_WIDTHS):
        control.set_column(index, index, width)
    for page in (*pages, control):
        _set_up_print(page, document)
    for index, each in enumerate(formats):
        pages[0].write_blank(0, index, None, each)
    workbook.close()
    return Frame(package=file.getvalue(), style_ids=_style_ids(file, styles))


def column_widths(document: ReportDocument) -> list[int]:
    """The width of each column, by its header and the report's first rows."""
    sample = next(document.rows.batches(), None)
    widths = []
    for index, column in enumerate(document.columns):
        type_ = column.column.type
        header = (
            _display_width(header_text(column.header, type_, document.time_zone)) + _FILTER_BUTTON
        )
        if type_ in _WIDTHS or type_ is ColumnType.BIGINT:
            content = _WIDTHS.get(type_, _FIGURE_WIDTH)
        else:
            values = [] if sample is None else sample.column(index)[:_SAMPLE_ROWS].to_pylist()
            content = max((_display_width(each or "") for each in values), default=0) + 1
        widths.append(min(max(header, content), _MAX_WIDTH))
    return widths


def _set_up(page: Any, sheet: DataSheet, widths: Sequence[int]) -> None:
    for index, width in enumerate(widths):
        page.set_column(index, index, width)
    page.freeze_panes(1, 0)
    page.autofilter(0, 0, sheet.last_row - 1, len(widths) - 1)
    page.repeat_rows(0)
    # Order numbers are text on purpose; without this Excel marks each of them as a mistake.
    last = f"{column_letters(len(widths) - 1)}{sheet.last_row}"
    page.ignore_errors({"number_stored_as_text": f"A1:{last}"})


def _set_up_print(page: Any, document: ReportDocument) -> None:
    manifest = document.manifest
    page.set_landscape()
    page.set_paper(_A4)
    page.fit_to_pages(1, 0)
    title, owner = _header_part(document.title), _header_part(manifest.organization.name)
    stamp = "&B&KC00000PROVISIONAL" if manifest.is_provisional else ""
    page.set_header(f"&L{title}&C{stamp}&R{owner}")
    page.set_footer(f"&L{manifest.period.token}&C&A&RPage &P of &N")


def _properties(style: Style) -> dict[str, Any]:
    properties: dict[str, Any] = {"num_format": style.number_format}
    if style.is_bold:
        properties["bold"] = True
    if style.is_italic:
        properties["italic"] = True
    if style.is_right:
        properties["align"] = "right"
    return properties


def _style_ids(file: BytesIO, styles: Sequence[Style]) -> dict[Style, int]:
    with ZipFile(file) as package:
        text = package.read("xl/worksheets/sheet1.xml").decode()
    return dict(zip(styles, map(int, _STYLE_ID.findall(text)), strict=True))


def _header_part(text: str) -> str:
    line = _one_line(text)
    if len(line) > _MAX_HEADER_PART:  # the whole of it stands on the Control sheet
        line = line[: _MAX_HEADER_PART - 1] + "…"
    return line.replace("&", "&&")


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _display_width(text: str) -> int:
    """How many narrow characters wide a text is; of a long one only the beginning is looked at."""
    return sum(
        2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in islice(text, _MAX_WIDTH)
    )
