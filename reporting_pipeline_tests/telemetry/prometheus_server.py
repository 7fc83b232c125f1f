"""Starts and queries a real Prometheus with the example configuration of the documentation."""

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from reporting_pipeline.embedded.process import free_port
from reporting_pipeline_tests.architecture.repository import DOCS

EXAMPLES = DOCS / "examples"
PROMETHEUS = shutil.which("prometheus")
PROMTOOL = shutil.which("promtool")
# Alert -> the labels that the rule does not have, and the summary.
ALERTS: dict[str, tuple[dict[str, str], str]] = {
    "ReportingMetricsAway": ({"job": "reporting"}, "The metrics of the reports are not served."),
    "ReportingSourceBehind": (
        {"source": "ledger"},
        "ledger is landed through 4h 30m 0s ago.",
    ),
    "ReportingRequestsWait": ({}, "A request for a report has waited for 50m 0s."),
}
_PATIENCE_SECONDS = 30
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A running Prometheus."""

    address: str

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The current series of an expression; an error of Prometheus is raised."""
        arguments = urllib.parse.urlencode({"query": expression})
        found: list[dict[str, Any]] = self._ask(f"query?{arguments}")["result"]
        return found

    def rules(self) -> list[dict[str, Any]]:
        """The rules with their health and state."""
        return [rule for group in self._ask("rules")["groups"] for rule in group["rules"]]

    def wait_for(self, expression: str) -> None:
        """Wait until an expression has a series."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < until:
            try:
                if self.query(expression):
                    return
            except urllib.error.URLError:  # it is starting
                pass
            time.sleep(_POLL_SECONDS)
        message = f"after {_PATIENCE_SECONDS} s Prometheus has no series of {expression}"
        raise TimeoutError(message)

    def _ask(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.address}/api/v1/{path}") as answer:  # noqa: S310 - ours
            return json.load(answer)["data"]


@contextmanager
def prometheus_of(metrics: str, folder: Path) -> Iterator[Prometheus]:
    """A Prometheus with its own folder that scrapes an address every 0.5 seconds."""
    assert PROMETHEUS is not None
    configuration = yaml.safe_load((EXAMPLES / "prometheus.yaml").read_text("utf-8"))
    configuration["global"] = {"scrape_interval": "500ms", "evaluation_interval": "500ms"}
    configuration["rule_files"] = [str(EXAMPLES / name) for name in configuration["rule_files"]]
    target = urllib.parse.urlsplit(metrics).netloc
    configuration["scrape_configs"][0]["static_configs"][0]["targets"] = [target]
    file = folder / "prometheus.yaml"
    file.write_text(yaml.safe_dump(configuration), "utf-8")
    address = f"127.0.0.1:{free_port()}"
    with subprocess.Popen(  # noqa: S603 - a program of this machine
        [
            PROMETHEUS,
            f"--config.file={file}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={address}",
            "--log.level=error",
        ]
    ) as process:
        try:
            yield Prometheus(f"http://{address}")
        finally:
            process.terminate()
