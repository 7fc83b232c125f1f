"""The first rows of report days, as a table that a person can read in the UI.

What belongs here: a few rows, for the eye. What does not: files, which `delivery` writes whole.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from psycopg import Connection, sql

from reporting_pipeline.registry.report_tables import SCHEMA, ReportTable

_ROWS = 5

# One look into the key's index per day, however many days.
_FIRST_ROWS = sql.SQL("""
    select first_rows.*
    from unnest(%(days)s::date[]) as day
    cross join lateral (
        select {columns} from {table} where date = day order by {key} limit %(rows)s
    ) as first_rows
    order by day
""")


def previews(
    connection: Connection[Any], table: ReportTable, days: Sequence[date]
) -> dict[date, str]:
    """The first rows by key of each day, as a Markdown table; a day without rows has none."""
    query = _FIRST_ROWS.format(
        columns=_names(table.column_names),
        table=sql.Identifier(SCHEMA, table.name),
        key=_names(table.key),
    )
    of_date = table.column_names.index("date")
    rows: dict[date, list[Sequence[object]]] = {}
    for row in connection.execute(query, {"days": list(days), "rows": _ROWS}):
        rows.setdefault(row[of_date], []).append(row)
    return {day: markdown_table(table.column_names, of_day) for day, of_day in rows.items()}


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows as a Markdown table; a null is empty."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(value: object) -> str:
    return "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")


def _names(columns: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))
