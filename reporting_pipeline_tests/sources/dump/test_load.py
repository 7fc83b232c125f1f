"""Loading whole dumps: all or nothing, into one or several databases, and repeatedly."""

import gzip
import shutil
from collections.abc import Mapping
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import URL

from reporting_pipeline.errors import DumpRefused, SourceContractBroken
from reporting_pipeline.sources.contract import TABLES
from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.sources.dump.small_dump import uid, valid_rows, write_dump

HOSTILE_NAMES = [
    "=1+1",
    '=HYPERLINK("http://example.com","click")',
    "-2+3",
    "@SUM(A1)",
    "\tleading tab",
    "two\nlines",
    "carriage\r\nreturn",
    'say "hi", twice',
    '"',
    "'; drop table ledger.entries; --",
    "100 %s {name} $1 \\N \\. \\",
    "\\.",
    " spaces kept ",
    "مسرح المدينة",
    "東京ドーム",
    "👩‍👩‍👧‍👦 und Z̸͍a̷l̴g̶o̴",
    "\u202eright to left\u200b",
    "null",
    "NULL",
    "Ünïcödé; semicolon | pipe",
    "x" * 20_000,
]


def test_the_season_loads_into_one_database(
    source_urls: Mapping[str, URL], season_dump: Path
) -> None:
    result = load_dump(season_dump, source_urls)

    assert result.tables["ledger.entries"].new_count == 3841
    assert result.tables["ticketing.orders"].new_count == 342
    assert _counts(source_urls) == {key: load.new_count for key, load in result.tables.items()}


def test_the_season_loads_into_a_database_per_domain(
    separate_source_urls: Mapping[str, URL], season_dump: Path
) -> None:
    result = load_dump(season_dump, separate_source_urls)

    assert list(result.tables) == [table.key for table in TABLES]
    assert _counts(separate_source_urls) == {
        key: load.new_count for key, load in result.tables.items()
    }


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [("ticketing.organizations", "name", ""), ("ledger.entries", "amount_minor", "0")],
)
def test_one_broken_row_leaves_every_database_unchanged(
    separate_source_urls: Mapping[str, URL], tmp_path: Path, table: str, column: str, value: str
) -> None:
    rows = valid_rows()
    load_dump(write_dump(tmp_path / "first", rows), separate_source_urls)
    before = _counts(separate_source_urls)
    more = {key: [{**row, "id": uid(5000 + n)} for n, row in enumerate(rows[key])] for key in rows}
    more[table][0][column] = value

    with pytest.raises(DumpRefused):
        load_dump(write_dump(tmp_path / "second", more), separate_source_urls)

    assert _counts(separate_source_urls) == before


def test_a_refused_first_dump_leaves_no_schema_in_any_database(
    separate_source_urls: Mapping[str, URL], tmp_path: Path
) -> None:
    rows = valid_rows()
    rows["ledger.entries"][1]["amount_minor"] = "0"

    with pytest.raises(DumpRefused):
        load_dump(write_dump(tmp_path / "dump", rows), separate_source_urls)

    for domain, url in separate_source_urls.items():
        with psycopg.connect(conninfo(url)) as connection:
            schema = connection.execute("select to_regnamespace(%s)", [domain]).fetchone()
            assert schema == (None,)


def test_loading_the_same_dump_again_changes_nothing(
    source_urls: Mapping[str, URL], season_dump: Path
) -> None:
    first = load_dump(season_dump, source_urls)

    again = load_dump(season_dump, source_urls)

    assert (again.new_count, again.replaced_count) == (0, 0)
    assert {key: load.unchanged_count for key, load in again.tables.items()} == {
        key: load.new_count for key, load in first.tables.items()
    }


def test_compressed_files_load_like_plain_files(
    source_urls: Mapping[str, URL], season_dump: Path, tmp_path: Path
) -> None:
    plain = load_dump(season_dump, source_urls)
    for path in season_dump.glob("*.csv"):
        (tmp_path / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))

    packed = load_dump(tmp_path, source_urls)

    assert (packed.new_count, packed.replaced_count) == (0, 0)
    assert (
        packed.tables["ledger.entries"].unchanged_count == plain.tables["ledger.entries"].new_count
    )


def test_a_table_without_a_file_has_no_rows(
    source_urls: Mapping[str, URL], season_dump: Path, tmp_path: Path
) -> None:
    shutil.copy(season_dump / "ticketing.organizations.csv", tmp_path)

    result = load_dump(tmp_path, source_urls)

    assert {key: load.new_count for key, load in result.tables.items() if load.new_count} == {
        "ticketing.organizations": 2
    }


def test_hostile_names_are_loaded_unchanged(source_urls: Mapping[str, URL], tmp_path: Path) -> None:
    rows = valid_rows()
    gate = rows["scanning.gates"][0]
    rows["scanning.gates"] += [
        {**gate, "id": uid(100 + number), "name": name} for number, name in enumerate(HOSTILE_NAMES)
    ]

    load_dump(write_dump(tmp_path / "dump", rows), source_urls)

    with psycopg.connect(conninfo(source_urls["scanning"])) as connection:
        names = connection.execute("select name from scanning.gates order by id").fetchall()
    assert [name for (name,) in names[1:]] == HOSTILE_NAMES


def test_an_instant_without_an_offset_is_read_as_utc(
    source_urls: Mapping[str, URL], tmp_path: Path
) -> None:
    rows = valid_rows()
    rows["ticketing.organizations"][0]["updated_at"] = "2025-06-01 12:00:00"
    load_dump(write_dump(tmp_path / "naive", rows), source_urls)
    rows["ticketing.organizations"][0]["updated_at"] = "2025-06-01T14:00:00+02:00"

    assert load_dump(write_dump(tmp_path / "aware", rows), source_urls).replaced_count == 0


def test_the_error_names_an_existing_table_that_differs_from_the_contract(
    source_urls: Mapping[str, URL], season_dump: Path
) -> None:
    with psycopg.connect(conninfo(source_urls["seating"])) as connection:
        connection.execute("create schema seating")
        connection.execute("create table seating.venues (id uuid primary key, updated_at date)")

    with pytest.raises(SourceContractBroken) as broken:
        load_dump(season_dump, source_urls)

    assert "seating.venues.name: expected text, found no such column" in broken.value.message
    assert (
        "seating.venues.updated_at: expected timestamp with time zone, found date"
        in broken.value.message
    )


def _counts(urls: Mapping[str, URL]) -> dict[str, int]:
    counts = {}
    for table in TABLES:
        with psycopg.connect(conninfo(urls[table.info["domain"]])) as connection:
            name = sql.Identifier(str(table.schema), table.name)
            query = sql.SQL("select count(*) from {}").format(name)
            [(count,)] = connection.execute(query).fetchall()
            counts[table.key] = count
    return counts
