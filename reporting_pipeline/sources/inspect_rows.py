"""Finds the rows of a source that landing will set aside, by the same rules.

Unlike the other checks of a source, this one reads its rows: each table once. Tables of more rows
than `rows_max` are not read, because landing tests their rows as they come.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from psycopg import sql
from sqlalchemy import URL, Table

from reporting_pipeline.sources.contract import tables_of
from reporting_pipeline.sources.contract.row_rules import RowRule, row_rules
from reporting_pipeline.sources.inspect import present_columns, source_connection

LISTED_MAX = 5
"""How many rows are named for each rule."""

# The columns that lead to the organisation of a row, the nearest first.
_OWNERS = {
    "organization_id": "organisation",
    "event_id": "event",
    "order_id": "order",
    "transaction_id": "transaction",
    "venue_id": "venue",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusableRows:
    """The rows of a table that break one rule.

    Attributes:
        table: `<schema>.<table>`.
        problem: The rule that they break.
        count: How many there are.
        first: The first ones, each as `<id> of <owner> <id>`.
    """

    table: str
    problem: str
    count: int
    first: tuple[str, ...]

    def __str__(self) -> str:
        more = f", and {self.count - len(self.first)} more" if self.count > len(self.first) else ""
        return f"{self.table}: {self.problem}: {', '.join(self.first)}{more}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowInspection:
    """The rows of a source that landing will set aside, and the tables that were not read."""

    unusable: tuple[UnusableRows, ...]
    unread: tuple[str, ...]


def inspect_rows(url: URL, domain: str, *, timeout_seconds: int, rows_max: int) -> RowInspection:
    """Test the rows of one source that matches the contract.

    Raises:
        SourceUnavailable: The source is down or too slow.
    """
    found: list[UnusableRows] = []
    unread: list[str] = []
    with source_connection(url, domain, timeout_seconds=timeout_seconds) as connection:
        present = present_columns(connection, domain)
        for table in tables_of(domain):
            if table.key not in present:
                continue
            if _row_estimate(connection, table) > rows_max:
                unread.append(table.key)
                continue
            found += _unusable(connection, table, present[table.key])
    return RowInspection(unusable=tuple(found), unread=tuple(unread))


def _unusable(
    connection: psycopg.Connection, table: Table, present: tuple[str, ...]
) -> Iterator[UnusableRows]:
    rules = [rule for rule in row_rules(table) if set(rule.columns) <= set(present)]
    statement = sql.SQL(
        "select rule.problem, count(*),"
        " (array_agg({row} order by id::text))[1:{listed}]"
        " from {table} cross join lateral (values {rules}) as rule (is_broken, problem)"
        " where ({any_broken}) and rule.is_broken group by rule.problem order by rule.problem"
    ).format(
        row=_named(table),
        listed=sql.Literal(LISTED_MAX),
        table=sql.Identifier(str(table.schema), table.name),
        rules=sql.SQL(", ").join(map(_as_value, rules)),
        any_broken=sql.SQL(" or ").join(rule.is_broken for rule in rules),
    )
    for problem, count, first in connection.execute(statement):
        yield UnusableRows(table=table.key, problem=problem, count=count, first=tuple(first))


def _as_value(rule: RowRule) -> sql.Composed:
    return sql.SQL("({}, {})").format(rule.is_broken, sql.Literal(rule.problem))


def _named(table: Table) -> sql.Composed:
    """SQL of the row's id, and whose it is."""
    owner = next((name for name in _OWNERS if name in table.columns), None)
    if owner is None:
        return sql.SQL("coalesce(id::text, 'null')").format()
    return sql.SQL("coalesce(id::text, 'null') || {} || coalesce({}::text, 'null')").format(
        sql.Literal(f" of {_OWNERS[owner]} "), sql.Identifier(owner)
    )


def _row_estimate(connection: psycopg.Connection, table: Table) -> float:
    statement = "select coalesce(max(reltuples), 0) from pg_class where oid = to_regclass(%s)"
    [(count,)] = connection.execute(statement, (table.key,)).fetchall()
    return float(count)
