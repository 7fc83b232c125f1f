"""Cases of PDF: reports of one page and of many beside plain WeasyPrint.

Ours is the whole format: layout, markup, pages with frame, assembly and proof. Beside it WeasyPrint
lays out and writes the same markup in a loop, in one warm process, with fonts made small as ours
are.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from statistics import median

from reporting_pipeline.exports.pdf.fonts import fontconfig_text
from reporting_pipeline.exports.pdf.pdf_format import PDF, render_job
from reporting_pipeline.exports.pdf.sheet import lay_out
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline_tests.bench.case import Aim, Case, Measured, Size
from reporting_pipeline_tests.bench.measurement import turns
from reporting_pipeline_tests.exports.documents import column
from reporting_pipeline_tests.exports.pdf.pages import report

_ROUNDS = 3
_PAGE_ROWS = 25
_PAGES = {Size.SMALL: 20, Size.LARGE: 1_000}
_ROWS = {Size.SMALL: 1_000, Size.LARGE: 10_000}
_COLUMNS = (column("day"), column("event"), column("gate"), column("order"), column("note"))
_PLAIN = """
import json
import sys
from weasyprint import CSS, HTML
from reporting_pipeline.exports.pdf.font_subset import subset_fonts_with_our_library
job, target = sys.argv[1:]
markup, style = json.load(open(job))
subset_fonts_with_our_library()
for line in sys.stdin:
    HTML(string=markup).write_pdf(target, stylesheets=[CSS(string=style)], pdf_variant="pdf/ua-1")
    print(flush=True)
"""


def _one_page(size: Size, folder: Path) -> Measured:
    return _compared(folder, rows=_PAGE_ROWS, files=_PAGES[size])


def _many_rows(size: Size, folder: Path) -> Measured:
    return _compared(folder, rows=_ROWS[size], files=1)


def _compared(folder: Path, *, rows: int, files: int) -> Measured:
    document = _document(folder, rows)

    def ours() -> None:
        for _ in range(files):
            PDF.write(document, folder / "ours.pdf")

    with _plain(document, folder) as write:

        def theirs() -> None:
            for _ in range(files):
                write()

        PDF.write(document, folder / "ours.pdf")  # the renderers start
        write()
        measured = turns(ours, theirs, rounds=_ROUNDS)
    milliseconds = 1_000 * median(each.ours.wall_seconds for each in measured) / files
    return Measured(turns=measured, facts={"milliseconds per file": f"{milliseconds:,.0f}"})


def _document(folder: Path, row_count: int) -> ReportDocument:
    return report(folder / "spool", _COLUMNS, _values(row_count))


def _values(row_count: int) -> list[tuple[str, ...]]:
    return [
        (f"2026-05-{1 + n % 28:02}", "Łódź Jazz Ensemble", "Main gate", f"{n:012}", "on time")
        for n in range(row_count)
    ]


@contextmanager
def _plain(document: ReportDocument, folder: Path) -> Iterator[Callable[[], None]]:
    """A process that writes the document by WeasyPrint alone, each time that it is called."""
    job = render_job(document, [lay_out(document)], folder / "plain.pdf")
    fields = asdict(job)
    [section] = fields["sections"]
    table = f"{section['opening']}{section['table']}{''.join(section['rows'])}{section['closing']}"
    markup = f"{job.head}{job.opening}{table}{job.ending}</body></html>"
    path = folder / "plain.json"
    path.write_text(json.dumps([markup, job.style]), encoding="utf-8")
    (folder / "fonts.conf").write_text(fontconfig_text(folder / "cache"), encoding="utf-8")
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", _PLAIN, str(path), job.target],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "FONTCONFIG_FILE": str(folder / "fonts.conf")},  # noqa: TID251
        bufsize=0,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        questions, answers = process.stdin, process.stdout

        def write() -> None:
            questions.write(b"\n")
            answers.readline()

        yield write
        questions.close()


def _by_another(write: Callable[[Path, int], object], size: Size, folder: Path) -> Measured:
    """The same table by another library, warm; it makes no tags, totals or proof."""
    document = _document(folder, _ROWS[size])

    def ours() -> None:
        PDF.write(document, folder / "ours.pdf")

    def theirs() -> None:
        write(folder / "theirs.pdf", _ROWS[size])

    ours()
    theirs()
    return Measured(turns=turns(ours, theirs, rounds=_ROUNDS))


def _reportlab(target: Path, row_count: int) -> None:
    from reportlab.lib.pagesizes import A4
    from reportlab.platypus import LongTable, SimpleDocTemplate

    header = [tuple(each.name for each in _COLUMNS)]
    table = LongTable([*header, *_values(row_count)], repeatRows=1)
    SimpleDocTemplate(str(target), pagesize=A4).build([table])


def _typst(target: Path, row_count: int) -> None:
    import typst

    cells = ", ".join(f"[{value}]" for row in _values(row_count) for value in row)
    columns = len(_COLUMNS)
    source = f'#set page(paper: "a4")\n#table(columns: {columns}, {cells})\n'
    target.with_suffix(".typ").write_text(source, encoding="utf-8")
    typst.compile(str(target.with_suffix(".typ")), output=str(target))


def _others() -> Iterator[Case]:
    """Cases for orientation."""
    for name, write in (("reportlab", _reportlab), ("typst", _typst)):
        yield Case(
            name=f"PDF of many rows, by {name}",
            yardstick=f"{name}: the table alone",
            sizes={size: f"{count:,} rows" for size, count in _ROWS.items()},
            aim=None,
            run=partial(_by_another, write),
        )


CASES = (
    Case(
        name="PDF of one page",
        yardstick="WeasyPrint in a loop in one warm process",
        sizes={size: f"{count} files" for size, count in _PAGES.items()},
        aim=Aim(limit=1.2),
        run=_one_page,
    ),
    Case(
        name="PDF of many rows",
        yardstick="plain WeasyPrint",
        sizes={size: f"{count:,} rows" for size, count in _ROWS.items()},
        aim=Aim(limit=1.0),
        run=_many_rows,
    ),
    *_others(),
)
"""The cases of PDF."""
