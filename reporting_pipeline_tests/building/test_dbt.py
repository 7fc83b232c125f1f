"""dbt in this process works on several databases, many times, and names the failed models."""

import os
import threading
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from dbt.adapters.base.impl import DEFAULT_BASE_BEHAVIOR_FLAGS
from dbt.adapters.base.relation import BaseRelation
from dbt.adapters.cache import RelationsCache
from sqlalchemy import URL

from reporting_pipeline.building import dbt
from reporting_pipeline.building.build import TABLE_NAMES, build
from reporting_pipeline.building.dbt import (
    compiled_model,
    parsed_project,
    project_digest,
    run_models,
)
from reporting_pipeline.errors import BuildFailed, WarehouseUnavailable
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.acceptance.pipelines import Pipeline

SALES = "report_sales_daily"
DAY = date(2025, 5, 2)
DAYS = {"days": [("2025-05-02", "2025-05-03")]}


def test_one_process_builds_in_several_warehouses_in_turn(
    built: Pipeline, warehouse_url: URL
) -> None:
    rows = built.tables()[SALES]
    counts = [
        build([DAY], warehouse=url, tables=[SALES]).total(SALES)
        for url in (built.warehouse, warehouse_url, built.warehouse)
    ]

    assert counts == [counts[0], 0, counts[0]]
    assert counts[0] > 0
    assert built.tables()[SALES] == rows


def test_builds_do_not_become_slower(built: Pipeline) -> None:
    before = list(DEFAULT_BASE_BEHAVIOR_FLAGS)

    build([DAY], warehouse=built.warehouse, tables=[SALES])

    assert before == DEFAULT_BASE_BEHAVIOR_FLAGS


def test_models_that_run_at_the_same_time_see_all_report_tables(
    built: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The cache is filled one table at a time, and the first one makes it look complete.
    first_threads: dict[str, threading.Thread] = {}
    add: Callable[[RelationsCache, BaseRelation], None] = RelationsCache.add

    def recorded(self: RelationsCache, relation: BaseRelation) -> None:
        first_threads.setdefault(str(relation.identifier), threading.current_thread())
        add(self, relation)

    monkeypatch.setattr(RelationsCache, "add", recorded)
    build([DAY], warehouse=built.warehouse)

    listed = {name: first_threads[name] for name in TABLE_NAMES}
    assert set(listed.values()) == {threading.current_thread()}


def test_the_parsed_project_is_kept_for_the_next_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    manifest = parsed_project()
    parses: list[Sequence[str]] = []

    def parse(arguments: Sequence[str], _: object) -> object:
        parses.append(arguments)
        return SimpleNamespace(success=True, result=manifest)

    monkeypatch.setattr(dbt, "_invoke", parse)
    monkeypatch.setenv("HOME", str(tmp_path))
    of_a_new_process = parsed_project.__wrapped__
    of_a_new_process()
    kept = of_a_new_process()
    times = {"metadata": None}  # it has the time of the parsing, in two notations
    assert (len(parses), kept.to_dict() | times) == (1, manifest.to_dict() | times)

    [file] = (tmp_path / ".cache/reporting_pipeline/dbt").iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    assert of_a_new_process().nodes.keys() == manifest.nodes.keys()
    assert len(parses) == 2, "a damaged file was read"

    monkeypatch.setenv("HOME", os.devnull)
    of_a_new_process()
    assert len(parses) == 3


def test_the_error_for_a_warehouse_that_is_down_does_not_show_the_password(
    warehouse_url: URL,
) -> None:
    with pytest.raises(WarehouseUnavailable, match="refused") as raised:
        run_models([SALES], DAYS, warehouse=warehouse_url.set(port=1))

    assert str(warehouse_url.password) not in raised.value.message


def test_views_follow_the_project(built: Pipeline) -> None:
    with psycopg.connect(conninfo(built.warehouse), autocommit=True) as connection:
        connection.execute("drop view staging.stg_ticketing__orders cascade")
        connection.execute("comment on schema staging is 'an older project'")

        built.build([DAY])

        comment = "select obj_description('staging'::regnamespace, 'pg_namespace')"
        assert connection.execute(comment).fetchall() == [(project_digest(),)]
        view = "select count(*) from staging.stg_ticketing__orders"
        assert connection.execute(view).fetchall() == [(342,)]


def test_a_compiled_model_reads_the_requested_days(built: Pipeline) -> None:
    query = compiled_model(SALES, DAYS, warehouse=built.warehouse)

    assert "report_day >= date '2025-05-02' and report_day < date '2025-05-03'" in query
    with psycopg.connect(conninfo(built.warehouse)) as connection:
        found = connection.execute(query.encode()).fetchall()
    assert len(found) == sum(row["date"] == DAY for row in built.tables()[SALES].values())


def test_model_without_days_gives_no_rows(built: Pipeline) -> None:
    query = compiled_model(SALES, {}, warehouse=built.warehouse)

    with psycopg.connect(conninfo(built.warehouse)) as connection:
        assert connection.execute(query.encode()).fetchall() == []


def test_a_model_that_does_not_exist_does_not_compile(built: Pipeline) -> None:
    with pytest.raises(BuildFailed, match="report_weather_daily"):
        compiled_model("report_weather_daily", DAYS, warehouse=built.warehouse)
