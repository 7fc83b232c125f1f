"""The life of Dagster's daemon: one daemon per instance, and runs that a crash left behind.

Two daemons would tick twice. So a daemon is the child of a process that holds a lock in the storage
of the instance. A second process waits for the lock and takes over when the first has ended. The
child ends with its parent, and the parent ends the child as soon as it loses the lock.

Before a daemon starts, it ends phantom runs: runs whose status is "started" although their process
is gone. A code server notices when the process of a run dies. If both die together, in a power cut
for example, nobody notices: the run keeps its place in the queue and in its pool until the longest
run time of the instance has passed. A run is a phantom only if all of this is true:

    a code server of this machine started it
    the process that it recorded does not run, or a younger process has its number
    the code server does not answer, or answers that it does not have the run

`run_monitoring` in dagster.yaml ends all other lost runs.
"""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
from dagster import DagsterRunStatus
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
from dagster._serdes import deserialize_value
from psycopg import Connection
from sqlalchemy import URL

from reporting_pipeline.addresses import place, session_parameters
from reporting_pipeline.embedded.process import die_with_parent
from reporting_pipeline.errors import ServerFailed, WarehouseUnavailable

_POLL_SECONDS = 0.5
_STOP_SECONDS = 30
# Instances that share a database have schemas of their own, which the address names.
_LOCK_IF_FREE = (
    "select pg_try_advisory_lock("
    "hashtextextended('dagster daemon ' || current_schemas(false)::text, 0))"
)
_UNFINISHED = [DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
_PROCESS_STARTED = re.compile(r"Started process for run \(pid: (\d+)\)\.")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_ANSWER_SECONDS = 5
# The kernel gives the start of a process in seconds after the boot, and the boot in whole seconds.
_CLOCK_ERROR_SECONDS = 5
_PROC = Path("/proc")


@contextmanager
def daemon_lock(
    storage: URL,
    *,
    is_over: Callable[[], bool] = lambda: False,
    on_wait: Callable[[], None] = lambda: None,
) -> Iterator[Connection[Any] | None]:
    """Hold the lock of the instance; wait while another process holds it.

    Args:
        storage: Dagster's storage; the lock belongs to a session there, so no pooler is between.
        is_over: Whether to stop waiting.
        on_wait: Called once, if another process holds the lock.

    Yields:
        The session that holds the lock; None if `is_over` came first.

    Raises:
        WarehouseUnavailable: Dagster's storage cannot be reached.
    """
    try:
        connection = psycopg.connect(
            **session_parameters(
                storage,
                # This side notices a lost network within 15 seconds, earlier than the server does.
                keepalives_idle=5,
                keepalives_interval=3,
                keepalives_count=3,
                tcp_user_timeout=15_000,
            ),
            autocommit=True,
        )
    except psycopg.OperationalError as error:
        message = (
            f"Dagster's storage at {place(storage)} cannot be "
            f"reached: {error}; check REPORTING_DAGSTER_URL and that the server is up"
        )
        raise WarehouseUnavailable(message) from error
    with connection:
        is_waiting = False
        while not is_over():
            if _is_true(connection, _LOCK_IF_FREE):
                yield connection
                return
            if not is_waiting:
                is_waiting = True
                on_wait()
            time.sleep(_POLL_SECONDS)
        yield None


def run_while_locked(
    connection: Connection[Any],
    argv: Sequence[str],
    *,
    environment: Mapping[str, str],
    is_over: Callable[[], bool],
) -> None:
    """Run a program until `is_over`; `connection` is the session that holds the lock.

    Raises:
        ServerFailed: The program ended by itself.
        WarehouseUnavailable: The lock is lost; the program was ended at once.
    """
    with subprocess.Popen(  # noqa: S603 - our own program
        argv,
        stdin=subprocess.DEVNULL,
        # Ctrl-C in the terminal is for this process, which then stops the program.
        start_new_session=True,
        # Killed, not asked: another process has the lock as soon as this one is gone.
        preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - one thread
        env=environment,
    ) as program:
        try:
            while not is_over():
                if program.poll() is not None:
                    message = (
                        f"{argv[0]} ended by itself with code {program.returncode}; start again"
                    )
                    raise ServerFailed(message)
                _require_lock(connection)
                time.sleep(_POLL_SECONDS)
            program.send_signal(signal.SIGTERM)
            program.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        finally:
            program.kill()


def end_phantom_runs(instance: dg.DagsterInstance | None = None) -> list[str]:
    """End the phantom runs as failed; returns their ids, oldest first.

    Args:
        instance: The instance to look at; None: the one of DAGSTER_HOME.
    """
    if instance is None:
        with dg.DagsterInstance.get() as current:
            return end_phantom_runs(current)
    unfinished = instance.get_runs(dg.RunsFilter(statuses=_UNFINISHED), ascending=True)
    phantoms = [run for run in unfinished if _is_phantom(instance, run)]
    for run in phantoms:
        reason = (
            "The process of this run is gone, and so is the code server that would have noticed. "
            "The daemon ended the run when it started; everything that the run committed is kept."
        )
        instance.report_run_failed(run, reason)
    return [run.run_id for run in phantoms]


def is_running(pid: int, *, begun_before: float) -> bool:
    """True if a process still runs, and is not a younger one that got the same number.

    Args:
        pid: The number of the process.
        begun_before: An instant at which the process ran, in seconds of the epoch.
    """
    try:
        # After the name, which may hold any character: the state, and in field 20 the start in
        # clock ticks.
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return not (_PROC / "self").exists() and _answers_signals(pid)
    begun_at = _booted_at() + int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return fields[0] != "Z" and begun_at <= begun_before + _CLOCK_ERROR_SECONDS


def _require_lock(connection: Connection[Any]) -> None:
    try:
        _is_true(connection, "select true")
    except psycopg.OperationalError as error:
        message = (
            f"the session that holds the daemon's lock is lost: {error}; the daemon was ended, "
            "since another one may run now: start it again"
        )
        raise WarehouseUnavailable(message) from error


def _is_true(connection: Connection[Any], statement: str) -> bool:
    [(answer,)] = connection.execute(statement.encode()).fetchall()
    return bool(answer)


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
    """The processes that the run recorded, each with the instant of the record."""
    for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
        event = entry.dagster_event
        started = event and _PROCESS_STARTED.fullmatch(event.message or "")
        if started:
            yield int(started[1]), entry.timestamp


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
    """True if the code server answers that it still executes the run."""
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
