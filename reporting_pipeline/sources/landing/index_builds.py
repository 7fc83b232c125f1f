"""Builds the indexes of an empty table after its first rows have come, each in one pass.

Row by row, an index costs several times as much as a sort of all its keys at the end. The drop and
the build are in the transaction of the landing: other sessions never see a table without indexes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import LiteralString

import psycopg
from psycopg import sql

# Fewer rows cost less in the indexes than the indexes cost to make again.
_LEAST_ROWS = 2_000
# An index that another object needs, such as a foreign key or a view, is not dropped.
_INDEXES = """
    select
        index.relname as name,
        key.conname as constraint_name,
        coalesce(
            pg_get_constraintdef(key.oid),
            replace(pg_get_indexdef(index.oid), ' ON ONLY ', ' ON ')
        ) as definition
    from pg_index
    inner join pg_class as index on pg_index.indexrelid = index.oid
    left join pg_constraint as key
        on
            index.oid = key.conindid
            and pg_index.indrelid = key.conrelid
            and key.contype in ('p', 'u')
    where
        pg_index.indrelid = {}::regclass
        and pg_index.indisvalid
        and (
            key.oid is not null
            or not exists (select from pg_constraint where conindid = index.oid)
        )
        and not exists (
            select from pg_depend
            where
                deptype = 'n'
                and (
                    (refclassid = 'pg_class'::regclass and refobjid = index.oid)
                    or (refclassid = 'pg_constraint'::regclass and refobjid = key.oid)
                )
        )
    order by index.relname
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Index:
    """An index of a table; with a `constraint_name`, that of a primary key or unique constraint."""

    name: str
    constraint_name: str | None
    definition: LiteralString

    def drop(self, table: sql.Identifier) -> sql.Composed:
        if self.constraint_name is None:
            return sql.SQL("drop index {}").format(sql.Identifier("landing", self.name))
        return sql.SQL("alter table {} drop constraint {}").format(
            table, sql.Identifier(self.constraint_name)
        )

    def build(self, table: sql.Identifier) -> sql.Composed:
        definition = sql.SQL(self.definition)  # the database's own text
        if self.constraint_name is None:
            return definition.format()
        return sql.SQL("alter table {} add constraint {} {}").format(
            table, sql.Identifier(self.constraint_name), definition
        )


@contextmanager
def indexes_built_after(
    connection: psycopg.Connection, table: sql.Identifier, row_count: int
) -> Iterator[None]:
    """Drop the indexes of an empty landed table, and build them at the end of the block.

    Args:
        connection: In the transaction of a landing, as the owner of the table.
        table: The landed table; partitions that the block makes get the indexes too.
        row_count: How many rows come; for few, the indexes stay.
    """
    indexes = _dropped(connection, table) if row_count >= _LEAST_ROWS else []
    yield
    for each in indexes:
        connection.execute(each.build(table))


def _dropped(connection: psycopg.Connection, table: sql.Identifier) -> list[_Index]:
    name = sql.Literal(table.as_string(connection))
    indexes = [
        _Index(name=name, constraint_name=constraint_name, definition=definition)
        for name, constraint_name, definition in connection.execute(
            sql.SQL(_INDEXES).format(name)
        ).fetchall()
    ]
    for each in indexes:
        connection.execute(each.drop(table))
    return indexes
