"""`make bench`: reports of many rows beside bare COPY and openpyxl, as a table in Markdown.

Wall times count on a quiet machine only; the load before the first case stands above the table.
"""

import argparse
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from reporting_pipeline_tests.bench.cases import CASES, Given
from reporting_pipeline_tests.bench.entries import entries
from reporting_pipeline_tests.bench.measured import Measured, measure

_ROWS = 10_000_000
_XLSX_ROWS = 2_000_000
# What the others are compared with: the same rows through the server's own COPY, and openpyxl.
_FLOOR = "COPY to /dev/null, by the server"
_XLSX, _OPENPYXL = "XLSX", "XLSX by openpyxl, write-only"
_HEAD = (
    "| case | rows | MB | s | rows/s | CPU-s | CPU-s of server | peak MB | times bare COPY |\n"
    "|---|---|---|---|---|---|---|---|---|\n"
)


def main(arguments: Sequence[str]) -> None:
    """Make the rows, run the cases one after the other, print the table."""
    asked = _parser().parse_args(arguments)
    names = [name for name in CASES if not asked.case or name in asked.case]
    _say(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.2f} before, {platform.platform()}\n\n")
    with entries(max(asked.rows, asked.xlsx_rows)) as address:
        _say(_HEAD)
        measured: dict[str, Measured] = {}
        for name in names:
            rows = asked.xlsx_rows if name.startswith(_XLSX) else asked.rows
            measured[name] = _measure(name, address, rows)
            _say(_line(name, measured))
    _say("\n" + "".join(_verdict(measured)))


def _measure(name: str, address: str, rows: int) -> Measured:
    folder = Path(tempfile.mkdtemp(prefix="reporting-bench-"))
    try:
        found = measure(name, Given(address=address, row_count=rows, folder=folder))
    finally:
        shutil.rmtree(folder)
    if found.done.row_count != rows:
        raise RuntimeError(f"{name} wrote {found.done.row_count} of {rows} rows")
    return found


def _line(name: str, measured: dict[str, Measured]) -> str:
    one = measured[name]
    floor = measured.get(_FLOOR)
    ratio = "" if floor is None else f"{floor.rows_per_second / one.rows_per_second:.2f}"
    return (
        f"| {name} | {one.done.row_count:,} | {one.done.byte_count / 1e6:,.0f} "
        f"| {one.wall_seconds:.1f} | {one.rows_per_second:,.0f} | {one.cpu_seconds:.1f} "
        f"| {one.done.server_cpu_seconds:.1f} | {one.peak_bytes / 1e6:,.0f} | {ratio} |\n"
    )


def _verdict(measured: dict[str, Measured]) -> Iterator[str]:
    yield (
        "Each case is a process of its own and reads its rows from PostgreSQL. Rows per second "
        "count all of its time, start and spool too. Peak MB is the resident memory of the process "
        "and all below it, less the server. MB is the file.\n"
    )
    if _XLSX in measured:
        yield f"The XLSX has {measured[_XLSX].done.sheet_count} sheets.\n"
    if _XLSX in measured and _OPENPYXL in measured:
        ours, theirs = measured[_XLSX], measured[_OPENPYXL]
        yield (
            f"XLSX beside openpyxl: {theirs.wall_seconds / ours.wall_seconds:.1f} times as fast, "
            f"{theirs.cpu_seconds / ours.cpu_seconds:.1f} times less CPU.\n"
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=_ROWS, help="of all but XLSX")
    parser.add_argument("--xlsx-rows", type=int, default=_XLSX_ROWS)
    parser.add_argument("--case", action="append", choices=list(CASES), help="only this one")
    return parser


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
