"""The contract's schemas, tables and indexes in a source database, and who may read them.

What belongs here: making what is missing. What does not: changing what is there, or rows.
"""

import psycopg
from psycopg import sql
from sqlalchemy import make_url
from sqlalchemy.schema import CreateIndex, CreateTable, DDLElement

from reporting_pipeline.sources.contract import tables_of
from reporting_pipeline.sources.dump.staging import present

_DIALECT = make_url("postgresql+psycopg://").get_dialect()()


def create_tables(connection: psycopg.Connection, domain: str) -> None:
    """Make the schema, tables and indexes of a domain that are missing."""
    schema = sql.Identifier(domain)
    found = connection.execute("select from pg_namespace where nspname = %s", [domain]).fetchone()
    if found is None:
        connection.execute(sql.SQL("create schema {}").format(schema))
    for table in tables_of(domain):
        parts: list[DDLElement] = [CreateTable(table, if_not_exists=True)]
        parts += [CreateIndex(index, if_not_exists=True) for index in table.indexes]
        for part in parts:
            connection.execute(sql.SQL(str(part.compile(dialect=_DIALECT))))


def grant_reading(connection: psycopg.Connection, domain: str, role: str) -> None:
    """Let a role read the contract's tables of a domain, and nothing else."""
    reader = sql.Identifier(role)
    tables = sql.SQL(", ").join(present(table) for table in tables_of(domain))
    connection.execute(
        sql.SQL("grant usage on schema {} to {}").format(sql.Identifier(domain), reader)
    )
    connection.execute(sql.SQL("grant select on {} to {}").format(tables, reader))
