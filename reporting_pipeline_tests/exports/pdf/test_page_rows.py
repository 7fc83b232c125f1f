"""Rows against what a PDF reader gives of pages: names that it spells otherwise raise no alarm.

The texts are what PDFium gave of pages that were as they were written.
"""

import pytest

from reporting_pipeline.exports.pdf.page_rows import ShownRow, row_problem

HEADERS = ("Ticket type", "Channel", "Free", "Valid", "Admitted")
FRAME = "Tickets, version 1 · Halle Page 1 of 1"
PLAIN = ("Stalls", "web", "no", "3", "2")
POINTED = ("שָׁלוֹם רַבָּה", "web", "no", "1", "0")
ARABIC = ("مرحبا", "web", "no", "7", "5")
TAMIL = ("இலங்கை சனநாயக", "web", "yes", "10", "0")
PAGE = (
    "Ticket type Channel Free Valid Admitted Stalls web no 3 2"
    # The line is turned round, and a mark has become a letter.
    " 0 1 no web שdָלוֹם רַבָה"  # noqa: RUF001 - Hebrew
    " 5 7 no web مرحبا"
    # A part of a letter is drawn before another one, and has become what stands behind the name.
    " இலங்webகை சனநாயக web yes 10 0"
    f" Stalls web no 3 2 {FRAME}"
)
ROWS = (PLAIN, POINTED, ARABIC, TAMIL, PLAIN)


def problem(*rows: tuple[str, ...]) -> str | None:
    shown = [ShownRow(f"row {number}", row) for number, row in enumerate(rows, start=1)]
    return row_problem([PAGE], HEADERS, shown, lambda _, __: FRAME)


def test_names_that_a_reader_spells_otherwise_raise_no_alarm() -> None:
    assert problem(*ROWS) is None


@pytest.mark.parametrize("index", range(len(ROWS)))
@pytest.mark.parametrize(("column", "value"), [(1, "api"), (3, "8"), (4, "4")])
def test_another_value_beside_such_a_name_is_found(index: int, column: int, value: str) -> None:
    row = tuple(value if place == column else old for place, old in enumerate(ROWS[index]))
    found = problem(*ROWS[:index], row, *ROWS[index + 1 :])

    assert found is not None
    assert found.startswith(f"row {index + 1}, ")


@pytest.mark.parametrize("index", range(len(ROWS)))
def test_a_row_too_few_or_too_many_is_found(index: int) -> None:
    assert problem(*ROWS[:index], *ROWS[index + 1 :]) is not None
    assert problem(*ROWS[:index], PLAIN, *ROWS[index:]) is not None
