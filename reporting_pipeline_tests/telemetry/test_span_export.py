"""Spans go to the collector that the environment names, from every process, and cost no work."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from reporting_pipeline.errors import SettingsError
from reporting_pipeline.settings import child_environment
from reporting_pipeline.telemetry import span_export
from reporting_pipeline.telemetry.span_export import export_spans

# As a run of Dagster is: a child of the process that loaded the code, which loads it anew.
_PROGRAM = """
import multiprocessing
from reporting_pipeline.settings import traces_exporter
from reporting_pipeline.telemetry.span_export import export_spans
from reporting_pipeline.telemetry.spans import span

def run():
    export_spans(traces_exporter(), service="reporting")
    with span("run"):
        pass

if __name__ == "__main__":
    export_spans(traces_exporter(), service="reporting")
    child = multiprocessing.get_context("spawn").Process(target=run)
    with span("code server"):
        child.start()
        child.join()
    print("done", child.exitcode)
"""


class Collector:
    """A collector on the loopback address; what it was sent, by service and span."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self.spans: list[tuple[str, str]] = []

    def take(self, body: bytes) -> None:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            attributes = {
                each.key: each.value.string_value for each in resource.resource.attributes
            }
            self.spans += [
                (attributes["service.name"], each.name)
                for scope in resource.scope_spans
                for each in scope.spans
            ]


@pytest.fixture
def collector() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.path == "/v1/traces":
                taker.take(body)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        taker = Collector(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield taker
        finally:
            server.shutdown()
            thread.join()


def run(path: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """The program in a process of its own."""
    path.write_text(_PROGRAM, encoding="utf-8")
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, path],
        capture_output=True,
        text=True,
        check=False,
        env=child_environment(variables),
    )


@pytest.mark.parametrize(
    ("variables", "service"),
    [({}, "reporting"), ({"OTEL_SERVICE_NAME": "finance"}, "finance")],
)
def test_spans_of_a_process_and_of_its_child_arrive(
    collector: Collector, tmp_path: Path, variables: dict[str, str], service: str
) -> None:
    done = run(
        tmp_path / "program.py",
        OTEL_TRACES_EXPORTER="otlp",
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
        **variables,
    )
    assert (done.stdout, done.stderr) == ("done 0\n", "")
    assert sorted(collector.spans) == [(service, "code server"), (service, "run")]


def test_without_the_variable_nothing_is_sent(collector: Collector, tmp_path: Path) -> None:
    done = run(tmp_path / "program.py", OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint)
    assert (done.stdout, done.stderr) == ("done 0\n", "")
    assert collector.spans == []


def test_a_collector_that_is_away_costs_its_spans_alone(tmp_path: Path) -> None:
    done = run(
        tmp_path / "program.py",
        OTEL_TRACES_EXPORTER="otlp",
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1",
        OTEL_EXPORTER_OTLP_TIMEOUT="1",
    )
    assert (done.returncode, done.stdout) == (0, "done 0\n")


def test_an_sdk_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(span_export, "_MODULES", ("opentelemetry.nowhere.at_all",))
    with pytest.raises(SettingsError, match="OTEL_TRACES_EXPORTER is otlp"):
        export_spans("otlp", service="reporting")
