"""Phantom runs: runs that stand as started although their process is gone.

A code server notices when a run's process dies. If both die together, by a power cut say, nobody
does: the run stands as started, and keeps its place in the queue and in its pool, until the longest
run time of the instance is over. Who starts the daemon ends such runs first.

A run is a phantom only if all of this holds: it was started by a code server of this machine; the
process that it noted then does not run, or its number belongs to a younger one; and the code
server, if it answers, does not have the run. All others are left to `run_monitoring` in
dagster.yaml.

What belongs here: which runs these are. What does not: when that is looked at (`cli.daemon`).
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
from dagster import DagsterRunStatus
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
from dagster._serdes import deserialize_value

_LIVING = [DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
_STARTED = re.compile(r"Started process for run \(pid: (\d+)\)\.")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_ANSWER_SECONDS = 5
# The kernel tells when a process began from the boot on, and that by whole seconds.
_CLOCK_ERROR_SECONDS = 5
_PROC = Path("/proc")


def sweep_phantom_runs() -> list[str]:
    """End the phantom runs of the instance of DAGSTER_HOME; returns their ids."""
    with dg.DagsterInstance.get() as instance:
        return end_phantom_runs(instance)


def end_phantom_runs(instance: dg.DagsterInstance) -> list[str]:
    """End the runs whose process is gone, as failed; returns their ids, oldest first."""
    ended = []
    for run in phantom_runs(instance):
        reason = (
            "The process of this run is gone, and so is the code server that would have noticed. "
            "The daemon ended the run when it started; what the run has committed stands."
        )
        instance.report_run_failed(run, reason)
        ended.append(run.run_id)
    return ended


def phantom_runs(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    """The runs that stand as started and whose process is gone, oldest first."""
    living = instance.get_runs(dg.RunsFilter(statuses=_LIVING), ascending=True)
    return [run for run in living if _is_phantom(instance, run)]


def _is_phantom(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    server = json.loads(run.tags.get(GRPC_INFO_TAG, "{}"))
    is_local = "socket" in server or server.get("host") in _LOOPBACK
    processes = list(_processes(instance, run))
    return (
        is_local
        and bool(processes)
        and not any(is_running(pid, begun_before=noted_at) for pid, noted_at in processes)
        and not _server_has(server, run.run_id)
    )


def _processes(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Iterator[tuple[int, float]]:
    """The processes that ran it, each with when it noted itself."""
    for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
        event = entry.dagster_event
        started = event and _STARTED.fullmatch(event.message or "")
        if started:
            yield int(started[1]), entry.timestamp


def is_running(pid: int, *, begun_before: float) -> bool:
    """Whether a process runs that is the one of then, not a later one under its number.

    Args:
        pid: Its number.
        begun_before: An instant at which it ran, in seconds of the epoch.
    """
    try:
        # After the name, which may hold anything: the state, and as 20th field the begin in ticks.
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return not (_PROC / "self").exists() and _answers_signals(pid)
    begun_at = _booted_at() + int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return fields[0] != "Z" and begun_at <= begun_before + _CLOCK_ERROR_SECONDS


def _booted_at() -> float:
    lines = (_PROC / "stat").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("btime "))


def _answers_signals(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _server_has(server: dict[str, object], run_id: str) -> bool:
    """Whether the code server answers that the run is alive in it."""
    client = DagsterGrpcClient(
        port=server.get("port"),  # type: ignore[arg-type]
        socket=server.get("socket"),  # type: ignore[arg-type]
        host=str(server.get("host", "localhost")),
        use_ssl=bool(server.get("use_ssl", False)),
    )
    request = CanCancelExecutionRequest(run_id=run_id)
    try:
        answer = client.can_cancel_execution(request, timeout=_ANSWER_SECONDS)
    except DagsterUserCodeUnreachableError:
        return False
    return deserialize_value(answer, CanCancelExecutionResult).can_cancel
