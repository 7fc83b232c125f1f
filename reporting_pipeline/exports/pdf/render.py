"""The program of the child process: turns markup into pages, without network or other files.

    python -m reporting_pipeline.exports.pdf.render CPU_SECONDS MEMORY_BYTES JOB...

Memory grows with the rows of a document, so a long table is rendered in pieces that end where a
page ends; `assembly` joins them. Each page's frame (banner, footer, page x of y) is rendered after
the number of pages is known, and laid over the page.
"""

import gc
import resource
import signal
import sys
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, TypeAlias

from reporting_pipeline.exports.pdf.assembly import assemble
from reporting_pipeline.exports.pdf.render_process import END_OF_TABLE, RenderJob, RenderSection

_VARIANT = "pdf/ua-1"
_PR_SET_PDEATHSIG = 1
_END = "</body></html>"

_Place: TypeAlias = tuple[RenderSection, int]
# A row: its block, and its index there.


def main(cpu_seconds: str, memory_bytes: str, *jobs: str) -> None:
    """Render each job's document."""
    _end_with_parent()
    resource.setrlimit(resource.RLIMIT_CPU, (int(cpu_seconds), int(cpu_seconds)))
    resource.setrlimit(resource.RLIMIT_AS, (int(memory_bytes), int(memory_bytes)))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The objects of a document live until it is written: searching for garbage in between takes a
    # third of the time and finds almost none.
    gc.disable()
    for path in jobs:
        render(RenderJob.read(Path(path)))


def render(job: RenderJob) -> None:
    """Render one document into `job.target`."""
    target = Path(job.target)
    renderer = _Renderer.of(job)
    pieces = list(_pieces(job, target, renderer))
    page_count = sum(each.page_count for each in pieces)
    frames = renderer.document(f"{job.head}{job.frame * page_count}{_END}")
    frames_path = target.with_suffix(".frames")
    frames.write_pdf(frames_path, pdf_identifier=b"frames")
    assemble([each.path for each in pieces], frames_path, job)


@dataclass(frozen=True, slots=True)
class _Piece:
    path: Path
    page_count: int


@dataclass(frozen=True, slots=True)
class _Renderer:
    """WeasyPrint with our fonts and style sheet, and nothing else."""

    fonts: Any
    style: Any
    fetcher: Any
    identifier: bytes

    @classmethod
    def of(cls, job: RenderJob) -> "_Renderer":
        from weasyprint import CSS
        from weasyprint.text.fonts import FontConfiguration

        _subset_fonts_with_fonttools()
        fonts, fetcher = FontConfiguration(), _refusing_fetcher()
        style = CSS(string=job.style, font_config=fonts, url_fetcher=fetcher)
        return cls(fonts, style, fetcher, job.identifier.encode())

    def document(self, markup: str) -> Any:
        """Lay out one document."""
        from weasyprint import HTML

        html = HTML(string=markup, url_fetcher=self.fetcher)
        return html.render(font_config=self.fonts, stylesheets=[self.style], pdf_variant=_VARIANT)

    def write(self, document: Any, pages: Sequence[Any], path: Path) -> _Piece:
        """Write some pages of a document."""
        for page in pages:
            page.anchors.clear()  # no link leads to a row
        document.copy(pages).write_pdf(
            path, pdf_variant=_VARIANT, pdf_identifier=self.identifier, pdf_tags=True
        )
        return _Piece(path, len(pages))


def _pieces(job: RenderJob, target: Path, renderer: _Renderer) -> Iterator[_Piece]:
    """Write piece after piece; the rows of a page that is not full begin the next piece."""
    places = [(section, row) for section in job.sections for row in range(len(section.rows))]
    begin, number = 0, 0
    while begin < len(places):
        rows = _rows_of_a_piece(job, places[begin:])
        is_last = begin + len(rows) == len(places)
        opening, ending = "" if begin else job.opening, job.ending if is_last else ""
        document = renderer.document(f"{job.head}{opening}{_tables(rows)}{ending}{_END}")
        page_count, row_count = len(document.pages), len(rows)
        if not is_last:
            firsts = {begin + index for index, (_, row) in enumerate(rows) if row == 0}
            page_count, row_count = _whole_pages(document.pages, begin, row_count, firsts)
        path = target.with_suffix(f".{number}")
        yield renderer.write(document, document.pages[:page_count], path)
        begin, number = begin + row_count, number + 1
        del document
        gc.collect()


def _rows_of_a_piece(job: RenderJob, places: Sequence[_Place]) -> Sequence[_Place]:
    """The first places, up to the number of cells of a piece; at least one."""
    cell_count = 0
    for index, (section, _) in enumerate(places):
        cell_count += section.cell_count
        if index and cell_count > job.cells_of_a_piece:
            return places[:index]
    return places


def _tables(rows: Sequence[_Place]) -> str:
    """The markup of rows, in the tables of their blocks."""
    parts = []
    for section, group in groupby(rows, key=lambda place: place[0]):
        numbers = [row for _, row in group]
        parts += [section.opening if numbers[0] == 0 else "", section.table]
        parts += section.rows[numbers[0] : numbers[-1] + 1]
        parts.append(section.closing if numbers[-1] == len(section.rows) - 1 else END_OF_TABLE)
    return "".join(parts)


def _whole_pages(
    pages: Sequence[Any], begin: int, row_count: int, firsts: Set[int]
) -> tuple[int, int]:
    """The number of pages that would stay the same if more rows followed, and of rows on them.

    A block that begins on the last of them is not cut off its heading: `firsts` are the first rows
    of blocks.
    """
    rows_of_pages = [
        {int(name.removeprefix("r")) for name in page.anchors if name.startswith("r")}
        for page in pages
    ]
    for count in range(len(pages) - 1, 0, -1):
        rows = rows_of_pages[count]
        is_new = rows and not rows & rows_of_pages[count - 1] and min(rows) > begin
        if is_new and min(rows) not in firsts:
            return count, min(rows) - begin
    return len(pages), row_count


def _subset_fonts_with_fonttools() -> None:
    """Subset fonts with fontTools, which the lock file fixes, on every machine.

    WeasyPrint prefers HarfBuzz's library for it where that is installed: the bytes of a file would
    depend on the machine's programs.
    """
    from weasyprint.logger import LOGGER
    from weasyprint.pdf import fonts

    fonts.harfbuzz_subset = None
    LOGGER.addFilter(lambda record: "Using fontTools" not in str(record.msg))


def _refusing_fetcher() -> Any:
    from weasyprint.urls import FatalURLFetchingError, URLFetcher

    class RefusingFetcher(URLFetcher):  # type: ignore[misc]
        """Refuses every address: our markup has none, so it comes from somebody else."""

        def fetch(self, url: str, headers: object = None) -> Any:  # noqa: ARG002
            """Refuse."""
            message = f"a page asked for {url[:200]!r}; pages must ask for nothing"
            raise FatalURLFetchingError(message)

    return RefusingFetcher(allowed_protocols=(), allow_redirects=False, fail_on_errors=True)


def _end_with_parent() -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main(*sys.argv[1:])
