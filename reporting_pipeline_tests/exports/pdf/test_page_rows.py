"""Rows against the cells of pages: what differs is named by row, column and page."""

from dataclasses import replace

import pytest

from reporting_pipeline.exports.pdf.page_cells import PageCells
from reporting_pipeline.exports.pdf.page_rows import ShownRow, row_problem

HEADERS = ("Ticket type", "Channel", "Valid")
FRAME = "Tickets, version 1 \u00b7 Halle Page"
ROWS = (
    ("Stalls", "web", "3"),
    ("\u05e9\u05dc\u05d5\u05dd 12", "web", "1"),
    ("Stalls", "web", "3"),
    ("", "", "0"),
)
TOTAL = ("Total", "7")


def page(number: int, *rows: tuple[str, ...], before: str = "") -> PageCells:
    return PageCells(
        headings=(HEADERS,), rows=rows, before=before, stray="", frame=f"{FRAME} {number} of 3"
    )


FIRST = page(1, *ROWS[:2], before="Tickets, Period")
SECOND = page(2, *ROWS[2:], TOTAL)
PROOF = PageCells(headings=(), rows=(), before="Proof", stray="", frame=f"{FRAME} 3 of 3")


def problem(*pages: PageCells, rows: tuple[tuple[str, ...], ...] = (*ROWS, TOTAL)) -> str | None:
    shown = [ShownRow(f"row {number}", row) for number, row in enumerate(rows, start=1)]
    return row_problem(pages, HEADERS, shown, lambda number, of: f"{FRAME} {number} of {of}")


def test_pages_as_they_were_written_have_no_problem() -> None:
    assert problem(FIRST, SECOND, PROOF) is None


@pytest.mark.parametrize(
    ("row", "column", "value", "named"),
    [
        (0, 2, "8", "row 1, column Valid, on page 1: the page shows '3', the row has '8'"),
        (1, 0, "\u05e9\u05dc\u05d5\u05dd 13", "row 2, column Ticket type, on page 1: "),
        (3, 1, "api", "row 4, column Channel, on page 2: the page shows '', the row has 'api'"),
        (4, 1, "8", "row 5, column Valid, on page 2: the page shows '7', the row has '8'"),
    ],
)
def test_another_value_is_named(row: int, column: int, value: str, named: str) -> None:
    rows = [list(each) for each in (*ROWS, TOTAL)]
    rows[row][column] = value

    found = problem(FIRST, SECOND, PROOF, rows=tuple(map(tuple, rows)))

    assert found is not None
    assert found.startswith(named)


@pytest.mark.parametrize("index", range(len(ROWS) + 1))
def test_a_row_too_few_or_too_many_is_found(index: int) -> None:
    rows = (*ROWS, TOTAL)

    assert problem(FIRST, SECOND, PROOF, rows=rows[:index] + rows[index + 1 :]) is not None
    assert problem(FIRST, SECOND, PROOF, rows=(*rows[:index], ROWS[0], *rows[index:])) is not None


@pytest.mark.parametrize(
    ("first", "second", "named"),
    [
        (FIRST, replace(SECOND, before="9"), "page 2 shows '9' beside the rows"),
        (replace(FIRST, stray="9"), SECOND, "page 1 shows '9' beside the rows"),
        (
            FIRST,
            replace(SECOND, headings=(("Ticket type", "Channel", "Void"),)),
            "page 2 shows 'Void' in place of the heading 'Valid'",
        ),
        (replace(FIRST, frame=SECOND.frame), SECOND, "page 1 shows 'Tickets, version 1"),
    ],
)
def test_what_stands_around_the_rows_is_compared(
    first: PageCells, second: PageCells, named: str
) -> None:
    found = problem(first, second, PROOF)

    assert found is not None
    assert found.startswith(named)
