"""`reporting up`, `exec` and `daemon`, and the Dagster UI: programs that run until stopped.

The demo shows the UI as three programs that share one code server. `dagster dev` would load the
code twice, for the UI and for the daemon, and take twice as long to start.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy import make_url

from reporting_pipeline.building.dbt import dbt_environment
from reporting_pipeline.building.relations import is_current
from reporting_pipeline.cli.session import session, session_with_attachment
from reporting_pipeline.embedded.account import own_account, private_folder, server_account
from reporting_pipeline.embedded.attachment import server_addresses
from reporting_pipeline.embedded.home import Home
from reporting_pipeline.embedded.process import ServerProcess, free_port
from reporting_pipeline.embedded.supervisor import StopRequest, Supervisor
from reporting_pipeline.errors import EnvironmentNotReady, ServerFailed
from reporting_pipeline.settings import Settings, child_environment

_PROGRAMS = Path(sys.executable).parent
_HOST = "127.0.0.1"
_START_TIMEOUT_SECONDS = 180
_ANSWER_SECONDS = 5
_WATCH_SECONDS = 0.2
_LOCATION = "reporting_pipeline"
_CODE_SERVER = (
    *("dagster", "api", "grpc", "--module-name", "reporting_pipeline.definitions"),
    *("--location-name", _LOCATION, "--use-python-environment-entry-point"),
)
_WEB_SERVER = ("dagster-webserver", "--host", _HOST, "--port")


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
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=Path("workspace.yaml"),
    show_default=True,
    help="The file that names the code location.",
)
def daemon(workspace: Path) -> None:
    """Run Dagster's daemon until Ctrl-C; of several, one is active and the others wait.

    Before it becomes active, it ends runs whose process is gone, for example after a power cut.
    """
    stop_request = StopRequest()
    with session() as settings:
        from reporting_pipeline.orchestration.instance.daemon import (
            daemon_lock,
            end_phantom_runs,
            run_while_locked,
        )
        from reporting_pipeline.orchestration.resources import AlertEvaluator

        AlertEvaluator.of(settings).require_channels()
        storage = settings.dagster_storage_url()
        waiting = "another daemon of this instance is active; this one waits until it ends"
        with daemon_lock(
            storage, is_over=stop_request.is_asked, on_wait=lambda: click.echo(waiting)
        ) as lock:
            if lock is None:
                return
            for run_id in end_phantom_runs():
                click.echo(f"run {run_id} was ended, because its process is gone")
            click.echo("the daemon is active; Ctrl-C stops it")
            program = str(_PROGRAMS / "dagster-daemon")
            run_while_locked(
                lock,
                [program, "run", "--workspace", str(workspace.absolute())],
                environment=child_environment({}),
                is_over=stop_request.is_asked,
            )


class DagsterUi:
    """The running UI, with its daemon and code server."""

    def __init__(self, address: str, processes: Sequence[ServerProcess]) -> None:
        self.address = address
        self._processes = processes

    def watch(self, is_over: Callable[[], bool]) -> None:
        """Wait until `is_over` returns true.

        Raises:
            ServerFailed: One of the programs ended.
        """
        while not is_over():
            for each in self._processes:
                if not each.is_alive():
                    message = f"{each.name} ended; end of {each.log}:\n{each.log_tail()}"
                    raise ServerFailed(message)
            time.sleep(_WATCH_SECONDS)


@contextmanager
def dagster_ui(settings: Settings, port: int) -> Iterator[DagsterUi]:
    """Run the Dagster UI and daemon; the UI takes another port if `port` is taken.

    Raises:
        ServerFailed: One of the programs did not start.
    """
    folder = private_folder(settings.home / "ui", own_account())
    code, web, daemon = (_process(folder, name) for name in ("code server", "UI", "daemon"))
    code_port, web_port = free_port(), port if _is_free(port) else free_port()
    workspace = _workspace(folder / "workspace.yaml", code_port)
    try:
        _start(
            code,
            [*_CODE_SERVER, "--host", _HOST, "--port", str(code_port)],
            lambda: not _is_free(code_port),
        )
        _start(daemon, ["dagster-daemon", "run", "--workspace", str(workspace)], daemon.is_alive)
        _start(
            web,
            [*_WEB_SERVER, str(web_port), "--workspace", str(workspace)],
            lambda: _answers(web_port),
        )
        yield DagsterUi(f"http://{_HOST}:{web_port}", (code, web, daemon))
    finally:
        for each in (web, daemon, code):
            each.stop()


def _workspace(path: Path, code_port: int) -> Path:
    """Write the code location, under the same name as in the repository's workspace.yaml."""
    server = {"host": _HOST, "port": code_port, "location_name": _LOCATION}
    path.write_text(json.dumps({"load_from": [{"grpc_server": server}]}), encoding="utf-8")
    return path


def _process(folder: Path, name: str) -> ServerProcess:
    place = private_folder(folder / name.replace(" ", "_").lower(), own_account())
    signals = (signal.SIGINT, signal.SIGTERM)
    return ServerProcess(f"Dagster's {name}", place, own_account(), signals)


def _start(process: ServerProcess, argv: Sequence[str], is_ready: Callable[[], bool]) -> None:
    process.start(
        [_PROGRAMS / argv[0], *argv[1:]],
        is_ready=is_ready,
        environment=child_environment({}),
        timeout_seconds=_START_TIMEOUT_SECONDS,
    )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((_HOST, port)) != 0


def _answers(port: int) -> bool:
    url = f"http://{_HOST}:{port}/server_info"
    try:
        with urllib.request.urlopen(url, timeout=_ANSWER_SECONDS) as response:
            return "dagster_version" in json.load(response)
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False
