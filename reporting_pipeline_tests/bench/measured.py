"""Running one case in a process of its own, looked at from outside.

What belongs here: time, CPU and memory of a process and all below it. What does not: what it does.
"""

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

from reporting_pipeline_tests.bench.cases import Done, Given

_LOOK_SECONDS = 0.02
_PAGE_BYTES = 4096


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one case took.

    Attributes:
        wall_seconds: From the process's start to its end.
        cpu_seconds: Of the process and its children, user and system.
        peak_bytes: Resident memory of the process and all below it at once, looked at 50 times a
            second.
    """

    done: Done
    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int

    @property
    def rows_per_second(self) -> float:
        """Rows by wall time."""
        return self.done.row_count / self.wall_seconds


def measure(name: str, given: Given) -> Measured:
    """Run a case and look at it until it ends.

    Raises:
        RuntimeError: The case failed; its words are on standard error.
    """
    began, spent = time.monotonic(), _children_cpu()
    argv = [sys.executable, "-m", "reporting_pipeline_tests.bench.cases", name]
    received = {
        "address": given.address,
        "row_count": given.row_count,
        "folder": str(given.folder),
    }
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(received).encode())
        process.stdin.close()
        peak = 0
        while process.poll() is None:
            peak = max(peak, _resident(process.pid))
            time.sleep(_LOOK_SECONDS)
        answer = process.stdout.read()
    if process.returncode != 0:
        raise RuntimeError(f"{name} ended with code {process.returncode}")
    return Measured(
        done=Done(**json.loads(answer)),
        wall_seconds=time.monotonic() - began,
        cpu_seconds=_children_cpu() - spent,
        peak_bytes=peak,
    )


def _children_cpu() -> float:
    usage = getrusage(RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _resident(root: int) -> int:
    """Resident bytes of a process and all below it; 0 where it has just ended."""
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
        except OSError:  # it has ended
            continue
        children.setdefault(parent, []).append(int(path.parent.name))
    return children


def _resident_pages(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
