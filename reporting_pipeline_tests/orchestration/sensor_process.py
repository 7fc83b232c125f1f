"""Dagster's loop of sensors, one evaluation per process, so that each process can be killed.

    python -m reporting_pipeline_tests.orchestration.sensor_process

Each line of standard input starts one evaluation in a forked process, one minute later on Dagster's
clock; the answer is its exit code. A line is empty, or it names the place where the process is
killed: a crash flag of Dagster's loop, or a function of the project as in `crash_points`. The line
`launch` starts the queued runs.
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
# Dagster imports these late; imported here, they are loaded once and not in each process.
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
                _evaluate(line.strip())
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _evaluate(command: str) -> None:
    target = LoadableTargetOrigin(
        executable_path=sys.executable, module_name=request_location.__name__
    )
    with (
        dg.DagsterInstance.get() as instance,
        WorkspaceProcessContext(
            instance, InProcessWorkspaceLoadTarget(InProcessCodeLocationOrigin(target))
        ) as workspace,
    ):
        if command == "launch":
            for run in instance.get_runs(_QUEUED):
                instance.launch_run(run.run_id, workspace.create_request_context())
            return
        if ":" in command:
            arm(CrashPoint(where=command, moment="after"))
            command = ""
        flags = {_SENSOR: {command: int(signal.SIGKILL)}} if command else None
        for _ in execute_sensor_iteration(
            workspace, logging.getLogger(__name__), None, None, debug_crash_flags=flags
        ):
            pass


if __name__ == "__main__":
    main()
