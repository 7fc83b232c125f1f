"""The case of a click in the UI: one partition of the report tables, from the click to its end.

A click is what the UI sends: a mutation of GraphQL to the web server, which starts a run on the
code server. The yardstick is a click on an empty asset of another code location of the same
instance. The queue of runs is left out, because it looks for runs only every few seconds.
"""

import json
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from reporting_pipeline.embedded.process import free_port
from reporting_pipeline_tests.bench.books import small_warehouse
from reporting_pipeline_tests.bench.case import Aim, Case, Measured, Size
from reporting_pipeline_tests.bench.measurement import turns
from reporting_pipeline_tests.bench.programs import program

_ROUNDS = 5
_OURS = "reporting_pipeline"
_EMPTY = "empty"
_START_SECONDS = 120
_RUN_SECONDS = 120
_POLL_SECONDS = 0.25
_INSTANCE = """
telemetry:
  enabled: false
run_coordinator:
  module: dagster._core.run_coordinator
  class: DefaultRunCoordinator
storage:
  custom:
    module: reporting_pipeline.orchestration.instance.storage
    class: PooledPostgresStorage
    config:
      postgres_url:
        env: REPORTING_DAGSTER_URL
"""
_EMPTY_LOCATION = """
import dagster as dg


@dg.asset
def nothing() -> None:
    pass


defs = dg.Definitions(assets=[nothing], executor=dg.in_process_executor)
"""
_LAUNCH = """
mutation Click($params: ExecutionParams!) {
  launchPipelineExecution(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
  }
}
"""
_STATUS = "query Status($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
_ASSETS = """
query Assets($selector: RepositorySelector!) {
  repositoryOrError(repositorySelector: $selector) {
    ... on Repository { assetNodes { assetKey { path } } }
  }
}
"""
_READY = "query Ready { workspaceOrError { ... on Workspace { locationEntries {"
_READY += " name locationOrLoadError { __typename } } } } }"


def _click(size: Size, folder: Path) -> Measured:
    del size  # what is measured does not depend on the rows
    with small_warehouse(folder) as (environment, day), _web_server(folder, environment) as web:
        tables = [path for path in web.assets(_OURS) if path[-1].startswith("report_")]

        def ours() -> None:
            web.click(_OURS, tables, {"dagster/partition": day})

        def theirs() -> None:
            web.click(_EMPTY, [["nothing"]], {})

        ours()
        theirs()
        measured = turns(ours, theirs, rounds=_ROUNDS)
    return Measured(turns=measured, facts={"tables": f"{len(tables)}"})


class _WebServer:
    """Dagster's web server, as its UI speaks to it."""

    def __init__(self, port: int) -> None:
        self._address = f"http://127.0.0.1:{port}/graphql"

    def is_ready(self) -> bool:
        """True if both code locations are loaded."""
        try:
            found = self._ask(_READY, {})["workspaceOrError"]["locationEntries"]
        except OSError:
            return False
        kinds = [(each["locationOrLoadError"] or {}).get("__typename") for each in found]
        return kinds == ["RepositoryLocation"] * 2

    def assets(self, location: str) -> list[list[str]]:
        """The keys of the assets of a location."""
        found = self._ask(_ASSETS, {"selector": _repository(location)})["repositoryOrError"]
        return [node["assetKey"]["path"] for node in found["assetNodes"]]

    def click(
        self, location: str, assets: Sequence[Sequence[str]], tags: Mapping[str, str]
    ) -> None:
        """Materialise assets, and wait for the end of the run.

        Raises:
            RuntimeError: The run failed, or did not begin.
            TimeoutError: The run did not end.
        """
        selector = {
            **_repository(location),
            "pipelineName": "__ASSET_JOB",
            "assetSelection": [{"path": path} for path in assets],
            "assetCheckSelection": [],
        }
        params = {
            "selector": selector,
            "mode": "default",
            "runConfigData": {},
            "executionMetadata": {"tags": [{"key": k, "value": v} for k, v in tags.items()]},
        }
        launched = self._ask(_LAUNCH, {"params": params})["launchPipelineExecution"]
        if "run" not in launched:
            raise RuntimeError(f"the run did not begin: {launched}")
        self._wait(launched["run"]["runId"])

    def _wait(self, run_id: str) -> None:
        until = time.monotonic() + _RUN_SECONDS
        while time.monotonic() < until:
            status = self._ask(_STATUS, {"id": run_id})["runOrError"]["status"]
            if status == "SUCCESS":
                return
            if status in {"FAILURE", "CANCELED"}:
                raise RuntimeError(f"run {run_id} ended as {status}")
            time.sleep(_POLL_SECONDS)
        raise TimeoutError(f"run {run_id} has not ended after {_RUN_SECONDS} s")

    def _ask(self, query: str, variables: Mapping[str, Any]) -> Any:
        body = json.dumps({"query": query, "variables": variables}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self._address, body, headers)  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=_RUN_SECONDS) as answer:  # noqa: S310
            return json.load(answer)["data"]


@contextmanager
def _web_server(folder: Path, environment: Mapping[str, str]) -> Iterator[_WebServer]:
    """The web server, with a code server for each location."""
    home = Path(environment["DAGSTER_HOME"])
    (home / "dagster.yaml").write_text(_INSTANCE, encoding="utf-8")
    (folder / "empty.py").write_text(_EMPTY_LOCATION, encoding="utf-8")
    sources = {
        _OURS: ("--module-name", "reporting_pipeline.definitions"),
        _EMPTY: ("--python-file", str(folder / "empty.py")),
    }
    ports = {name: free_port() for name in sources}
    workspace = folder / "workspace.yaml"
    servers = [
        {"grpc_server": {"host": "127.0.0.1", "port": port, "location_name": name}}
        for name, port in ports.items()
    ]
    workspace.write_text(json.dumps({"load_from": servers}), encoding="utf-8")
    with ExitStack() as running:
        for name, source in sources.items():
            code = ("dagster", "api", "grpc", *source, "--host", "127.0.0.1")
            place = ("--port", str(ports[name]), "--location-name", name)
            running.enter_context(program([*code, *place], environment, folder / f"{name}.log"))
        port = free_port()
        web = ["dagster-webserver", "--host", "127.0.0.1", "--port", str(port)]
        argv = [*web, "--workspace", str(workspace)]
        running.enter_context(program(argv, environment, folder / "web.log"))
        server = _WebServer(port)
        _wait_until_ready(server)
        yield server


def _wait_until_ready(server: _WebServer) -> None:
    until = time.monotonic() + _START_SECONDS
    while not server.is_ready():
        if time.monotonic() > until:
            raise TimeoutError(f"the web server is not ready after {_START_SECONDS} s")
        time.sleep(_POLL_SECONDS)


def _repository(location: str) -> dict[str, str]:
    return {"repositoryLocationName": location, "repositoryName": "__repository__"}


CASES = (
    Case(
        name="click to done in the UI: nine tables of one partition",
        yardstick="a click on an empty asset, in the same instance",
        sizes=dict.fromkeys(Size, "one small day"),
        aim=Aim(limit=1.3),
        run=_click,
        bound=(
            "the run is a process that imports dbt, and runs nine models and the checks of the day"
        ),
    ),
)
"""The case of a click."""
