"""Runs whose process is gone are ended, and no other run is."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest
from dagster._core.events import EngineEventData
from dagster._core.storage.tags import GRPC_INFO_TAG

from reporting_pipeline.orchestration.instance.daemon import end_phantom_runs, is_running

_HERE = {"host": "localhost", "port": 1}


@dg.op
def _nothing() -> None:
    pass


@dg.job
def _a_job() -> None:
    _nothing()


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture(scope="module")
def ended_pid() -> int:
    """The id of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        return process.pid


def started(instance: dg.DagsterInstance, pid: int | None, server: object = _HERE) -> dg.DagsterRun:
    """A run with the status "started", of a process and a code server."""
    tags = {} if server is None else {GRPC_INFO_TAG: json.dumps(server)}
    run: Any = instance.create_run_for_job(_a_job, status=dg.DagsterRunStatus.STARTED, tags=tags)
    if pid is not None:
        instance.report_engine_event(
            f"Started process for run (pid: {pid}).", run, EngineEventData.in_process(pid)
        )
    assert isinstance(run, dg.DagsterRun)
    return run


def test_a_run_whose_process_is_gone_is_ended_once(
    instance: dg.DagsterInstance, ended_pid: int
) -> None:
    run = started(instance, ended_pid)

    assert (end_phantom_runs(instance), end_phantom_runs(instance)) == ([run.run_id], [])
    ended = instance.get_run_by_id(run.run_id)
    assert ended is not None
    assert ended.status is dg.DagsterRunStatus.FAILURE


def test_a_run_whose_process_runs_is_not_ended(instance: dg.DagsterInstance) -> None:
    started(instance, os.getpid())

    assert end_phantom_runs(instance) == []


@pytest.mark.parametrize(
    "server",
    [None, {"host": "code.example", "port": 4000}],
    ids=["of no code server", "of another machine"],
)
def test_a_run_of_another_machine_is_not_ended(
    instance: dg.DagsterInstance, ended_pid: int, server: object
) -> None:
    started(instance, ended_pid, server)

    assert end_phantom_runs(instance) == []


def test_a_run_that_recorded_no_process_is_not_ended(
    instance: dg.DagsterInstance,
) -> None:
    started(instance, None)

    assert end_phantom_runs(instance) == []


def test_a_younger_process_with_the_same_number_is_another_process() -> None:
    assert is_running(os.getpid(), begun_before=2**40)
    assert not is_running(os.getpid(), begun_before=0)
