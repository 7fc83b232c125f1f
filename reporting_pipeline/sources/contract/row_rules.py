"""The one list of rules that each row of a contract table keeps, as SQL: a fault, and its reason.

constraints   nulls and checks: a table of the contract has them itself
limits        rows that a source can hold and that reports cannot show: unknown currencies and time
              zones, instants without a date, amounts whose sums do not fit

Landing sets a row aside that breaks one of them. Loading a dump refuses what breaks a constraint,
and warns of what exceeds a limit. `reporting sources check` lists both.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import LiteralString

from psycopg import sql
from sqlalchemy import TIMESTAMP, CheckConstraint, Column, Numeric, Table

from reporting_pipeline.domain.time_zones import zone_names

FIRST_INSTANT: LiteralString = "0001-01-03Z"
LAST_INSTANT: LiteralString = "9998-12-31Z"
"""Instants that have a date in every zone, and a month after it."""

UNENDING = ("starts_at", "ends_at")
"""Instants that may be later: an event without an end, which landing lets end on the last one."""

MAX_MINOR: LiteralString = "100000000000000000"
"""The greatest amount of a row, 10^17: 90 of them still fit into a bigint."""

MAX_QUANTITY: LiteralString = "2147483647"
"""The greatest number of units or seats of a row, so that its negative fits too."""

MAX_KEY_BYTES: LiteralString = "2000"
"""The longest text that is a key of a report table: an index has no room for any length."""

_SHOWN_CHARACTERS_MAX = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRule:
    """A rule of single rows; columns are not qualified.

    Attributes:
        columns: The columns that it reads.
        problem: What is wrong with a row that breaks it, without the row's values.
        is_broken: SQL that is true if a row breaks it.
        reason: SQL of the problem with the row's values.
    """

    columns: tuple[str, ...]
    problem: str
    is_broken: sql.Composable
    reason: sql.Composable


def row_rules(table: Table) -> tuple[RowRule, ...]:
    """All rules of a table."""
    return (*constraints(table), *limits(table))


def constraints(table: Table) -> Iterator[RowRule]:
    """The rules that a table of the contract has itself."""
    for column in table.columns:
        if not column.nullable:
            problem = f"{column.name} is null"
            yield RowRule(
                columns=(column.name,),
                problem=problem,
                is_broken=sql.SQL("{} is null").format(sql.Identifier(column.name)),
                reason=sql.Literal(problem),
            )
    for constraint in table.constraints:
        if isinstance(constraint, CheckConstraint):
            yield _checked(constraint, table)


def limits(table: Table) -> Iterator[RowRule]:
    """The limits of what reports can show; a source may hold rows beyond them."""
    for column in table.columns:
        name = sql.Identifier(column.name)
        for condition, problem in _limits_of(column):
            yield _limit(column, sql.SQL(condition).format(name), problem)
        if column.name == "timezone":
            names = sql.Literal(sorted(zone_names()))
            is_unknown = sql.SQL("{} <> all({})").format(name, names)
            yield _limit(column, is_unknown, "is not the IANA name of a time zone")


def _limit(column: Column[object], is_broken: sql.Composable, problem: str) -> RowRule:
    return RowRule(
        columns=(column.name,),
        problem=f"{column.name} {problem}",
        is_broken=is_broken,
        reason=sql.SQL("{} || {}").format(_values([column]), sql.Literal(f" {problem}")),
    )


def _limits_of(column: Column[object]) -> Iterator[tuple[LiteralString, str]]:
    """Each limit as SQL that is true beyond it, of the column `{}`, and the problem for people."""
    if isinstance(column.type, TIMESTAMP):
        is_before: LiteralString = f"{{}} < '{FIRST_INSTANT}'"
        is_outside: LiteralString = f"{{}} not between '{FIRST_INSTANT}' and '{LAST_INSTANT}'"
        yield (
            is_before if column.name in UNENDING else is_outside,
            "is not an instant of the years 1 to 9998",
        )
    if isinstance(column.type, Numeric):
        yield "{} = 'NaN'", "is not a number"
    if column.name == "currency":
        yield "{}::text collate \"C\" !~ '^[A-Z]{{3}}$'", "is not three upper-case letters"
    if column.name == "timezone":
        # Report days are computed by the database, which has its own list of zones.
        yield "{} not in (select name from pg_timezone_names)", "is not known to PostgreSQL"
    if column.name.endswith("_minor"):
        yield (
            f"{{}} not between -{MAX_MINOR} and {MAX_MINOR}",
            f"is beyond {MAX_MINOR}, so that sums could overflow",
        )
    if column.name == "quantity":
        yield f"{{}} < -{MAX_QUANTITY}", f"is below -{MAX_QUANTITY}"
    if column.name == "tax_jurisdiction":
        yield (
            f"octet_length({{}}) > {MAX_KEY_BYTES}",
            f"is longer than {MAX_KEY_BYTES} bytes",
        )


def _checked(constraint: CheckConstraint, table: Table) -> RowRule:
    rule, problem = str(constraint.sqltext), str(constraint.info["reason"])
    columns = [column for column in table.columns if re.search(rf"\b{column.name}\b", rule)]
    return RowRule(
        columns=tuple(column.name for column in columns),
        problem=problem,
        is_broken=sql.SQL("not ({})").format(sql.SQL(rule)),
        reason=sql.SQL("{} || ': ' || {}").format(sql.Literal(problem), _values(columns)),
    )


def _values(columns: list[Column[object]]) -> sql.Composed:
    """SQL that gives `name 'value', ...` of the row."""
    return sql.SQL(" || ', ' || ").join(
        sql.SQL("{} || coalesce(quote_literal(left({}::text, {})), 'null')").format(
            sql.Literal(f"{column.name} "), sql.Identifier(column.name), _SHOWN_CHARACTERS_MAX
        )
        for column in columns
    )
