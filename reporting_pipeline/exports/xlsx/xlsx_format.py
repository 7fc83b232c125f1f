"""The XLSX format: typed cells for people, with a Control sheet that proves them."""

from collections.abc import Iterator
from pathlib import Path

from reporting_pipeline.exports.canonical_rows import CanonicalRow
from reporting_pipeline.exports.format import Format, ProblemSink, ignore_problem
from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline.exports.xlsx import read, write
from reporting_pipeline.exports.xlsx.layout import MAX_ROWS
from reporting_pipeline.exports.xlsx.text import MAX_UTF16_UNITS
from reporting_pipeline.report_definitions.definition import ReportFormat


class XlsxFormat(Format):
    """XLSX. Rows are never too many: they continue on a further sheet.

    Args:
        max_sheet_rows: The number of rows of one sheet, its header and totals included.
    """

    name = ReportFormat.XLSX
    title = "XLSX"
    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    first_bytes = b"PK\x03\x04"
    embeds_manifest = True
    formats_values = True
    max_text_length = MAX_UTF16_UNITS

    def __init__(self, max_sheet_rows: int = MAX_ROWS) -> None:
        self._max_sheet_rows = max_sheet_rows

    def refuse(self, document: ReportDocument) -> None:
        """See `Format.refuse`: a sheet needs enough columns, and each header must fit in a cell."""
        write.refuse(document)

    def write(self, document: ReportDocument, target: Path) -> None:
        """See `Format.write`."""
        write.write(document, target, max_rows=self._max_sheet_rows)

    def read(
        self, path: Path, manifest: Manifest, report_problem: ProblemSink = ignore_problem
    ) -> Iterator[CanonicalRow]:
        """See `Format.read`."""
        return read.told_rows(path, manifest, report_problem)

    def embedded_manifest(self, path: Path) -> Manifest:
        """See `Format.embedded_manifest`: the Control sheet holds it."""
        return read.embedded_manifest(path)

    def row_place(self, path: Path, index: int) -> str:
        """See `Format.row_place`: `sheet Data 2, row 17`."""
        return read.row_place(path, index)


XLSX = XlsxFormat()
