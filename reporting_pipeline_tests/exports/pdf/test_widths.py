"""Tables fit across the page, with the largest type that does."""

import pytest

from reporting_pipeline.exports.pdf.page_texts import ColumnStyle
from reporting_pipeline.exports.pdf.widths import (
    TABLE_WIDTH_POINTS,
    ems_of,
    fit_table,
    row_points,
)

UUID = "00000001-0000-4000-8000-00000000000a"


@pytest.mark.parametrize(
    ("styles", "row", "size"),
    [
        ([ColumnStyle.TEXT, ColumnStyle.FIGURE], ("Halle", "1.00"), 8.5),
        (
            [ColumnStyle.SHORT] * 2 + [ColumnStyle.ID] + [ColumnStyle.FIGURE] * 9,
            ("2026-10-25",) * 12,
            8.5,
        ),
        ([ColumnStyle.FIGURE] * 9, ("-92,233,720,368,547,758.08",) * 9, 6.0),
    ],
)
def test_the_type_is_as_large_as_the_columns_allow(
    styles: list[ColumnStyle], row: tuple[str, ...], size: float
) -> None:
    fit = fit_table(styles, ["Head"] * len(styles), [row])

    assert fit is not None
    assert fit.type_size == size
    assert sum(fit.widths) <= TABLE_WIDTH_POINTS + 0.1
    for style, text, width in zip(styles, row, fit.widths, strict=True):
        assert style is not ColumnStyle.FIGURE or ems_of(text) * size < width


def test_ids_are_folded_rather_than_set_too_small() -> None:
    few = fit_table([ColumnStyle.ID] * 3, ["Id"] * 3, [(UUID,) * 3])
    many = fit_table([ColumnStyle.ID] * 8, ["Id"] * 8, [(UUID,) * 8])

    assert few is not None
    assert many is not None
    assert (few.wraps, few.type_size) == ((False,) * 3, 8.5)
    assert many.wraps == (True,) * 8


def test_columns_that_are_too_many_have_no_fit() -> None:
    assert (
        fit_table([ColumnStyle.FIGURE] * 30, ["Gross"] * 30, [("1,234,567,890.12",) * 30]) is None
    )


def test_scripts_are_as_wide_as_their_letters() -> None:
    assert ems_of("東京") == 2.0
    assert ems_of("e\u0301") == ems_of("e")
    assert ems_of("0123456789") == pytest.approx(5.72)


def test_a_long_text_makes_a_row_high() -> None:
    styles, row = [ColumnStyle.TEXT], ("word " * 200,)
    fit = fit_table(styles, ["Text"], [row])

    assert fit is not None
    assert row_points(fit, styles, ("word",)) < 20
    assert row_points(fit, styles, row) > 20
