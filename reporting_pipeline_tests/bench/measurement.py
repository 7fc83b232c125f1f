"""Measures work by its wall time, and by the CPU time and memory of the whole process tree.

The tree begins at this process. A server that a case starts is part of it: its CPU time counts, its
memory does not.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_SAMPLE_SECONDS = 0.05
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_SERVERS = {"postgres", "valkey-server"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The cost of one piece of work.

    Attributes:
        cpu_seconds: User and system time of the process tree, servers included.
        peak_bytes: Largest resident memory of the tree without the servers, sampled 20 times a
            second.
    """

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One round: ours, and right after or before it the yardstick."""

    ours: Sample
    theirs: Sample


def sample(work: Callable[[], object]) -> Sample:
    """Do the work once and measure it."""
    began, spent = time.perf_counter(), _cpu_seconds()
    with _peak() as peak:
        work()
        wall = time.perf_counter() - began
    return Sample(wall_seconds=wall, cpu_seconds=_cpu_seconds() - spent, peak_bytes=max(peak))


def turns(ours: Callable[[], object], theirs: Callable[[], object], *, rounds: int) -> list[Turn]:
    """Do both in each round; who begins changes, because the load of a machine does."""
    measured: list[Turn] = []
    for number in range(rounds):
        if number % 2:
            yardstick = sample(theirs)
            measured.append(Turn(ours=sample(ours), theirs=yardstick))
        else:
            own = sample(ours)
            measured.append(Turn(ours=own, theirs=sample(theirs)))
    return measured


def say(text: str) -> None:
    """Print a text at once."""
    sys.stdout.write(text)
    sys.stdout.flush()


def load() -> float:
    """The load of the machine over the last minute."""
    return os.getloadavg()[0]


def machine() -> str:
    """The machine and its load: 2 cores, load 0.78 before."""
    return f"{os.cpu_count()} cores, load {load():.2f} before"


@contextmanager
def _peak() -> Iterator[list[int]]:
    """Sample the memory of the tree until the end of the block; yields the samples."""
    ended, sampled = threading.Event(), [_resident()]

    def watch() -> None:
        while not ended.wait(_SAMPLE_SECONDS):
            sampled.append(_resident())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield sampled
    finally:
        ended.set()
        watcher.join()


def _cpu_seconds() -> float:
    # A process counts its ended children when it has waited for them.
    ticks = 0
    for pid in _tree(without=frozenset()):
        fields = _stat(pid)
        ticks += sum(map(int, fields[11:15])) if fields else 0
    return ticks / _TICKS_PER_SECOND


def _resident() -> int:
    return sum(_resident_pages(pid) for pid in _tree(without=_SERVERS)) * _PAGE_BYTES


def _tree(*, without: frozenset[str] | set[str]) -> list[int]:
    """The ids of this process and all below it, except programs of these names."""
    children, pending, found = _children(without), [os.getpid()], []
    while pending:
        pid = pending.pop()
        found.append(pid)
        pending += children.get(pid, [])
    return found


def _children(without: frozenset[str] | set[str]) -> Mapping[int, list[int]]:
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        pid = int(path.parent.name)
        try:
            name, _, rest = path.read_text().partition("(")[2].rpartition(")")
        except OSError:  # the process has ended
            continue
        if name not in without:
            children.setdefault(int(rest.split()[1]), []).append(pid)
    return children


def _stat(pid: int) -> list[str]:
    """The fields of a process after its name; none if it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _resident_pages(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
