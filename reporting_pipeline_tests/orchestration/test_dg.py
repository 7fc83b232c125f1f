"""Dagster's command `dg` works in this project, by `[tool.dg]` in pyproject.toml."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from reporting_pipeline.orchestration.jobs import JOBS
from reporting_pipeline.settings import child_environment
from reporting_pipeline_tests.architecture.repository import ROOT


@pytest.fixture
def dagster_home(tmp_path: Path) -> Path:
    """A Dagster instance without servers."""
    (tmp_path / "dagster.yaml").touch()
    return tmp_path


def dg(home: Path, *arguments: str) -> str:
    """Run `dg` in the project, and return what it prints."""
    done = subprocess.run(  # noqa: S603 - our own environment
        [Path(sys.executable).with_name("dg"), *arguments],
        cwd=ROOT,
        env=child_environment({"DAGSTER_HOME": str(home)}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_dg_checks_the_definitions(dagster_home: Path) -> None:
    assert "All definitions loaded successfully" in dg(dagster_home, "check", "defs")


def test_dg_lists_the_definitions(dagster_home: Path) -> None:
    listed = json.loads(dg(dagster_home, "list", "defs", "--json"))

    assert {each["name"] for each in listed["jobs"]} == {job.name for job in JOBS}
    groups = {each.get("group_name") for each in listed["assets"]}
    assert groups >= {"sources", "landing", "staging", "intermediate", "reports", "datasets"}
    assert {"warehouse", "sources", "redis", "store"} <= {r["name"] for r in listed["resources"]}
