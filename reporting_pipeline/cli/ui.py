"""The Dagster UI and daemon beside this process: three programs that share one code server.

`dagster dev` would load the code twice, for the UI and for the daemon, and take twice as long. What
belongs here: starting, guarding and stopping them. What does not: the servers' data.
"""

import json
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from reporting_pipeline.embedded.account import own_account, private_folder
from reporting_pipeline.embedded.process import ServerProcess, free_port
from reporting_pipeline.errors import ServerFailed
from reporting_pipeline.settings import Settings, child_environment

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
_PROGRAMS = Path(sys.executable).parent


class DagsterUi:
    """The running UI; its daemon and code server run beside it."""

    def __init__(self, address: str, processes: Sequence[ServerProcess]) -> None:
        self.address = address
        self._processes = processes

    def watch(self, is_over: Callable[[], bool]) -> None:
        """Wait until `is_over`.

        Raises:
            ServerFailed: One of the programs ended by itself.
        """
        while not is_over():
            for each in self._processes:
                if not each.is_alive():
                    message = f"{each.name} ended; end of {each.log}:\n{each.log_tail()}"
                    raise ServerFailed(message)
            time.sleep(_WATCH_SECONDS)


@contextmanager
def dagster_ui(settings: Settings, port: int) -> Iterator[DagsterUi]:
    """Run the Dagster UI and daemon; on another port if `port` is taken.

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
    """Tell the UI and the daemon where the code is; its name is that of the repository's own."""
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
