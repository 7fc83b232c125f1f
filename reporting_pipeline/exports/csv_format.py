"""Reports as CSV, in two profiles: `machine` for programs, `spreadsheet` for people.

The profile `machine`:

    first line  the columns' names, or the labels that the definition gives them; quoted like rows
    rows        the report's spool, byte for byte (`row_spool`): raw values, nothing guarded
    line ends   LF, as PostgreSQL writes them; RFC 4180 says CRLF, its readers accept both
    encoding    UTF-8 without a byte order mark

`csv_spreadsheet` describes the other profile. CSV holds any report. A report without rows is a
header without rows.
"""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports import csv_spreadsheet
from reporting_pipeline.exports.canonical_rows import (
    BYTE_ORDER_MARK,
    CanonicalRow,
    canonical_line,
    csv_batches,
    rows_of,
)
from reporting_pipeline.exports.format import (
    Format,
    ProblemSink,
    ignore_problem,
    new_file,
    require_complete,
)
from reporting_pipeline.exports.manifest import ColumnPart, Manifest
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline.exports.row_spool import RowSpool
from reporting_pipeline.report_definitions.definition import ReportFormat

_CHUNK_BYTES = 1024 * 1024


class CsvFormat(Format):
    """CSV in the profile of the document or manifest. Memory is flat for any number of rows."""

    name = ReportFormat.CSV
    title = "CSV"
    media_type = "text/csv; charset=utf-8"
    formats_values = True

    def write(self, document: ReportDocument, target: Path) -> None:
        """See `Format.write`."""
        with new_file(target) as file:
            if document.csv_profile == "spreadsheet":
                row_count = csv_spreadsheet.write_rows(document, file)
                require_complete(self.title, row_count, document.rows.row_count)
            else:
                headers = [column.machine_header for column in document.columns]
                _copy_spool(document.rows, _header_line(headers), file)

    def read(
        self,
        path: Path,
        manifest: Manifest,
        report_problem: ProblemSink = ignore_problem,  # noqa: ARG002 - all is rows
    ) -> Iterator[CanonicalRow]:
        """See `Format.read`."""
        import pyarrow as pa

        is_spreadsheet = manifest.csv_profile == "spreadsheet"
        read_rows = csv_spreadsheet.canonical_rows if is_spreadsheet else _machine_rows
        try:
            yield from read_rows(path, manifest)
        except pa.ArrowInvalid as error:
            message = f"{path.name} is no CSV of {len(manifest.columns)} columns: {error}"
            raise FileUnreadable(message) from error


CSV = CsvFormat()


def _copy_spool(rows: RowSpool, header: bytes, file: BinaryIO) -> None:
    file.write(header)
    with rows.path.open("rb") as spool:
        shutil.copyfileobj(spool, file, _CHUNK_BYTES)
    require_complete(CSV.title, file.tell(), len(header) + rows.byte_count, "bytes")


def _header_line(headers: Sequence[str]) -> bytes:
    line = canonical_line(headers)
    if not headers[0].startswith(BYTE_ORDER_MARK) or line.startswith(b'"'):
        return line
    # At the beginning of a file, readers drop a byte order mark that is not quoted.
    _, _, rest = line.partition(headers[0].encode())
    return b'"' + headers[0].encode() + b'"' + rest


def _machine_rows(path: Path, manifest: Manifest) -> Iterator[CanonicalRow]:
    import pyarrow as pa

    is_first = True
    for batch in csv_batches(path, [pa.string()] * len(manifest.columns)):
        rows = rows_of(batch.columns)
        if is_first:
            _require_headers(next(rows), manifest.columns)
            is_first = False
        yield from rows


def _require_headers(row: CanonicalRow, columns: Sequence[ColumnPart]) -> None:
    # The header is the column's label where the definition gives one, otherwise its name.
    for found, column in zip(row, columns, strict=True):
        if found not in {column.name, column.header}:
            message = f"a header of the file is {found!r}, in the manifest it is {column.name!r}"
            raise FileUnreadable(message)
