"""Moving judged rows from staging into the contract's tables.

What belongs here: new rows and replaced rows. What does not: judging rows, or making tables.
"""

from dataclasses import dataclass

import psycopg
from psycopg import sql
from sqlalchemy import Table

from reporting_pipeline.sources.dump.staging import columns, present, staged


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLoad:
    """What loading a dump did to one table.

    Attributes:
        new_count: Rows that were not there.
        replaced_count: Mutable rows that took the place of an older state of theirs.
        unchanged_count: Rows that were there already, or in a newer state.
    """

    new_count: int
    replaced_count: int
    unchanged_count: int


def merge(connection: psycopg.Connection, table: Table) -> TableLoad:
    """Merge a staged table by id into its own; a mutable row's newest record clock wins."""
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


def _replace(table: Table) -> sql.Composed:
    names = [sql.Identifier(column.name) for column in table.columns if not column.primary_key]

    def row(alias: str) -> sql.Composed:
        return sql.SQL(", ").join(sql.SQL("{}.{}").format(sql.Identifier(alias), n) for n in names)

    return sql.SQL(
        "update {present} as present set ({names}) = row({values}) from {staged} as staged"
        " where present.id = staged.id and (staged.{clock} > present.{clock}"
        " or (staged.{clock} = present.{clock} and ({values}) is distinct from ({former})))"
    ).format(
        present=present(table),
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
    ).format(present=present(table), columns=columns(table), staged=staged(table))
