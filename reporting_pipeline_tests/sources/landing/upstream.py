"""Changes single rows of the sources, and reads single values of the warehouse.

A test that uses these shows its change, which a whole dump would hide.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from sqlalchemy import URL, Table

from reporting_pipeline.addresses import with_options
from reporting_pipeline.building.touched_days import TouchedDays
from reporting_pipeline.sources import contract
from reporting_pipeline.sources.landing import LandingResult, land
from reporting_pipeline.warehouse.engine import conninfo

Sources = Mapping[str, URL]

# Ids of the season: an organisation in Berlin, two of its events, and the first order of the Berlin
# event, which has two tickets.
ORGANIZATION = "00000001-0000-4000-8000-000000000001"
BERLIN = "00000002-0000-4000-8000-000000000001"
NEW_YORK = "00000002-0000-4000-8000-000000000002"
ORDER = "00000004-0000-4000-8000-0000000000ab"
GATE = "0000000a-0000-4000-8000-000000000001"


def land_all(
    sources: Sources,
    warehouse: URL,
    *,
    overlap_seconds: int = 900,
    timeout_seconds: int = 60,
    **options: Any,
) -> LandingResult:
    """Land with the default settings, except for these and `options`."""
    return land(
        sources,
        warehouse,
        listener=TouchedDays(),
        overlap_seconds=overlap_seconds,
        timeout_seconds=timeout_seconds,
        **options,
    )


def set_clock(source: URL, offset: timedelta) -> None:
    """Let a source's database have a clock that differs from the server's by `offset`.

    Only sessions at an address of `with_own_clock` read it.
    """
    query(
        source,
        "create or replace function public.statement_timestamp() returns timestamptz"
        " language sql as $$select pg_catalog.statement_timestamp()"
        f" + interval '{offset.total_seconds()} seconds'$$",
    )
    query(source, "grant execute on function public.statement_timestamp() to public")


def with_own_clock(sources: Sources) -> dict[str, URL]:
    """The addresses at which a session reads the clock of `set_clock`, if it is set."""
    path = "-c search_path=public,pg_catalog"
    return {domain: with_options(url, path) for domain, url in sources.items()}


def query(url: URL, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
    """Run a statement in a database; return its rows, if there are any."""
    with psycopg.connect(conninfo(url)) as connection:
        cursor = connection.execute(statement.encode(), parameters or None)
        return cursor.fetchall() if cursor.description else []


def add(sources: Sources, table_name: str, **values: object) -> str:
    """Add a copy of the row recorded last, with `values` and a new id; return the id."""
    table = contract.metadata.tables[table_name]
    with _connected(sources, table) as connection:
        return _add(connection, table, values)


def _add(connection: psycopg.Connection, table: Table, values: Mapping[str, Any]) -> str:
    clock = sql.Identifier(table.info["record_clock"])
    newest = sql.SQL("select * from {} order by {} desc, id limit 1").format(_name(table), clock)
    cursor = connection.cursor(row_factory=dict_row)
    # A row that names all columns needs no former one.
    is_whole = values.keys() >= set(table.columns.keys())
    found = {} if is_whole else cursor.execute(newest).fetchone() or {}
    row = {**found, "id": uuid4(), **values}
    statement = sql.SQL("insert into {} ({}) values ({})").format(
        _name(table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(map(sql.Placeholder, row)),
    )
    cursor.execute(statement, row)
    return str(row["id"])


def change(sources: Sources, table_name: str, row_id: str, **values: object) -> None:
    """Change columns of a row; the caller also sets `updated_at` of a mutable row."""
    table = contract.metadata.tables[table_name]
    assignments = sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(column), sql.Placeholder(column))
        for column in values
    )
    statement = sql.SQL("update {} set {} where id = {}").format(
        _name(table), assignments, sql.Literal(row_id)
    )
    with _connected(sources, table) as connection:
        assert connection.execute(statement, values).rowcount == 1


def delete(sources: Sources, table_name: str, *row_ids: str) -> list[dict[str, Any]]:
    """Delete rows, whatever refers to them; return them, for `restore`."""
    table = contract.metadata.tables[table_name]
    statement = sql.SQL("delete from {} where id = any({}::uuid[]) returning *").format(
        _name(table), sql.Literal(list(row_ids))
    )
    with _connected(sources, table) as connection:
        _drop_references(connection)
        rows = connection.cursor(row_factory=dict_row).execute(statement).fetchall()
    assert len(rows) == len(row_ids)
    return rows


def restore(sources: Sources, table_name: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Add rows that were deleted."""
    table = contract.metadata.tables[table_name]
    with _connected(sources, table) as connection:
        for row in rows:
            _add(connection, table, row)


def drop_constraints(sources: Sources, table_name: str) -> None:
    """Allow any values of the promised types in a table: no checks, no keys, nulls allowed."""
    table = contract.metadata.tables[table_name]
    statement = "alter table {0} rename to former; create table {0} as select * from {1};"
    former = sql.Identifier(str(table.schema), "former")
    with _connected(sources, table) as connection:
        connection.execute(sql.SQL(statement).format(_name(table), former))


def newest_clock(sources: Sources, table_name: str) -> Any:
    """The newest record clock of a source table."""
    table = contract.metadata.tables[table_name]
    clock = sql.Identifier(table.info["record_clock"])
    with _connected(sources, table) as connection:
        statement = sql.SQL("select max({}) from {}").format(clock, _name(table))
        [(newest,)] = connection.execute(statement).fetchall()
        return newest


def warehouse_bytes(warehouse: URL) -> dict[str, str]:
    """Each table of the schema landing with a digest of its stored rows.

    The table of faults is omitted, because a failed landing writes to it.
    """
    tables = (
        "select relname from pg_class"
        " where relnamespace = 'landing'::regnamespace and relkind in ('r', 'p')"
        " and relname <> 'source_faults'"
    )
    digest = (
        "select md5(coalesce(string_agg(concat(tableoid, ctid, xmin, kept), ';'"
        " order by tableoid, ctid), '')) from {} as kept"
    )
    digests = {}
    with psycopg.connect(conninfo(warehouse)) as connection:
        for (name,) in connection.execute(tables).fetchall():
            statement = sql.SQL(digest).format(sql.Identifier("landing", name))
            [(digests[name],)] = connection.execute(statement).fetchall()
    return digests


def drop_references(sources: Sources, domain: str) -> None:
    """Allow rows of a domain whose parents do not exist."""
    with psycopg.connect(conninfo(sources[domain])) as connection:
        _drop_references(connection)


def _drop_references(connection: psycopg.Connection) -> None:
    keys = "select conrelid::regclass::text, conname from pg_constraint where contype = 'f'"
    for table, name in connection.execute(keys).fetchall():
        statement = f"alter table {table} drop constraint {name}"
        connection.execute(statement.encode())


def _connected(sources: Sources, table: Table) -> psycopg.Connection:
    return psycopg.connect(conninfo(sources[table.info["domain"]]))


def _name(table: Table) -> sql.Identifier:
    return sql.Identifier(str(table.schema), table.name)
