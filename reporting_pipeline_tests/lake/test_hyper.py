"""An extract for Tableau has every row of the views, of one organisation or of all."""

import sys
from collections.abc import Iterator
from errno import EIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pantab
import pyarrow as pa
import pytest
from psycopg import sql

from reporting_pipeline.errors import EnvironmentNotReady, FileExists, RenderFailed
from reporting_pipeline.exports.row_spool import RowSpool
from reporting_pipeline.lake import hyper
from reporting_pipeline.lake.hyper import write_hyper
from reporting_pipeline.registry.bi_views import bi_view, bi_views
from reporting_pipeline.registry.columns import ColumnType
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.sample_reports import BERLIN


def read(file: Path) -> dict[str, pa.Table]:
    """The tables of an extract, by the names of their views."""
    tables = pantab.frames_from_hyper(file, return_type="pyarrow")
    assert {schema for schema, _ in tables} == {"reporting_bi"}
    return {name: table for (_, name), table in tables.items()}


@pytest.fixture
def one_view(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only one view, which has few rows."""
    monkeypatch.setattr(hyper, "bi_views", lambda: (bi_view("bridge"),))


@pytest.fixture(scope="module")
def extract(
    shared_season_pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, pa.Table]:
    """The extract of all organisations of the season."""
    file = tmp_path_factory.mktemp("extract") / "new" / "season.hyper"
    counts = write_hyper(shared_season_pipeline.warehouse, file)
    tables = read(file)
    assert counts == {name: table.num_rows for name, table in tables.items()}
    assert [path.name for path in file.parent.iterdir()] == ["season.hyper"]
    return tables


def rows(pipeline: Pipeline, view: str) -> list[tuple[Any, ...]]:
    """The rows of a view in the warehouse."""
    columns = sql.SQL(", ").join(
        sql.SQL("array_to_string({}, ' ')" if each.type is ColumnType.UUIDS else "{}").format(
            sql.Identifier(each.name)
        )
        for each in bi_view(view).columns
    )
    statement = sql.SQL("select {} from reporting_bi.{}").format(columns, sql.Identifier(view))
    with warehouse_connection(pipeline.warehouse) as connection:
        return connection.execute(statement).fetchall()


@pytest.mark.parametrize("view", [each.name for each in bi_views()])
def test_an_extract_has_each_row_of_the_warehouse(
    view: str, extract: dict[str, pa.Table], shared_season_pipeline: Pipeline
) -> None:
    found = list(zip(*(column.to_pylist() for column in extract[view].columns), strict=True))
    texts = [tuple(str(v) if isinstance(v, UUID) else v for v in row) for row in found]
    expected = [
        tuple(str(value) if isinstance(value, UUID) else value for value in row)
        for row in rows(shared_season_pipeline, view)
    ]

    assert sorted(texts, key=repr) == sorted(expected, key=repr)


def test_amounts_are_whole_numbers_and_days_are_dates(extract: dict[str, pa.Table]) -> None:
    schema = extract["sales_daily"].schema

    assert schema.field("gross_minor").type == pa.int64()
    assert schema.field("date").type == pa.date32()


def test_an_extract_of_an_organisation_has_no_row_of_another(
    shared_season_pipeline: Pipeline, extract: dict[str, pa.Table], tmp_path: Path
) -> None:
    file = tmp_path / "berlin.hyper"

    write_hyper(shared_season_pipeline.warehouse, file, organization_id=BERLIN)

    for name, table in read(file).items():
        owners = extract[name]["organization_id"].to_pylist()
        assert table.num_rows == owners.count(str(BERLIN))
        assert set(table["organization_id"].to_pylist()) <= {str(BERLIN)}


@pytest.mark.usefixtures("one_view")
def test_a_file_is_replaced_only_where_that_is_wanted(
    shared_season_pipeline: Pipeline, tmp_path: Path
) -> None:
    file = tmp_path / "season.hyper"
    file.write_text("mine")

    with pytest.raises(FileExists, match="--overwrite"):
        write_hyper(shared_season_pipeline.warehouse, file)
    assert file.read_text() == "mine"

    write_hyper(shared_season_pipeline.warehouse, file, is_overwriting=True)
    assert list(read(file)) == ["bridge"]


@pytest.mark.usefixtures("one_view")
def test_a_file_that_cannot_be_written_leaves_nothing(
    shared_season_pipeline: Pipeline, tmp_path: Path
) -> None:
    taken = tmp_path / "season.hyper"
    taken.mkdir()

    with pytest.raises(RenderFailed, match=r"season\.hyper was not written"):
        write_hyper(shared_season_pipeline.warehouse, taken, is_overwriting=True)

    assert list(tmp_path.iterdir()) == [taken]
    assert list(taken.iterdir()) == []


@pytest.mark.usefixtures("one_view")
def test_rows_that_cannot_be_read_back_leave_no_short_file(
    shared_season_pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = RowSpool.batches

    def damaged(rows: RowSpool) -> Iterator[pa.RecordBatch]:
        for batch in batches(rows):
            yield batch.slice(0, 1)
            raise OSError(EIO, "the disk is gone")

    monkeypatch.setattr(RowSpool, "batches", damaged)

    with pytest.raises(RenderFailed, match=r"bridge has \d+ rows, and [01] of them"):
        write_hyper(shared_season_pipeline.warehouse, tmp_path / "season.hyper")

    assert list(tmp_path.iterdir()) == []


def test_a_missing_extra_is_named(
    shared_season_pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pantab", None)

    with pytest.raises(EnvironmentNotReady, match=r"reporting-pipeline\[tableau\]"):
        write_hyper(shared_season_pipeline.warehouse, tmp_path / "season.hyper")
