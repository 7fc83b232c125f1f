"""The registry of datasets is complete, and the views agree with it."""

import re

import psycopg
import pytest
from psycopg import sql

from reporting_pipeline.errors import UnknownDataset
from reporting_pipeline.registry.columns import ColumnKind, ColumnType
from reporting_pipeline.registry.datasets import DATASETS, SCHEMA, Dataset, dataset
from reporting_pipeline.registry.report_tables import REPORT_TABLES
from reporting_pipeline.sources.contract import TABLES
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.acceptance.pipelines import Pipeline

VIEWS = [each for each in DATASETS if each.schema == SCHEMA]
COLUMNS = [column for each in DATASETS for column in each.columns]
FIGURES = (ColumnKind.MEASURE, ColumnKind.BALANCE, ColumnKind.RATIO)
LANDING_COLUMNS = {f"{t.info['domain']}_{t.name}.report_day" for t in TABLES} | {
    f"{table.info['domain']}_{table.name}.{column.name}"
    for table in TABLES
    for column in table.columns
}
# Tables that landing itself writes.
LANDING_COLUMNS |= {
    *("watermarks.domain", "watermarks.table_name", "watermarks.record_clock"),
    *("watermarks.landed_at", "source_reads.complete_through", "touched_days.report_day"),
}
REPORT_COLUMNS = {f"{t.name}.{name}" for t in REPORT_TABLES for name in t.column_names}

_ACTUAL = """
    select attname, format_type(atttypid, atttypmod), col_description(attrelid, attnum)
    from pg_catalog.pg_attribute
    where attrelid = to_regclass(%s) and attnum > 0
    order by attnum
"""
_COMMENT = "select obj_description(to_regclass(%s), 'pg_class')"


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_has_the_columns_types_and_descriptions_of_the_registry(
    view: Dataset, season: Pipeline
) -> None:
    relation = f"{view.schema}.{view.relation}"
    with psycopg.connect(conninfo(season.warehouse)) as connection:
        columns = connection.execute(_ACTUAL, [relation]).fetchall()
        comment = connection.execute(_COMMENT, [relation]).fetchone()

    assert set(columns) == {(c.name, c.type, c.description) for c in view.columns}
    assert len(columns) == len(view.columns)
    assert comment == (f"{view.grain} {view.description}",)


@pytest.mark.parametrize("books", ["season", "random_books_built"])
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_keys_identify_rows_and_only_nullable_columns_are_null(
    view: Dataset, books: str, request: pytest.FixtureRequest
) -> None:
    pipeline: Pipeline = request.getfixturevalue(books)
    query = sql.SQL("select count(*), count(distinct ({key})), {values} from {view}").format(
        key=sql.SQL(", ").join(map(sql.Identifier, view.key)),
        values=sql.SQL(", ").join(
            sql.SQL("count({})").format(sql.Identifier(column.name)) for column in view.columns
        ),
        view=sql.Identifier(view.schema, view.relation),
    )
    with psycopg.connect(conninfo(pipeline.warehouse)) as connection:
        [(row_count, key_count, *value_counts)] = connection.execute(query).fetchall()

    assert key_count == row_count
    counted = zip(view.columns, value_counts, strict=True)
    assert [c.name for c, count in counted if count < row_count and not c.nullable] == []


def test_catalogue_has_the_columns_of_its_dataset(season: Pipeline) -> None:
    restatements = dataset("restatement_changes")
    with psycopg.connect(conninfo(season.warehouse)) as connection:
        columns = connection.execute(_ACTUAL, ["catalogue.restatement_changes"]).fetchall()

    assert [name for name, _, _ in columns] == [c.name for c in restatements.columns]


def test_every_dataset_has_its_organisation_in_the_key() -> None:
    assert [each.name for each in DATASETS if "organization_id" not in each.key] == []


def test_names_of_datasets_are_unique() -> None:
    names = [each.name for each in DATASETS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("each", DATASETS, ids=lambda each: each.name)
def test_no_column_is_described_twice(each: Dataset) -> None:
    names = [column.name for column in each.columns]
    assert len(set(names)) == len(names)


def test_days_have_the_type_date() -> None:
    days = [each.column(each.day_column) for each in DATASETS if each.day_column]
    assert {column.type for column in days} == {ColumnType.DATE}


def test_money_has_a_currency_beside_it() -> None:
    with_money = [d for d in DATASETS if any(str(c.unit) == "minor" for c in d.columns)]
    assert with_money
    for each in with_money:
        assert each.column("currency").type is ColumnType.CURRENCY


def test_figures_are_named_after_their_unit() -> None:
    figures = [column for column in COLUMNS if column.kind in FIGURES]
    assert [c.name for c in figures if not c.name.endswith(f"_{c.unit}")] == []
    assert {c.name for c in COLUMNS if c.kind not in FIGURES and c.unit} == {
        "transaction_paid_out_minor",
        "unit_price_minor",
    }


def test_descriptions_are_sentences() -> None:
    texts = [column.description for column in COLUMNS]
    texts += [text for each in DATASETS for text in (each.grain, each.description)]
    assert [text for text in texts if not re.fullmatch(r"[A-Z].*\.", text)] == []


def test_sources_exist() -> None:
    assert [column.name for column in COLUMNS if not column.sources] == []
    known = LANDING_COLUMNS | REPORT_COLUMNS
    assert {source for each in VIEWS for c in each.columns for source in c.sources} <= known


def test_datasets_depend_on_report_tables() -> None:
    tables = {table.name for table in REPORT_TABLES}
    assert {table for each in DATASETS for table in each.depends_on} <= tables


def test_unknown_datasets_and_columns_are_refused_with_a_list_of_the_known_ones() -> None:
    with pytest.raises(UnknownDataset, match="'weather'; there are sales_daily, "):
        dataset("weather")
    with pytest.raises(UnknownDataset, match="no column 'rain'; it has organization_id, "):
        dataset("sales_daily").column("rain")


def test_a_name_is_an_attribute_in_files_as_in_those_published_before() -> None:
    event_name = dataset("sales_daily").column("event_name")

    assert event_name.kind is ColumnKind.NAME
    assert event_name.kind_in_files is ColumnKind.ATTRIBUTE
    assert {column.kind_in_files for view in DATASETS for column in view.columns} == set(
        ColumnKind
    ) - {ColumnKind.NAME}
