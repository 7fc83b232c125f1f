"""A case of `make bench`: what is measured, beside what, and the figure to reach."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from statistics import median
from typing import Literal

from reporting_pipeline_tests.bench.measurement import Sample, Turn


class Size(StrEnum):
    """The size of the data: `small` takes minutes, `large` is that of the figures to reach."""

    SMALL = "small"
    LARGE = "large"


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """The figure that a case is to reach.

    Attributes:
        limit: The figure.
        is_least: The figure is a lower limit; else it is an upper one.
        unit: `times` is a ratio of ours and the yardstick in the same round: yardstick to ours if
            more is better, ours to yardstick if less is. Any other unit is that of the case's own
            figure.
        by: What the ratio compares.
    """

    limit: float
    is_least: bool = False
    unit: str = "times"
    by: Literal["wall", "cpu"] = "wall"

    def is_reached(self, figure: float) -> bool:
        """True if the figure is at or beyond the limit."""
        return figure >= self.limit if self.is_least else figure <= self.limit

    def ratio(self, turn: Turn) -> float:
        """The ratio of one round."""
        ours, theirs = self._measure(turn.ours), self._measure(turn.theirs)
        return theirs / ours if self.is_least else ours / theirs

    def __str__(self) -> str:
        sign = ">=" if self.is_least else "<="
        return f"{sign} {self.limit:g} {self.unit}{' of CPU' if self.by == 'cpu' else ''}"

    def _measure(self, one: Sample) -> float:
        return one.wall_seconds if self.by == "wall" else one.cpu_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The result of a case.

    Attributes:
        turns: The rounds of ours and the yardstick.
        figures: The case's own figures, where the aim is no ratio; one per round.
        facts: Further figures to show, such as rows per second.
    """

    turns: list[Turn] = field(default_factory=list)
    figures: list[float] = field(default_factory=list)
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case.

    Attributes:
        name: What is measured; `{size}` in it is replaced by the size of its data.
        yardstick: What it is compared with, in the same run.
        sizes: The size of the data in words, by size.
        aim: The figure to reach; None: the case is for orientation.
        bound: What limits the figure, found by a profile; empty if it is reached.
        run: Measures it, in a temporary folder.
    """

    name: str
    yardstick: str
    sizes: Mapping[Size, str]
    aim: Aim | None
    run: Callable[[Size, Path], Measured]
    bound: str = ""

    def figures(self, measured: Measured) -> list[float]:
        """The figure of each round."""
        if measured.figures or self.aim is None:
            return measured.figures
        return [self.aim.ratio(turn) for turn in measured.turns]


def middle(samples: list[Sample]) -> Sample:
    """The median of each measure."""
    return Sample(
        wall_seconds=median(each.wall_seconds for each in samples),
        cpu_seconds=median(each.cpu_seconds for each in samples),
        peak_bytes=int(median(each.peak_bytes for each in samples)),
    )


@contextmanager
def folder() -> Iterator[Path]:
    """A temporary folder that other accounts can read, as the servers run as another user."""
    with tempfile.TemporaryDirectory(prefix="reporting-bench-") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path
