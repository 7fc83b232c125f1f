"""Reports as a table in the terminal.

What belongs here: how lines of reports look there. What does not: which lines.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from psycopg import Connection
from rich.console import Console
from rich.table import Table
from rich.text import Text

# Where nobody's terminal says how wide it is, nothing is folded.
_FILE_WIDTH = 400
_RIGHT = frozenset({"edition", "rows", "bytes", "seconds"})


def report_console() -> Console:
    """A console that folds lines in a terminal only."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _FILE_WIDTH
    return console


def report_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Rows as a table; text of the sources stays text, whatever it holds."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in columns:
        right = name in _RIGHT
        table.add_column(name, justify="right" if right else "left", no_wrap=right)
    for row in rows:
        table.add_row(*map(plain, row))
    return table


def plain(value: object) -> Text:
    """A value as text that no terminal takes for a command; None is empty."""
    text = "" if value is None else str(value)
    return Text(
        "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
    )


def organization_names(connection: Connection) -> dict[UUID, str]:
    """The names of the organisations that have landed, by id."""
    rows = connection.execute("select id, name from landing.ticketing_organizations")
    return dict(rows.fetchall())
