"""The rules that each row of a contract table keeps, as SQL: a fault, and its reason.

contract_rules   nulls, checks, currency codes and time zones, as a source promises them
limits           instants that have a date, amounts whose sums fit: what reports can show
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from psycopg import sql
from sqlalchemy import TIMESTAMP, CheckConstraint, Column, Table

from reporting_pipeline.domain.time_zones import zone_names

FIRST_INSTANT, LAST_INSTANT = "0001-01-03Z", "9998-12-31Z"
"""Instants that have a date in every zone, and a month after it."""

MAX_MINOR = 10**17
"""The greatest amount of a row: 90 of them still fit into a bigint."""

_SHOWN_CHARACTERS_MAX = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRule:
    """A rule: SQL that is true if a row breaks it, and SQL of the reason for people."""

    is_broken: sql.Composable
    reason: sql.Composable


def contract_rules(table: Table) -> Iterator[RowRule]:
    """The rules of the contract for a single row; columns are not qualified."""
    for column in table.columns:
        name = sql.Identifier(column.name)
        if not column.nullable:
            yield RowRule(
                is_broken=sql.SQL("{} is null").format(name),
                reason=sql.Literal(f"{column.name} is null"),
            )
        if isinstance(column.type, TIMESTAMP):
            yield RowRule(
                is_broken=sql.SQL("not isfinite({})").format(name),
                reason=_found("is not an instant", [column]),
            )
        if column.name == "currency":
            yield RowRule(
                is_broken=sql.SQL("{}::text collate \"C\" !~ '^[A-Z]{{3}}$'").format(name),
                reason=_found("is not three upper-case letters", [column]),
            )
        if column.name == "timezone":
            yield RowRule(
                is_broken=sql.SQL("{} <> all({})").format(name, sql.Literal(sorted(zone_names()))),
                reason=_found("is not the IANA name of a time zone", [column]),
            )
    for constraint in table.constraints:
        if isinstance(constraint, CheckConstraint):
            rule = str(constraint.sqltext)
            named = [column for column in table.columns if re.search(rf"\b{column.name}\b", rule)]
            yield RowRule(
                is_broken=sql.SQL("not ({})").format(sql.SQL(rule)),
                reason=_checked(constraint, named),
            )


def limits(table: Table) -> Iterator[RowRule]:
    """The limits of what reports can show; a source may hold rows beyond them."""
    for column in table.columns:
        name = sql.Identifier(column.name)
        if isinstance(column.type, TIMESTAMP):
            yield RowRule(
                is_broken=sql.SQL("{} not between {} and {}").format(
                    name, sql.Literal(FIRST_INSTANT), sql.Literal(LAST_INSTANT)
                ),
                reason=_found("is not an instant of the years 1 to 9998", [column]),
            )
        if column.name.endswith("_minor"):
            yield RowRule(
                is_broken=sql.SQL("{} not between {} and {}").format(
                    name, sql.Literal(-MAX_MINOR), sql.Literal(MAX_MINOR)
                ),
                reason=_found(f"is beyond {MAX_MINOR}, so that sums could overflow", [column]),
            )


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
