"""Each process exports its spans to the configured collector, and never fails because of it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from reporting_pipeline.errors import SettingsError
from reporting_pipeline.settings import child_environment
from reporting_pipeline.telemetry import spans
from reporting_pipeline.telemetry.spans import export_spans
from reporting_pipeline_tests.alerts.receiver import Receiver, receiving

# Like a Dagster run: a child process that loads the code again.
_PROGRAM = """
import multiprocessing
from reporting_pipeline.settings import traces_exporter
from reporting_pipeline.telemetry.spans import export_spans
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


@pytest.fixture
def collector() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def endpoint_of(collector: Receiver) -> str:
    return f"http://127.0.0.1:{collector.port}"


def spans_of(collector: Receiver) -> list[tuple[str, str]]:
    """Service and name of each span that it received, sorted."""
    assert {path for path, _, _ in collector.requests} <= {"/v1/traces"}
    return sorted(
        (attribute.value.string_value, each.name)
        for _, _, body in collector.requests
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for attribute in resource.resource.attributes
        if attribute.key == "service.name"
        for scope in resource.scope_spans
        for each in scope.spans
    )


def run(path: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run the program in its own process."""
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
    collector: Receiver, tmp_path: Path, variables: dict[str, str], service: str
) -> None:
    done = run(
        tmp_path / "program.py",
        OTEL_TRACES_EXPORTER="otlp",
        OTEL_EXPORTER_OTLP_ENDPOINT=endpoint_of(collector),
        **variables,
    )
    assert (done.stdout, done.stderr) == ("done 0\n", "")
    assert spans_of(collector) == [(service, "code server"), (service, "run")]


def test_without_the_variable_nothing_is_sent(collector: Receiver, tmp_path: Path) -> None:
    done = run(tmp_path / "program.py", OTEL_EXPORTER_OTLP_ENDPOINT=endpoint_of(collector))
    assert (done.stdout, done.stderr) == ("done 0\n", "")
    assert collector.requests == []


def test_without_the_collector_only_spans_are_lost(tmp_path: Path) -> None:
    done = run(
        tmp_path / "program.py",
        OTEL_TRACES_EXPORTER="otlp",
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1",
        OTEL_EXPORTER_OTLP_TIMEOUT="1",
    )
    assert (done.returncode, done.stdout) == (0, "done 0\n")


def test_the_error_says_that_the_sdk_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spans, "_SDK_MODULES", ("opentelemetry.nowhere.at_all",))
    with pytest.raises(SettingsError, match="OTEL_TRACES_EXPORTER is otlp"):
        export_spans("otlp", service="reporting")
