"""Every command is named in the documentation, and the documentation names no other."""

import re
from collections.abc import Iterator

import click

from reporting_pipeline.cli import main
from reporting_pipeline_tests.architecture.repository import pages

_NAMED = re.compile(r"`reporting ([a-z]+)")


def test_every_command_is_named_in_the_documentation() -> None:
    text = _documentation()
    unnamed = [
        command
        for command in _commands(main, "reporting")
        if not re.search(rf"\b{command}\b", text)
    ]
    assert unnamed == []


def test_documentation_names_no_command_that_does_not_exist() -> None:
    known = set(main.list_commands(click.Context(main)))
    assert set(_NAMED.findall(_documentation())) <= known


def _documentation() -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in pages())


def _commands(group: click.Group, above: str) -> Iterator[str]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands(command, f"{above} {name}")
        else:
            yield f"{above} {name}"
