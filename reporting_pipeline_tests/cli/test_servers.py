"""`reporting up` and `reporting exec`, as a user runs them."""

import fcntl
import signal
import subprocess
from dataclasses import asdict
from pathlib import Path

from sqlalchemy import URL

from reporting_pipeline.embedded.account import Account
from reporting_pipeline.embedded.home import Home
from reporting_pipeline.settings import child_environment
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.cli.conftest import RunReporting, program


def test_exit_code_of_the_command_is_passed_on(running_home: Home, reporting: RunReporting) -> None:
    done = reporting("exec", "--", "sh", "-c", "exit 7", REPORTING_HOME=str(running_home.folder))

    assert (done.returncode, done.stderr) == (7, "")


def test_signal_that_ends_the_command_is_passed_on(
    running_home: Home, reporting: RunReporting
) -> None:
    done = reporting(
        "exec", "--", "sh", "-c", "kill -TERM $$", REPORTING_HOME=str(running_home.folder)
    )

    assert done.returncode == -signal.SIGTERM


def test_command_finds_the_addresses_in_its_environment(
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


def test_command_that_does_not_exist_is_named_and_nothing_is_started(
    tmp_path: Path, reporting: RunReporting
) -> None:
    done = reporting("exec", "no-such-program", REPORTING_HOME=str(tmp_path / "home"))

    assert done.returncode == 1
    assert done.stderr == "Error: no program 'no-such-program' on PATH: check its name\n"
    assert not (tmp_path / "home").exists()


def test_command_of_the_virtual_environment_is_found_without_activating_it(
    empty_database_url: URL, tmp_path: Path, reporting: RunReporting
) -> None:
    done = reporting(
        "exec",
        "reporting",
        "--version",
        PATH="/usr/bin:/bin",
        REPORTING_HOME=str(tmp_path),
        REPORTING_DATABASE_URL=conninfo(empty_database_url),
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_expected_error_is_one_line_without_a_traceback(
    tmp_path: Path, reporting: RunReporting
) -> None:
    done = reporting(
        "exec", "true", REPORTING_HOME=str(tmp_path), REPORTING_DATABASE_URL="mysql://a:b@host/c"
    )

    assert done.returncode == 1
    assert done.stderr.startswith("Error: REPORTING_DATABASE_URL is not the address of a")
    assert len(done.stderr.splitlines()) == 1


def test_servers_that_exec_started_live_as_long_as_its_command(
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


def test_servers_run_until_ctrl_c_and_no_password_is_shown(
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
