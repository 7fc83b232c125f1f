"""Every command of the operations page exists with its options, and its examples are valid."""

import re
import shlex
from collections.abc import Iterator

import click
import pytest
import yaml
from celery.bin.celery import celery
from dagster._cli import cli as dagster_cli
from dagster_webserver.cli import dagster_webserver

from reporting_pipeline.alerts.alert import AlertKind
from reporting_pipeline.cli import main
from reporting_pipeline.settings import Settings
from reporting_pipeline_tests.architecture.repository import DOCS, ROOT

TEXT = (DOCS / "operations.md").read_text(encoding="utf-8")
PROGRAMS = {
    "celery": celery,
    "reporting": main,
    "dagster": dagster_cli,
    "dagster-webserver": dagster_webserver,
}
# Of PostgreSQL, of Kubernetes and of the shell.
_OTHERS = {"kubectl", "pg_dump", "pg_restore", "set"}
_BLOCK = re.compile(r"```sh\n(.+?)```", re.DOTALL)
_INLINE = re.compile(r"`(reporting [^`]+)`")


def _commands() -> Iterator[str]:
    for block in _BLOCK.findall(TEXT):
        for line in map(str.strip, block.strip().splitlines()):
            yield line.removeprefix("reporting exec -- ")
    yield from _INLINE.findall(TEXT)


def test_the_page_has_commands() -> None:
    assert {line.split()[0] for line in _commands()} == {*PROGRAMS, *_OTHERS}


@pytest.mark.parametrize(
    "line", sorted({line for line in _commands() if line.split()[0] in PROGRAMS})
)
def test_a_command_of_the_page_exists_with_its_options(line: str) -> None:
    program, *arguments = shlex.split(line)
    commands = list(_command_chain(PROGRAMS[program], arguments))
    command = commands[-1]
    params = [param for each in commands for param in each.params]
    known = {name for each in params for name in (*each.opts, *each.secondary_opts)}

    assert not isinstance(command, click.Group) or command.invoke_without_command
    assert {each for each in arguments if each.startswith("-")} <= known


def _command_chain(command: click.Command, arguments: list[str]) -> Iterator[click.Command]:
    """The groups that the arguments name, then the command within them."""
    yield command
    if not isinstance(command, click.Group) or not arguments:
        return
    if command.invoke_without_command and arguments[0].startswith("-"):
        named = [each for each in arguments if each in command.commands]
        if named:  # after options of the group
            yield from _command_chain(command.commands[named[0]], [])
        return
    found = command.get_command(click.Context(command), arguments[0])
    assert found is not None, f"there is no command {arguments[0]}"
    yield from _command_chain(found, arguments[1:])


def test_every_kind_of_alert_says_what_to_do() -> None:
    section = TEXT.partition("## Read an alert")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)

    assert sorted(rows) == sorted(AlertKind)


def test_the_example_environment_sets_variables_that_exist() -> None:
    lines = (DOCS / "examples" / "reporting.env").read_text(encoding="utf-8").splitlines()
    names = {line.partition("=")[0] for line in lines if line and not line.startswith("#")}
    known = {f"REPORTING_{field.upper()}" for field in Settings.model_fields}

    assert {name for name in names if name.startswith("REPORTING_")} <= known


def test_production_names_the_code_as_a_developers_machine_does() -> None:
    names = {
        each["location_name"]
        for path in (ROOT / "workspace.yaml", DOCS / "examples" / "workspace.yaml")
        for location in yaml.safe_load(path.read_text(encoding="utf-8"))["load_from"]
        for each in location.values()
    }

    assert names == {"reporting_pipeline"}
