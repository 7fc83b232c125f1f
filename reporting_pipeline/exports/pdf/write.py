"""A report as a PDF file.

What belongs here: what a PDF holds, and the way from a report to its file. What does not: what
stands on the pages (`sheet`), rendering them (`render`).
"""

import hashlib
import tempfile
from dataclasses import asdict
from pathlib import Path

from reporting_pipeline.errors import FormatCannotHold
from reporting_pipeline.exports.canonical import canonical_line
from reporting_pipeline.exports.pdf.cells import style_of
from reporting_pipeline.exports.pdf.child import run_child
from reporting_pipeline.exports.pdf.job import Job
from reporting_pipeline.exports.pdf.pango import require_pango
from reporting_pipeline.exports.pdf.sheet import Sheet, lay_out, markups
from reporting_pipeline.exports.pdf.widths import row_points
from reporting_pipeline.exports.report_document import ReportDocument

MAX_ROWS = 2_000
MAX_BYTES = 2_000_000  # of canonical rows
MAX_ROW_POINTS = 440  # in height; a page has room for 521

_STYLE = Path(__file__).with_name("report.css")


def refuse(document: ReportDocument) -> None:
    """Refuse what a PDF does not hold, and a machine that cannot write one.

    Raises:
        FormatCannotHold: Too many rows, too much text, or more columns than fit across a page.
        EnvironmentNotReady: Pango is not here; the message says how to install it.
    """
    _require_few_rows(document)
    _require_fitting(lay_out(document))
    require_pango()


def write(document: ReportDocument, target: Path) -> None:
    """Write the file `target`, whole or not at all; the same document gives the same bytes.

    Raises:
        RenderFailed: The pages could not be made; there is no file.
        FormatCannotHold, EnvironmentNotReady: As `refuse`.
    """
    _require_few_rows(document)
    sheet = lay_out(document)
    _require_fitting(sheet)
    require_pango()
    with tempfile.TemporaryDirectory(prefix=".pdf-", dir=target.parent) as name:
        folder = Path(name).absolute()
        file, job = folder / "report.pdf", folder / "job.json"
        _job(sheet, file).write(job)
        run_child([job], folder, document.manifest.period.end)
        file.replace(target)


def _job(sheet: Sheet, target: Path) -> Job:
    document = sheet.document
    manifest = document.manifest.within_file().to_json()
    return Job(
        **asdict(markups(sheet)),
        style=_STYLE.read_text("utf-8"),
        columns=len(document.columns),
        identifier=hashlib.sha256(manifest.encode()).hexdigest()[:32],
        currency=document.currency,
        manifest=manifest,
        rows_header=canonical_line([each.machine_header for each in document.columns]).decode(),
        rows_path=str(document.rows.path.absolute()),
        target=str(target),
    )


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
