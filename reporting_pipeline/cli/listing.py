"""Tables of rows in the terminal."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

# The width of output that is not a terminal, so that no line is folded.
_FILE_WIDTH = 400
_RIGHT_ALIGNED = frozenset({"edition", "rows", "bytes", "seconds"})


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
    """A value as text without control characters for the terminal; None is empty."""
    text = "" if value is None else str(value)
    return Text(
        "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
    )
