"""Dagster's daemon under a clock that is put forward: one round of all its loops at a time.

    python -m reporting_pipeline_tests.acceptance.day.daemon FOLDER_OF_CLOCK

The daemons are those that the instance of DAGSTER_HOME asks for, with their own loops; they look at
the definitions in this process, and runs are launched in it. For each line on standard input there
is one round: each loop goes on until it would wait. A line of JSON answers what came of it.

What belongs here: that. What does not: the time, which is told from outside.
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

# What a schedule asks for has run when sensors look.
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
    """What a loop waits for: it is noted that it would, and it need not."""

    def __init__(self) -> None:
        super().__init__()
        self.is_reached = False

    def wait(self, timeout: float | None = None) -> bool:
        """Note it; nobody stops the loop."""
        self.is_reached = True
        return False


class _Loop:
    """One of the daemons, in its own loop."""

    def __init__(self, daemon: object, workspace: WorkspaceProcessContext) -> None:
        self.place = _FIRST.index(type(daemon)) if type(daemon) in _FIRST else len(_FIRST)
        self._pause = _Pause()
        self._loop = daemon.core_loop(workspace, self._pause)  # type: ignore[attr-defined]

    def go_on(self) -> None:
        """Let it run until it would wait."""
        self._pause.is_reached = False
        while not self._pause.is_reached:
            next(self._loop)


def main() -> None:
    """Serve rounds until standard input ends."""
    _sleep_by(SimulatedClock(Path(sys.argv[1])))
    with _loops() as (instance, loops):
        _say("ready", instance)
        for line in sys.stdin:
            for each in loops:
                each.go_on()
            _say(line.strip(), instance)


def _sleep_by(clock: SimulatedClock) -> None:
    sleep = time.sleep

    def pass_time(seconds: float) -> None:
        if seconds < _SHORT_SECONDS:  # until a thread has done something
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


def _say(word: str, instance: dg.DagsterInstance) -> None:
    answer = {
        "round": word,
        "at": time.time(),
        "unfinished": instance.get_runs_count(dg.RunsFilter(statuses=_UNFINISHED)),
        "runs": instance.get_runs_count(),
    }
    sys.stdout.write(f"{json.dumps(answer)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
