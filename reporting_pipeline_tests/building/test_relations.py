"""dbt creates the report tables as the registry describes them, and keeps existing rows."""

from datetime import date
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import URL

from reporting_pipeline.building.relations import migrate
from reporting_pipeline.registry.report_tables import REPORT_TABLES, ReportTable, report_table
from reporting_pipeline.warehouse import schema
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.acceptance.pipelines import Pipeline, assert_same

FORMER = Path(__file__).parent / "former_release" / "report_tables.sql"
SALES = "report_sales_daily"

_COLUMNS = """
    select attname, format_type(atttypid, atttypmod), not attnotnull,
        col_description(attrelid, attnum)
    from pg_catalog.pg_attribute
    where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped
"""
_KEY = "select pg_get_constraintdef(oid) from pg_catalog.pg_constraint where conname = %s"
_INDEXES = (
    "select indexdef from pg_catalog.pg_indexes where schemaname = 'reporting' and tablename = %s"
)


@pytest.mark.parametrize("table", REPORT_TABLES, ids=lambda table: table.name)
def test_a_table_agrees_with_the_registry_before_any_day_is_built(
    table: ReportTable, warehouse_url: URL
) -> None:
    _assert_described(table, warehouse_url)


def test_a_second_migration_does_nothing(warehouse_url: URL) -> None:
    assert migrate(warehouse_url) is False


def test_a_warehouse_of_the_former_release_keeps_its_rows_and_gets_the_descriptions(
    built: Pipeline,
) -> None:
    rows = built.tables()
    has_new_columns = _make_former(built.warehouse)
    places = _places(built.warehouse)

    assert migrate(built.warehouse) is True

    now = _places(built.warehouse)
    assert {table: now[table] for table in places} == places
    assert {table for table, _, _ in _queued(built.warehouse)} == has_new_columns
    built.build_touched()
    assert_same(rows, built.tables())
    _migrate_again(built.warehouse)
    for table in REPORT_TABLES:
        _assert_described(table, built.warehouse)


def test_a_new_column_is_added_and_the_days_built_before_are_queued(
    built: Pipeline,
) -> None:
    rows = built.tables()
    with psycopg.connect(conninfo(built.warehouse)) as connection:
        connection.execute("alter table reporting.report_sales_daily drop column tax_minor cascade")

    _migrate_again(built.warehouse)

    days = {day for _, _, day in _queued(built.warehouse)}
    assert days == {row["date"] for row in rows[SALES].values()}
    assert {table for table, _, _ in _queued(built.warehouse)} == {SALES}
    built.build_touched()
    assert_same(rows, built.tables())
    _migrate_again(built.warehouse)
    _assert_described(report_table(SALES), built.warehouse)


def _migrate_again(warehouse: URL) -> None:
    with psycopg.connect(conninfo(warehouse)) as connection:
        connection.execute("comment on schema staging is 'an older project'")
    assert migrate(warehouse) is True


def _queued(warehouse: URL) -> set[tuple[str, str, date]]:
    query = "select report_table, organization_id::text, report_day from landing.touched_days"
    with psycopg.connect(conninfo(warehouse)) as connection:
        return set(connection.execute(query).fetchall())


def _assert_described(table: ReportTable, warehouse: URL) -> None:
    with psycopg.connect(conninfo(warehouse)) as connection:
        columns = connection.execute(_COLUMNS, [f"reporting.{table.name}"]).fetchall()
        key = connection.execute(_KEY, [f"{table.name}_key"]).fetchone()
        indexes = connection.execute(_INDEXES, [table.name]).fetchall()

    assert set(columns) == {(c.name, c.type, c.nullable, c.description) for c in table.columns}
    ordered = ", ".join(sorted(table.key, key=lambda name: name != "date"))
    assert key == (f"UNIQUE NULLS NOT DISTINCT ({ordered})",)
    assert any("(event_id, date)" in definition for (definition,) in indexes)


def _make_former(warehouse: URL) -> set[str]:
    """Replace the report tables by those of the former release's migrations, with their rows.

    Returns the tables that are new or have new columns since then.
    """
    has_new_columns = set()
    with psycopg.connect(conninfo(warehouse)) as connection:
        for table in REPORT_TABLES:
            name = sql.Identifier(table.name)
            connection.execute(
                sql.SQL("create temp table {} as select * from reporting.{}").format(name, name)
            )
            connection.execute(sql.SQL("drop table reporting.{} cascade").format(name))
        connection.execute(FORMER.read_bytes())
        for table in REPORT_TABLES:
            former = connection.execute(_COLUMNS, [f"reporting.{table.name}"]).fetchall()
            names = [column for column, *_ in former]
            has_new_columns |= {table.name} if set(table.column_names) - set(names) else set()
            if not names:  # the table is newer
                continue
            connection.execute(
                sql.SQL("insert into reporting.{} ({}) select {} from pg_temp.{}").format(
                    sql.Identifier(table.name),
                    *[sql.SQL(", ").join(map(sql.Identifier, names))] * 2,
                    sql.Identifier(table.name),
                )
            )
        connection.execute("comment on schema staging is 'the former release'")
    schema.upgrade(warehouse)
    return has_new_columns


def _places(warehouse: URL) -> dict[str, tuple[int, list[tuple[str]]]]:
    """The place of each table and row on disk, which changes if it is written again."""
    places = {}
    with psycopg.connect(conninfo(warehouse)) as connection:
        for table in REPORT_TABLES:
            name = sql.Identifier("reporting", table.name)
            query = sql.SQL("select ctid::text || xmin::text from {} order by 1").format(name)
            oid = connection.execute("select to_regclass(%s)::oid", [f"reporting.{table.name}"])
            [(number,)] = oid.fetchall()
            if number is None:
                continue
            places[table.name] = (number, connection.execute(query).fetchall())
    return places
