"""A report as a PDF file.

What belongs here: what a PDF holds, and the way from a report to its file. What does not: what
stands on the pages (`sheet`), rendering them (`render`).
"""

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from reporting_pipeline.errors import FormatCannotHold
from reporting_pipeline.exports.canonical_rows import canonical_line
from reporting_pipeline.exports.pdf.cells import style_of
from reporting_pipeline.exports.pdf.child import run_child
from reporting_pipeline.exports.pdf.job import Job
from reporting_pipeline.exports.pdf.pango import require_pango
from reporting_pipeline.exports.pdf.sheet import Sheet, lay_out, markups
from reporting_pipeline.exports.pdf.widths import row_points
from reporting_pipeline.exports.report_document import ReportDocument

MAX_ROWS = 2_000
MAX_BYTES = 2_000_000  # of canonical rows
CELLS_OF_A_PIECE = 5_000  # rendered at once; memory grows by 20 KB for each
MAX_ROW_POINTS = 440  # in height; a page has room for 521

_STYLE = Path(__file__).with_name("report.css")


def refuse(document: ReportDocument) -> None:
    """Refuse what a PDF does not hold, and a machine that cannot write one.

    Raises:
        FormatCannotHold: Too many rows, too much text, or more columns than fit across a page.
        EnvironmentNotReady: Pango is not here; the message says how to install it.
    """
    require_pango()
    _fitting(document)


def write(document: ReportDocument, target: Path) -> None:
    """Write the file `target`, whole or not at all; the same document gives the same bytes.

    Raises:
        RenderFailed: The pages could not be made; there is no file.
        FormatCannotHold, EnvironmentNotReady: As `refuse`.
    """
    write_each([(document, target)])


def write_each(files: Sequence[tuple[ReportDocument, Path]]) -> None:
    """Write several files in one child process, which spares a second for each but the first.

    Raises:
        RenderFailed: One could not be made; there is none of them.
        FormatCannotHold, EnvironmentNotReady: As `refuse`, of any of them.
    """
    require_pango()
    sheets = [_fitting(document) for document, _ in files]
    with tempfile.TemporaryDirectory(prefix=".pdf-", dir=files[0][1].parent) as name:
        folder = Path(name).absolute()
        rendered = [folder / f"{number}.pdf" for number in range(len(files))]
        jobs = [path.with_suffix(".json") for path in rendered]
        for sheet, path, job in zip(sheets, rendered, jobs, strict=True):
            _job(sheet, path).write(job)
        run_child(jobs, folder)
        for path, (_, target) in zip(rendered, files, strict=True):
            path.replace(target)


def _job(sheet: Sheet, target: Path) -> Job:
    document = sheet.document
    manifest = document.manifest.within_file().to_json()
    return Job(
        **asdict(markups(sheet)),
        style=_STYLE.read_text("utf-8"),
        rows_of_a_piece=max(CELLS_OF_A_PIECE // len(document.columns), 1),
        identifier=hashlib.sha256(manifest.encode()).hexdigest()[:32],
        currency=document.currency,
        has_totals=document.has_totals,
        manifest=manifest,
        rows_header=canonical_line([each.machine_header for each in document.columns]).decode(),
        rows_path=str(document.rows.path.absolute()),
        target=str(target),
    )


def _fitting(document: ReportDocument) -> Sheet:
    _require_few_rows(document)
    sheet = lay_out(document)
    _require_fitting(sheet)
    return sheet


def _require_few_rows(document: ReportDocument) -> None:
    if document.rows.row_count > MAX_ROWS:
        message = (
            f"a PDF holds up to {MAX_ROWS} rows, {document.title} has {document.rows.row_count}: "
            "csv or xlsx can hold it"
        )
        raise FormatCannotHold(message)
    if document.rows.byte_count > MAX_BYTES:
        message = (
            f"a PDF holds rows of up to {MAX_BYTES} bytes, those of {document.title} have "
            f"{document.rows.byte_count}: csv or xlsx can hold it"
        )
        raise FormatCannotHold(message)


def _require_fitting(sheet: Sheet) -> None:
    if sheet.look is None:
        message = (
            f"the {len(sheet.texts.columns)} columns of {sheet.document.title} do not fit across "
            "an A4 page: show fewer of them, or take csv or xlsx"
        )
        raise FormatCannotHold(message)
    styles = [style_of(column) for column in sheet.texts.columns]
    for number, row in enumerate(sheet.rows, start=1):
        if row_points(sheet.look, styles, row) > MAX_ROW_POINTS:
            message = (
                f"row {number} of {sheet.document.title} is higher than a page, for a text of "
                f"{max(map(len, row))} characters: csv or xlsx can hold it"
            )
            raise FormatCannotHold(message)
