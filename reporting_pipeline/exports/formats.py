"""The formats of report files: which module writes which, imported when it is used.

A writer module has two functions, and each reads nothing but what it is given:

    refuse(document)          raises FormatCannotHold before any work, naming the limit
    write(document, target)   writes the whole file `target`, a new one, or raises and leaves none;
                              the same document gives the same bytes on every day and machine

What belongs here: the list. What does not: any format.
"""

from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, cast

from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline.report_definitions.definition import ReportFormat

_WRITERS = MappingProxyType(
    {
        ReportFormat.CSV: "csv_file",
        ReportFormat.XLSX: "xlsx.write",
        ReportFormat.PDF: "pdf.write",
        ReportFormat.PARQUET: "parquet_file",
        ReportFormat.JSONL: "jsonl_file",
    }
)


class ReportWriter(Protocol):
    """What a writer module can do."""

    def refuse(self, document: ReportDocument) -> None:
        """Raise FormatCannotHold where this format cannot hold the report."""
        ...

    def write(self, document: ReportDocument, target: Path) -> None:
        """Write the file."""
        ...


def writer_of(format_: ReportFormat) -> ReportWriter:
    """The writer of a format."""
    return cast("ReportWriter", import_module(f"reporting_pipeline.exports.{_WRITERS[format_]}"))
