"""The contract's files agree with the code."""

import re
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import URL

from reporting_pipeline.registry.report_tables import (
    BREAK_KINDS,
    REPORT_TABLES,
    WARNING_KINDS,
    ReportTable,
)
from reporting_pipeline.sources.contract import DOMAINS, TABLES
from reporting_pipeline.sources.dump.tables import create_tables
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.architecture.repository import DOCS

CONTRACT = DOCS / "contract"
# Promises in the text of the file that the code checks: signs and sizes of a movement's money.
WORDED_RULES_COUNT = 3
# The contract names the column of the revenue report from which the summary takes a figure.
OTHER_COLUMNS = {"payable_change_minor"}

_TABLES = """
    select oid::regclass::text
    from pg_class
    where relkind = 'r' and relnamespace = any(%s::regnamespace[])
"""
_COLUMNS = """
    select
        attrelid::regclass::text, attnum, attname, format_type(atttypid, atttypmod), attnotnull,
        pg_get_expr(adbin, adrelid)
    from pg_attribute
    left join pg_attrdef on adrelid = attrelid and adnum = attnum
    where attnum > 0 and attrelid = any(%s::regclass[])
"""
_CONSTRAINTS = """
    select conrelid::regclass::text, contype::text, pg_get_constraintdef(oid)
    from pg_constraint
    where conrelid = any(%s::regclass[]) and contype in ('p', 'f', 'c')
"""
_INDEXES = """
    select indrelid::regclass::text, pg_get_indexdef(indexrelid, 1, true), indisunique
    from pg_index
    where indrelid = any(%s::regclass[])
"""


@pytest.fixture
def database(empty_database_url: URL) -> Iterator[psycopg.Connection]:
    """An empty database; every change is rolled back."""
    with psycopg.connect(conninfo(empty_database_url)) as connection:
        yield connection
        connection.rollback()


def test_tables_of_the_file_are_those_of_the_code(database: psycopg.Connection) -> None:
    of_file = _catalogue_of_file(database)
    of_code = _catalogue_of_code(database)

    assert of_file["columns"] == of_code["columns"]
    assert of_file["indexes"] == of_code["indexes"]
    assert of_file["constraints"] <= of_code["constraints"]
    further = of_code["constraints"] - of_file["constraints"]
    assert {(table, kind) for table, kind, _ in further} == {
        ("ticketing.order_line_movements", "c")
    }
    assert len(further) == WORDED_RULES_COUNT


@pytest.mark.parametrize("table", REPORT_TABLES, ids=lambda table: table.name)
def test_report_table_has_every_column_of_the_contract(table: ReportTable) -> None:
    words = set(re.findall(r"[a-z_]+", _section(table.name)))
    columns = set(table.column_names)
    # The contract names the first and the last of the eight.
    reasons = {name for name in columns if re.fullmatch(r"rejected_\w+_count", name)}
    assert len(reasons) in {0, 8}
    figures = {word for word in words if re.fullmatch(r"\w+_(minor|count|rate)", word)}
    assert figures - columns - OTHER_COLUMNS == set()


def test_breaks_are_of_the_kinds_that_the_contract_lists() -> None:
    rows = re.findall(r"^\| (\w+) \|", _section("report_reconciliation_breaks"), re.MULTILINE)
    assert tuple(row for row in rows if row != "kind") == BREAK_KINDS
    warning = " and ".join(f"`{kind}`" for kind in WARNING_KINDS)
    assert f"{warning} warn." in _section("report_reconciliation_breaks")


def _catalogue_of_file(database: psycopg.Connection) -> dict[str, set[tuple[object, ...]]]:
    database.execute((CONTRACT / "sources.sql").read_bytes())
    found = _catalogue(database)
    database.rollback()
    return found


def _catalogue_of_code(database: psycopg.Connection) -> dict[str, set[tuple[object, ...]]]:
    for domain in DOMAINS:
        create_tables(database, domain)
    found = _catalogue(database)
    database.rollback()
    return found


def _catalogue(database: psycopg.Connection) -> dict[str, set[tuple[object, ...]]]:
    tables = [table.fullname for table in TABLES]
    made = database.execute(_TABLES, (list(DOMAINS),)).fetchall()
    assert sorted(name for (name,) in made) == sorted(tables)
    return {
        name: set(database.execute(query, (tables,)))
        for name, query in (
            ("columns", _COLUMNS),
            ("constraints", _CONSTRAINTS),
            ("indexes", _INDEXES),
        )
    }


def _section(table: str) -> str:
    text = (CONTRACT / "report_tables.md").read_text(encoding="utf-8")
    return text.partition(f"\n## {table}\n")[2].partition("\n## ")[0]
