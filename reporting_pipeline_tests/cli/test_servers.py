"""`reporting up`, `exec` and `daemon`, and the Dagster UI, as a user runs them."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from reporting_pipeline.cli.session import session
from reporting_pipeline.cli.ui import dagster_ui
from reporting_pipeline.embedded.account import Account
from reporting_pipeline.embedded.home import Home
from reporting_pipeline.errors import ServerFailed
from reporting_pipeline.settings import child_environment, set_environment
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.cli.conftest import RunReporting, program

# reporting up and exec

_HANDLER_OF_SIGINT = "import signal; print(signal.getsignal(signal.SIGINT).__name__)"


def test_the_exit_code_of_the_command_is_passed_on(
    running_home: Home, reporting: RunReporting
) -> None:
    done = reporting("exec", "--", "sh", "-c", "exit 7", REPORTING_HOME=str(running_home.folder))

    assert (done.returncode, done.stderr) == (7, "")


def test_a_signal_that_ends_the_command_is_passed_on(
    running_home: Home, reporting: RunReporting
) -> None:
    done = reporting(
        "exec", "--", "sh", "-c", "kill -TERM $$", REPORTING_HOME=str(running_home.folder)
    )

    assert done.returncode == -signal.SIGTERM


def test_a_program_of_a_background_command_ends_on_request(running_home: Home) -> None:
    # A shell starts background commands with SIGINT ignored, and a program inherits that.
    command = [program(), "exec", "--", sys.executable, "-c", _HANDLER_OF_SIGINT]
    done = subprocess.run(  # noqa: S603 - our own program
        ["/bin/sh", "-c", 'trap "" INT; exec "$@"', "sh", *command],
        capture_output=True,
        text=True,
        check=True,
        env=child_environment({"REPORTING_HOME": str(running_home.folder)}),
    )

    assert done.stdout == "default_int_handler\n"


def test_the_command_finds_the_addresses_in_its_environment(
    running_home: Home, reporting: RunReporting
) -> None:
    done = reporting("exec", "env", REPORTING_HOME=str(running_home.folder))

    names = {line.partition("=")[0] for line in done.stdout.splitlines()}
    domains = ("TICKETING", "SEATING", "SCANNING", "LEDGER")
    assert names >= {
        "REPORTING_DATABASE_URL",
        "REPORTING_DAGSTER_URL",
        "REPORTING_REDIS_URL",
        "REPORTING_STORE_URL",
        "DAGSTER_HOME",
        *(f"REPORTING_SOURCE_{domain}_URL" for domain in domains),
        *(f"REPORTING_SOURCE_{domain}_ADMIN_URL" for domain in domains),
    }


def test_a_command_that_does_not_exist_is_named_and_nothing_starts(
    tmp_path: Path, reporting: RunReporting
) -> None:
    done = reporting("exec", "no-such-program", REPORTING_HOME=str(tmp_path / "home"))

    assert done.returncode == 1
    assert done.stderr == "Error: no program 'no-such-program' on PATH: check its name\n"
    assert not (tmp_path / "home").exists()


def test_a_command_of_the_virtual_environment_is_found(
    warehouse_url: URL, tmp_path: Path, reporting: RunReporting
) -> None:
    done = reporting(
        "exec",
        "reporting",
        "--version",
        PATH="/usr/bin:/bin",
        REPORTING_HOME=str(tmp_path),
        REPORTING_DATABASE_URL=conninfo(warehouse_url),
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_an_expected_error_is_one_line_without_a_traceback(
    tmp_path: Path, reporting: RunReporting
) -> None:
    done = reporting(
        "exec", "true", REPORTING_HOME=str(tmp_path), REPORTING_DATABASE_URL="mysql://a:b@host/c"
    )

    assert done.returncode == 1
    assert done.stderr.startswith("Error: REPORTING_DATABASE_URL is not the address of a")
    assert len(done.stderr.splitlines()) == 1


def test_an_expected_error_is_a_record_of_the_json_log(reporting: RunReporting) -> None:
    done = reporting(
        "reports",
        REPORTING_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none",
        REPORTING_LOG_FORMAT="json",
    )

    records = [json.loads(line) for line in done.stderr.splitlines()]
    assert done.returncode == 1
    assert records[-1]["level"] == "ERROR"
    assert "127.0.0.1:1" in records[-1]["message"]


def test_servers_of_exec_run_as_long_as_its_command(
    servers_folder: Path, account: Account, reporting: RunReporting
) -> None:
    home = Home(servers_folder / "home-of-exec", account)
    script = (
        "import os, psycopg;"
        "connection = psycopg.connect(os.environ['REPORTING_DATABASE_URL']);"
        "print(connection.execute('select 42').fetchone()[0])"
    )

    done = reporting("exec", "python", "-c", script, REPORTING_HOME=str(home.folder))
    with (home.folder / "owner.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # had once the supervisor has ended

    assert (done.returncode, done.stdout, done.stderr) == (0, "42\n", "")
    assert home.running() is None


def test_servers_run_until_ctrl_c_and_show_no_password(
    servers_folder: Path, account: Account
) -> None:
    home = Home(servers_folder / "home-of-up", account)
    with subprocess.Popen(  # noqa: S603 - our own program
        [program(), "up"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=child_environment({"REPORTING_HOME": str(home.folder)}),
    ) as process:
        assert process.stdout is not None
        shown = process.stdout.readline()
        running = home.running()
        process.send_signal(signal.SIGINT)
        shown += process.stdout.read()

    assert process.returncode == 0
    assert running is not None
    assert running.supervisor_pid == process.pid
    assert f"127.0.0.1:{running.postgres_port}/reporting" in shown
    assert "The servers have stopped." in shown
    assert [each for each in asdict(home.secrets()).values() if each in shown] == []
    assert home.running() is None


# reporting daemon


_ACTIVE = "the daemon is active; Ctrl-C stops it"
_WAITS = "another daemon of this instance is active; this one waits until it ends"
_DEADLINE_SECONDS = 60
_often = Retrying(
    retry=retry_if_result(lambda found: not found),
    wait=wait_fixed(0.05),
    stop=stop_after_delay(_DEADLINE_SECONDS),
)
# A sensor whose ticks are visible without a run.
_CODE = """
from pathlib import Path
import dagster as dg

@dg.sensor(job_name="none", default_status=dg.DefaultSensorStatus.RUNNING)
def ticking():
    Path(__file__).with_name("ticked").touch()
    return dg.SkipReason("seen")

@dg.job
def none():
    pass

defs = dg.Definitions(jobs=[none], sensors=[ticking])
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "ticking.py").write_text(_CODE)
    path = tmp_path / "workspace.yaml"
    path.write_text(f"load_from: [python_file: {tmp_path / 'ticking.py'}]")
    return path


def test_one_daemon_is_active_the_second_takes_over_and_each_ends_on_request(
    running_home: Home, workspace: Path
) -> None:
    with daemon(running_home, workspace) as first:
        assert next_line(first) == _ACTIVE
        _often(workspace.with_name("ticked").exists)
        with daemon(running_home, workspace) as second:
            assert next_line(second) == _WAITS
            assert ended(first) == 0
            assert next_line(second) == _ACTIVE
            assert ended(second) == 0


def test_without_a_workspace_nothing_is_started(running_home: Home, tmp_path: Path) -> None:
    with daemon(running_home, tmp_path / "none.yaml") as refused:
        assert refused.wait(_DEADLINE_SECONDS) == 2


@contextmanager
def daemon(home: Home, workspace: Path) -> Iterator[subprocess.Popen[str]]:
    log = workspace.with_suffix(".log").open("w")
    with (
        log,
        subprocess.Popen(  # noqa: S603 - our own program
            [program(), "daemon", "--workspace", str(workspace)],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=child_environment({"REPORTING_HOME": str(home.folder)}),
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def next_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def ended(process: subprocess.Popen[str]) -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(_DEADLINE_SECONDS)


# the Dagster UI


_QUERY = "{ workspaceOrError { ... on Workspace { locationEntries { name loadStatus } } } }"


def test_ui_shows_the_code_and_ends_with_its_programs(running_home: Home) -> None:
    set_environment({"REPORTING_HOME": str(running_home.folder)})

    with socket.socket() as taken, session() as settings:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with dagster_ui(settings.home, port=taken.getsockname()[1]) as ui:
            found = ask(ui.address)
            with urllib.request.urlopen(f"{ui.api_address}/health/ready") as answer:  # noqa: S310 - our own address
                api_status = answer.status
            daemon = next(each for each in ui._processes if "daemon" in each.name)
            assert daemon.pid is not None
            os.kill(daemon.pid, signal.SIGKILL)
            with pytest.raises(ServerFailed, match="Dagster's daemon ended"):
                ui.watch(lambda: False)

    assert found == [{"name": "reporting_pipeline", "loadStatus": "LOADED"}]
    assert api_status == 200
    assert [each.is_alive() for each in ui._processes] == [False] * 5


def ask(address: str) -> Any:
    request = urllib.request.Request(  # noqa: S310 - our own address
        f"{address}/graphql",
        json.dumps({"query": _QUERY}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as response:  # noqa: S310 - our own address
        return json.load(response)["data"]["workspaceOrError"]["locationEntries"]
