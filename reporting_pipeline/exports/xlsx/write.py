"""Writing a report as XLSX.

The rows flow from the spool into the compressed archive in batches, so memory is flat. The same
document gives the same bytes, wherever the same zlib compresses them.

What belongs here: the order of the work. What does not: cells, sheets and the archive, which have
modules of their own.
"""

from pathlib import Path

from reporting_pipeline.errors import FormatCannotHold
from reporting_pipeline.exports.format import new_file
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline.exports.xlsx.layout import (
    MAX_COLUMNS,
    MAX_ROWS,
    data_sheets,
    header_text,
)
from reporting_pipeline.exports.xlsx.package import write_package
from reporting_pipeline.exports.xlsx.sheets import sheet_cells
from reporting_pipeline.exports.xlsx.text import MAX_UTF16_UNITS, utf16_units
from reporting_pipeline.exports.xlsx.workbook import frame


def refuse(document: ReportDocument) -> None:
    """Raise FormatCannotHold where a sheet has not enough columns, or a cell no room for a header.

    Rows are never too many: they continue on a further sheet.
    """
    columns = document.columns
    # One more column for the label of totals, where each column of the report has a total.
    if len(columns) >= MAX_COLUMNS:
        message = (
            f"the report has {len(columns)} columns, a sheet of XLSX holds {MAX_COLUMNS - 1}; "
            "CSV, JSON Lines and Parquet hold it"
        )
        raise FormatCannotHold(message)
    for column in columns:
        length = utf16_units(header_text(column.header, column.column.type, document.time_zone))
        if length > MAX_UTF16_UNITS:
            message = (
                f"column {column.name!r}: a header of {length} characters; a cell of XLSX holds "
                f"{MAX_UTF16_UNITS}; CSV, JSON Lines and Parquet hold it"
            )
            raise FormatCannotHold(message)


def write(document: ReportDocument, target: Path, *, max_rows: int = MAX_ROWS) -> None:
    """Write the whole file `target`, a new one, or raise and leave none.

    Args:
        document: The report.
        target: Nothing stands there yet.
        max_rows: Of a sheet, its header included.

    Raises:
        FormatCannotHold: A text is longer than a cell holds; the message names row and column.
        RenderFailed: The file could not be written.
    """
    refuse(document)
    sheets = data_sheets(document.manifest, max_rows)
    made = frame(document, sheets)
    with new_file(target) as file:
        write_package(made.package, sheet_cells(document, sheets, made.style_ids), file)
