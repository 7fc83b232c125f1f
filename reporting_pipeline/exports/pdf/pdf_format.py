"""The PDF format: refusing, writing and reading it."""

import hashlib
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from reporting_pipeline.errors import FileUnreadable, FormatCannotHold
from reporting_pipeline.exports.canonical_rows import CanonicalRow, canonical_line
from reporting_pipeline.exports.format import Format, ProblemSink, ignore_problem
from reporting_pipeline.exports.manifest import ColumnPart, Manifest
from reporting_pipeline.exports.pdf import read
from reporting_pipeline.exports.pdf.fonts import fonts_digest
from reporting_pipeline.exports.pdf.page_texts import style_of
from reporting_pipeline.exports.pdf.pango import library_versions, require_pango
from reporting_pipeline.exports.pdf.render_job import RenderJob, RenderSection
from reporting_pipeline.exports.pdf.renderers import render_each
from reporting_pipeline.exports.pdf.sheet import (
    SectionMarkup,
    Sheet,
    lay_out,
    markups,
    notes_of,
)
from reporting_pipeline.exports.pdf.widths import fit_table, narrowest_row, row_points
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline.report_definitions.compile import ReportColumn
from reporting_pipeline.report_definitions.definition import ReportFormat

CELLS_OF_A_PIECE = 5_000  # rendered at once; memory grows by 20 KB for each

_MAX_BYTES = 2_000_000  # of canonical rows
_MAX_ROW_POINTS = 440  # the height of a row; a page has room for 521
_STYLE = Path(__file__).with_name("report.css")


class PdfFormat(Format):
    """PDF, for reports of up to `max_rows` rows, whose columns fit across an A4 page."""

    name = ReportFormat.PDF
    title = "PDF"
    media_type = "application/pdf"
    first_bytes = b"%PDF"
    embeds_manifest = True
    formats_values = True
    libraries = (
        "weasyprint",
        "pydyf",
        "tinyhtml5",
        "tinycss2",
        "pyphen",
        "fonttools",
        "uharfbuzz",
        "pikepdf",
    )
    max_rows = 2_000

    def refuse(self, document: ReportDocument) -> None:
        """See `Format.refuse`.

        Raises:
            FormatCannotHold: Too many rows, too much text, or columns that do not fit on a page.
            EnvironmentNotReady: Pango is missing; the message says how to install it.
        """
        require_pango()
        self._fitting_sheet(document)

    def refuse_columns(self, title: str, columns: Sequence[ReportColumn], locale: str) -> None:
        """See `Format.refuse_columns`: the narrowest row must fit across the page."""
        styles = [style_of(ColumnPart.of(column)) for column in columns]
        headers = [column.header for column in columns]
        if fit_table(styles, headers, [narrowest_row(columns, locale)]) is None:
            raise _too_wide(title, len(columns))

    def machine_versions(self) -> dict[str, str]:
        """See `Format.machine_versions`: the bundled fonts, and the libraries that set them."""
        return {
            "fonts": fonts_digest(),
            **library_versions(),
            "zlib": zlib.ZLIB_RUNTIME_VERSION,
        }

    def shown(self, path: Path) -> Iterator[object]:
        """See `Format.shown`: each page, with its size and the texts of its cells and its frame."""
        yield from read.shown_pages(path)

    def write(self, document: ReportDocument, target: Path) -> None:
        """See `Format.write`."""
        self.write_each([(document, target)])

    @property
    def archives_blocks(self) -> bool:
        """See `Format.archives_blocks`: each block is a section."""
        return False

    def refuse_report(self, document: ReportDocument) -> None:
        """See `Format.refuse_report`; the blocks share the limit on rows."""
        require_pango()
        self._fitting_sheets(document)

    def write_blocks(self, document: ReportDocument, target: Path) -> None:
        """See `Format.write_blocks`: a section for each."""
        self.write_each([(document, target)])

    def read_blocks(
        self, path: Path, manifest: Manifest, report_problem: ProblemSink = ignore_problem
    ) -> Iterator[Iterator[CanonicalRow]]:
        """See `Format.read_blocks`."""
        if not manifest.blocks:
            yield self.read(path, manifest, report_problem)
            return
        self._report_page_problems(path, manifest, report_problem)
        for block, part in zip(manifest.blocks, manifest.parts, strict=True):
            yield read.canonical_rows(path, part, block.name)

    def write_each(self, files: Sequence[tuple[ReportDocument, Path]]) -> None:
        """Write several files, or none of them.

        Raises:
            RenderFailed: A file could not be made; there is none of them.
            FormatCannotHold, EnvironmentNotReady: As `refuse`, for any of them.
        """
        require_pango()
        sheets = [self._fitting_sheets(document) for document, _ in files]
        with tempfile.TemporaryDirectory(prefix=".pdf-", dir=files[0][1].parent) as name:
            folder = Path(name).absolute()
            rendered = [folder / f"{number}.pdf" for number in range(len(files))]
            jobs = [path.with_suffix(".json") for path in rendered]
            for (document, _), of_file, path, job in zip(
                files, sheets, rendered, jobs, strict=True
            ):
                render_job(document, of_file, path).write(job)
            render_each(jobs)
            for path, (_, target) in zip(rendered, files, strict=True):
                path.replace(target)

    def read(
        self, path: Path, manifest: Manifest, report_problem: ProblemSink = ignore_problem
    ) -> Iterator[CanonicalRow]:
        """See `Format.read`: returns the attached rows, reports differences on the pages."""
        self._report_page_problems(path, manifest, report_problem)
        yield from read.canonical_rows(path, manifest)

    def embedded_manifest(self, path: Path) -> Manifest:
        """See `Format.embedded_manifest`: it is an attachment."""
        return read.embedded_manifest(path)

    def _report_page_problems(
        self, path: Path, manifest: Manifest, report_problem: ProblemSink
    ) -> None:
        try:
            problems = read.page_problems(path, manifest)
        except FileUnreadable as error:  # the rows may still be readable
            problems = [error.message]
        for problem in problems:
            report_problem(problem)

    def _fitting_sheets(self, document: ReportDocument) -> list[Sheet]:
        self._require_few_rows(document)
        return [self._fitting_sheet(part) for part in document.parts]

    def _fitting_sheet(self, document: ReportDocument) -> Sheet:
        self._require_few_rows(document)
        sheet = lay_out(document)
        _require_fit(sheet)
        return sheet

    def _require_few_rows(self, document: ReportDocument) -> None:
        if document.rows.row_count > self.max_rows:
            message = (
                f"a PDF holds up to {self.max_rows} rows, {document.title} has "
                f"{document.rows.row_count}: csv or xlsx can hold it"
            )
            raise FormatCannotHold(message)
        if document.rows.byte_count > _MAX_BYTES:
            message = (
                f"a PDF holds rows of up to {_MAX_BYTES} bytes, those of {document.title} have "
                f"{document.rows.byte_count}: csv or xlsx can hold it"
            )
            raise FormatCannotHold(message)


PDF = PdfFormat()


def render_job(document: ReportDocument, sheets: Sequence[Sheet], target: Path) -> RenderJob:
    """The input of a renderer for one document; the sheets are those of its blocks."""
    manifest = document.manifest.within_file().to_json()
    parts = markups(document, sheets)
    names = [each.name for each in document.manifest.blocks] or [""]
    return RenderJob(
        head=parts.head,
        opening=parts.opening,
        sections=tuple(
            _render_section(name, sheet.document, markup)
            for name, sheet, markup in zip(names, sheets, parts.sections, strict=True)
        ),
        ending=parts.ending,
        frame=parts.frame,
        style=_STYLE.read_text("utf-8"),
        cells_of_a_piece=CELLS_OF_A_PIECE,
        identifier=hashlib.sha256(manifest.encode()).hexdigest()[:32],
        notes=notes_of(document),
        manifest=manifest,
        target=str(target),
    )


def _render_section(name: str, document: ReportDocument, markup: SectionMarkup) -> RenderSection:
    return RenderSection(
        **asdict(markup),
        cell_count=len(document.columns),
        block=name,
        currency=document.currency,
        has_totals=document.has_totals,
        rows_header=canonical_line([each.machine_header for each in document.columns]).decode(),
        rows_path=str(document.rows.path.absolute()),
    )


def _require_fit(sheet: Sheet) -> None:
    if sheet.fit is None:
        raise _too_wide(sheet.document.title, len(sheet.texts.columns))
    styles = [style_of(column) for column in sheet.texts.columns]
    for number, row in enumerate(sheet.rows, start=1):
        if row_points(sheet.fit, styles, row) > _MAX_ROW_POINTS:
            message = (
                f"row {number} of {sheet.document.title} is higher than a page, for a text of "
                f"{max(map(len, row))} characters: csv or xlsx can hold it"
            )
            raise FormatCannotHold(message)


def _too_wide(title: str, column_count: int) -> FormatCannotHold:
    return FormatCannotHold(
        f"the {column_count} columns of {title} do not fit across an A4 page: show fewer of them, "
        "or take csv or xlsx"
    )
