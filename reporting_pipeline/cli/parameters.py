"""The types of arguments and options: what a command accepts as a number, a day, a text, a path.

Each refuses what a person does not write and a parser would read all the same: `0x10`, `1_000`,
digits of other scripts, `now`, an empty name. Paths are looked at before any work begins.
"""

import re
from datetime import date
from pathlib import Path
from typing import Any

import click
from typing_extensions import override

from reporting_pipeline.guards.regular_file import path_fault
from reporting_pipeline.guards.shown_text import shown

FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2199, 12, 31)
"""The days that a command accepts."""

MAX_RANGE_DAYS = 3_660
"""The longest range of days of one command: ten years."""

_WHOLE = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MAX_TEXT_CHARACTERS = 1_000
_MAX_NAME_BYTES, _MAX_PATH_BYTES = 255, 4_000


class WholeNumber(click.IntRange):
    """A whole number in plain digits, within limits."""

    name = "whole number"

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number."""
        if isinstance(value, str) and _WHOLE.fullmatch(value) is None:
            self.fail(f"{shown(value)!r} is not a whole number such as 90", param, ctx)
        return super().convert(value, param, ctx)


class _Day(click.types.StringParamType):
    """A report day such as 2025-03-09."""

    name = "date"

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The day."""
        try:
            day = date.fromisoformat(value) if _DAY.fullmatch(value) else None
        except ValueError:
            day = None
        if day is None:
            self.fail(f"{shown(value)!r} is not a day such as 2025-03-09", param, ctx)
        if not FIRST_DAY <= day <= LAST_DAY:
            self.fail(f"{day} is not a day from {FIRST_DAY} to {LAST_DAY}", param, ctx)
        return day


class _Text(click.types.StringParamType):
    """Text for people on one line, or a name: not empty, without control characters."""

    name = "text"

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The text."""
        text = str(value)
        if not text.strip():
            self.fail("it is empty", param, ctx)
        if len(text) > _MAX_TEXT_CHARACTERS:
            limit = f"{len(text)} characters; at most {_MAX_TEXT_CHARACTERS} are allowed"
            self.fail(f"{shown(text)!r} has {limit}", param, ctx)
        if shown(text, _MAX_TEXT_CHARACTERS) != text:
            self.fail(f"{shown(text)!r} has a control character, or is not UTF-8", param, ctx)
        return text


DAY, TEXT = _Day(), _Text()


class _InputPath(click.Path):
    """A path that is read."""

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path."""
        _refuse_name(self, value, param, ctx)
        path = Path(value)
        is_right = _is_folder(path) if self.dir_okay else path_fault(path) is None
        if not is_right:
            fault = path_fault(path) or "it is a file, not a folder"
            self.fail(f"{shown(value)!r} cannot be read: {fault}", param, ctx)
        return path


class _OutputPath(click.Path):
    """A path that is made."""

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path."""
        _refuse_name(self, value, param, ctx)
        if shown(value, _MAX_PATH_BYTES) != value:
            self.fail(f"{shown(value)!r} has a control character, or is not UTF-8", param, ctx)
        path = Path(value)
        above = path if self.dir_okay else path.absolute().parent
        while not _exists(above) and above != above.parent:
            above = above.parent
        if not _is_folder(above):
            self.fail(f"{shown(value)!r}: {shown(above)} is not a folder", param, ctx)
        return path


FILE = _InputPath(dir_okay=False)
FOLDER = _InputPath(file_okay=False, dir_okay=True)
NEW_FILE = _OutputPath(dir_okay=False)
NEW_FOLDER = _OutputPath(file_okay=False, dir_okay=True)


def _refuse_name(
    kind: "click.ParamType[Any]",
    value: Any,
    param: click.Parameter | None,
    ctx: click.Context | None,
) -> None:
    path = str(value)
    if not path.strip():
        kind.fail("the path is empty", param, ctx)
    encoded = path.encode(errors="surrogateescape")
    longest = max(map(len, encoded.split(b"/")))
    if longest > _MAX_NAME_BYTES or len(encoded) > _MAX_PATH_BYTES or b"\0" in encoded:
        kind.fail(f"{shown(path)!r} is no path: a name in it is too long", param, ctx)


def _exists(path: Path) -> bool:
    try:
        path.lstat()
    except OSError:
        return False
    return True


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def require_range(first: date, last: date) -> None:
    """Refuse a range of more than `MAX_RANGE_DAYS`.

    Raises:
        UsageError: It has more.
    """
    count = (last - first).days + 1
    if count > MAX_RANGE_DAYS:
        message = (
            f"--from {first} and --to {last} are {count} days; choose at most {MAX_RANGE_DAYS}"
        )
        raise click.UsageError(message)
