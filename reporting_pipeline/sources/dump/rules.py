"""Checks staged rows against the rules of the contract, in SQL.

Refused are rows that a table of the contract cannot hold: nulls, checks, unique ids, references to
existing rows, and append-only rows that change. Rows that exceed a limit are loaded with a warning,
because a source can hold them and landing sets them aside. Promises of the ledger that span rows (a
transaction balances, for example) are not checked here: finding these is the pipeline's work.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import psycopg
from psycopg import sql
from sqlalchemy import ForeignKey, Table

from reporting_pipeline.sources.contract.row_rules import RowRule, constraints, limits
from reporting_pipeline.sources.dump.files import REPORTED_MAX
from reporting_pipeline.sources.dump.tables import staged, stored


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
    queries = [_broken_rows(table, constraints(table)), _repeated_ids(table)]
    unknown = set(without)
    queries += [
        _broken_references(table, key)
        for key in sorted(table.foreign_keys, key=lambda key: key.parent.name)
        if key.column.table not in unknown
    ]
    if not table.info["mutable"]:
        queries.append(_changed_rows(table))
    yield from _found(connection, table, queries)


def exceeded_limits(connection: psycopg.Connection, table: Table) -> Iterator[BrokenRule]:
    """The staged rows that landing will set aside."""
    if rules := tuple(limits(table)):
        yield from _found(connection, table, [_broken_rows(table, rules)])


def _found(
    connection: psycopg.Connection, table: Table, queries: Iterable[sql.Composed]
) -> Iterator[BrokenRule]:
    for query in queries:
        statement = sql.SQL(
            "select record, why, count(*) over () from ({}) as broken order by record, why limit {}"
        ).format(query, REPORTED_MAX)
        rows = connection.execute(statement).fetchall()
        if rows:
            first = tuple((record, reason) for record, reason, _ in rows)
            yield BrokenRule(table=table, count=rows[0][2], first=first)


def _broken_rows(table: Table, row_rules: Iterable[RowRule]) -> sql.Composed:
    """All rules of a single row in one pass; only broken rows are checked rule by rule."""
    rules = list(row_rules)
    broken = sql.SQL(" or ").join(rule.is_broken for rule in rules)
    reasons = sql.SQL(", ").join(
        sql.SQL("({}, {})").format(rule.is_broken, rule.reason) for rule in rules
    )
    return sql.SQL(
        "select staged.record, rule.why from {} as staged"
        " cross join lateral (values {}) as rule (is_broken, why)"
        " where ({}) and rule.is_broken"
    ).format(staged(table), reasons, broken)


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
