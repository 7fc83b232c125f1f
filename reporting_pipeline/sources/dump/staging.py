"""Streaming the files of a dump into temporary tables, where the whole of it can be judged.

A staging table has the contract's columns and types but none of its rules, and numbers its rows in
the order of the file, so that each can be traced back to its line.

What belongs here: COPY, and what PostgreSQL says of a value that is not of its type. What does not:
the rules of the contract.
"""

import re

import psycopg
from psycopg import sql
from sqlalchemy import Table

from reporting_pipeline.sources.dump.files import UNREADABLE, DumpFile
from reporting_pipeline.sources.dump.violation import Violation
from reporting_pipeline.sources.inspect.problem import type_name

# Until then, CSV data ended at a line with a backslash and a full stop.
_READS_END_MARKERS_AS_DATA = 180_000
# "COPY staged_x, line 5, column id: ..." in whatever language the server speaks.
_CONTEXT = re.compile(r"COPY [^,]+, \D+(?P<line>\d+)(?:, \S+ (?P<column>\w+): )?")


def staged(table: Table) -> sql.Identifier:
    """The temporary table that holds a contract table's file."""
    return sql.Identifier(f"staged_{table.schema}_{table.name}")


def present(table: Table) -> sql.Identifier:
    """The contract's table in its source."""
    return sql.Identifier(str(table.schema), table.name)


def columns(table: Table) -> sql.Composed:
    """The contract's columns of a table, in its order."""
    return sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)


def stage(connection: psycopg.Connection, file: DumpFile) -> Violation | None:
    """Copy a file into its staging table.

    Returns:
        The first value or record that PostgreSQL cannot read, if any; nothing is staged then.
    """
    if connection.info.server_version < _READS_END_MARKERS_AS_DATA:
        line = file.end_marker_line()
        if line is not None:
            reason = r"the line holds \. alone, which PostgreSQL before 18 takes for the end"
            return Violation(table=file.table.key, line=line, reason=reason)
    try:
        with connection.transaction():
            _copy(connection, file)
    except psycopg.DataError as error:
        return _explained(file, error)
    except UNREADABLE as error:
        reason = f"the file cannot be read to its end: {error}"
        return Violation(table=file.table.key, line=None, reason=reason)
    connection.execute(sql.SQL("analyze {}").format(staged(file.table)))
    return None


def create_staging(connection: psycopg.Connection, table: Table) -> None:
    """Make a contract table's staging table, which ends with the transaction.

    Its `record` is 1 for the first row after the header.
    """
    definitions = [
        sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(type_name(column)))
        for column in table.columns
    ]
    statement = (
        "create temporary table {} (record bigint generated always as identity, {}) on commit drop"
    )
    connection.execute(sql.SQL(statement).format(staged(table), sql.SQL(", ").join(definitions)))


def _copy(connection: psycopg.Connection, file: DumpFile) -> None:
    nullable = [column.name for column in file.table.columns if column.nullable]
    # Writers that quote every field write null as "", which only means an empty text elsewhere.
    force_null = sql.SQL(", force_null ({})").format(_names(nullable)) if nullable else sql.SQL("")
    statement = sql.SQL(
        "copy {} ({}) from stdin with (format csv, header true, encoding 'UTF8'{})"
    ).format(staged(file.table), _names(file.columns), force_null)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for chunk in file.chunks():
            copy.write(chunk)


def _names(names: tuple[str, ...] | list[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _explained(file: DumpFile, error: psycopg.DataError) -> Violation:
    context = _CONTEXT.search(error.diag.context or "")
    reason = error.diag.message_primary or str(error)
    if context is None:
        return Violation(table=file.table.key, line=None, reason=reason)
    if context["column"]:
        reason = f"{context['column']}: {reason}"
    line = file.first_line_of_record_at(int(context["line"]))
    return Violation(table=file.table.key, line=line, reason=reason)
