"""The schema of the report tables is what the registry says."""

import psycopg
import pytest
from sqlalchemy import URL

from reporting_pipeline.registry.report_tables import REPORT_TABLES, ReportTable
from reporting_pipeline.warehouse.engine import conninfo

_COLUMNS = """
    select attname, format_type(atttypid, atttypmod), not attnotnull,
        col_description(attrelid, attnum)
    from pg_catalog.pg_attribute
    where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped
    order by attnum
"""
_KEY = "select pg_get_constraintdef(oid) from pg_catalog.pg_constraint where conname = %s"
_INDEXES = (
    "select indexdef from pg_catalog.pg_indexes where schemaname = 'reporting' and tablename = %s"
)


@pytest.mark.parametrize("table", REPORT_TABLES, ids=lambda table: table.name)
def test_table_is_as_the_registry_says(table: ReportTable, warehouse_url: URL) -> None:
    with psycopg.connect(conninfo(warehouse_url)) as connection:
        columns = connection.execute(_COLUMNS, [f"reporting.{table.name}"]).fetchall()
        key = connection.execute(_KEY, [f"{table.name}_key"]).fetchone()
        indexes = connection.execute(_INDEXES, [table.name]).fetchall()

    assert columns == [(c.name, c.type, c.nullable, c.description) for c in table.columns]
    ordered = ", ".join(sorted(table.key, key=lambda name: name != "date"))
    assert key == (f"UNIQUE NULLS NOT DISTINCT ({ordered})",)
    assert any("(event_id, date)" in definition for (definition,) in indexes)
