"""How the formats are read back: which module reads which, imported when it is used.

What belongs here: the list, and telling the format of a file. What does not: any format.
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.canonical import CanonicalRow
from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.report_definitions.definition import ReportFormat

Tell: TypeAlias = Callable[[str], None]
"""Is given a sentence for each thing in a file that is not as its writer does it."""

_READERS = MappingProxyType(
    {
        ReportFormat.CSV: "csv_file",
        ReportFormat.XLSX: "xlsx.read",
        ReportFormat.PDF: "pdf.read",
        ReportFormat.PARQUET: "parquet_file",
        ReportFormat.JSONL: "jsonl_file",
    }
)
_WITHOUT_MANIFEST = frozenset({ReportFormat.CSV, ReportFormat.JSONL})
_FIRST_BYTES = MappingProxyType(
    {b"PK\x03\x04": ReportFormat.XLSX, b"%PDF": ReportFormat.PDF, b"PAR1": ReportFormat.PARQUET}
)


def format_of(path: Path) -> ReportFormat:
    """The format of a file, by the end of its name, else by its first bytes.

    Raises:
        FileUnreadable: There is no such file, or it is of no format of ours.
    """
    try:
        with path.open("rb") as file:
            first = file.read(4)
    except OSError as error:
        raise FileUnreadable(f"{path} cannot be read: {error.strerror}") from error
    suffix = path.suffix.lower().removeprefix(".")
    if suffix in set(ReportFormat):
        return ReportFormat(suffix)
    if first in _FIRST_BYTES:
        return _FIRST_BYTES[first]
    known = ", ".join(ReportFormat)
    raise FileUnreadable(f"{path.name} is no report: its name ends in none of {known}")


def embedded_manifest(path: Path, format_: ReportFormat) -> Manifest | None:
    """The manifest that stands inside a file; None where the format has no place for it.

    Raises:
        FileUnreadable: The file is damaged, or none of ours.
    """
    if format_ in _WITHOUT_MANIFEST:
        return None
    reader = _reader(format_)
    if format_ is ReportFormat.PARQUET:
        return _manifest(reader.manifest_within(path))
    return _manifest(reader.embedded_manifest(path))


def told_rows(
    path: Path, format_: ReportFormat, manifest: Manifest, tell: Tell
) -> Iterator[CanonicalRow]:
    """The canonical rows of a file; `tell` hears of what in it no report has.

    Raises:
        FileUnreadable: The file is damaged, or a cell does not hold what its column may.
    """
    reader = _reader(format_)
    if format_ is ReportFormat.XLSX:
        yield from reader.told_rows(path, manifest, tell)
        return
    if format_ is ReportFormat.PDF:
        for problem in _page_problems(reader, path, manifest):
            tell(problem)
    yield from reader.canonical_rows(path, manifest)


def row_place(path: Path, format_: ReportFormat, index: int) -> str:
    """Where a row of the report stands in its file; `index` is counted from 0."""
    if format_ is ReportFormat.XLSX:
        return str(_reader(format_).row_place(path, index))
    return f"row {index + 1}"


def _reader(format_: ReportFormat) -> Any:
    return import_module(f"reporting_pipeline.exports.{_READERS[format_]}")


def _page_problems(reader: Any, path: Path, manifest: Manifest) -> list[str]:
    try:
        return list(reader.page_problems(path, manifest))
    except FileUnreadable as error:  # the rows may be readable all the same
        return [error.message]


def _manifest(found: object) -> Manifest:
    if not isinstance(found, Manifest):
        raise TypeError(found)
    return found
