"""`make bench`: compares reports of many rows with plain COPY and openpyxl, as a Markdown table.

Then it compares balances at two lengths of history, the rebuild of a day with its bare SQL, and
PDFs of a page with plain WeasyPrint.

Wall times are only useful on an idle machine; the load before the first case is above the table.
"""

import argparse
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from reporting_pipeline_tests.bench import as_of, pages, rebuild
from reporting_pipeline_tests.bench.cases import CASES, CaseInput
from reporting_pipeline_tests.bench.entries import entries
from reporting_pipeline_tests.bench.measurement import Measurement, machine, measure, say

_ROWS = 10_000_000
_XLSX_ROWS = 2_000_000
# The references: the same rows through the server's own COPY, and through openpyxl.
_FLOOR = "COPY to /dev/null, by the server"
_XLSX, _OPENPYXL = "XLSX", "XLSX by openpyxl, write-only"
_HEAD = (
    "| case | rows | MB | s | rows/s | CPU-s | CPU-s of server | peak MB | times plain COPY |\n"
    "|---|---|---|---|---|---|---|---|---|\n"
)


def main(arguments: Sequence[str]) -> None:
    """Create the rows, run the cases one after the other, print the table."""
    options = _parser().parse_args(arguments)
    names = [name for name in CASES if not options.case or name in options.case]
    say(f"{machine()}, {platform.platform()}\n\n")
    with entries(max(options.rows, options.xlsx_rows)) as address:
        say(_HEAD)
        measured: dict[str, Measurement] = {}
        for name in names:
            rows = options.xlsx_rows if name.startswith(_XLSX) else options.rows
            measured[name] = _measure(name, address, rows)
            say(_line(name, measured))
    say("\n" + "".join(_verdict(measured)))
    if not options.case:
        say("\n")
        as_of.main([])
        say("\n")
        rebuild.main([])
        say("\n")
        pages.main([])


def _measure(name: str, address: str, rows: int) -> Measurement:
    folder = Path(tempfile.mkdtemp(prefix="reporting-bench-"))
    try:
        found = measure(name, CaseInput(address=address, row_count=rows, folder=folder))
    finally:
        shutil.rmtree(folder)
    if found.done.row_count != rows:
        raise RuntimeError(f"{name} wrote {found.done.row_count} of {rows} rows")
    return found


def _line(name: str, measured: dict[str, Measurement]) -> str:
    one = measured[name]
    floor = measured.get(_FLOOR)
    ratio = "" if floor is None else f"{floor.rows_per_second / one.rows_per_second:.2f}"
    return (
        f"| {name} | {one.done.row_count:,} | {one.done.byte_count / 1e6:,.0f} "
        f"| {one.wall_seconds:.1f} | {one.rows_per_second:,.0f} | {one.cpu_seconds:.1f} "
        f"| {one.done.server_cpu_seconds:.1f} | {one.peak_bytes / 1e6:,.0f} | {ratio} |\n"
    )


def _verdict(measured: dict[str, Measurement]) -> Iterator[str]:
    yield (
        "Each case is its own process and reads its rows from PostgreSQL. Rows per second use the "
        "total time, including start and spool. Peak MB is the resident memory of the process and "
        "its children, without the server. MB is the size of the file.\n"
    )
    if _XLSX in measured:
        yield f"The XLSX has {measured[_XLSX].done.sheet_count} sheets.\n"
    if _XLSX in measured and _OPENPYXL in measured:
        ours, theirs = measured[_XLSX], measured[_OPENPYXL]
        yield (
            f"XLSX and openpyxl: {theirs.wall_seconds / ours.wall_seconds:.1f} times as fast, "
            f"{theirs.cpu_seconds / ours.cpu_seconds:.1f} times less CPU.\n"
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=_ROWS, help="rows of all formats except XLSX")
    parser.add_argument("--xlsx-rows", type=int, default=_XLSX_ROWS)
    parser.add_argument("--case", action="append", choices=list(CASES), help="only this case")
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])
