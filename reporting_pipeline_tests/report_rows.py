"""Rows of report tables, inserted without a build, for the tests of files."""

import csv
from collections.abc import Collection
from datetime import date
from pathlib import Path
from uuid import UUID

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import URL

from reporting_pipeline.registry.report_tables import SCHEMA, report_table
from reporting_pipeline.samples.season import SEASON
from reporting_pipeline.warehouse.engine import warehouse_connection

ORGANIZATION = UUID("00000001-0000-4000-8000-00000000000a")
OTHER_ORGANIZATION = UUID("00000001-0000-4000-8000-00000000000b")
EVENT = UUID("00000002-0000-4000-8000-00000000000a")
TICKET_TYPE = UUID("00000003-0000-4000-8000-00000000000a")
DAY = date(2026, 2, 28)

_DEFAULTS: dict[str, object] = {
    "organization_id": ORGANIZATION,
    "event_id": EVENT,
    "date": DAY,
    "currency": "EUR",
    "ticket_type_id": TICKET_TYPE,
    "gate_id": UUID("0000000a-0000-4000-8000-00000000000a"),
    "channel": "web",
    "is_admission": True,
    "is_final": False,
}


def insert_row(connection: psycopg.Connection, table: str, **values: object) -> None:
    """Insert one row; other columns get a sample key, 0, or null if they are nullable."""
    columns = report_table(table).columns
    row = {
        column.name: None if column.nullable else _DEFAULTS.get(column.name, 0)
        for column in columns
    } | values
    statement = SQL("insert into {} ({}) values ({})").format(
        Identifier(SCHEMA, table),
        SQL(", ").join(Identifier(name) for name in row),
        SQL(", ").join(SQL("%s") for _ in row),
    )
    connection.execute(statement, list(row.values()))


def insert_many(url: URL, table: str, *, days: int, rows_per_day: int) -> None:
    """Insert rows of one organisation on `days` days up to DAY, each of another gate and event."""
    columns = {column.name: column for column in report_table(table).columns}
    made = {
        "event_id": SQL("gen_random_uuid()"),
        "date": SQL("%(last)s::date - d"),
    }
    values = {
        name: made.get(name)
        or SQL("{}").format(None if column.nullable else _DEFAULTS.get(name, 0))
        for name, column in columns.items()
    }
    statement = SQL(
        "insert into {} ({}) select {} from generate_series(0, %(days)s - 1) as d, "
        "generate_series(1, %(rows)s) as r"
    ).format(
        Identifier(SCHEMA, table),
        SQL(", ").join(Identifier(name) for name in columns),
        SQL(", ").join(values.values()),
    )
    with warehouse_connection(url) as connection:
        connection.execute(statement, {"last": DAY, "days": days, "rows": rows_per_day})


def load_season_tables(url: URL, tables: Collection[str]) -> None:
    """Fill report tables with the expected rows of the bundled season."""
    with warehouse_connection(url) as connection, connection.cursor() as cursor:
        for table in tables:
            # PostgreSQL refuses COPY into a table with row-level security.
            names = {"rows": Identifier(f"season_{table}"), "table": Identifier(SCHEMA, table)}
            create = "create temporary table {rows} (like {table}) on commit drop"
            cursor.execute(SQL(create).format(**names))
            statement = SQL("copy {rows} from stdin (format csv, header match)").format(**names)
            with cursor.copy(statement) as copy:
                copy.write(season_file(table).read_bytes())
            cursor.execute(SQL("insert into {table} select * from {rows}").format(**names))


def season_rows(table: str) -> list[list[str]]:
    """The expected rows of the bundled season, as text, without the header, sorted."""
    with season_file(table).open(encoding="utf-8", newline="") as file:
        return sorted(list(csv.reader(file))[1:])


def season_file(table: str) -> Path:
    """The file of the expected rows of one report table."""
    return SEASON / "expected" / f"{table}.csv"
