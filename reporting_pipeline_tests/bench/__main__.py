"""`make bench`: measures each case beside its yardstick, and writes docs/performance.md.

Each group of cases runs in a process of its own. `SIZE=large` has the sizes that the figures to
reach are meant for; it takes hours, 24 GB of memory and 60 GB of disk.
"""

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType

from reporting_pipeline_tests.architecture.repository import ROOT
from reporting_pipeline_tests.bench import as_of
from reporting_pipeline_tests.bench.case import Case, Measured, Size, folder
from reporting_pipeline_tests.bench.measurement import Sample, Turn, load, say
from reporting_pipeline_tests.bench.page import BUSY, Result, page, result_line

PAGE = ROOT / "docs" / "performance.md"
_GROUPS = MappingProxyType(
    {
        "landing": "landing",
        "building": "building",
        "formats": "formats",
        "pdf": "pages",
        "night": "nightly",
        "dagster": "dagster_costs",
        "click": "ui_click",
        "tenancy": "tenancy",
        "api": "api_serving",
    }
)


def main(arguments: Sequence[str]) -> int:
    """Measure the chosen groups; write the page if all were measured."""
    options = _parser().parse_args(arguments)
    size = Size(options.size)
    if options.into:
        _measure_group(options.group[0], size, Path(options.into), options.case)
        return 0
    before = load()  # later the load is that of the cases
    if before > BUSY:
        say(f"The machine is busy (load {before:.2f}): wall times are too long.\n")
    results: list[Result] = []
    for group in options.group or _GROUPS:
        for result in _results(group, size, options.case):
            say(result_line(result))
            results.append(result)
    if not options.group and not options.case:
        PAGE.write_text(page(results, size, before), encoding="utf-8")
        say(f"\n{PAGE.relative_to(ROOT)} is written\n\n")
        as_of.main([])
    return 0


def _results(group: str, size: Size, chosen: str) -> Iterator[Result]:
    """Run a group as a process of its own."""
    if not any(chosen in case.name for case in _cases(group)):
        return
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        argv = [sys.executable, "-m", str(__package__), "--size", size, "--group", group]
        subprocess.run([*argv, "--into", file.name, "--case", chosen], check=True)  # noqa: S603 - our own program
        cases = {case.name: case for case in _cases(group)}
        for line in Path(file.name).read_text(encoding="utf-8").splitlines():
            received = json.loads(line)
            yield Result(case=cases[received["name"]], measured=_measured(received["measured"]))


def _measure_group(group: str, size: Size, into: Path, chosen: str) -> None:
    with into.open("a", encoding="utf-8") as file:
        for case in (each for each in _cases(group) if chosen in each.name):
            with folder() as place:
                measured = case.run(size, place)
            received = {"name": case.name, "measured": asdict(measured)}
            file.write(json.dumps(received) + "\n")


def _cases(group: str) -> Sequence[Case]:
    module = importlib.import_module(f"{__package__}.{_GROUPS[group]}")
    cases: Sequence[Case] = module.CASES
    return cases


def _measured(received: dict[str, list[dict[str, dict[str, float]]]]) -> Measured:
    turns = [
        Turn(ours=Sample(**turn["ours"]), theirs=Sample(**turn["theirs"]))  # type: ignore[arg-type]
        for turn in received["turns"]
    ]
    return Measured(turns=turns, figures=received["figures"], facts=received["facts"])  # type: ignore[arg-type]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--size", choices=list(Size), default=Size.SMALL)
    parser.add_argument("--group", action="append", choices=list(_GROUPS), help="only these cases")
    parser.add_argument("--case", default="", help="only cases with this text in their name")
    parser.add_argument("--into", help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
