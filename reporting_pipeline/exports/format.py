"""The interface of export formats; `formats` lists one `Format` object for each."""

import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, ClassVar, TypeAlias
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

from reporting_pipeline.errors import ExportIncomplete, FileUnreadable, RenderFailed
from reporting_pipeline.exports.canonical_rows import CanonicalRow
from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline.report_definitions.compile import ReportColumn
from reporting_pipeline.report_definitions.definition import ReportFormat

ProblemSink: TypeAlias = Callable[[str], None]
"""Receives one sentence for each thing in a file that its writer does not write."""


def ignore_problem(_problem: str) -> None:
    """A `ProblemSink` for callers that only want the rows."""


class Format(ABC):
    """One export format. Its methods use nothing but their arguments.

    Attributes:
        name: The name in definitions, in the catalogue and at the end of file names.
        title: The name in sentences.
        media_type: The content type of a file, for browsers and object stores.
        first_bytes: The first bytes of every file; empty where they vary.
        embeds_manifest: Whether a file holds its own manifest.
        formats_values: Whether values are shown in the locale and time zone of the report. Other
            formats keep raw values for programs.
        libraries: The packages whose version may change the bytes of a file.
        max_rows: The largest number of rows; None where there is no limit.
        max_text_length: The longest text of a cell in UTF-16 code units; None where there is no
            limit.
    """

    name: ClassVar[ReportFormat]
    title: ClassVar[str]
    media_type: ClassVar[str]
    first_bytes: ClassVar[bytes] = b""
    embeds_manifest: ClassVar[bool] = False
    formats_values: ClassVar[bool] = False
    libraries: ClassVar[tuple[str, ...]] = ("pyarrow",)
    max_rows: ClassVar[int | None] = None
    max_text_length: ClassVar[int | None] = None

    @property
    def suffix(self) -> str:
        """The end of file names, with its dot."""
        return f".{self.name}"

    @property
    def archives_blocks(self) -> bool:
        """True if the blocks of a report are files of an archive."""
        return True

    def refuse(self, document: ReportDocument) -> None:  # noqa: B027 - most formats hold any report
        """Check that this format can hold the report, before any work is done.

        Raises:
            FormatCannotHold: It cannot; the message names the limit.
            EnvironmentNotReady: This machine lacks a library that the format needs.
        """

    def refuse_columns(  # noqa: B027 - most formats hold any columns
        self, title: str, columns: Sequence[ReportColumn], locale: str
    ) -> None:
        """Check that this format can hold a row of these columns, whatever its values are.

        Args:
            title: Of the report, or of a block of it; for the message.
            columns: The columns.
            locale: Of values for people.

        Raises:
            FormatCannotHold: It cannot hold any row; `refuse` would find the same later.
        """

    def refuse_report(self, document: ReportDocument) -> None:
        """Check as `refuse` does, all blocks of a report."""
        for part in document.parts:
            self.refuse(part)

    def write_report(self, document: ReportDocument, target: Path) -> None:
        """Write a report as `write` does, with all of its blocks."""
        if document.blocks:
            self.write_blocks(document, target)
        else:
            self.write(document, target)

    def write_blocks(self, document: ReportDocument, target: Path) -> None:
        """Write a report of several blocks: a ZIP archive with a file for each.

        Raises:
            ExportIncomplete, FormatCannotHold, RenderFailed: As `write`.
        """
        write_archive(self, document, target)

    def read_blocks(
        self, path: Path, manifest: Manifest, report_problem: ProblemSink = ignore_problem
    ) -> Iterator[Iterator[CanonicalRow]]:
        """Read the canonical rows of each block, in order; of a report without blocks, of the one.

        Raises:
            FileUnreadable: As `read`.
        """
        if manifest.blocks:
            yield from read_archive(self, path, manifest, report_problem)
        else:
            yield self.read(path, manifest, report_problem)

    @abstractmethod
    def write(self, document: ReportDocument, target: Path) -> None:
        """Write the new file `target`, whole or not at all.

        The same document gives the same bytes on every day and machine.

        Raises:
            ExportIncomplete: The file would not hold all rows.
            FormatCannotHold: The format cannot hold the report.
            RenderFailed: The file cannot be written.
        """

    @abstractmethod
    def read(
        self, path: Path, manifest: Manifest, report_problem: ProblemSink = ignore_problem
    ) -> Iterator[CanonicalRow]:
        """Read the canonical rows of a file, in order.

        Args:
            path: The file.
            manifest: Its columns, locale and time zone.
            report_problem: Called for everything in the file that this format does not write.

        Raises:
            FileUnreadable: The file is damaged, or a cell holds no value of its column.
        """

    def embedded_manifest(self, path: Path) -> Manifest | None:  # noqa: ARG002 - for subclasses
        """The manifest inside a file; None where the format embeds none.

        Raises:
            FileUnreadable: The file is damaged, or holds no manifest of a report.
        """
        return None

    def shown(self, path: Path) -> Iterator[object]:
        """The content that a reader sees in a file, part by part; by default its bytes.

        Two files of one report that show the same may differ in how a library packs them.

        Raises:
            FileUnreadable: The file is damaged.
        """
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk

    def machine_versions(self) -> dict[str, str]:
        """The versions of what is no package and may change the bytes of a file, by name."""
        return {}

    def row_place(self, path: Path, index: int) -> str:  # noqa: ARG002 - for subclasses
        """The place of a row in a file, for messages; `index` counts from 0."""
        return f"row {index + 1}"


@contextmanager
def new_file(target: Path) -> Iterator[BinaryIO]:
    """A new file `target`, open for writing; it is removed if the block raises anything.

    Raises:
        RenderFailed: The file cannot be written: it exists, the disk is full, and the like.
    """
    try:
        file = target.open("xb")
    except OSError as error:
        raise _write_failure(target, error) from error
    try:
        with file:
            yield file
    except OSError as error:
        target.unlink()
        raise _write_failure(target, error) from error
    except BaseException:
        target.unlink()
        raise


def _write_failure(target: Path, error: OSError) -> RenderFailed:
    return RenderFailed(f"{target.name} was not written: {error.strerror or error}; none was left")


def require_complete(title: str, found: int, expected: int, unit: str = "rows") -> None:
    """Check the size of a written file before it is published.

    Raises:
        ExportIncomplete: The file has another number of rows or bytes than the report.
    """
    if found != expected:
        message = f"the {title} would have {found} of {expected} {unit}; not published"
        raise ExportIncomplete(message)


# Times in an archive are the same on every day.
_ARCHIVED_AT = (2000, 1, 1, 0, 0, 0)
_COMPRESSION_LEVEL = 4
_UNIX = 3
_CHUNK_BYTES = 1024 * 1024


def write_archive(format_: Format, document: ReportDocument, target: Path) -> None:
    """Write a ZIP archive with a file for each block, named after it; the same bytes each time."""
    with (
        new_file(target) as file,
        ZipFile(file, "w", ZIP_DEFLATED) as archive,
        TemporaryDirectory(prefix=".blocks-", dir=target.parent) as folder,
    ):
        for part, block in zip(document.manifest.blocks, document.blocks, strict=True):
            path = Path(folder) / f"{part.name}{format_.suffix}"
            format_.write(block, path)
            member = ZipInfo(path.name, _ARCHIVED_AT)
            member.compress_type = ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            member.create_system = _UNIX
            with path.open("rb") as source, archive.open(member, "w", force_zip64=True) as written:
                shutil.copyfileobj(source, written, _CHUNK_BYTES)
            path.unlink()


def read_archive(
    format_: Format, path: Path, manifest: Manifest, report_problem: ProblemSink
) -> Iterator[Iterator[CanonicalRow]]:
    """The rows of each file of an archive, in the order of the manifest's blocks.

    Raises:
        FileUnreadable: The archive or a file of it is damaged or missing.
    """
    expected = [f"{each.name}{format_.suffix}" for each in manifest.blocks]
    try:
        with ZipFile(path) as archive, TemporaryDirectory(prefix="reporting-blocks-") as folder:
            if archive.namelist() != expected:
                found = ", ".join(archive.namelist())
                report_problem(f"the archive has the files {found}, not {', '.join(expected)}")
            for name, part in zip(expected, manifest.parts, strict=True):
                extracted = Path(folder) / name
                with archive.open(name) as source, extracted.open("wb") as target:
                    shutil.copyfileobj(source, target, _CHUNK_BYTES)
                named = _named(report_problem, name)
                _compare_manifest(format_, extracted, part, named)
                yield format_.read(extracted, part, named)
                extracted.unlink()
    except (BadZipFile, KeyError, OSError, EOFError) as error:
        message = f"{path.name} is no archive of {', '.join(expected)}: {error}"
        raise FileUnreadable(message) from error


def _compare_manifest(
    format_: Format, path: Path, manifest: Manifest, report_problem: ProblemSink
) -> None:
    """Report a file of a block that holds another manifest."""
    if not format_.embeds_manifest:
        return
    try:
        found = format_.embedded_manifest(path)
    except FileUnreadable as error:
        report_problem(error.message)
        return
    if found != manifest.within_file():
        report_problem("the manifest inside is that of another block or report")


def _named(report_problem: ProblemSink, name: str) -> ProblemSink:
    return lambda problem: report_problem(f"{name}: {problem}")
