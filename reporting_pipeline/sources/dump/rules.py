"""Checks staged rows against the rules of the contract, in SQL.

The rules: nulls, checks, currency codes and time zones of each row, unique ids, references to
existing rows, and append-only rows that must not change. Promises of the ledger that span rows (a
transaction balances, for example) are not checked here: finding these is the pipeline's work.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from zoneinfo import available_timezones

import psycopg
from psycopg import sql
from sqlalchemy import TIMESTAMP, CheckConstraint, Column, ForeignKey, Table

from reporting_pipeline.sources.dump.files import REPORTED_MAX
from reporting_pipeline.sources.dump.tables import staged, stored

_SHOWN_CHARACTERS_MAX = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenRule:
    """The rows of one table that break one kind of rule.

    Attributes:
        table: The contract table.
        count: The number of violations.
        first: Record and reason of the first violations.
    """

    table: Table
    count: int
    first: tuple[tuple[int, str], ...]


def broken_rules(
    connection: psycopg.Connection, table: Table, *, without: Iterable[Table]
) -> Iterator[BrokenRule]:
    """The broken rules of a staged table; references to the tables `without` are not checked."""
    queries = [_broken_rows(table), _repeated_ids(table)]
    unknown = set(without)
    queries += [
        _broken_references(table, key)
        for key in sorted(table.foreign_keys, key=lambda key: key.parent.name)
        if key.column.table not in unknown
    ]
    if not table.info["mutable"]:
        queries.append(_changed_rows(table))
    for query in queries:
        statement = sql.SQL(
            "select record, why, count(*) over () from ({}) as broken order by record, why limit {}"
        ).format(query, REPORTED_MAX)
        rows = connection.execute(statement).fetchall()
        if rows:
            first = tuple((record, reason) for record, reason, _ in rows)
            yield BrokenRule(table=table, count=rows[0][2], first=first)


def _broken_rows(table: Table) -> sql.Composed:
    """All rules of a single row in one pass; only broken rows are checked rule by rule."""
    rules = list(_row_rules(table))
    broken = sql.SQL(" or ").join(condition for condition, _ in rules)
    reasons = sql.SQL(", ").join(sql.SQL("({}, {})").format(*rule) for rule in rules)
    return sql.SQL(
        "select staged.record, rule.why from {} as staged"
        " cross join lateral (values {}) as rule (is_broken, why)"
        " where ({}) and rule.is_broken"
    ).format(staged(table), reasons, broken)


def _row_rules(table: Table) -> Iterator[tuple[sql.Composable, sql.Composable]]:
    """Pairs of SQL expressions: one is true if a row breaks the rule, the other is the reason."""
    for column in table.columns:
        name = sql.Identifier(column.name)
        if not column.nullable:
            yield sql.SQL("{} is null").format(name), sql.Literal(f"{column.name} is null")
        if isinstance(column.type, TIMESTAMP):
            yield sql.SQL("not isfinite({})").format(name), _found("is not an instant", [column])
        if column.name == "currency":
            code = sql.SQL("{}::text collate \"C\" !~ '^[A-Z]{{3}}$'").format(name)
            yield code, _found("is not three upper-case letters", [column])
        if column.name == "timezone":
            zones = sql.Literal(sorted(available_timezones()))
            unknown = sql.SQL("{} <> all({})").format(name, zones)
            yield unknown, _found("is not the IANA name of a time zone", [column])
    for constraint in table.constraints:
        if isinstance(constraint, CheckConstraint):
            rule = str(constraint.sqltext)
            named = [column for column in table.columns if re.search(rf"\b{column.name}\b", rule)]
            yield sql.SQL("not ({})").format(sql.SQL(rule)), _checked(constraint, named)


def _checked(constraint: CheckConstraint, columns: list[Column[object]]) -> sql.Composed:
    return sql.SQL("{} || ': ' || {}").format(
        sql.Literal(constraint.info["reason"]), _values(columns)
    )


def _found(problem: str, columns: list[Column[object]]) -> sql.Composed:
    return sql.SQL("{} || {}").format(_values(columns), sql.Literal(f" {problem}"))


def _values(columns: list[Column[object]]) -> sql.Composed:
    """SQL that gives `name 'value', ...` of the row."""
    return sql.SQL(" || ', ' || ").join(
        sql.SQL("{} || coalesce(quote_literal(left({}::text, {})), 'null')").format(
            sql.Literal(f"{column.name} "), sql.Identifier(column.name), _SHOWN_CHARACTERS_MAX
        )
        for column in columns
    )


def _repeated_ids(table: Table) -> sql.Composed:
    return sql.SQL(
        "select record, 'id ' || id || ' occurs earlier in this file' as why"
        " from (select record, id, row_number() over (partition by id order by record) as copy"
        " from {} where id is not null) as numbered where copy > 1"
    ).format(staged(table))


def _broken_references(table: Table, key: ForeignKey) -> sql.Composed:
    parent = key.column.table
    return sql.SQL(
        "select child.record, {name} || child.{column} || {problem} as why from {child} as child"
        " where child.{column} is not null"
        " and not exists (select from {staged} as parent where parent.id = child.{column})"
        " and not exists (select from {stored} as parent where parent.id = child.{column})"
    ).format(
        name=sql.Literal(f"{key.parent.name} "),
        column=sql.Identifier(key.parent.name),
        problem=sql.Literal(
            f" is not a row of {parent.key}, neither in the dump nor in the source"
        ),
        child=staged(table),
        staged=staged(parent),
        stored=stored(parent),
    )


def _changed_rows(table: Table) -> sql.Composed:
    names = [column.name for column in table.columns if not column.primary_key]
    differs = [
        sql.SQL("stored.{0} is distinct from staged.{0}").format(sql.Identifier(name))
        for name in names
    ]
    differing = [
        sql.SQL("case when {} then {} end").format(condition, sql.Literal(name))
        for condition, name in zip(differs, names, strict=True)
    ]
    return sql.SQL(
        "select staged.record, 'append-only row ' || staged.id"
        " || ' differs from the stored row in ' || concat_ws(', ', {differing}) as why"
        " from {staged} as staged join {stored} as stored using (id) where {differs}"
    ).format(
        differing=sql.SQL(", ").join(differing),
        staged=staged(table),
        stored=stored(table),
        differs=sql.SQL(" or ").join(differs),
    )
