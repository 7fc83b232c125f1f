"""Command lines that are wrong, derived from the commands themselves: each option, each value.

A new option is among them without a change here. `{NAME}` in an argument is a place that the test
makes: a pipe, a device, a link that leads nowhere, and so on.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import click

from reporting_pipeline.cli import main
from reporting_pipeline.cli.choices import NameOrId

ID = "00000000-0000-4000-8000-000000000001"
"""An organisation that the test lands."""

LONG = "x" * 100_000
# Values that some parser reads as a number, a day or an id, and a person does not write.
_WRONG_NUMBERS = ("ten", "", "1.5", "1e3", "0x10", "1_000", "\u0663", "9" * 30, "-" + "9" * 30)
_WRONG_DAYS = (
    *("", "now", "yesterday", "today", "2025-02-30", "2025-13-01", "0000-01-01", "20250309"),
    *("2025-3-9", "-2025-03-09", "10000-01-01", "1900-01-01", "9999-12-31", "2025-03-09T00:00:00"),
    "\u0662\u0660\u0662\u0665-03-09",
)
_WRONG_IDS = ("", "no-id", "0x10", ID[:-1], "\x1b[31m", "\udcff", LONG)
_WRONG_CHOICES = ("", "nothing", "\x1b[31m", "\udcff", LONG)
_WRONG_TEXTS = ("", " ", "\x1b[31m", "\u202e", "a\nb", "\udcff", LONG)
_WRONG_FILES = ("{missing}", "{dangling}", "{pipe}", "{device}", "{folder}", "", LONG, "{file}/x")
_WRONG_FOLDERS = ("{missing}", "{dangling}", "{pipe}", "{device}", "{file}", "", LONG, "{file}/x")
_NEW_FILES = ("{file}", "{dangling}", "{pipe}", "{device}", "{folder}", "", LONG, "{file}/x")
_NEW_FOLDERS = ("{pipe}", "{device}", "{file}", "", LONG, "{file}/x", "{dangling}/x", "\udcff\n")

# Parameters that name a file or folder to be made; others name one to be read.
_MADE = {
    ("init", "directory"),
    ("keys new", "file"),
    ("sources generate", "out"),
    ("definitions export", "directory"),
    ("bi export", "directory"),
    ("bi hyper", "file"),
}
# Values that a parameter accepts, so that only one argument of a line is wrong.
_RIGHT = {
    ("request", "token"): "2025-03-09",
    ("verify", "file"): "{report}",
    ("verify", "manifest_file"): "{report}",
    ("verify", "key_files"): "{report}",
    ("daemon", "workspace"): "{file}",
    ("exec", "command"): "true",
    ("definitions apply", "directory"): "{definitions}",
    ("build", "tables"): "report_sales_daily",
}
# Options without which the rest of a line is not read.
_WITH = {
    ("build", "first"): ("--to", "2025-03-09"),
    ("build", "last"): ("--from", "2025-03-09"),
    ("build", "tables"): ("--from", "2025-03-09", "--to", "2025-03-09"),
    ("verify", "organization_id"): ("--store",),
    ("metrics", "port"): ("--once",),
}


@dataclass(frozen=True, slots=True)
class Leaf:
    """One command, with its words after `reporting`."""

    words: tuple[str, ...]
    command: click.Command

    @property
    def name(self) -> str:
        """The words as one text."""
        return " ".join(self.words)


def leaves() -> list[Leaf]:
    """Every command that does something, in the order of `reporting --help`."""
    return list(_leaves((), main))


def wrong_lines() -> Iterator[tuple[str, ...]]:
    """For each parameter of each command: wrong values, and no value."""
    for leaf in leaves():
        yield (*leaf.words, "--no-such-option")
        for parameter in leaf.command.params:
            if _has_value(parameter):
                for value in _wrong_values(leaf, parameter):
                    yield _line(leaf, parameter, value)
            if isinstance(parameter, click.Option):
                flag = parameter.opts[-1]
                yield (*leaf.words, flag if _has_value(parameter) else f"{flag}=1")
            elif parameter.required:
                yield leaf.words


def _leaves(words: tuple[str, ...], command: click.Command) -> Iterator[Leaf]:
    if not isinstance(command, click.Group):
        yield Leaf(words, command)
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from _leaves((*words, name), found)
    if command.invoke_without_command:
        yield Leaf(words, command)


def _has_value(parameter: click.Parameter) -> bool:
    return not (isinstance(parameter, click.Option) and parameter.is_flag)


def _line(leaf: Leaf, wrong: click.Parameter, value: str) -> tuple[str, ...]:
    """A line in which `wrong` has this value, and what is required has a right one."""
    line = [*leaf.words, *_WITH.get((leaf.name, str(wrong.name)), ())]
    for each in leaf.command.params:
        if each is not wrong and not each.required:
            continue
        given = value if each is wrong else _right_value(leaf, each)
        if isinstance(each, click.Option):
            line.append(f"{each.opts[-1]}={given}")
        else:
            line += [given] if given.startswith("{") or not given.startswith("-") else ["--", given]
    return tuple(line)


def _right_value(leaf: Leaf, parameter: click.Parameter) -> str:
    if (leaf.name, str(parameter.name)) in _RIGHT:
        return _RIGHT[leaf.name, str(parameter.name)]
    kind = parameter.type
    if isinstance(kind, click.Choice):
        return str(kind.choices[0])
    if isinstance(kind, click.Path):
        return "{new}" if (leaf.name, parameter.name) in _MADE else "{folder}"
    if isinstance(kind, NameOrId):
        return ID
    return {"uuid": ID, "date": "2025-03-09", "whole number": "1"}.get(kind.name, "daily-sales")


def _wrong_values(leaf: Leaf, parameter: click.Parameter) -> tuple[str, ...]:
    kind = parameter.type
    if isinstance(kind, click.Choice):
        return _WRONG_CHOICES
    if isinstance(kind, click.Path):
        is_made = (leaf.name, parameter.name) in _MADE
        if kind.dir_okay:
            return _NEW_FOLDERS if is_made else _WRONG_FOLDERS
        return _NEW_FILES if is_made else _WRONG_FILES
    if leaf.name == "exec":
        return ("", "no-such-program", "{file}", "{folder}", "\udcff", LONG)
    return {
        "uuid": _WRONG_IDS,
        "organisation": _WRONG_IDS,
        "event": _WRONG_IDS,
        "date": _WRONG_DAYS,
        "datetime": _WRONG_DAYS,
        "whole number": _WRONG_NUMBERS,
        "integer": _WRONG_NUMBERS,
        "integer range": _WRONG_NUMBERS,
        "text": _WRONG_TEXTS,
    }[kind.name]
