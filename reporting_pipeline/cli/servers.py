"""`reporting up`, `exec` and `daemon`: programs that run until stopped."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import click
from sqlalchemy import make_url

from reporting_pipeline.building.dbt import dbt_environment
from reporting_pipeline.building.relations import is_current
from reporting_pipeline.cli.parameters import FILE
from reporting_pipeline.cli.session import announce, session, session_with_attachment
from reporting_pipeline.embedded.account import server_account
from reporting_pipeline.embedded.attachment import server_addresses
from reporting_pipeline.embedded.home import Home
from reporting_pipeline.embedded.process import StopRequest
from reporting_pipeline.embedded.supervisor import Supervisor
from reporting_pipeline.errors import EnvironmentNotReady
from reporting_pipeline.guards.shown_text import shown
from reporting_pipeline.settings import Settings, child_environment

_PROGRAMS = Path(sys.executable).parent


@click.command()
def up() -> None:
    """Run the local servers until Ctrl-C.

    Other commands then use these servers, and start faster. Passwords are not shown; `reporting
    exec` gives a command the whole addresses.
    """
    settings = Settings.from_environment()
    home = Home(settings.home, server_account())
    stop_request = StopRequest()
    with Supervisor(home, settings.pg_bindir) as supervisor:
        click.echo(f"The servers of {home.folder} are up; Ctrl-C stops them.")
        for name, address in server_addresses(home, supervisor.running).items():
            click.echo(f"  {name:<38} {make_url(address).render_as_string()}")
        supervisor.watch(stop_request.is_asked)
    click.echo("The servers have stopped.")


@click.command("exec", context_settings={"ignore_unknown_options": True})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def exec_(command: tuple[str, ...]) -> None:
    """Run a command with the servers up.

    The command finds every address in its environment (REPORTING_DATABASE_URL and so on), and dbt
    finds its project, profile and warehouse. It replaces this process, so its exit code and signals
    are passed on unchanged.

    Examples: reporting exec -- dagster dev; reporting exec -- dbt build
    """
    # Programs of this virtual environment are found without activating it.
    path = f"{_PROGRAMS}{os.pathsep}{child_environment({}).get('PATH', os.defpath)}"
    program = shutil.which(command[0], path=path)
    if program is None:
        raise EnvironmentNotReady(f"no program {command[0]!r} on PATH: check its name")
    with session_with_attachment(is_migrated=False) as (settings, attachment):
        _migrate(settings)
        if attachment is not None:
            attachment.hand_over()
        for_dbt = dbt_environment(settings.warehouse_url(), settings.home / "dbt")
        # The profile of a `dbt` that others start, a shell for example, has not every parameter.
        to_warehouse = (sys.executable, "-m", "reporting_pipeline.cli.dbt_program", *command[1:])
        program, command = (
            (sys.executable, to_warehouse) if command[0] == "dbt" else (program, command)
        )
        # A shell ignores SIGINT for its background commands, and Dagster's servers then ignore
        # SIGTERM too.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.execve(program, command, child_environment({"PATH": path, **for_dbt}))  # noqa: S606 - no shell wanted


def _migrate(settings: Settings) -> None:
    """Migrate the warehouse in a child process.

    dbt leaves semaphores that only the normal end of its process removes; the command takes the
    place of this process.
    """
    if not is_current(settings.warehouse_url()):
        done = subprocess.run(  # noqa: S603 - our own command
            [_PROGRAMS / "reporting", "migrate"], stdout=subprocess.DEVNULL, check=False
        )
        if done.returncode != 0:
            sys.exit(done.returncode)


@click.command()
@click.option(
    "--workspace",
    type=FILE,
    default=Path("workspace.yaml"),
    show_default=True,
    help="The file that names the code location.",
)
def daemon(workspace: Path) -> None:
    """Run Dagster's daemon until Ctrl-C; of several, one is active and the others wait.

    Before it becomes active, it ends runs whose process is gone, for example after a power cut.
    """
    stop_request = StopRequest()
    with session(has_threads=False) as settings:
        from reporting_pipeline.orchestration.instance.daemon import (
            daemon_lock,
            end_phantom_runs,
            run_while_locked,
        )
        from reporting_pipeline.orchestration.resources import AlertEvaluator

        AlertEvaluator.of(settings).require_channels()
        require_dagster_home()
        storage = settings.dagster_storage_url()
        waiting = "another daemon of this instance is active; this one waits until it ends"
        with daemon_lock(
            storage, is_over=stop_request.is_asked, on_wait=lambda: announce(waiting)
        ) as lock:
            if lock is None:
                return
            for run_id in end_phantom_runs():
                announce(f"run {run_id} was ended, because its process is gone")
            announce("the daemon is active; Ctrl-C stops it")
            program = str(_PROGRAMS / "dagster-daemon")
            run_while_locked(
                lock,
                [program, "run", "--workspace", str(workspace.absolute()), *_log_options(settings)],
                environment=child_environment({}),
                is_over=stop_request.is_asked,
            )


def _log_options(settings: Settings) -> tuple[str, ...]:
    return ("--log-format", "json") if settings.log_format == "json" else ()


def require_dagster_home() -> None:
    """Refuse a DAGSTER_HOME that Dagster would refuse in the middle of the work.

    Raises:
        EnvironmentNotReady: It is no folder.
    """
    home = Path(child_environment({}).get("DAGSTER_HOME", ""))
    if not (home.is_absolute() and home.is_dir()):
        message = (
            f"DAGSTER_HOME is {shown(home)!r}, which is no folder: make it with `reporting init`, "
            "name it from / on, or unset the variable"
        )
        raise EnvironmentNotReady(message)
