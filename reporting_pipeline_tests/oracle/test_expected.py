"""The oracle reproduces every figure of the books of real systems."""

from pathlib import Path

import pytest

from reporting_pipeline_tests.oracle.books import Books
from reporting_pipeline_tests.oracle.compare import (
    describe,
    differences,
    published_part,
    read_csv_tables,
)
from reporting_pipeline_tests.oracle.expected import COLUMNS, expected_tables
from reporting_pipeline_tests.oracle.report_tables import ReportTable

_RETAIL = Path(__file__).parents[3] / "shared" / "data" / "retail"


def test_the_oracle_reproduces_every_figure_of_the_season(season_dump: Path) -> None:
    published = read_csv_tables(season_dump / "expected")

    found = differences(published, published_part(_tables(season_dump), published))

    assert found == [], describe(found)
    assert sum(map(len, published.values())) == 1_643


@pytest.mark.skipif(
    not _RETAIL.is_dir(),
    reason=f"no retail data in {_RETAIL}: it is not shipped, because its licence is not verified; "
    "every run has the season",
)
def test_the_oracle_reproduces_every_figure_of_online_retail() -> None:
    published = read_csv_tables(_RETAIL / "expected2")

    found = differences(published, published_part(_tables(_RETAIL), published))

    assert found == [], describe(found)


def test_every_row_has_exactly_the_columns_of_its_table(season_dump: Path) -> None:
    for table, rows in _tables(season_dump).items():
        for row in rows.values():
            assert sorted(row) == sorted(COLUMNS[table])


def test_empty_books_give_empty_tables() -> None:
    assert [len(rows) for rows in expected_tables(Books.of({})).values()] == [0] * len(COLUMNS)


def _tables(dump: Path) -> dict[str, ReportTable]:
    return expected_tables(Books.from_dump(dump))
