"""Reports as CSV, in two profiles: `machine` for programs, `spreadsheet` for people.

The profile `machine`:

    first line  the columns' names, or the labels that the definition gives them, quoted as the rows
    rows        the report's spool, byte for byte (`row_spool`): raw values, nothing guarded
    line ends   LF, which is what PostgreSQL writes; RFC 4180 says CRLF, its readers take both
    encoding    UTF-8 without a byte order mark

CSV holds any report: it has no limit of its own. A report without rows is its header alone.

What belongs here: the writer, and the profile `machine`. What does not: the other profile
(`csv_spreadsheet`).
"""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from reporting_pipeline.errors import ExportIncomplete, FileUnreadable
from reporting_pipeline.exports import csv_spreadsheet
from reporting_pipeline.exports.canonical import CanonicalRow, canonical_line, rows_of
from reporting_pipeline.exports.csv_reading import csv_batches
from reporting_pipeline.exports.manifest import ColumnPart, Manifest
from reporting_pipeline.exports.new_file import new_file
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline.exports.row_spool import RowSpool

_CHUNK_BYTES = 1024 * 1024
_MARK = "\ufeff"


def refuse(document: ReportDocument) -> None:
    """Nothing: CSV holds any report."""


def write(document: ReportDocument, target: Path) -> None:
    """Write the report's CSV in the document's profile, at flat memory.

    Raises:
        ExportIncomplete: The file would not hold all rows; there is no file.
        RenderFailed: The file cannot be written; there is no file.
    """
    with new_file(target) as file:
        if document.csv_profile == "spreadsheet":
            row_count = csv_spreadsheet.write_rows(document, file)
            _require(row_count, document.rows.row_count, "rows")
        else:
            headers = [column.machine_header for column in document.columns]
            _copy(document.rows, _header_line(headers), file)


def canonical_rows(path: Path, manifest: Manifest) -> Iterator[CanonicalRow]:
    """The canonical rows of a CSV file of either profile; the manifest says which.

    Raises:
        FileUnreadable: The file is not such a file; the message says what is wrong first.
    """
    import pyarrow as pa

    profile = csv_spreadsheet.canonical_rows if _is_for_people(manifest) else _machine_rows
    try:
        yield from profile(path, manifest)
    except pa.ArrowInvalid as error:
        message = f"{path.name} is no CSV of {len(manifest.columns)} columns: {error}"
        raise FileUnreadable(message) from error


def _is_for_people(manifest: Manifest) -> bool:
    return manifest.csv_profile == "spreadsheet"


def _copy(rows: RowSpool, header: bytes, file: BinaryIO) -> None:
    file.write(header)
    with rows.path.open("rb") as spool:
        shutil.copyfileobj(spool, file, _CHUNK_BYTES)
    _require(file.tell(), len(header) + rows.byte_count, "bytes")


def _header_line(headers: Sequence[str]) -> bytes:
    line = canonical_line(headers)
    if not headers[0].startswith(_MARK) or line.startswith(b'"'):
        return line
    # At the beginning of a file, readers take a byte order mark for no part of the text.
    _, _, rest = line.partition(headers[0].encode())
    return b'"' + headers[0].encode() + b'"' + rest


def _machine_rows(path: Path, manifest: Manifest) -> Iterator[CanonicalRow]:
    import pyarrow as pa

    to_come = True
    for batch in csv_batches(path, [pa.string()] * len(manifest.columns)):
        rows = rows_of(batch.columns)
        if to_come:
            _require_headers(next(rows), manifest.columns)
            to_come = False
        yield from rows


def _require_headers(row: CanonicalRow, columns: Sequence[ColumnPart]) -> None:
    # A column is called by its name; where the definition labels it, by that, as for people.
    for found, column in zip(row, columns, strict=True):
        if found not in {column.name, column.header}:
            message = f"a header of the file is {found!r}, in the manifest it is {column.name!r}"
            raise FileUnreadable(message)


def _require(found: int, expected: int, what: str) -> None:
    if found != expected:
        message = f"the CSV would have {found} {what} instead of {expected}; not published"
        raise ExportIncomplete(message)
