"""The Dagster UI and the HTTP API of the demo: starts their programs, and waits for their end.

The UI is three programs that share one code server. `dagster dev` would load the code twice, for
the UI and for the daemon, and take twice as long to start.

The demo becomes this program when its steps are done, because this one imports next to nothing: it
waits with 20 MB of memory, and the demo would wait with 380 MB.
"""

import http.client
import json
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from reporting_pipeline.embedded.account import own_account, private_folder
from reporting_pipeline.embedded.process import ServerProcess, StopRequest, free_port
from reporting_pipeline.errors import ServerFailed

_PROGRAMS = Path(sys.executable).parent
_HOST = "127.0.0.1"
API_PORT = 8787
_START_TIMEOUT_SECONDS = 180
_ANSWER_SECONDS = 5
_WATCH_SECONDS = 0.2
_LOCATION = "reporting_pipeline"
_CODE_SERVER = (
    *("dagster", "api", "grpc", "--module-name", "reporting_pipeline.definitions"),
    *("--location-name", _LOCATION, "--use-python-environment-entry-point"),
)
_WEB_SERVER = ("dagster-webserver", "--host", _HOST, "--port")


class DagsterUi:
    """The running UI, with its daemon and code server, the HTTP API and a worker of requests."""

    def __init__(self, address: str, api_address: str, processes: Sequence[ServerProcess]) -> None:
        self.address = address
        self.api_address = api_address
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
def dagster_ui(home: Path, port: int) -> Iterator[DagsterUi]:
    """Run the Dagster UI and daemon; the UI takes another port if `port` is taken.

    The programs inherit the environment of this process, with the addresses of the servers.

    Args:
        home: REPORTING_HOME, where the logs of the programs are.
        port: The port of the UI.

    Raises:
        ServerFailed: One of the programs did not start.
    """
    folder = private_folder(home / "ui", own_account())
    code, web, daemon = (
        _process(folder, f"Dagster's {name}") for name in ("code server", "UI", "daemon")
    )
    api, worker = (_process(folder, name) for name in ("HTTP API", "worker"))
    api_port = API_PORT if _is_free(API_PORT) else free_port()
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
        _start(api, ["reporting", "serve", "--port", str(api_port)], lambda: not _is_free(api_port))
        _start(worker, ["reporting", "work"], worker.is_alive)
        address = f"http://{_HOST}:{web_port}"
        yield DagsterUi(address, f"http://{_HOST}:{api_port}", (code, web, daemon, api, worker))
    finally:
        for each in (worker, api, web, daemon, code):
            each.stop()


def ui_command(home: Path, port: int) -> list[str]:
    """The command line of this program."""
    return [sys.executable, "-m", __name__, str(home), str(port)]


def main(home: str, port: str) -> int:
    """Run the UI until a signal, or until one of its programs ends; return the exit code."""
    stop_request = StopRequest()
    title, begun = "start the Dagster UI", time.monotonic()
    if not sys.stdout.isatty():
        _say(f"  {title} ...")
    try:
        with dagster_ui(Path(home), int(port)) as running:
            seconds = time.monotonic() - begun
            _say(f"  {title:<32}{seconds:6.1f} s  {running.address}")
            _say(f"  {'the HTTP API':<32}{'':>8}  {running.api_address}/docs")
            _say("\nCtrl-C stops the UI, the HTTP API and the servers.")
            running.watch(stop_request.is_asked)
    except ServerFailed as error:
        sys.stderr.write(f"Error: {error.message}\n")
        return 1
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _workspace(path: Path, code_port: int) -> Path:
    """Write the code location, under the same name as in the repository's workspace.yaml."""
    server = {"host": _HOST, "port": code_port, "location_name": _LOCATION}
    path.write_text(json.dumps({"load_from": [{"grpc_server": server}]}), encoding="utf-8")
    return path


def _process(folder: Path, name: str) -> ServerProcess:
    place = folder / name.removeprefix("Dagster's ").replace(" ", "_").lower()
    private_folder(place, own_account())
    signals = (signal.SIGINT, signal.SIGTERM)
    return ServerProcess(name, place, own_account(), signals)


def _start(process: ServerProcess, argv: Sequence[str], is_ready: Callable[[], bool]) -> None:
    process.start(
        [_PROGRAMS / argv[0], *argv[1:]],
        is_ready=is_ready,
        environment=None,
        timeout_seconds=_START_TIMEOUT_SECONDS,
    )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((_HOST, port)) != 0


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(_HOST, port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", "/server_info")
        return "dagster_version" in json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
