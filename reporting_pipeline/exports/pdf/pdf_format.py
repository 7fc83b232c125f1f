"""The PDF format: pages to read and sign, with the rows that they show attached to the file."""

from collections.abc import Iterator
from pathlib import Path

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.exports.canonical_rows import CanonicalRow
from reporting_pipeline.exports.format import Format, ProblemSink, ignore_problem
from reporting_pipeline.exports.manifest import Manifest
from reporting_pipeline.exports.pdf import read, write
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline.report_definitions.definition import ReportFormat


class PdfFormat(Format):
    """PDF, for reports of up to `max_rows` rows."""

    name = ReportFormat.PDF
    title = "PDF"
    media_type = "application/pdf"
    first_bytes = b"%PDF"
    embeds_manifest = True
    formats_values = True
    max_rows = write.MAX_ROWS

    def refuse(self, document: ReportDocument) -> None:
        """See `Format.refuse`."""
        write.refuse(document)

    def write(self, document: ReportDocument, target: Path) -> None:
        """See `Format.write`."""
        write.write(document, target)

    def read(
        self, path: Path, manifest: Manifest, report_problem: ProblemSink = ignore_problem
    ) -> Iterator[CanonicalRow]:
        """See `Format.read`: the attached rows; what is wrong on the pages is a problem."""
        try:
            problems = read.page_problems(path, manifest)
        except FileUnreadable as error:  # the rows may still be readable
            problems = [error.message]
        for problem in problems:
            report_problem(problem)
        yield from read.canonical_rows(path, manifest)

    def embedded_manifest(self, path: Path) -> Manifest:
        """See `Format.embedded_manifest`: an attachment holds it."""
        return read.embedded_manifest(path)


PDF = PdfFormat()
