"""Dagster's loop of sensors, one look at a time, each in a process of its own that may be killed.

    python -m reporting_pipeline_tests.orchestration.sensor_process

Each line of standard input is one look, in a process that is forked from this one, a minute after
the one before it as Dagster's clock tells; its exit code is the answer. A line is empty, or says
where that process is killed: the name of a crash flag that Dagster's own loop has, or a function of
ours, as `crash_points` names them. The line `launch` runs what is queued.

What belongs here: that. What does not: what is expected.
"""

import importlib
import logging
import os
import signal
import sys
import time

import dagster as dg
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.test_utils import freeze_time
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.sensor import execute_sensor_iteration

from reporting_pipeline_tests.orchestration import request_location
from reporting_pipeline_tests.requests.crash_points import CrashPoint, arm

_QUEUED = dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED])
_SENSOR = "requested"
_APART_SECONDS = 60
# By Dagster, when it is used; so once, and not in each process.
_IMPORTED_LATE = ("dagster._grpc.server", "dagster._utils.test", "upath.implementations.local")


def main() -> None:
    """Serve until standard input ends."""
    for name in _IMPORTED_LATE:
        importlib.import_module(name)
    begun = time.time()
    for number, line in enumerate(sys.stdin):
        pid = os.fork()
        if pid == 0:
            with freeze_time(begun + number * _APART_SECONDS):
                _look(line.strip())
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _look(word: str) -> None:
    target = LoadableTargetOrigin(
        executable_path=sys.executable, module_name=request_location.__name__
    )
    with (
        dg.DagsterInstance.get() as instance,
        WorkspaceProcessContext(
            instance, InProcessWorkspaceLoadTarget(InProcessCodeLocationOrigin(target))
        ) as workspace,
    ):
        if word == "launch":
            for run in instance.get_runs(_QUEUED):
                instance.launch_run(run.run_id, workspace.create_request_context())
            return
        if ":" in word:
            arm(CrashPoint(where=word, moment="after"))
            word = ""
        flags = {_SENSOR: {word: int(signal.SIGKILL)}} if word else None
        for _ in execute_sensor_iteration(
            workspace, logging.getLogger(__name__), None, None, debug_crash_flags=flags
        ):
            pass


if __name__ == "__main__":
    main()
