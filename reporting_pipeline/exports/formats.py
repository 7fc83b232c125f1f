"""All export formats, by name; also finds the format of a file."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.csv_format import CSV
from reporting_pipeline.exports.format import Format
from reporting_pipeline.exports.jsonl_format import JSONL
from reporting_pipeline.exports.parquet_format import PARQUET
from reporting_pipeline.exports.pdf.pdf_format import PDF
from reporting_pipeline.exports.xlsx.xlsx_format import XLSX
from reporting_pipeline.guards.regular_file import open_regular
from reporting_pipeline.report_definitions.definition import ReportFormat

_ALL: tuple[Format, ...] = (CSV, XLSX, PDF, PARQUET, JSONL)

ARCHIVE_SUFFIX = ".zip"
"""The end of the name of an archive with a file for each block."""

_BINARY = "application/octet-stream"
_ARCHIVE = "application/zip"

FORMATS: Final[Mapping[ReportFormat, Format]] = MappingProxyType({each.name: each for each in _ALL})


def format_of(path: Path) -> Format:
    """The format of a file, by the end of its name, or else by its first bytes.

    Raises:
        FileUnreadable: The file cannot be read, or has no format of reports.
    """
    longest = max(len(each.first_bytes) for each in _ALL)
    try:
        with open_regular(path) as file:
            first_bytes = file.read(longest)
    except OSError as error:
        raise FileUnreadable(f"{path} cannot be read: {error.strerror}") from error
    suffixes = [each.lower() for each in path.suffixes]
    if suffixes[-1:] == [ARCHIVE_SUFFIX]:
        suffixes.pop()
    for each in _ALL:
        if suffixes[-1:] == [each.suffix]:
            return each
    for each in _ALL:
        if each.first_bytes and first_bytes.startswith(each.first_bytes):
            return each
    known = ", ".join(each.name for each in _ALL)
    raise FileUnreadable(f"{path.name} is no report: its name ends in none of {known}")


def media_types() -> list[str]:
    """The content types of published files, each once."""
    return sorted({*(each.media_type for each in _ALL), _ARCHIVE})


def media_type_named(file_name: str) -> str:
    """The content type of a published file, by the end of its name."""
    suffix = Path(file_name).suffix.lower()
    found = (each.media_type for each in _ALL if each.suffix == suffix)
    return _ARCHIVE if suffix == ARCHIVE_SUFFIX else next(found, _BINARY)
