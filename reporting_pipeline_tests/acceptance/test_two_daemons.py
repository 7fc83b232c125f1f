"""Two daemons start together, and the active one is killed: each request is served once.

Everything is real: `reporting daemon` twice, Dagster's code server, its runs, PostgreSQL and
Valkey. Only the sensor's interval is shorter.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from threading import Event
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import URL

from reporting_pipeline import project_file
from reporting_pipeline.embedded.process import die_with_parent, free_port
from reporting_pipeline.settings import child_environment
from reporting_pipeline.warehouse.engine import conninfo, warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.requests.sample_requests import queued
from reporting_pipeline_tests.sample_reports import ATTENDANCE, define

_BIN = Path(sys.executable).parent
_LOCATION = "reporting_pipeline_tests.orchestration.request_location"
_LIMIT_SECONDS = 120
_DAY = date(2025, 3, 1)
_TICKS = "the daemon is active"
_WAITS = "another daemon of this instance is active"
_DONE = """
    select
        count(*) filter (where status = 'completed'),
        count(*) filter (where attempts = 1 and lost_leases = 0)
    from catalogue.report_requests
"""
_TOLD = """
    select count(*) from catalogue.notices
    where message ->> 'type' = 'completed' and topic like 'reporting:org:%'
"""


class DaemonPrograms:
    """The environment of the programs: one instance of Dagster.

    Args:
        folder: DAGSTER_HOME, and their output.
        environment: Their environment variables.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = child_environment(environment)
        port = free_port()
        (folder / "workspace.yaml").write_text(
            "load_from: [{grpc_server: "
            f"{{host: 127.0.0.1, port: {port}, location_name: reporting_pipeline}}}}]\n"
        )
        server = ("api", "grpc", "--host", "127.0.0.1", "--port", str(port))
        self._living = [self._start("server", "dagster", *server, "--module-name", _LOCATION)]

    def daemon(self, name: str) -> subprocess.Popen[bytes]:
        """`reporting daemon`, started."""
        workspace = str(self._folder / "workspace.yaml")
        process = self._start(name, "reporting", "daemon", "--workspace", workspace)
        self._living.append(process)
        return process

    def said(self, name: str) -> str:
        """The output of a program so far."""
        return (self._folder / f"{name}.log").read_text()

    def all_said(self) -> str:
        """The output of all programs."""
        return "\n".join(path.read_text() for path in sorted(self._folder.glob("*.log")))

    def end(self) -> None:
        """End all, the code server last."""
        for process in reversed(self._living):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _start(self, name: str, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self._folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(  # noqa: S603 - our own programs
                [str(_BIN / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - this process has no threads
            )


@pytest.fixture
def machine(
    pipeline: Pipeline, empty_database_url: URL, redis_url: str, store_url: str, tmp_path: Path
) -> Iterator[DaemonPrograms]:
    """A machine with a code server."""
    shutil.copyfile(project_file("dagster.yaml"), tmp_path / "dagster.yaml")
    storage = empty_database_url.set(drivername="postgresql+psycopg2")
    machine = DaemonPrograms(
        tmp_path,
        {
            "REPORTING_DATABASE_URL": pipeline.warehouse.render_as_string(hide_password=False),
            "REPORTING_DAGSTER_URL": storage.render_as_string(hide_password=False),
            "REPORTING_REDIS_URL": redis_url,
            "REPORTING_STORE_URL": store_url,
            "REPORTING_HOME": str(tmp_path / "home"),
            "DAGSTER_HOME": str(tmp_path),
        },
    )
    yield machine
    machine.end()


def test_of_two_daemons_one_ticks_and_the_other_takes_over_when_it_is_killed(
    machine: DaemonPrograms, pipeline: Pipeline, empty_database_url: URL
) -> None:
    warehouse = pipeline.warehouse
    definitions = [define(warehouse, ATTENDANCE, UUID(int=number)) for number in (1, 2, 3)]
    for definition in definitions:
        queued(warehouse, definition, _DAY)
    daemons = {name: machine.daemon(name) for name in ("one", "other")}
    until(machine, lambda: any(_TICKS in machine.said(name) for name in daemons))
    until(machine, lambda: any(_WAITS in machine.said(name) for name in daemons))
    [ticking] = [name for name in daemons if _TICKS in machine.said(name)]
    [waiting] = daemons.keys() - {ticking}

    until(machine, lambda: len(runs(empty_database_url)) == 1)
    daemons[ticking].kill()
    daemons[ticking].wait()
    for definition in definitions:
        queued(warehouse, definition, _DAY + timedelta(days=1))

    until(machine, lambda: numbers(warehouse, _DONE) == (6, 6))
    until(machine, lambda: runs(empty_database_url) == ["SUCCESS", "SUCCESS"])
    assert _TICKS in machine.said(waiting)
    assert numbers(warehouse, _TOLD) == (6,)


def until(machine: DaemonPrograms, is_so: Callable[[], bool]) -> None:
    """Wait for a condition; if it does not become true, show the output of the programs."""
    pause, limit = Event(), time.monotonic() + _LIMIT_SECONDS
    while not is_so():
        assert time.monotonic() < limit, machine.all_said()
        pause.wait(0.1)


def runs(storage: URL) -> list[str]:
    """The statuses of all runs."""
    with psycopg.connect(conninfo(storage)) as connection:
        [(is_there,)] = connection.execute("select to_regclass('runs') is not null").fetchall()
        if not is_there:
            return []
        return [status for (status,) in connection.execute("select status from runs")]


def numbers(warehouse: URL, query: str) -> tuple[int, ...]:
    """The result of a query that returns numbers."""
    with warehouse_connection(warehouse) as connection:
        [answer] = connection.execute(query.encode()).fetchall()
        return tuple(answer)
