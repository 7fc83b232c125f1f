"""Values that PostgreSQL reads and no source writes."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import URL

from reporting_pipeline.errors import DumpRefused
from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline_tests.sources.dump.small_dump import valid_rows, write_dump

INSTANTS = ("now", "yesterday", " Today ", "tomorrow", "epoch", "NOW", "2025-01-01 allballs")
NUMBERS = ("0x10", "1_000", "0b101", "0o17", "-0x1", "+1_0")


@pytest.mark.parametrize("value", INSTANTS)
def test_an_instant_that_only_postgresql_reads_is_refused(
    source_urls: Mapping[str, URL], tmp_path: Path, value: str
) -> None:
    assert_refused(source_urls, tmp_path, "ticketing.orders", "updated_at", value)


@pytest.mark.parametrize("value", NUMBERS)
def test_a_number_that_only_postgresql_reads_is_refused(
    source_urls: Mapping[str, URL], tmp_path: Path, value: str
) -> None:
    assert_refused(source_urls, tmp_path, "ledger.entries", "amount_minor", value)


def assert_refused(
    source_urls: Mapping[str, URL], folder: Path, table: str, column: str, value: str
) -> None:
    rows = valid_rows()
    rows[table][-1][column] = value

    with pytest.raises(DumpRefused) as caught:
        load_dump(write_dump(folder, rows), source_urls)

    assert f"{table}, line {len(rows[table]) + 1}: {column}: " in caught.value.message


def test_names_may_be_such_words(source_urls: Mapping[str, URL], tmp_path: Path) -> None:
    rows = valid_rows()
    names = (*INSTANTS, *NUMBERS)
    rows["ticketing.organizations"][0]["name"] = "now"
    rows["ticketing.events"][0]["name"] = ",".join(names)

    loaded = load_dump(write_dump(tmp_path, rows), source_urls)

    assert loaded.new_count == sum(map(len, rows.values()))
