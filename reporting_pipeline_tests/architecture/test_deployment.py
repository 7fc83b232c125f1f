"""The files for CI and containers name programs, settings and versions that exist.

They cannot be run without Docker and GitHub's runners, so only their names are checked.
"""

import re
import shlex
from typing import Any

import pytest
import yaml

from reporting_pipeline.settings import Settings
from reporting_pipeline_tests.architecture.repository import ROOT, project
from reporting_pipeline_tests.architecture.test_operations import (
    test_a_command_of_the_page_exists_with_its_options as check_command,
)

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
CI: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
OURS = {name: each for name, each in COMPOSE["services"].items() if "build" in each}


def test_ci_runs_the_two_commands_and_no_other() -> None:
    commands = [
        step["run"]
        for job in CI["jobs"].values()
        for step in job["steps"]
        if step.get("run", "").startswith("make")
    ]
    assert commands == ["make lint", "make test"]


def test_ci_runs_every_python_that_the_project_supports() -> None:
    pythons = CI["jobs"]["test"]["strategy"]["matrix"]["python"]
    prefix = "Programming Language :: Python :: 3."
    supported = [each for each in project()["project"]["classifiers"] if each.startswith(prefix)]
    assert [f"{prefix}{each.removeprefix('3.')}" for each in pythons] == supported


@pytest.mark.parametrize("service", OURS)
def test_a_service_runs_a_command_that_exists_with_its_options(service: str) -> None:
    program, *arguments = shlex.split(OURS[service]["command"])
    if arguments[:2] == ["exec", "--"]:
        program, *arguments = arguments[2:]
    check_command(shlex.join([program, *arguments]))


def test_the_services_set_variables_that_exist() -> None:
    known = {f"REPORTING_{field.upper()}" for field in Settings.model_fields}
    named = {name for each in OURS.values() for name in each["environment"]}
    assert named <= known
    assert set(re.findall(r"REPORTING_\w+", DOCKERFILE)) <= known


def test_the_image_is_built_from_locks_and_files_that_exist() -> None:
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    names = [name for line in copied for name in line.split()]
    assert "requirements.lock" in names
    assert [name for name in names if not (ROOT / name).exists()] == []
    # Everything that users install has hashes, and nothing of it is built.
    of_locks = re.findall(r"pip install(?:(?!pip).)+\.lock", DOCKERFILE, re.DOTALL)
    assert len(of_locks) == 2
    assert [each for each in of_locks if "--require-hashes --only-binary :all:" not in each] == []
