"""The child process: markup to pages, with nothing to fetch from and nowhere to go.

    python -m reporting_pipeline.exports.pdf.render CPU_SECONDS MEMORY_BYTES JOB...

Memory grows with the rows of a document, so a long table is rendered in pieces that end where a
page ends; `assembly` joins them. Each page's frame (banner, footer, page x of y) is rendered once
the number of pages is known, and laid over them.

What belongs here: WeasyPrint. What does not: what is on the pages (`sheet`).
"""

import gc
import resource
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reporting_pipeline.exports.pdf.assembly import assemble
from reporting_pipeline.exports.pdf.job import Job

_VARIANT = "pdf/ua-1"
_PR_SET_PDEATHSIG = 1


def main(cpu_seconds: str, memory_bytes: str, *jobs: str) -> None:
    """Render each job's document."""
    _end_with_parent()
    resource.setrlimit(resource.RLIMIT_CPU, (int(cpu_seconds), int(cpu_seconds)))
    resource.setrlimit(resource.RLIMIT_AS, (int(memory_bytes), int(memory_bytes)))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # A document is one burst of objects that live until it is written: looking for garbage in
    # between costs a third of the time and finds next to none.
    gc.disable()
    for path in jobs:
        render(Job.read(Path(path)))


def render(job: Job) -> None:
    """Render one document into `job.target`."""
    target = Path(job.target)
    renderer = _Renderer.of(job)
    pieces = list(_pieces(job, renderer))
    page_count = sum(each.page_count for each in pieces)
    frames = renderer.document(f"{job.frame_opening}{job.frame * page_count}</body></html>")
    frames_path = target.with_suffix(".frames")
    frames.write_pdf(frames_path, pdf_identifier=b"frames")
    assemble([each.path for each in pieces], frames_path, job)


@dataclass(frozen=True, slots=True)
class _Piece:
    path: Path
    page_count: int


@dataclass(frozen=True, slots=True)
class _Renderer:
    """WeasyPrint with our fonts, our style sheet and nothing else."""

    fonts: Any
    style: Any
    fetcher: Any
    identifier: bytes

    @classmethod
    def of(cls, job: Job) -> "_Renderer":
        from weasyprint import CSS
        from weasyprint.text.fonts import FontConfiguration

        fonts, fetcher = FontConfiguration(), _nothing_is_fetched()
        style = CSS(string=job.style, font_config=fonts, url_fetcher=fetcher)
        return cls(fonts, style, fetcher, job.identifier.encode())

    def document(self, markup: str) -> Any:
        """Lay out one document."""
        from weasyprint import HTML

        html = HTML(string=markup, url_fetcher=self.fetcher)
        return html.render(font_config=self.fonts, stylesheets=[self.style], pdf_variant=_VARIANT)

    def write(self, document: Any, pages: Sequence[Any], path: Path) -> _Piece:
        """Write some of a document's pages."""
        for page in pages:
            page.anchors.clear()  # nothing leads to a row
        document.copy(pages).write_pdf(
            path, pdf_variant=_VARIANT, pdf_identifier=self.identifier, pdf_tags=True
        )
        return _Piece(path, len(pages))


def _pieces(job: Job, renderer: _Renderer) -> Iterator[_Piece]:
    """Write piece after piece; rows of a page that is not full begin the next piece."""
    begin, number = 0, 0
    while begin < len(job.rows) or number == 0:
        rows = job.rows[begin : begin + job.rows_of_a_piece]
        is_last = begin + len(rows) == len(job.rows)
        opening, closing = job.further if begin else job.first, job.last if is_last else job.closing
        document = renderer.document(f"{opening}{''.join(rows)}{closing}")
        page_count, row_count = len(document.pages), len(rows)
        if not is_last:
            page_count, row_count = _whole_pages(document.pages, begin, row_count)
        path = Path(job.target).with_suffix(f".{number}")
        yield renderer.write(document, document.pages[:page_count], path)
        begin, number = begin + row_count, number + 1
        del document
        gc.collect()


def _whole_pages(pages: Sequence[Any], begin: int, row_count: int) -> tuple[int, int]:
    """How many pages are as they would be if more rows followed, and the rows on them."""
    of_page = [
        {int(name.removeprefix("r")) for name in page.anchors if name.startswith("r")}
        for page in pages
    ]
    for count in range(len(pages) - 1, 0, -1):
        here = of_page[count]
        if here and not here & of_page[count - 1] and min(here) > begin:
            return count, min(here) - begin
    return len(pages), row_count


def _nothing_is_fetched() -> Any:
    from weasyprint.urls import FatalURLFetchingError, URLFetcher

    class NothingIsFetched(URLFetcher):  # type: ignore[misc]
        """Our markup names no address: whatever asks for one did not come from us."""

        def fetch(self, url: str, headers: object = None) -> Any:  # noqa: ARG002
            """Refuse."""
            message = f"a page asked for {url[:200]!r}; pages must ask for nothing"
            raise FatalURLFetchingError(message)

    return NothingIsFetched(allowed_protocols=(), allow_redirects=False, fail_on_errors=True)


def _end_with_parent() -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
