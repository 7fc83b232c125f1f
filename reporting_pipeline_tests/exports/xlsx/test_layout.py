"""The layout of sheets: the letters of columns, and the rows on each sheet."""

from dataclasses import replace
from pathlib import Path

import pytest

from reporting_pipeline.exports.manifest import Manifest, TermPart, TotalPart
from reporting_pipeline.exports.xlsx.layout import (
    column_index,
    column_letters,
    data_sheets,
    sheets_of_blocks,
)
from reporting_pipeline_tests.exports.documents import EVERY_TYPE, document, document_of_blocks


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return document(tmp_path, EVERY_TYPE, []).manifest


def test_letters_and_numbers_of_columns_are_each_others_inverse() -> None:
    assert [column_letters(index) for index in (0, 25, 26, 701, 702, 16_383)] == [
        *("A", "Z", "AA", "ZZ", "AAA", "XFD"),
    ]
    assert all(column_index(column_letters(index)) == index for index in range(16_384))


@pytest.mark.parametrize(
    ("row_count", "totals", "expected"),
    [
        (0, 0, [("Data", 0, 5)]),
        (1_048_571, 0, [("Data", 1_048_571, 1_048_576)]),
        (1_048_572, 0, [("Data", 1_048_571, 1_048_576), ("Data 2", 1, 6)]),
        (1_048_569, 1, [("Data", 1_048_569, 1_048_574)]),
        (1_048_570, 1, [("Data", 1_048_569, 1_048_574), ("Data 2", 1, 6)]),
    ],
)
def test_sheets_leave_room_for_the_heading_and_the_totals(
    manifest: Manifest, row_count: int, totals: int, expected: list[tuple[str, int, int]]
) -> None:
    part = TotalPart(currency="EUR", values={})
    changed = manifest.model_copy(update={"row_count": row_count, "totals": (part,) * totals})
    found = [(each.name, each.row_count, each.last_row) for each in data_sheets(changed)]
    assert found == expected


def test_the_sheets_of_blocks_have_names_that_excel_accepts(tmp_path: Path) -> None:
    titles = (
        "Tickets [by type] / price: a very long title",
        "TICKETS BY TYPE PRICE A VERY LONG ONE",
        "'Quoted'",
        "Control",
        "terms",
        "History",
        "?*",
        "\U0001f3ab" * 20,
    )
    blocks = [replace(document(tmp_path, EVERY_TYPE, []), title=title) for title in titles]
    manifest = document_of_blocks(tmp_path, *blocks).manifest
    terms = (TermPart(term="Gross", meaning="All of it."),)

    found = [each.name for each in sheets_of_blocks(manifest.model_copy(update={"terms": terms}))]

    assert found == [
        "Tickets by type price a very lo",
        "TICKETS BY TYPE PRICE A VER (2)",
        "Quoted",
        "Control (2)",
        "terms (2)",
        "History (2)",
        "Data",
        "\U0001f3ab" * 15,
    ]
    assert all(len(each.encode("utf-16-le")) <= 62 for each in found)


def test_a_provisional_block_says_so_in_the_name_of_its_sheet(tmp_path: Path) -> None:
    blocks = [replace(document(tmp_path, EVERY_TYPE, []), title="Payouts that name no event")]
    manifest = document_of_blocks(tmp_path, *blocks).manifest

    sheets = sheets_of_blocks(manifest.model_copy(update={"is_provisional": True}))

    assert [each.name for each in sheets] == ["PROVISIONAL Payouts that name n"]
