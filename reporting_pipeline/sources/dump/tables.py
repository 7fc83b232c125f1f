"""The tables of a load: the contract's tables in a source, and a staging table for each file.

Each file is copied into a temporary staging table, so that the whole dump can be checked before a
row is written. A staging table has the contract's columns and types, but none of its rules. It
numbers its rows in the order of the file, so that each row can be traced to its line.
"""

import re
from dataclasses import dataclass

import psycopg
from psycopg import sql
from sqlalchemy import CheckConstraint, Column, Table, make_url
from sqlalchemy.schema import CreateIndex, CreateTable, DDLElement

from reporting_pipeline.sources.contract import tables_of
from reporting_pipeline.sources.contract.columns import is_optional, type_name
from reporting_pipeline.sources.dump.files import UNREADABLE, DumpFile, Violation
from reporting_pipeline.sources.dump.odd_values import (
    MAX_ODD_BYTES,
    first_odd_value,
    may_have_odd_value,
)
from reporting_pipeline.sources.inspect import present_columns

_DIALECT = make_url("postgresql+psycopg://").get_dialect()()
# Older versions end CSV data at a line with a backslash and a full stop.
_READS_END_MARKERS_AS_DATA = 180_000
# "COPY staged_x, line 5, column id: ..." in the language of the server.
_CONTEXT = re.compile(r"COPY [^,]+, \D+(?P<line>\d+)(?:, \S+ (?P<column>\w+): )?")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLoad:
    """The effect of a load on one table.

    Attributes:
        new_count: Rows that the table did not have.
        replaced_count: Mutable rows that replaced an older version of themselves.
        unchanged_count: Rows that the table has already, in this or a newer version.
    """

    new_count: int
    replaced_count: int
    unchanged_count: int


def create_tables(connection: psycopg.Connection, domain: str) -> None:
    """Create the schema, tables, optional columns and indexes of a domain that do not exist yet."""
    schema = sql.Identifier(domain)
    found = connection.execute("select from pg_namespace where nspname = %s", [domain]).fetchone()
    if found is None:
        connection.execute(sql.SQL("create schema {}").format(schema))
    for table in tables_of(domain):
        parts: list[DDLElement] = [CreateTable(table, if_not_exists=True)]
        parts += [CreateIndex(index, if_not_exists=True) for index in table.indexes]
        for part in parts:
            connection.execute(sql.SQL(str(part.compile(dialect=_DIALECT))))
        _complete(connection, table)


def _complete(connection: psycopg.Connection, table: Table) -> None:
    """Bring a table of version 1.0 to this version: optional columns and allowed values."""
    present = present_columns(connection, str(table.schema))[table.key]
    missing = [column for column in table.columns if column.name not in present]
    if not missing or not all(map(is_optional, missing)):
        return  # `contract_problems` names other columns that are missing
    for column in missing:
        connection.execute(
            sql.SQL("alter table {} add column {} {}{}").format(
                stored(table),
                sql.Identifier(column.name),
                sql.SQL(type_name(column)),
                _reference(column),
            )
        )
    for constraint in table.constraints:
        if isinstance(constraint, CheckConstraint) and "allowed" in constraint.info:
            column_name, _ = constraint.info["allowed"]
            statement = "alter table {} drop constraint if exists {}, add check ({})"
            name = sql.Identifier(f"{table.name}_{column_name}_check")
            rule = sql.SQL(str(constraint.sqltext))
            connection.execute(sql.SQL(statement).format(stored(table), name, rule))


def _reference(column: Column[object]) -> sql.Composed:
    keys = [
        sql.SQL(" references {}").format(stored(key.column.table)) for key in column.foreign_keys
    ]
    return sql.SQL("").join(keys)


def grant_reading(connection: psycopg.Connection, domain: str, role: str) -> None:
    """Allow a role to read the contract's tables of a domain, and nothing else."""
    reader = sql.Identifier(role)
    tables = sql.SQL(", ").join(stored(table) for table in tables_of(domain))
    connection.execute(
        sql.SQL("grant usage on schema {} to {}").format(sql.Identifier(domain), reader)
    )
    connection.execute(sql.SQL("grant select on {} to {}").format(tables, reader))


def create_staging(connection: psycopg.Connection, table: Table) -> None:
    """Create the staging table of a contract table; it is dropped at the end of the transaction.

    The column `record` is 1 for the first row after the header.
    """
    definitions = [
        sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(type_name(column)))
        for column in table.columns
    ]
    statement = (
        "create temporary table {} (record bigint generated always as identity, {}) on commit drop"
    )
    connection.execute(sql.SQL(statement).format(staged(table), sql.SQL(", ").join(definitions)))


def stage(connection: psycopg.Connection, file: DumpFile) -> Violation | None:
    """Copy a file into its staging table.

    Returns:
        The first value or record that PostgreSQL cannot read, if any; then nothing is staged.
    """
    if connection.info.server_version < _READS_END_MARKERS_AS_DATA:
        line = file.end_marker_line()
        if line is not None:
            reason = (
                r"the line has only \., which PostgreSQL before 18 takes for the end of the file"
            )
            return Violation(table=file.table.key, line=line, reason=reason)
    try:
        with connection.transaction():
            is_odd = _copy(connection, file)
    except (psycopg.DataError, psycopg.errors.ProgramLimitExceeded) as error:
        return _unreadable_value(file, error)
    except UNREADABLE as error:
        reason = f"the file cannot be read to its end: {error}"
        return Violation(table=file.table.key, line=None, reason=reason)
    if is_odd and (found := first_odd_value(file)) is not None:
        return found
    connection.execute(sql.SQL("analyze {}").format(staged(file.table)))
    return None


def merge(connection: psycopg.Connection, table: Table) -> TableLoad:
    """Merge staged rows by id into the contract's table; the newest version of a row wins."""
    [(count,)] = connection.execute(
        sql.SQL("select count(*) from {}").format(staged(table))
    ).fetchall()
    replaced_count = connection.execute(_replace(table)).rowcount if table.info["mutable"] else 0
    new_count = connection.execute(_insert(table)).rowcount
    return TableLoad(
        new_count=new_count,
        replaced_count=replaced_count,
        unchanged_count=count - new_count - replaced_count,
    )


def staged(table: Table) -> sql.Identifier:
    """The name of a contract table's staging table."""
    return sql.Identifier(f"staged_{table.schema}_{table.name}")


def stored(table: Table) -> sql.Identifier:
    """The name of a contract table in its source."""
    return sql.Identifier(str(table.schema), table.name)


def _copy(connection: psycopg.Connection, file: DumpFile) -> bool:
    """Copy the file; whether it may have a value that only PostgreSQL reads."""
    nullable = [name for name in file.columns if file.table.columns[name].nullable]
    # Some writers quote every field and write null as "": read it as null where null is allowed.
    force_null = sql.SQL(", force_null ({})").format(_names(nullable)) if nullable else sql.SQL("")
    statement = sql.SQL(
        "copy {} ({}) from stdin with (format csv, header true, encoding 'UTF8'{})"
    ).format(staged(file.table), _names(file.columns), force_null)
    is_odd = False
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        tail = b""
        for chunk in file.chunks():
            is_odd = is_odd or may_have_odd_value(tail + chunk)
            tail = chunk[-MAX_ODD_BYTES:]
            copy.write(chunk)
    return is_odd


def _unreadable_value(file: DumpFile, error: psycopg.Error) -> Violation:
    context = _CONTEXT.search(error.diag.context or "")
    reason = error.diag.message_primary or str(error)
    if context is None:
        return Violation(table=file.table.key, line=None, reason=reason)
    if context["column"]:
        reason = f"{context['column']}: {reason}"
    line = file.first_line_of_record_at(int(context["line"]))
    return Violation(table=file.table.key, line=line, reason=reason)


def _replace(table: Table) -> sql.Composed:
    names = [sql.Identifier(column.name) for column in table.columns if not column.primary_key]

    def row(alias: str) -> sql.Composed:
        return sql.SQL(", ").join(sql.SQL("{}.{}").format(sql.Identifier(alias), n) for n in names)

    return sql.SQL(
        "update {present} as present set ({names}) = row({values}) from {staged} as staged"
        " where present.id = staged.id and (staged.{clock} > present.{clock}"
        " or (staged.{clock} = present.{clock} and ({values}) is distinct from ({former})))"
    ).format(
        present=stored(table),
        names=sql.SQL(", ").join(names),
        values=row("staged"),
        former=row("present"),
        staged=staged(table),
        clock=sql.Identifier(table.info["record_clock"]),
    )


def _insert(table: Table) -> sql.Composed:
    return sql.SQL(
        "insert into {present} ({columns}) select {columns} from {staged} as staged"
        " where not exists (select from {present} as present where present.id = staged.id)"
        " order by record"
    ).format(present=stored(table), columns=_columns(table), staged=staged(table))


def _columns(table: Table) -> sql.Composed:
    return _names([column.name for column in table.columns])


def _names(names: tuple[str, ...] | list[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))
