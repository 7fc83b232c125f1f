"""Dagster's daemon with a simulated clock: one round of all its loops at a time.

    python -m reporting_pipeline_tests.acceptance.day.daemon FOLDER_OF_CLOCK

The daemons are those of the instance in DAGSTER_HOME, with their own loops. They load the
definitions in this process, and runs are executed in it. Each line on standard input starts one
round, in which each loop runs until it would wait. The result is written as a line of JSON.
"""

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import dagster as dg
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.controller import create_daemons_from_instance
from dagster._daemon.daemon import SchedulerDaemon
from dagster._daemon.run_coordinator import QueuedRunCoordinatorDaemon

from reporting_pipeline_tests.acceptance.day.clock import SimulatedClock

# The runs of schedules have finished when sensors evaluate.
_FIRST = (SchedulerDaemon, QueuedRunCoordinatorDaemon)
_SHORT_SECONDS = 1
_CODE = "reporting_pipeline.definitions"
_UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


class _Pause(threading.Event):
    """The event that a loop waits for: it records the wait and returns immediately."""

    def __init__(self) -> None:
        super().__init__()
        self.is_reached = False

    def wait(self, timeout: float | None = None) -> bool:
        """Record the wait; the loop is never stopped."""
        self.is_reached = True
        return False


class _Loop:
    """One of the daemons with its own loop."""

    def __init__(self, daemon: object, workspace: WorkspaceProcessContext) -> None:
        self.place = _FIRST.index(type(daemon)) if type(daemon) in _FIRST else len(_FIRST)
        self._pause = _Pause()
        self._loop = daemon.core_loop(workspace, self._pause)  # type: ignore[attr-defined]

    def run_until_wait(self) -> None:
        """Run the loop until it would wait."""
        self._pause.is_reached = False
        while not self._pause.is_reached:
            next(self._loop)


def main() -> None:
    """Run rounds until standard input ends."""
    _sleep_by(SimulatedClock(Path(sys.argv[1])))
    with _loops() as (instance, loops):
        _report("ready", instance)
        for line in sys.stdin:
            for each in loops:
                each.run_until_wait()
            _report(line.strip(), instance)


def _sleep_by(clock: SimulatedClock) -> None:
    sleep = time.sleep

    def pass_time(seconds: float) -> None:
        if seconds < _SHORT_SECONDS:  # a short wait for another thread
            sleep(seconds)
        else:
            clock.put_forward(timedelta(seconds=seconds))

    time.sleep = pass_time


@contextmanager
def _loops() -> Iterator[tuple[dg.DagsterInstance, list[_Loop]]]:
    target = LoadableTargetOrigin(executable_path=sys.executable, module_name=_CODE)
    with (
        dg.DagsterInstance.get() as instance,
        WorkspaceProcessContext(
            instance, InProcessWorkspaceLoadTarget(InProcessCodeLocationOrigin(target))
        ) as workspace,
    ):
        loops = [_Loop(each, workspace) for each in create_daemons_from_instance(instance)]
        yield instance, sorted(loops, key=lambda each: each.place)


def _report(word: str, instance: dg.DagsterInstance) -> None:
    result = {
        "round": word,
        "at": time.time(),
        "unfinished": instance.get_runs_count(dg.RunsFilter(statuses=_UNFINISHED)),
        "runs": instance.get_runs_count(),
    }
    sys.stdout.write(f"{json.dumps(result)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
