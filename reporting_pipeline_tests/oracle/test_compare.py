"""Comparing report tables from CSV files and a warehouse names each difference."""

from copy import deepcopy
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import URL

from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.compare import (
    describe,
    differences,
    keyed,
    read_actual,
)
from reporting_pipeline_tests.oracle.expected import COLUMNS, expected_tables
from reporting_pipeline_tests.oracle.hand_written import HandWritten
from reporting_pipeline_tests.oracle.report_tables import BREAKS, SALES, ReportTable


@pytest.fixture
def tables() -> dict[str, ReportTable]:
    """One sale that is missing in the ledger."""
    writing = HandWritten()
    writing.movement("sale", 1, 1000)
    return expected_tables(writing.books())


def test_equal_tables_have_no_differences(tables: dict[str, ReportTable]) -> None:
    assert differences(tables, deepcopy(tables)) == []


def test_a_different_value_is_named_with_table_key_and_column(
    tables: dict[str, ReportTable],
) -> None:
    actual = deepcopy(tables)
    (row,) = actual[SALES].values()
    row["gross_minor"] = 999

    assert differences(tables, actual) == [
        "report_sales_daily organization_id=hall, event_id=show, date=2025-03-03, currency=EUR, "
        "ticket_type_id=seat, channel=web: gross_minor: expected 1000, found 999"
    ]


@pytest.mark.parametrize("value", [True, Decimal(1), "1", None])
def test_a_value_of_another_type_is_different(
    tables: dict[str, ReportTable], value: object
) -> None:
    actual = deepcopy(tables)
    (row,) = actual[SALES].values()
    assert row["order_count"] == 1
    row["order_count"] = value

    assert len(differences(tables, actual)) == 1


def test_missing_and_unexpected_rows_are_named(tables: dict[str, ReportTable]) -> None:
    fewer: dict[str, ReportTable] = {**tables, BREAKS: {}}

    (missing,) = differences(tables, fewer)
    (unexpected,) = differences(fewer, tables)

    assert "kind=missing_in_ledger: row expected, not found: ticketing_minor=1000" in missing
    assert "row found, not expected" in unexpected


def test_two_rows_with_the_same_key_are_refused() -> None:
    row = dict.fromkeys(COLUMNS[BREAKS])

    with pytest.raises(ValueError, match="two rows with the key date=None"):
        keyed(BREAKS, iter((row, row)))


def test_a_long_list_is_shortened_and_shows_the_number() -> None:
    assert describe(["a", "b", "c"], at_most=2) == "3 differences\na\nb\n... and 1 more"


def test_a_warehouse_is_read_as_it_was_written(warehouse_url: URL, season_dump: Path) -> None:
    expected = expected_tables(Books.from_dump(season_dump))
    with psycopg.connect(conninfo(warehouse_url)) as connection:
        for table, rows in expected.items():
            query = sql.SQL("insert into {} ({}) values ({})").format(
                sql.Identifier("reporting", table),
                sql.SQL(", ").join(map(sql.Identifier, COLUMNS[table])),
                sql.SQL(", ").join(sql.Placeholder() * len(COLUMNS[table])),
            )
            written = [
                [list(v) if isinstance(v, tuple) else v for v in map(row.get, COLUMNS[table])]
                for row in rows.values()
            ]
            connection.cursor().executemany(query, written)

        actual = read_actual(connection)

    assert differences(expected, actual) == []
