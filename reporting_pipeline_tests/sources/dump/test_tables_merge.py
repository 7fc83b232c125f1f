"""A second dump adds new rows and replaces mutable rows by id; the newest record clock wins."""

from collections.abc import Mapping
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL

from reporting_pipeline.sources.dump import LoadResult, TableLoad, load_dump
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.sources.dump.small_dump import uid, valid_rows, write_dump

# updated_at, name, the stored name after a load over "Nordlicht" of 2025-06-01T10:00:00Z, counts.
FURTHER = [
    ("2025-06-01T10:00:01Z", "newer", "newer", (0, 1, 0)),
    ("2025-06-01T09:59:59Z", "older", "Nordlicht", (0, 0, 1)),
    ("2025-06-01T10:00:00Z", "equal clock", "equal clock", (0, 1, 0)),
    ("2025-06-01T12:00:00+02:00", "Nordlicht", "Nordlicht", (0, 0, 1)),
]


@pytest.mark.parametrize(("updated_at", "name", "expected", "counts"), FURTHER)
def test_the_newest_record_clock_of_a_mutable_row_wins(
    source_urls: Mapping[str, URL],
    tmp_path: Path,
    updated_at: str,
    name: str,
    expected: str,
    counts: tuple[int, int, int],
) -> None:
    rows = valid_rows()
    _load(tmp_path / "first", rows, source_urls)
    rows["ticketing.organizations"][0].update(updated_at=updated_at, name=name)

    result = _load(tmp_path / "second", rows, source_urls)

    new_count, replaced_count, unchanged_count = counts
    assert result.tables["ticketing.organizations"] == TableLoad(
        new_count=new_count, replaced_count=replaced_count, unchanged_count=unchanged_count
    )
    assert _names(source_urls) == [expected]


def test_the_order_of_two_dumps_does_not_matter(
    source_urls: Mapping[str, URL], separate_source_urls: Mapping[str, URL], tmp_path: Path
) -> None:
    older, newer = valid_rows(), valid_rows()
    newer["ticketing.organizations"][0].update(updated_at="2025-07-01T00:00:00Z", name="Südlicht")
    newer["scanning.scans"].append(
        {**newer["scanning.scans"][0], "id": uid(41), "device_sequence": "2"}
    )

    for urls, dumps in ((source_urls, (older, newer)), (separate_source_urls, (newer, older))):
        for number, rows in enumerate(dumps):
            _load(tmp_path / f"dump_{number}", rows, urls)

    assert _names(source_urls) == _names(separate_source_urls) == ["Südlicht"]


def test_a_second_dump_adds_its_rows_and_keeps_the_others(
    source_urls: Mapping[str, URL], tmp_path: Path
) -> None:
    rows = valid_rows()
    _load(tmp_path / "first", rows, source_urls)
    organization = rows["ticketing.organizations"][0]
    rows["ticketing.organizations"] = [{**organization, "id": uid(100), "name": "Westwind"}]

    result = _load(tmp_path / "second", rows, source_urls)

    assert (result.new_count, result.replaced_count) == (1, 0)
    assert _names(source_urls) == ["Nordlicht", "Westwind"]


def _load(
    folder: Path, rows: dict[str, list[dict[str, str]]], urls: Mapping[str, URL]
) -> LoadResult:
    return load_dump(write_dump(folder, rows), urls)


def _names(urls: Mapping[str, URL]) -> list[str]:
    with psycopg.connect(conninfo(urls["ticketing"])) as connection:
        rows = connection.execute("select name from ticketing.organizations order by name")
        return [name for (name,) in rows]
