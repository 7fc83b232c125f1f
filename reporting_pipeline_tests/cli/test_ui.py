"""The Dagster UI beside a command."""

import json
import os
import signal
import socket
import urllib.request
from typing import Any

import pytest

from reporting_pipeline.cli.session import session
from reporting_pipeline.cli.ui import dagster_ui
from reporting_pipeline.embedded.home import Home
from reporting_pipeline.errors import ServerFailed
from reporting_pipeline.settings import set_environment

_QUERY = "{ workspaceOrError { ... on Workspace { locationEntries { name loadStatus } } } }"


@pytest.mark.usefixtures("environment")
def test_ui_shows_the_code_and_ends_with_its_programs(running_home: Home) -> None:
    set_environment({"REPORTING_HOME": str(running_home.folder)})

    with socket.socket() as taken, session() as settings:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with dagster_ui(settings, port=taken.getsockname()[1]) as ui:
            found = ask(ui.address)
            daemon = next(each for each in ui._processes if "daemon" in each.name)
            assert daemon.pid is not None
            os.kill(daemon.pid, signal.SIGKILL)
            with pytest.raises(ServerFailed, match="Dagster's daemon ended"):
                ui.watch(lambda: False)

    assert found == [{"name": "reporting_pipeline", "loadStatus": "LOADED"}]
    assert [each.is_alive() for each in ui._processes] == [False, False, False]


def ask(address: str) -> Any:
    request = urllib.request.Request(  # noqa: S310 - our own address
        f"{address}/graphql",
        json.dumps({"query": _QUERY}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as response:  # noqa: S310 - our own address
        return json.load(response)["data"]["workspaceOrError"]["locationEntries"]
