"""Joining rendered pieces into the one file: pages, frames, tags, attachments, the proof of pages.

What belongs here: pikepdf on finished pages, and the attachments' names and shape. What does not:
rendering (`render`), and comparing a file with what is attached to it (`read`).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from reporting_pipeline.exports.pdf.job import Job
from reporting_pipeline.exports.pdf.page_digests import PageDigests
from reporting_pipeline.exports.pdf.page_fonts import name_digits, tell_fonts_apart
from reporting_pipeline.exports.pdf.tags import append_tags, list_header_cells

MANIFEST_ATTACHMENT = "manifest.json"
ROWS_ATTACHMENT = "rows.csv"
PAGES_ATTACHMENT = "pages.json"


class WrittenPages(BaseModel):
    """The attachment `pages.json`: what a reader needs to compare the pages.

    Attributes:
        currency: Name of the column with the currency of a row's money; None: no money.
        has_totals: Whether totals stand below the rows.
        digests: Of each page, in order (`page_digests`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    currency: str | None
    has_totals: bool
    digests: tuple[str, ...]


def assemble(pieces: Sequence[Path], frames: Path, job: Job) -> None:
    """Write `job.target` from its pieces; the same pieces give the same bytes."""
    import pikepdf

    with pikepdf.open(pieces[0]) as pdf:
        for path in pieces[1:]:
            with pikepdf.open(path) as piece:
                before = len(pdf.pages)
                pdf.pages.extend(piece.pages)
                append_tags(pdf, piece, before)
        with pikepdf.open(frames) as frame:
            for page, over in zip(pdf.pages, frame.pages, strict=True):
                _lay_over(pdf, page, over)
        list_header_cells(pdf)
        name_digits(pdf)
        tell_fonts_apart(pdf)
        _attach(pdf, job)
        pdf.save(
            job.target,
            deterministic_id=True,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
        )


def _lay_over(pdf: Any, page: Any, over: Any) -> None:
    """Draw a frame over a page, as what a screen reader leaves out."""
    import pikepdf

    form = pdf.copy_foreign(over.as_form_xobject())
    # The pages of a piece share their resources; this page's frame is its own.
    resources = pikepdf.Dictionary(dict(page.Resources.items()))
    drawn = dict(resources.get("/XObject", pikepdf.Dictionary()).items())
    resources["/XObject"] = pikepdf.Dictionary(drawn | {"/Frame": form})
    page.obj.Resources = resources
    page.contents_add(b"q", prepend=True)
    page.contents_add(b"Q\n/Artifact BMC\nq /Frame Do Q\nEMC")
    page.contents_coalesce()


def _attach(pdf: Any, job: Job) -> None:
    digests = PageDigests()
    pages = WrittenPages(
        currency=job.currency,
        has_totals=job.has_totals,
        digests=tuple(digests.of(page) for page in pdf.pages),
    )
    rows = job.rows_header.encode() + Path(job.rows_path).read_bytes()
    attachments = (
        (MANIFEST_ATTACHMENT, job.manifest.encode(), "application/json", "What this report is"),
        (ROWS_ATTACHMENT, rows, "text/csv", "The rows of this report"),
        (
            PAGES_ATTACHMENT,
            (pages.model_dump_json(indent=2) + "\n").encode(),
            "application/json",
            "Digests of the pages",
        ),
    )
    import pikepdf

    associated = pikepdf.Array()
    for name, data, kind, description in attachments:
        specification = pikepdf.AttachedFileSpec(
            pdf,
            data,
            filename=name,
            description=description,
            mime_type=kind,
            relationship=pikepdf.Name.Data,  # type: ignore[call-arg]
        )
        pdf.attachments[name] = specification
        associated.append(specification.obj)
    pdf.Root.AF = associated
