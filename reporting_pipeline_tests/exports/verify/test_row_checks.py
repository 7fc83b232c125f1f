"""Comparing rows: the first different row is named, with its place, key and cells."""

from pathlib import Path

import pytest

from reporting_pipeline.exports.canonical_rows import CanonicalRow
from reporting_pipeline.exports.verify.row_checks import RowComparison
from reporting_pipeline.registry.columns import ColumnType, Unit
from reporting_pipeline_tests.exports.documents import column, document

COLUMNS = (
    column("name"),
    column("currency", ColumnType.CURRENCY),
    column("gross_minor", ColumnType.BIGINT, Unit.MINOR),
)
ROWS: list[CanonicalRow] = [(name, "EUR", "100") for name in "abcd"]
A, B, C, D = ROWS


def compared(
    found: list[CanonicalRow], folder: Path, row_key: tuple[str, ...] = ("name",)
) -> list[str]:
    manifest = document(folder, COLUMNS, ROWS).manifest.model_copy(update={"row_key": row_key})
    comparison = RowComparison(manifest=manifest, place=lambda index: f"row {index + 1}")
    return [each.message for each in comparison.first_difference(iter(found), iter(ROWS))]


@pytest.mark.parametrize(
    ("found", "messages"),
    [
        (ROWS, []),
        (
            [A, B, ("c", "EUR", "101"), D],
            ["row 3, column 'gross_minor': expected 1.00 EUR, found 1.01 EUR"],
        ),
        (
            [A, ("b", "JPY", None), C, D],
            [
                "row 2, column 'currency': expected EUR, found JPY",
                "row 2, column 'gross_minor': expected 1.00 EUR, found nothing",
            ],
        ),
        (
            [A, ("b", "EUR", "1o0"), C, D],
            ["row 2, column 'gross_minor': expected 1.00 EUR, found '1o0'"],
        ),
        ([A, C, D], ["row 2: a row is missing before it: name 'b'"]),
        ([A, B, B, C, D], ["row 3: a row too many: name 'b'"]),
        ([A, B, C], ["the file ends after 3 rows; the next one is missing: name 'd'"]),
        ([*ROWS, A], ["row 5: a row too many: name 'a'"]),
        ([A, ("x", "EUR", "100"), C, D], ["row 2, column 'name': expected 'b', found 'x'"]),
        ([A, C, B, D], ["row 2: a row is missing before it: name 'b'"]),
    ],
)
def test_the_first_row_that_differs_is_named(
    found: list[CanonicalRow], messages: list[str], tmp_path: Path
) -> None:
    assert compared(found, tmp_path) == messages


def test_rows_without_a_key_are_named_with_all_values(tmp_path: Path) -> None:
    assert compared([A, C, D], tmp_path, ()) == [
        "row 2: a row is missing before it: name 'b', currency EUR, gross_minor 1.00 EUR"
    ]
