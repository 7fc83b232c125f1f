"""Comparing pages: a difference in texts or rows is found, and named by row, column and page."""

from dataclasses import replace

import pytest

from reporting_pipeline.exports.pdf.page_comparison import ExpectedRow, is_same_text, row_problem
from reporting_pipeline.exports.pdf.page_reader import PageCells

HEBREW, ARABIC = "\u05e9\u05dc\u05d5\u05dd", "\u0645\u0631\u062d\u0628\u0627"
TURNED = HEBREW[::-1]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("Stalls, row 12", "Stalls,row12"),
        ("f\u00e9te", "fe\u0301te"),
        ("Stalls (A)", "Stalls )A("),  # its glyph is that of a closing bracket
        (f"{HEBREW} 12 (a)", f")a( 12 {TURNED}"),
        (f"12 {ARABIC} 34", f"34 {ARABIC[::-1]} 12"),
        (f"{ARABIC} 12", f"12 \u064f\u0651\u064d{ARABIC[::-1]}"),  # a space with marks
        ("\u0915\u094d\u0937 7", "\u0915\u094d\u0937\u093f 7"),
        ("5\ufe0f\u20e3 7", "7"),
        ("10:00\uff5e12:00", "10:00\u301c12:00"),
    ],
)
def test_a_text_as_its_fonts_show_it_is_accepted(wanted: str, found: str) -> None:
    assert is_same_text(wanted, found)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("12.30", "12.03"),
        ("12.30", "12.3"),
        ("", "0"),
        ("EUR", "USD"),
        ("1\u202f234,56", "123\u202f456"),
        ("-1\u00a0234,56", "1\u00a0234,56"),
        ("B\u00fchne 12", "B\u00fchne 21"),
        (f"{HEBREW} 12", f"13 {TURNED}"),
        (f"{HEBREW} 12", f"1 {TURNED}"),
        (f"{HEBREW} 12", f"122 {TURNED}"),
        (HEBREW * 3, ARABIC * 3),
        ("\u6771\u4eac\u516c\u6f14", "\u5927\u962a\u66f2\u76ee"),
    ],
)
def test_a_different_text_is_not_accepted(wanted: str, found: str) -> None:
    assert not is_same_text(wanted, found)


HEADERS = ("Ticket type", "Channel", "Valid")
FRAME = "Tickets, version 1 \u00b7 Halle Page"
ROWS = (
    ("Stalls", "web", "3"),
    ("\u05e9\u05dc\u05d5\u05dd 12", "web", "1"),
    ("Stalls", "web", "3"),
    ("", "", "0"),
)
TOTAL = ("Total", "7")


def page(number: int, *rows: tuple[str, ...], before: tuple[str, ...] = ()) -> PageCells:
    return PageCells(headings=(HEADERS,), rows=rows, before=before, frame=f"{FRAME} {number} of 3")


FIRST = page(1, *ROWS[:2], before=("Tickets", "Period"))
SECOND = page(2, *ROWS[2:], TOTAL)
PROOF = PageCells(before=("Proof",), frame=f"{FRAME} 3 of 3")


def problem(
    *pages: PageCells,
    rows: tuple[tuple[str, ...], ...] = (*ROWS, TOTAL),
    closing: tuple[str, ...] = (),
) -> str | None:
    shown = [ExpectedRow(f"row {number}", row) for number, row in enumerate(rows, start=1)]
    return row_problem(
        pages, HEADERS, shown, lambda number, of: f"{FRAME} {number} of {of}", closing=closing
    )


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
        (FIRST, replace(SECOND, before=("9",)), "page 2 shows '9' beside the rows"),
        (replace(FIRST, stray="9"), SECOND, "page 1 shows '9' beside the rows"),
        (replace(FIRST, after=("9",)), SECOND, "page 1 shows '9' beside the rows"),
        (FIRST, replace(SECOND, after=("9",)), "page 2 shows '9' beside the rows"),
        (
            FIRST,
            replace(SECOND, headings=(("Ticket type", "Channel", "Void"),)),
            "page 2 shows 'Void' in place of the heading 'Valid'",
        ),
        (replace(FIRST, frame=SECOND.frame), SECOND, "page 1 shows 'Tickets, version 1"),
    ],
)
def test_the_texts_around_the_rows_are_compared(
    first: PageCells, second: PageCells, named: str
) -> None:
    found = problem(first, second, PROOF)

    assert found is not None
    assert found.startswith(named)


CLOSING = ("Terms", "Gross", "All that buyers pay", "Organiser")


@pytest.mark.parametrize("on_second", range(len(CLOSING) + 1))
def test_texts_after_the_rows_may_continue_on_the_next_page(on_second: int) -> None:
    second = replace(SECOND, after=CLOSING[:on_second])
    third = PageCells(before=CLOSING[on_second:], frame=f"{FRAME} 3 of 4")
    pages = [FIRST, second, third, PROOF] if on_second < len(CLOSING) else [FIRST, second, PROOF]
    pages = [
        replace(each, frame=f"{FRAME} {number} of {len(pages)}")
        for number, each in enumerate(pages, start=1)
    ]

    assert problem(*pages, closing=CLOSING) is None


@pytest.mark.parametrize(
    ("after", "named"),
    [
        (
            ("Terms", "Gross", "All that buyers paid", "Organiser"),
            "page 2 shows 'All that buyers pa",
        ),
        (("Terms", "Gross", "All that buyers pay"), "page 3 shows 'Proof' in place of 'Organiser'"),
        ((*CLOSING, "Witness"), "page 2 shows 'Witness' beside the rows"),
        ((), "page 3 shows 'Proof' in place of 'Terms'"),
    ],
)
def test_another_text_after_the_rows_is_named(after: tuple[str, ...], named: str) -> None:
    found = problem(FIRST, replace(SECOND, after=after), PROOF, closing=CLOSING)

    assert found is not None
    assert found.startswith(named)


def test_a_text_that_is_missing_at_the_end_is_named() -> None:
    first, second = (replace(each, frame=each.frame[:-1] + "2") for each in (FIRST, SECOND))

    assert problem(first, second, closing=("Terms",)) == "'Terms' is on no page"
