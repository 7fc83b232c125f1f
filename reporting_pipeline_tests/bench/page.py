"""Writes docs/performance.md: the machine, a table of the cases, and what limits them."""

import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from statistics import median

from reporting_pipeline_tests.bench.case import Case, Measured, Size, middle
from reporting_pipeline_tests.bench.measurement import Sample

BUSY = 1.0
"""A load above this makes wall times too long."""

_OURS, _THEIRS = attrgetter("ours"), attrgetter("theirs")
_HEAD = """# Performance

`make bench` measures each case beside a yardstick, in the same run and in turns, and writes this
page; `SIZE=large` has the sizes that the figures to reach are meant for. The figures depend on the
machine, the ratios hardly.

"""
_COLUMNS = (
    "| case | data | beside | s | CPU-s | peak MB | s | CPU-s | figure | to reach | reached |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|\n"
)
_READING = """
`s`, `CPU-s` and `peak MB` are the medians of ours, then of the yardstick. CPU seconds are those of
the whole process tree, servers included; peak memory is that of the tree without the servers, with
the process that measures. The figure is the median of the rounds, with the least and the largest
one: a ratio of the yardstick to ours where more is better, of ours to the yardstick where less is,
of wall time unless it says CPU.

"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The result of a case."""

    case: Case
    measured: Measured

    @property
    def figure(self) -> str:
        """The median of the rounds, and their spread."""
        figures = self.case.figures(self.measured)
        if not figures:
            return ""
        spread = f" ({min(figures):.2f} to {max(figures):.2f})" if len(figures) > 1 else ""
        return f"{median(figures):.2f}{spread}"

    @property
    def is_reached(self) -> bool | None:
        """True if the figure is reached; None if there is none to reach."""
        figures = self.case.figures(self.measured)
        if self.case.aim is None or not figures:
            return None
        return self.case.aim.is_reached(median(figures))


def result_line(result: Result) -> str:
    """A line of the table as text, for the terminal."""
    if result.is_reached is None:
        turns = result.measured.turns
        ours, theirs = (middle([side(turn) for turn in turns]) for side in (_OURS, _THEIRS))
        return (
            f"{result.case.name}: {ours.cpu_seconds:.2f} CPU-s, for orientation; "
            f"{result.case.yardstick}: {theirs.cpu_seconds:.2f}\n"
        )
    verdict = "reached" if result.is_reached else "NOT reached"
    aim = "" if result.case.aim is None else f" (to reach: {result.case.aim})"
    return f"{result.case.name}: {result.figure}{aim} {verdict}\n"


def page(results: Sequence[Result], size: Size, before: float) -> str:
    """The page; `before` is the load of the machine before the first case."""
    rows = "".join(_row(result, size) for result in results)
    return "".join(
        [
            _HEAD,
            _machine(size, before),
            _COLUMNS,
            rows,
            _READING,
            _facts(results),
            *_short(results),
        ]
    )


def _machine(size: Size, before: float) -> str:
    busy = " **It was busy: wall times are too long.**" if before > BUSY else ""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"Measured on {datetime.now(UTC):%Y-%m-%d}, size {size}: {os.cpu_count()} cores, "
        f"{memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}; "
        f"load before {before:.2f}.{busy}\n\n"
    )


def _row(result: Result, size: Size) -> str:
    case, turns = result.case, result.measured.turns
    ours = _shown(middle([turn.ours for turn in turns]), with_peak=True) if turns else "| | | "
    theirs = _shown(middle([turn.theirs for turn in turns]), with_peak=False) if turns else "| | "
    reached = {True: "yes", False: "**no**", None: ""}[result.is_reached]
    return (
        f"| {case.name} | {case.sizes[size]} | {case.yardstick} {ours}{theirs}"
        f"| {result.figure} | {case.aim or ''} | {reached} |\n"
    )


def _shown(one: Sample, *, with_peak: bool) -> str:
    peak = f"| {one.peak_bytes / 1e6:,.0f} " if with_peak else ""
    return f"| {one.wall_seconds:,.2f} | {one.cpu_seconds:,.2f} {peak}"


def _facts(results: Sequence[Result]) -> str:
    lines = [
        f"- {result.case.name}: "
        + "; ".join(f"{name} {fact}" for name, fact in facts.items())
        + "\n"
        for result in results
        if (facts := result.measured.facts)
    ]
    return "## Beside the table\n\n" + "".join(lines)


def _short(results: Sequence[Result]) -> Iterator[str]:
    short = [result for result in results if result.is_reached is False]
    if not short:
        return
    yield "\n## What falls short, and what bounds it\n\n"
    for result in short:
        case = result.case
        yield f"- **{case.name}**: {result.figure}, to reach {case.aim}: {case.bound}.\n"
