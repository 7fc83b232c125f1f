"""`reporting daemon`: it ticks, a second one waits for it, and both end when they are asked to."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from reporting_pipeline.embedded.home import Home
from reporting_pipeline.settings import child_environment
from reporting_pipeline_tests.cli.conftest import program

_RUNS = "the daemon runs; Ctrl-C stops it"
_WAITS = "another daemon of this instance runs: this one waits until it has gone"
_DEADLINE_SECONDS = 60
_often = Retrying(
    retry=retry_if_result(lambda found: not found),
    wait=wait_fixed(0.05),
    stop=stop_after_delay(_DEADLINE_SECONDS),
)
# A sensor whose ticks can be seen without a run.
_CODE = """
from pathlib import Path
import dagster as dg

@dg.sensor(job_name="none", default_status=dg.DefaultSensorStatus.RUNNING)
def ticking():
    Path(__file__).with_name("ticked").touch()
    return dg.SkipReason("seen")

@dg.job
def none():
    pass

defs = dg.Definitions(jobs=[none], sensors=[ticking])
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "ticking.py").write_text(_CODE)
    path = tmp_path / "workspace.yaml"
    path.write_text(f"load_from: [python_file: {tmp_path / 'ticking.py'}]")
    return path


def test_one_ticks_the_second_takes_over_and_each_ends_when_it_is_asked_to(
    running_home: Home, workspace: Path
) -> None:
    with daemon(running_home, workspace) as first:
        assert said(first) == _RUNS
        _often(workspace.with_name("ticked").exists)
        with daemon(running_home, workspace) as second:
            assert said(second) == _WAITS
            assert ended(first) == 0
            assert said(second) == _RUNS
            assert ended(second) == 0


def test_without_a_workspace_nothing_is_started(running_home: Home, tmp_path: Path) -> None:
    with daemon(running_home, tmp_path / "none.yaml") as refused:
        assert refused.wait(_DEADLINE_SECONDS) == 2


@contextmanager
def daemon(home: Home, workspace: Path) -> Iterator[subprocess.Popen[str]]:
    log = workspace.with_suffix(".log").open("w")
    with (
        log,
        subprocess.Popen(  # noqa: S603 - our own program
            [program(), "daemon", "--workspace", str(workspace)],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=child_environment({"REPORTING_HOME": str(home.folder)}),
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def ended(process: subprocess.Popen[str]) -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(_DEADLINE_SECONDS)
