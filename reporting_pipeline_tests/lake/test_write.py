"""A lake has the rows of the report tables; a run writes only what changed since the last one."""

import re
import shutil
from datetime import date
from pathlib import Path

import duckdb
import polars
import psycopg
import pyarrow as pa
import pytest
from pyarrow import dataset as arrow

from reporting_pipeline.errors import FileUnreadable
from reporting_pipeline.lake.tables import LakeTable, day_tables, name_tables
from reporting_pipeline.lake.write import Written, write_lake
from reporting_pipeline.store import open_store
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline

_PARTITIONS = arrow.partitioning(
    pa.schema([("organization_id", pa.string()), ("date", pa.date32())]), flavor="hive"
)
_DATED = re.compile(
    r"table=sales_daily/organization_id=[0-9a-f-]{36}/date=\d{4}-\d\d-\d\d/rows\.parquet"
)


@pytest.fixture(scope="module")
def lake(shared_season_pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lake of the season, written once."""
    folder = tmp_path_factory.mktemp("lake")
    write_lake(shared_season_pipeline.warehouse, open_store(str(folder)))
    return folder


@pytest.mark.parametrize("table", day_tables(), ids=lambda each: each.name)
def test_duckdb_reads_every_row_with_its_organisation_and_day(
    table: LakeTable, lake: Path, shared_season_pipeline: Pipeline
) -> None:
    name = table.name
    with warehouse_connection(shared_season_pipeline.warehouse) as connection:
        expected = connection.execute(
            "select organization_id::text, date, count(*) from reporting_bi."  # noqa: S608
            f"{name} group by 1, 2 order by 1, 2"
        ).fetchall()

    assert _counts(lake, name) == expected


def test_money_is_exact_and_days_are_dates(lake: Path, shared_season_pipeline: Pipeline) -> None:
    with warehouse_connection(shared_season_pipeline.warehouse) as connection:
        expected = connection.execute(
            "select organization_id::text, date, currency, sum(gross_minor)::bigint"
            " from reporting_bi.sales_daily group by 1, 2, 3"
        ).fetchall()

    found = arrow.dataset(lake / "table=sales_daily", partitioning=_PARTITIONS).to_table()

    assert found.schema.field("gross_minor").type == pa.int64()
    assert found.schema.field("date").type == pa.date32()
    sums = found.group_by(["organization_id", "date", "currency"]).aggregate(
        [("gross_minor", "sum")]
    )
    assert {tuple(row.values()) for row in sums.to_pylist()} == set(expected)


def test_polars_reads_the_lake_with_its_organisations_and_days(
    lake: Path, shared_season_pipeline: Pipeline
) -> None:
    with warehouse_connection(shared_season_pipeline.warehouse) as connection:
        expected = connection.execute(
            "select organization_id::text, date, sum(gross_minor)::bigint"
            " from reporting_bi.sales_daily group by 1, 2"
        ).fetchall()

    rows = polars.scan_parquet(
        f"{lake}/table=sales_daily/", hive_partitioning=True, try_parse_hive_dates=True
    )

    sums = rows.group_by("organization_id", "date").agg(polars.col("gross_minor").sum())
    assert set(sums.collect().rows()) == set(expected)


def test_names_are_in_tables_of_their_own(lake: Path) -> None:
    for table in name_tables():
        rows = duckdb.execute(
            f"select * from read_parquet('{lake}/table={table.name}/**/*.parquet',"  # noqa: S608
            " hive_partitioning = true)"
        )
        assert {each.name for each in table.columns} <= {each[0] for each in rows.description}
        assert rows.fetchall()


def test_a_second_run_writes_nothing(built: Pipeline, tmp_path: Path) -> None:
    first = _run(built, tmp_path)
    files = _files(tmp_path)

    second = _run(built, tmp_path)

    assert sum(each.written_count for each in first) > 100
    assert [each for each in second if each.day_count] == []
    assert _files(tmp_path) == files


def test_a_rebuilt_day_writes_only_files_that_changed(
    built: Pipeline, lake: Path, tmp_path: Path
) -> None:
    _copy(lake, tmp_path)
    before = _files(tmp_path)
    [(organization_id, day)] = _sold_days(built)
    changed = f"table=sales_daily/organization_id={organization_id}/date={day}/rows.parquet"
    with warehouse_connection(built.warehouse) as connection:
        connection.execute(
            "update reporting.report_sales_daily set gross_minor = gross_minor + 1"
            " where organization_id = %s and date = %s",
            (organization_id, day),
        )
        _count_as_built(connection, day)

    written = {each.table: each for each in _run(built, tmp_path)}

    after = _files(tmp_path)
    differing = {name for name in before | after if before.get(name) != after.get(name)}
    assert {name for name in differing if name.endswith(".parquet")} == {changed}
    assert written["sales_daily"].written_count == 1
    assert written["revenue_daily"].day_count == 0


def test_a_day_without_rows_has_its_file_removed(
    built: Pipeline, lake: Path, tmp_path: Path
) -> None:
    _copy(lake, tmp_path)
    [(organization_id, day)] = _sold_days(built)
    gone = tmp_path / f"table=sales_daily/organization_id={organization_id}/date={day}/rows.parquet"
    assert gone.is_file()
    with warehouse_connection(built.warehouse) as connection:
        connection.execute(
            "delete from reporting.report_sales_daily where organization_id = %s and date = %s",
            (organization_id, day),
        )
        _count_as_built(connection, day)

    written = {each.table: each for each in _run(built, tmp_path)}

    assert not gone.exists()
    assert written["sales_daily"].removed_count == 1


def test_an_emptied_lake_is_written_again(built: Pipeline, lake: Path, tmp_path: Path) -> None:
    _run(built, tmp_path)

    written = _files(tmp_path)
    assert written == _files(lake)
    assert all(_DATED.fullmatch(name) for name in written if name.startswith("table=sales_daily"))


def test_a_damaged_state_says_what_to_do(built: Pipeline, lake: Path, tmp_path: Path) -> None:
    _copy(lake, tmp_path)
    (tmp_path / "_lake" / "sales_daily.json").write_text("{", encoding="utf-8")

    with pytest.raises(FileUnreadable, match="delete the lake, and `reporting lake` writes all"):
        _run(built, tmp_path)


def _run(pipeline: Pipeline, folder: Path) -> list[Written]:
    return write_lake(pipeline.warehouse, open_store(str(folder)))


def _copy(lake: Path, folder: Path) -> None:
    """What a first run writes, since each season of a test has the same rows."""
    shutil.copytree(lake, folder, dirs_exist_ok=True)


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def _sold_days(pipeline: Pipeline) -> list[tuple[str, date]]:
    """An organisation and its first day with sales."""
    with warehouse_connection(pipeline.warehouse) as connection:
        return connection.execute(
            "select organization_id::text, date from reporting.report_sales_daily"
            " order by date, organization_id limit 1"
        ).fetchall()


def _count_as_built(connection: psycopg.Connection, day: date) -> None:
    connection.execute(
        "update reporting.day_changes set change_count = change_count + 1"
        " where subject = 'report_sales_daily' and date = %s",
        (day,),
    )


def _counts(lake: Path, table: str) -> list[tuple[object, ...]]:
    if not (lake / f"table={table}").is_dir():
        return []
    return duckdb.execute(
        "select organization_id::text, date, count(*) from"  # noqa: S608
        f" read_parquet('{lake}/table={table}/**/*.parquet', hive_partitioning = true)"
        " group by 1, 2 order by 1, 2"
    ).fetchall()
