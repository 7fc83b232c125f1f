"""One landing: all that is new or nothing, once, whatever lands first."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import URL

from reporting_pipeline.errors import SourceContractBroken, WarehouseUnavailable
from reporting_pipeline.sources.contract import DOMAINS, TABLES
from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.acceptance.given import Pipeline
from reporting_pipeline_tests.sources.landing.upstream import (
    BERLIN,
    ORGANIZATION,
    Sources,
    add,
    change,
    greatest_clock,
    land_all,
    query,
    warehouse_bytes,
)


def test_season_lands_whole_with_its_greatest_record_clocks(loaded: Pipeline) -> None:
    result = loaded.land()

    assert {f"{t.domain}.{t.table_name}": t.new_count for t in result.tables} == {
        table.key: _count(loaded.sources[table.info["domain"]], *table.key.split("."))
        for table in TABLES
    }
    assert result.new_count == 8_730
    for table in TABLES:
        landed = _count(loaded.warehouse, "landing", f"{table.schema}_{table.name}")
        assert landed == _count(loaded.sources[table.info["domain"]], *table.key.split("."))
    clocks = "select domain || '.' || table_name, record_clock from landing.watermarks"
    assert dict(query(loaded.warehouse, clocks)) == {
        table.key: greatest_clock(loaded.sources, table.key) for table in TABLES
    }


def test_second_landing_reads_only_the_overlap_and_changes_nothing(landed: Pipeline) -> None:
    before = warehouse_bytes(landed.warehouse)

    result = landed.land()

    assert (result.new_count, result.touched_day_count) == (0, 0)
    after = warehouse_bytes(landed.warehouse)
    assert after.pop("source_reads") != before.pop("source_reads")  # it says how far it looked
    assert after == before
    read = {table.table_name: table.read_count for table in result.tables}
    # What upstream recorded in its last 15 minutes; the masters were all made in one.
    assert {name: count for name, count in read.items() if count > 12} == {"entries": 31}


def test_domains_landed_one_by_one_end_like_all_at_once(loaded: Pipeline, landed: Pipeline) -> None:
    # The ledger comes before the organisations and events that date it.
    for domain in reversed(DOMAINS):
        land_all({domain: loaded.sources[domain]}, loaded.warehouse)

    for table in TABLES:
        name = f"{table.schema}_{table.name}"
        rows = _rows(landed.warehouse, "landing", name)
        assert _rows(loaded.warehouse, "landing", name) == rows


def test_two_landings_at_once_land_each_row_once(loaded: Pipeline) -> None:
    with ThreadPoolExecutor(2) as threads:
        results = [future.result() for future in [threads.submit(loaded.land) for _ in range(2)]]

    assert sorted(result.new_count for result in results) == [0, 8_730]
    assert _count(loaded.warehouse, "landing", "ledger_entries") == 3_841


def test_one_broken_source_of_four_databases_leaves_the_warehouse_as_it_was(
    four_source_urls: Sources, season_dump: Path, warehouse_url: URL
) -> None:
    load_dump(season_dump, four_source_urls)
    land_all(four_source_urls, warehouse_url)
    add(four_source_urls, "ticketing.organizations")
    query(four_source_urls["ledger"], "alter table ledger.entries drop column component")
    before = warehouse_bytes(warehouse_url)

    with pytest.raises(SourceContractBroken, match=r"ledger\.entries\.component") as raised:
        land_all(four_source_urls, warehouse_url)

    assert raised.value.facts == {"domain": "ledger"}
    assert warehouse_bytes(warehouse_url) == before


@pytest.mark.parametrize(("table", "row_id"), [("events", BERLIN), ("organizations", ORGANIZATION)])
def test_unknown_time_zone_is_refused_with_its_row(
    landed: Pipeline, table: str, row_id: str
) -> None:
    change(
        landed.sources,
        f"ticketing.{table}",
        row_id,
        timezone="Europe/Atlantis",
        updated_at="2026-01-01T00:00:00Z",
    )
    before = warehouse_bytes(landed.warehouse)

    with pytest.raises(SourceContractBroken) as raised:
        landed.land()

    assert raised.value.message == (
        f"source ticketing breaks the contract in ticketing.{table}: row {row_id} has timezone "
        "'Europe/Atlantis', expected an IANA name; nothing was landed"
    )
    assert warehouse_bytes(landed.warehouse) == before


def test_planner_knows_what_has_landed_before_anything_is_built(loaded: Pipeline) -> None:
    loaded.land()

    # Without statistics the plan of a day with 1,000 scans took a thousand times as long.
    known = (
        "select relname, reltuples from pg_class"
        " where relnamespace = 'landing'::regnamespace and reltuples >= 50"
    )
    counts = dict(query(loaded.warehouse, known))
    assert counts["scanning_scans"] == 1_164
    assert counts["scanning_scans_2025_10"] == 587
    assert counts["ledger_entries"] == 3_841
    assert counts["ticketing_tickets"] == 882


def test_warehouse_that_is_down_is_named_without_its_password(loaded: Pipeline) -> None:
    with pytest.raises(WarehouseUnavailable, match=r"127\.0\.0\.1:1/") as raised:
        land_all(loaded.sources, loaded.warehouse.set(port=1))

    assert str(loaded.warehouse.password) not in raised.value.message


def _count(url: URL, schema: str, table: str) -> int:
    return len(_rows(url, schema, table))


def _rows(url: URL, schema: str, table: str) -> list[tuple[object, ...]]:
    statement = sql.SQL("select * from {} order by id").format(sql.Identifier(schema, table))
    with psycopg.connect(conninfo(url)) as connection:
        return connection.execute(statement).fetchall()
