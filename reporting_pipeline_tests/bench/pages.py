"""`python -m reporting_pipeline_tests.bench.pages`: writes PDFs of one page beside WeasyPrint.

Ours is the whole format: layout, markup, pages with frame, assembly and proof. Beside it WeasyPrint
lays out and writes the same markup in a loop, in one warm process, with fonts made small as ours
are. They take turns, because load varies.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from reporting_pipeline.exports.pdf.fonts import fontconfig_text
from reporting_pipeline.exports.pdf.pdf_format import PDF, render_job
from reporting_pipeline.exports.pdf.sheet import lay_out
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline_tests.bench.measurement import machine, say
from reporting_pipeline_tests.exports.documents import column
from reporting_pipeline_tests.exports.pdf.pages import report

_ROUNDS = 5
_ROW_COUNT = 25
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


def main(arguments: Sequence[str]) -> int:
    """Print a line for each way to write the pages."""
    options = _parser().parse_args(arguments)
    say(f"{machine()}\n\n")
    with tempfile.TemporaryDirectory(prefix="reporting-bench-") as name:
        folder = Path(name)
        document = _document(folder)
        with _plain(document, folder) as plain:
            ours, theirs = _least(
                [lambda: PDF.write(document, folder / "ours.pdf"), plain], options.pages
            )
    say("| PDF of one page, warm | ms | times WeasyPrint |\n|---|---|---|\n")
    say(f"| ours | {1_000 * ours:.0f} | {ours / theirs:.2f} |\n")
    say(f"| WeasyPrint in a loop | {1_000 * theirs:.0f} | 1.00 |\n")
    return 0


def _document(folder: Path) -> ReportDocument:
    rows = [
        (f"2026-05-{day:02}", "Łódź Jazz Ensemble", "Main gate", f"{day:012}", "on time")
        for day in range(1, _ROW_COUNT + 1)
    ]
    return report(folder / "spool", _COLUMNS, rows)


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


def _least(ways: Sequence[Callable[[], None]], page_count: int) -> list[float]:
    """The least seconds of a page by each way, taking turns, after one page that is not counted."""
    for write in ways:
        write()
    least = [float("inf")] * len(ways)
    for _ in range(_ROUNDS):
        for place, write in enumerate(ways):
            began = time.perf_counter()
            for _ in range(page_count):
                write()
            least[place] = min(least[place], (time.perf_counter() - began) / page_count)
    return least


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=20, help="of each way and round")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
