"""Landing is copied into files with every value, and only where it has changed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from pyarrow import parquet

from reporting_pipeline.building.engines.landing_files import copy_landing
from reporting_pipeline.errors import BuildFailed
from reporting_pipeline.sources.contract import TABLES
from reporting_pipeline.sources.landing.incoming import landed, landing_name
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.acceptance.pipelines import Pipeline


@pytest.fixture
def warehouse(landed: Pipeline) -> Iterator[psycopg.Connection]:
    """A connection to the warehouse that commits each statement."""
    with psycopg.connect(conninfo(landed.warehouse), autocommit=True) as connection:
        connection.execute("set timezone = 'UTC'")
        yield connection


def test_the_files_have_every_value_of_landing(
    landed: Pipeline, warehouse: psycopg.Connection, tmp_path: Path
) -> None:
    warehouse.execute("""
        update landing.ticketing_events
        set name = E'A "quoted", name\\nof two lines', day_cutoff = '04:30:00.5';
        update landing.ledger_entries set tax_jurisdiction = '' where component = 'tax'
    """)

    copied = copy_landing(landed.warehouse, tmp_path)

    for table in TABLES:
        in_files = [
            tuple(row.values())
            for path in copied.by_table[landing_name(table)]
            for row in parquet.read_table(path).to_pylist()
        ]
        assert sorted(in_files, key=repr) == sorted(_rows(warehouse, table), key=repr)
    assert len(copied.by_table["ledger_entries"]) > 5


def test_only_a_month_that_has_changed_is_copied_again(
    landed: Pipeline, warehouse: psycopg.Connection, tmp_path: Path
) -> None:
    first = copy_landing(landed.warehouse, tmp_path)
    assert first.copied_count == sum(map(len, first.by_table.values())) - 1  # zone_samples

    assert copy_landing(landed.warehouse, tmp_path).copied_count == 0

    warehouse.execute("delete from landing.ledger_entries where report_day = '2025-05-02'")
    after = copy_landing(landed.warehouse, tmp_path)

    assert after.copied_count == 1
    [gone] = set(first.by_table["ledger_entries"]) - set(after.by_table["ledger_entries"])
    assert not gone.exists()
    assert (
        sum(parquet.read_metadata(path).num_rows for path in after.by_table["ledger_entries"])
        == (warehouse.execute("select count(*) from landing.ledger_entries").fetchall()[0][0])
    )


def test_a_changed_row_of_a_table_that_can_change_is_copied(
    landed: Pipeline, warehouse: psycopg.Connection, tmp_path: Path
) -> None:
    copy_landing(landed.warehouse, tmp_path)

    warehouse.execute("update landing.ticketing_orders set channel = channel")

    assert copy_landing(landed.warehouse, tmp_path).copied_count == 1


def test_a_copy_that_was_cut_off_is_made_again(landed: Pipeline, tmp_path: Path) -> None:
    [whole] = copy_landing(landed.warehouse, tmp_path).by_table["ticketing_orders"]
    whole.rename(whole.with_suffix(".draft"))

    copied = copy_landing(landed.warehouse, tmp_path)

    assert copied.copied_count == 1
    assert sorted(whole.parent.iterdir()) == [whole]


def test_a_type_that_no_engine_reads_is_refused(
    landed: Pipeline, warehouse: psycopg.Connection, tmp_path: Path
) -> None:
    warehouse.execute("alter table landing.seating_venues add column place point")

    with pytest.raises(
        BuildFailed, match=r"column place of landing\.seating_venues has the type point"
    ):
        copy_landing(landed.warehouse, tmp_path)


def _rows(warehouse: psycopg.Connection, table: Any) -> list[tuple[Any, ...]]:
    """The rows of a table with ids as text and times of day as microseconds."""
    query = sql.SQL("select * from {}").format(landed(table))
    return [tuple(map(_plain, row)) for row in warehouse.execute(query)]


def _plain(value: Any) -> Any:
    if hasattr(value, "hex") and hasattr(value, "urn"):
        return str(value)
    if hasattr(value, "utcoffset") and not hasattr(value, "year"):
        seconds = value.hour * 3600 + value.minute * 60 + value.second
        return seconds * 1_000_000 + value.microsecond
    return value
