"""The XLSX format: refusing, writing and reading it."""

import zlib
from collections.abc import Iterator
from pathlib import Path
from zipfile import BadZipFile

from reporting_pipeline.errors import FileUnreadable, FormatCannotHold
from reporting_pipeline.exports.canonical_rows import CanonicalRow
from reporting_pipeline.exports.format import Format, ProblemSink, ignore_problem, new_file
from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline.exports.xlsx import read
from reporting_pipeline.exports.xlsx.cell_text import MAX_UTF16_UNITS, utf16_units
from reporting_pipeline.exports.xlsx.layout import (
    MAX_COLUMNS,
    MAX_ROWS,
    data_sheets,
    header_text,
    sheets_of_blocks,
)
from reporting_pipeline.exports.xlsx.workbook import write_workbook
from reporting_pipeline.report_definitions.definition import ReportFormat


class XlsxFormat(Format):
    """XLSX. Writing keeps memory flat for any number of rows: they continue on further sheets.

    The same document gives the same bytes wherever the same zlib compresses them.

    Args:
        max_sheet_rows: The number of rows of one sheet, its header and totals included.
    """

    name = ReportFormat.XLSX
    title = "XLSX"
    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    first_bytes = b"PK\x03\x04"
    embeds_manifest = True
    formats_values = True
    libraries = ("pyarrow", "XlsxWriter")
    max_text_length = MAX_UTF16_UNITS

    def __init__(self, max_sheet_rows: int = MAX_ROWS) -> None:
        self._max_sheet_rows = max_sheet_rows

    def refuse(self, document: ReportDocument) -> None:
        """See `Format.refuse`.

        Raises:
            FormatCannotHold: A sheet has not enough columns, or a header is too long for a cell.
        """
        columns = document.columns
        # One more column holds the label of totals, where each column of the report has a total.
        if len(columns) >= MAX_COLUMNS:
            message = (
                f"the report has {len(columns)} columns, a sheet of XLSX holds {MAX_COLUMNS - 1}; "
                "CSV, JSON Lines and Parquet hold it"
            )
            raise FormatCannotHold(message)
        for column in columns:
            header = header_text(column.header, column.column.type, document.time_zone)
            length = utf16_units(header)
            if length > MAX_UTF16_UNITS:
                message = (
                    f"column {column.name!r}: a header of {length} characters; a cell of XLSX "
                    f"holds {MAX_UTF16_UNITS}; CSV, JSON Lines and Parquet hold it"
                )
                raise FormatCannotHold(message)

    def machine_versions(self) -> dict[str, str]:
        """See `Format.machine_versions`."""
        return {"zlib": zlib.ZLIB_RUNTIME_VERSION}

    def shown(self, path: Path) -> Iterator[object]:
        """See `Format.shown`: the sheets, and each cell with its number format."""
        from openpyxl import load_workbook

        try:
            workbook = load_workbook(path, read_only=True)
        except (BadZipFile, KeyError, ValueError) as error:
            raise FileUnreadable(f"{path.name} is no workbook: {error}") from error
        for sheet in workbook:
            yield sheet.title, sheet.sheet_state
            for row in sheet.iter_rows():
                yield [(each.value, each.number_format) for each in row if each.value is not None]
        workbook.close()

    def write(self, document: ReportDocument, target: Path) -> None:
        """See `Format.write`; the message for a text that is too long names its row and column."""
        self.refuse(document)
        sheets = data_sheets(document.manifest, self._max_sheet_rows)
        with new_file(target) as file:
            write_workbook(document, sheets, file)

    @property
    def archives_blocks(self) -> bool:
        """See `Format.archives_blocks`: each block has a sheet."""
        return False

    def write_blocks(self, document: ReportDocument, target: Path) -> None:
        """See `Format.write_blocks`: a sheet for each block, or several."""
        self.refuse_report(document)
        sheets = sheets_of_blocks(document.manifest, self._max_sheet_rows)
        with new_file(target) as file:
            write_workbook(document, sheets, file)

    def read_blocks(
        self, path: Path, manifest: Manifest, report_problem: ProblemSink = ignore_problem
    ) -> Iterator[Iterator[CanonicalRow]]:
        """See `Format.read_blocks`."""
        if manifest.blocks:
            sheets = sheets_of_blocks(manifest, self._max_sheet_rows)
            yield from read.read_blocks(path, manifest, sheets, report_problem)
        else:
            yield self.read(path, manifest, report_problem)

    def read(
        self, path: Path, manifest: Manifest, report_problem: ProblemSink = ignore_problem
    ) -> Iterator[CanonicalRow]:
        """See `Format.read`."""
        return read.read_rows(path, manifest, report_problem)

    def embedded_manifest(self, path: Path) -> Manifest:
        """See `Format.embedded_manifest`: it is on the Control sheet."""
        return read.embedded_manifest(path)

    def row_place(self, path: Path, index: int) -> str:
        """See `Format.row_place`: `sheet Data 2, row 17`."""
        return read.row_place(path, index)


XLSX = XlsxFormat()
