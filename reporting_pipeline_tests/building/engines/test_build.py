"""Another engine gives every cell that PostgreSQL gives, and replaces days as it does."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import URL

from reporting_pipeline.building.build import build, build_touched, touched_days
from reporting_pipeline.building.engines import build as engine_build
from reporting_pipeline.building.engines import landing_files
from reporting_pipeline.building.engines.engine import Engine
from reporting_pipeline.building.engines.landing_files import LandingFiles
from reporting_pipeline.errors import BuildFailed
from reporting_pipeline.registry.report_tables import REPORT_TABLES
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.acceptance.pipelines import Databases, Pipeline
from reporting_pipeline_tests.building.engines.filled_tables import all_rows, empty_tables

SALES, REVENUE = "report_sales_daily", "report_revenue_daily"
DAY = date(2025, 5, 2)  # the last day on which the show in Tokyo sold tickets


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """DuckDB, with a folder whose name needs quoting."""
    return Engine(name="duckdb", folder=tmp_path / "the engine's")


@pytest.fixture
def warehouse(built: Pipeline) -> Iterator[psycopg.Connection]:
    """A connection to the warehouse that commits each statement."""
    with psycopg.connect(conninfo(built.warehouse), autocommit=True) as connection:
        yield connection


def test_every_cell_of_the_season_is_that_of_postgresql(built: Pipeline, engine: Engine) -> None:
    by_postgresql = all_rows(built.warehouse)
    empty_tables(built.warehouse)

    result = build(built.known_days(), warehouse=built.warehouse, engine=engine)

    assert all_rows(built.warehouse) == by_postgresql
    assert {table: result.total(table) for table in result.row_counts} == {
        table.name: len(by_postgresql[table.name]) for table in REPORT_TABLES
    }


def test_every_cell_of_an_organisation_with_everything_is_that_of_postgresql(
    organizer: Pipeline, databases: Databases, engine: Engine
) -> None:
    by_postgresql = all_rows(organizer.warehouse)
    fresh = databases.copy("organizer_by_engine", organizer)
    empty_tables(fresh.warehouse)

    build(fresh.known_days(), warehouse=fresh.warehouse, engine=engine)

    assert all_rows(fresh.warehouse) == by_postgresql
    databases.drop(fresh)


def test_late_rows_and_an_emptied_day_give_the_rows_of_postgresql(
    built: Pipeline, warehouse: psycopg.Connection, databases: Databases, engine: Engine
) -> None:
    days = [DAY, date(2025, 5, 3)]
    assert any(row[0] == DAY for row in all_rows(built.warehouse, "date")[SALES])
    for table in ("ticketing_order_line_movements", "ledger_entries"):
        delete = sql.SQL("delete from {} where report_day = %s")
        warehouse.execute(delete.format(sql.Identifier("landing", table)), [DAY])
    warehouse.execute(
        "update landing.ledger_entries set amount_minor = amount_minor + 7 where report_day = %s",
        [date(2025, 5, 3)],
    )
    warehouse.close()
    other = databases.copy("by_postgresql", built)
    build(days, warehouse=other.warehouse)

    build(days, warehouse=built.warehouse, engine=engine)

    assert not any(row[0] == DAY for row in all_rows(built.warehouse, "date")[SALES])
    assert all_rows(built.warehouse) == all_rows(other.warehouse)
    databases.drop(other)


def test_a_sum_that_does_not_fit_leaves_out_its_row_alone(
    built: Pipeline, warehouse: psycopg.Connection, engine: Engine
) -> None:
    warehouse.execute(
        "update landing.ledger_entries set amount_minor = 9000000000000000000"
        " where report_day = %s and component = 'face_value'",
        [DAY],
    )
    build([DAY], warehouse=built.warehouse, tables=[REVENUE])
    by_postgresql, left_out = all_rows(built.warehouse), _left_out(warehouse)
    assert left_out

    build([DAY], warehouse=built.warehouse, tables=[REVENUE], engine=engine)

    assert all_rows(built.warehouse) == by_postgresql
    assert _left_out(warehouse) == left_out


def test_only_touched_days_are_built_and_a_row_that_lands_meanwhile_stays_queued(
    built: Pipeline,
    warehouse: psycopg.Connection,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = all_rows(built.warehouse)
    _touch(warehouse, SALES, DAY)

    def copy_then_land(url: URL, folder: Path) -> LandingFiles:
        copied = landing_files.copy_landing(url, folder)
        _touch(warehouse, SALES, DAY)
        return copied

    monkeypatch.setattr(engine_build, "copy_landing", copy_then_land)

    result = build_touched(built.warehouse, engine=engine)

    assert list(result.row_counts) == [SALES]
    assert touched_days(built.warehouse) == {SALES: [DAY]}
    assert all_rows(built.warehouse) == whole


def test_a_failed_build_keeps_the_former_rows_the_queue_and_the_seals(
    built: Pipeline, warehouse: psycopg.Connection, engine: Engine
) -> None:
    whole, seals = all_rows(built.warehouse), _seals(warehouse)
    _touch(warehouse, SALES, DAY)
    warehouse.execute("alter table landing.ticketing_orders rename column channel to way")

    with pytest.raises(BuildFailed, match="not built, the former rows are kept: stg_ticketing__"):
        build([DAY], warehouse=built.warehouse, tables=[SALES], engine=engine)

    assert all_rows(built.warehouse) == whole
    assert _seals(warehouse) == seals
    assert touched_days(built.warehouse) == {SALES: [DAY]}
    assert [path.name for path in engine.folder.glob("rows-*")] == []


def test_an_engine_with_other_time_zone_rules_builds_nothing(
    built: Pipeline, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        landing_files,
        "ZONE_SAMPLES_QUERY",
        "select 'Asia/Tokyo', timestamptz '2025-05-02 00:00Z', timestamp '2025-05-02 10:00'",
    )

    with pytest.raises(BuildFailed, match="other rules for the time zone Asia/Tokyo"):
        build([DAY], warehouse=built.warehouse, tables=[SALES], engine=engine)


def _left_out(warehouse: psycopg.Connection) -> list[tuple[Any, ...]]:
    query = "select * from reporting.left_out_rows order by report_table, date, event_id"
    return warehouse.execute(query).fetchall()


def _seals(warehouse: psycopg.Connection) -> list[tuple[Any, ...]]:
    return warehouse.execute("select * from reporting.sealed_days order by date").fetchall()


def _touch(warehouse: psycopg.Connection, table: str, day: date) -> None:
    statement = (
        "insert into landing.touched_days (report_table, report_day, touched_at)"
        " values (%s, %s, now())"
    )
    warehouse.execute(statement, [table, day])
