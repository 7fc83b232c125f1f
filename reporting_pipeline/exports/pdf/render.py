"""The program of a renderer: turns markup into pages, without network or other files.

    python -m reporting_pipeline.exports.pdf.render IDLE_SECONDS MAX_DOCUMENTS

It reads a line of JSON for each document, and answers with an empty line. It ends with the process
that started it.

Memory grows with the rows of a document, so a long table is rendered in pieces that end where a
page ends; `assembly` joins them. Each page's frame (banner, footer, page x of y) is rendered after
the number of pages is known, and laid over the page.
"""

import gc
import json
import os
import queue
import resource
import signal
import sys
import threading
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any, TypeAlias

from reporting_pipeline.exports.pdf.assembly import assemble
from reporting_pipeline.exports.pdf.font_subset import subset_fonts_with_our_library
from reporting_pipeline.exports.pdf.render_job import END_OF_TABLE, RenderJob, RenderSection

_VARIANT = "pdf/ua-1"
_END = "</body></html>"

_Place: TypeAlias = tuple[RenderSection, int]
# A row: its block, and its index there.


def main(idle_seconds: str, max_documents: str) -> None:
    """Render each document that is asked for, until there is none for a while."""
    # Only the parent ends this process: Ctrl-C reaches it too, while a report is being finished.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The objects of a document live until it is written: searching for garbage in between takes a
    # third of the time and finds almost none.
    gc.disable()
    asked: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read_questions, args=(asked,), daemon=True).start()
    for _ in range(int(max_documents)):
        try:
            question = json.loads(asked.get(timeout=float(idle_seconds)))
        except queue.Empty:
            break
        _limit(question["cpu_seconds"], question["memory_bytes"])
        piece_count = render(RenderJob.read(Path(question["job"])))
        os.write(sys.stdout.fileno(), b"\n")
        if piece_count > 1:
            break  # a long document leaves much memory behind
        gc.collect()
        gc.freeze()


def _read_questions(asked: "queue.SimpleQueue[bytes]") -> None:
    """Pass the questions on; end this process, also while it renders, with the one that asks."""
    # Without a buffer, whose lock the end of Python would wait for.
    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as questions:
        for line in questions:
            asked.put(line)
    os._exit(0)


def _limit(cpu_seconds: int, memory_bytes: int) -> None:
    """Limit the next document; what the former ones have used does not count."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + cpu_seconds
    for limit, value in ((resource.RLIMIT_CPU, seconds), (resource.RLIMIT_AS, memory_bytes)):
        _, hard = resource.getrlimit(limit)
        resource.setrlimit(limit, (value, hard))


def render(job: RenderJob) -> int:
    """Render one document into `job.target`, and return the number of its pieces."""
    target = Path(job.target)
    renderer = _Renderer.of(job.style)
    pieces = list(_pieces(job, target, renderer))
    page_count = sum(each.page_count for each in pieces)
    frames = renderer.document(f"{job.head}{job.frame * page_count}{_END}")
    frames_path = target.with_suffix(".frames")
    frames.write_pdf(frames_path, pdf_identifier=b"frames")
    assemble([each.path for each in pieces], frames_path, job)
    return len(pieces)


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

    @classmethod
    @lru_cache(1)
    def of(cls, style_sheet: str) -> "_Renderer":
        from weasyprint import CSS
        from weasyprint.text.fonts import FontConfiguration

        subset_fonts_with_our_library()
        fonts, fetcher = FontConfiguration(), _refusing_fetcher()
        style = CSS(string=style_sheet, font_config=fonts, url_fetcher=fetcher)
        return cls(fonts, style, fetcher)

    def document(self, markup: str) -> Any:
        """Lay out one document."""
        from weasyprint import HTML

        html = HTML(string=markup, url_fetcher=self.fetcher)
        return html.render(font_config=self.fonts, stylesheets=[self.style], pdf_variant=_VARIANT)

    def write(self, document: Any, pages: Sequence[Any], path: Path, identifier: str) -> _Piece:
        """Write some pages of a document."""
        for page in pages:
            page.anchors.clear()  # no link leads to a row
        document.copy(pages).write_pdf(
            path, pdf_variant=_VARIANT, pdf_identifier=identifier.encode(), pdf_tags=True
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
        yield renderer.write(document, document.pages[:page_count], path, job.identifier)
        begin, number = begin + row_count, number + 1
        del document
        if not is_last:
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


def _refusing_fetcher() -> Any:
    from weasyprint.urls import FatalURLFetchingError, URLFetcher

    class RefusingFetcher(URLFetcher):  # type: ignore[misc]
        """Refuses every address: our markup has none, so it comes from somebody else."""

        def fetch(self, url: str, headers: object = None) -> Any:  # noqa: ARG002
            """Refuse."""
            message = f"a page asked for {url[:200]!r}; pages must ask for nothing"
            raise FatalURLFetchingError(message)

    return RefusingFetcher(allowed_protocols=(), allow_redirects=False, fail_on_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
