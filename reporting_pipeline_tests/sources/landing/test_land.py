"""One landing: all new rows or none, each once, in any order of domains; and stored faults."""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import URL

from reporting_pipeline.errors import SourceContractBroken, SourceUnavailable, WarehouseUnavailable
from reporting_pipeline.sources.contract import DOMAINS, TABLES
from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline.sources.landing.land import record_fault
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.sources.landing.upstream import (
    Sources,
    add,
    land_all,
    newest_clock,
    query,
    set_clock,
    warehouse_bytes,
    with_own_clock,
)

_FAULTS = "select domain, error, try_count, since < last_at from landing.source_faults"


def test_the_season_lands_completely_with_its_newest_record_clocks(
    loaded: Pipeline, season_row_count: int
) -> None:
    result = loaded.land()

    assert {f"{t.domain}.{t.table_name}": t.new_count for t in result.tables} == {
        table.key: _count(loaded.sources[table.info["domain"]], *table.key.split("."))
        for table in TABLES
    }
    assert result.new_count == season_row_count
    for table in TABLES:
        landed_count = _count(loaded.warehouse, "landing", f"{table.schema}_{table.name}")
        assert landed_count == _count(loaded.sources[table.info["domain"]], *table.key.split("."))
    clocks = "select domain || '.' || table_name, record_clock from landing.watermarks"
    newest = {table.key: newest_clock(loaded.sources, table.key) for table in TABLES}
    assert dict(query(loaded.warehouse, clocks)) == {
        table: clock for table, clock in newest.items() if clock is not None
    }
    assert [table for table, clock in newest.items() if clock is None] == [
        "ticketing.event_series",
        "ledger.payout_items",
    ]


def test_a_second_landing_reads_only_the_overlap_and_changes_nothing(landed: Pipeline) -> None:
    before = warehouse_bytes(landed.warehouse)

    result = landed.land()

    assert (result.new_count, result.touched_day_count) == (0, 0)
    after = warehouse_bytes(landed.warehouse)
    assert after.pop("source_reads") != before.pop("source_reads")  # the time of the read
    assert after.pop("comparisons") != before.pop("comparisons")  # how far its turn is
    assert after == before
    read = {table.table_name: table.read_count for table in result.tables}
    # The rows recorded in the last 15 minutes; all rows of the small tables have the same clock.
    assert {name: count for name, count in read.items() if count > 12} == {"entries": 31}


def test_landing_domains_one_by_one_gives_the_result_of_landing_all(
    loaded: Pipeline, landed: Pipeline
) -> None:
    # The ledger comes before the organisations and events that date it.
    for domain in reversed(DOMAINS):
        land_all({domain: loaded.sources[domain]}, loaded.warehouse)

    for table in TABLES:
        name = f"{table.schema}_{table.name}"
        rows = _rows(landed.warehouse, "landing", name)
        assert _rows(loaded.warehouse, "landing", name) == rows


def test_two_concurrent_landings_land_each_row_once(
    loaded: Pipeline, season_row_count: int
) -> None:
    with ThreadPoolExecutor(2) as threads:
        results = [future.result() for future in [threads.submit(loaded.land) for _ in range(2)]]

    assert sorted(result.new_count for result in results) == [0, season_row_count]
    assert _count(loaded.warehouse, "landing", "ledger_entries") == 3_841


def test_one_broken_source_leaves_the_warehouse_unchanged(
    separate_source_urls: Sources, season_dump: Path, warehouse_url: URL
) -> None:
    load_dump(season_dump, separate_source_urls)
    land_all(separate_source_urls, warehouse_url)
    add(separate_source_urls, "ticketing.organizations")
    query(separate_source_urls["ledger"], "alter table ledger.entries drop column component")
    before = warehouse_bytes(warehouse_url)

    with pytest.raises(SourceContractBroken, match=r"ledger\.entries\.component") as raised:
        land_all(separate_source_urls, warehouse_url)

    assert raised.value.facts == {"domain": "ledger"}
    assert warehouse_bytes(warehouse_url) == before


def test_landed_tables_have_statistics_before_the_first_build(loaded: Pipeline) -> None:
    loaded.land()

    # Without statistics, a day with 1,000 scans took a thousand times as long.
    known = (
        "select relname, reltuples from pg_class"
        " where relnamespace = 'landing'::regnamespace and reltuples >= 50"
    )
    counts = dict(query(loaded.warehouse, known))
    assert counts["scanning_scans"] == 1_164
    assert counts["scanning_scans_2025_10"] == 587
    assert counts["ledger_entries"] == 3_841
    assert counts["ticketing_tickets"] == 882


def test_the_error_names_a_warehouse_that_is_down_without_its_password(loaded: Pipeline) -> None:
    with pytest.raises(WarehouseUnavailable, match=r"127\.0\.0\.1:1/") as raised:
        land_all(loaded.sources, loaded.warehouse.set(port=1))

    assert str(loaded.warehouse.password) not in raised.value.message


def test_the_fault_of_a_source_is_stored_until_the_source_is_read(landed: Pipeline) -> None:
    down = {**landed.sources, "scanning": landed.sources["scanning"].set(port=1)}
    for _ in range(2):
        with pytest.raises(SourceUnavailable):
            land_all(down, landed.warehouse)

    assert query(landed.warehouse, _FAULTS) == [("scanning", "SourceUnavailable", 2, True)]

    land_all(landed.sources, landed.warehouse)
    assert query(landed.warehouse, _FAULTS) == []


def test_a_different_error_begins_a_new_fault(warehouse_url: URL) -> None:
    record_fault(warehouse_url, SourceUnavailable("it is down", domain="ledger"))
    record_fault(warehouse_url, SourceContractBroken("a column is gone", domain="ledger"))

    assert query(warehouse_url, _FAULTS) == [("ledger", "SourceContractBroken", 2, False)]


def test_a_fault_that_cannot_be_stored_is_logged(
    landed: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    nowhere = landed.warehouse.set(port=1)

    record_fault(nowhere, SourceUnavailable("it is down", domain="ledger"))

    assert "the fault of source ledger could not be stored" in caplog.text


def _count(url: URL, schema: str, table: str) -> int:
    return len(_rows(url, schema, table))


def _rows(url: URL, schema: str, table: str) -> list[tuple[object, ...]]:
    statement = sql.SQL("select * from {} order by id").format(sql.Identifier(schema, table))
    with psycopg.connect(conninfo(url)) as connection:
        return connection.execute(statement).fetchall()


def test_a_source_whose_clock_was_ahead_is_complete_only_through_the_present(
    loaded: Pipeline,
) -> None:
    set_clock(loaded.sources["scanning"], timedelta(days=60))

    replace(loaded, sources=with_own_clock(loaded.sources)).land()

    read = "select complete_through < now(), read_at <= now(), round(clock_ahead_seconds) = 5184000"
    assert set(query(loaded.warehouse, f"{read} from landing.source_reads")) == {(True, True, True)}

    loaded.land()

    heals = "select max(abs(clock_ahead_seconds)) < 5 from landing.source_reads"
    assert query(loaded.warehouse, heals) == [(True,)]
