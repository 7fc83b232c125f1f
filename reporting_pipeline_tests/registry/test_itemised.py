"""Itemised datasets, grouped by the key of their report table, give every figure of the table."""

import psycopg
import pytest
from psycopg import sql

from reporting_pipeline.registry.columns import ColumnKind
from reporting_pipeline.registry.datasets import dataset
from reporting_pipeline.registry.report_tables import SCHEMA, report_table
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.acceptance.pipelines import Pipeline

ITEMS_OF_TABLES = [
    ("order_movements", "report_sales_daily"),
    ("ledger_entries", "report_revenue_daily"),
    ("scans", "report_attendance_daily"),
]

_DIFFERENCES = """
    with items as (
        select {key}, {sums} from {items} group by {key}
    ),
    rows as (
        select {key}, {figures} from {table}
    )
    (select 'items', * from items except all select 'items', * from rows)
    union all
    (select 'table', * from rows except all select 'table', * from items)
"""


@pytest.fixture(params=["season", "random_books_built"])
def books(request: pytest.FixtureRequest) -> Pipeline:
    """A pipeline with books that are landed and built."""
    found: Pipeline = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize(("items", "table"), ITEMS_OF_TABLES)
def test_items_add_up_to_the_rows_of_their_table(items: str, table: str, books: Pipeline) -> None:
    with psycopg.connect(conninfo(books.warehouse)) as connection:
        differences = connection.execute(_comparison(items, table)).fetchall()
        rows = connection.execute(
            sql.SQL("select count(*) from {}").format(sql.Identifier(SCHEMA, table))
        ).fetchone()

    assert differences == []
    assert rows is not None
    assert rows[0] >= 18


@pytest.mark.parametrize(("items", "table"), ITEMS_OF_TABLES)
def test_items_have_every_column_of_their_table(items: str, table: str) -> None:
    names = {column.name for column in dataset(items).columns}
    assert set(report_table(table).column_names) - names == set()


def _comparison(items: str, table: str) -> sql.Composed:
    described = report_table(table)
    figures = [c.name for c in described.columns if c.kind is ColumnKind.MEASURE]
    return sql.SQL(_DIFFERENCES).format(
        key=_names(described.key),
        figures=_names(figures),
        sums=sql.SQL(", ").join(
            sql.SQL("sum({0})::bigint as {0}").format(sql.Identifier(name)) for name in figures
        ),
        items=sql.Identifier("datasets", dataset(items).relation),
        table=sql.Identifier(SCHEMA, table),
    )


def _names(columns: tuple[str, ...] | list[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))
