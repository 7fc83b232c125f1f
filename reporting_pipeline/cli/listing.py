"""Tables of rows in the terminal."""

from collections.abc import Iterable, Sequence

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from reporting_pipeline.guards.shown_text import shown

# The width of output that is not a terminal, so that no line is folded.
_FILE_WIDTH = 400
_MAX_LINE_CHARACTERS = 4_000
_RIGHT_ALIGNED = frozenset({"edition", "rows", "bytes", "seconds", "tries"})


def listing_console() -> Console:
    """A console that folds lines in a terminal only."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _FILE_WIDTH
    return console


def listing(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Rows under their column names; text of the sources is never read as markup."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in columns:
        right = name in _RIGHT_ALIGNED
        table.add_column(name, justify="right" if right else "left", no_wrap=right)
    for row in rows:
        table.add_row(*map(plain, row))
    return table


def plain(value: object) -> Text:
    """A value as text that cannot control the terminal; None is empty."""
    return Text(shown(value, _MAX_LINE_CHARACTERS))


def say(text: str, *, is_error: bool = False) -> None:
    """Print lines that may have text from the data, which cannot control the terminal."""
    lines = (shown(line, _MAX_LINE_CHARACTERS) for line in text.split("\n"))
    click.echo("\n".join(lines), err=is_error)
