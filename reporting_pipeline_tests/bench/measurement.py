"""Runs one case in its own process, and measures time, CPU and memory from outside; prints."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

from reporting_pipeline_tests.bench.cases import CaseInput, CaseResult

_SAMPLE_SECONDS = 0.02
_PAGE_BYTES = 4096


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """The measurement of one case.

    Attributes:
        wall_seconds: From the start of the process to its end.
        cpu_seconds: User and system time of the process and its children.
        peak_bytes: Largest resident memory of the process and its children together, sampled 50
            times a second.
    """

    done: CaseResult
    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int

    @property
    def rows_per_second(self) -> float:
        """Rows per second of wall time."""
        return self.done.row_count / self.wall_seconds


def say(text: str) -> None:
    """Print a text at once."""
    sys.stdout.write(text)
    sys.stdout.flush()


def machine() -> str:
    """The machine and its load: 2 cores, load 0.78 before."""
    return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.2f} before"


def measure(name: str, case: CaseInput) -> Measurement:
    """Run a case and measure it until it ends.

    Raises:
        RuntimeError: The case failed; the reason is on standard error.
    """
    began, spent = time.monotonic(), _children_cpu()
    argv = [sys.executable, "-m", "reporting_pipeline_tests.bench.cases", name]
    received = {
        "address": case.address,
        "row_count": case.row_count,
        "folder": str(case.folder),
    }
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(received).encode())
        process.stdin.close()
        peak = 0
        while process.poll() is None:
            peak = max(peak, _resident(process.pid))
            time.sleep(_SAMPLE_SECONDS)
        answer = process.stdout.read()
    if process.returncode != 0:
        raise RuntimeError(f"{name} ended with code {process.returncode}")
    return Measurement(
        done=CaseResult(**json.loads(answer)),
        wall_seconds=time.monotonic() - began,
        cpu_seconds=_children_cpu() - spent,
        peak_bytes=peak,
    )


def _children_cpu() -> float:
    usage = getrusage(RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _resident(root: int) -> int:
    """Resident bytes of a process and its children; 0 if it has just ended."""
    children = _children()
    pending, pages = [root], 0
    while pending:
        pid = pending.pop()
        pending += children.get(pid, [])
        pages += _resident_pages(pid)
    return pages * _PAGE_BYTES


def _children() -> Mapping[int, list[int]]:
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:  # the process has ended
            continue
        children.setdefault(parent, []).append(int(path.parent.name))
    return children


def _resident_pages(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
