"""Comparing pages: a difference in texts or rows is found, and named by row, column and page."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from reporting_pipeline.exports.pdf.page_comparison import (
    ExpectedRow,
    ExpectedTable,
    is_same_text,
    page_problem,
)
from reporting_pipeline.exports.pdf.page_reader import (
    PageChart,
    PageContent,
    PageItem,
    PageTable,
)

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
OPENING, CLOSING = ("Tickets", "Period"), ("Terms", "Gross", "All that buyers pay", "Organiser")
CHART = PageChart(texts=("Valid by channel", "7"))


def table(*rows: tuple[str, ...], headings: tuple[str, ...] = HEADERS) -> PageTable:
    return PageTable(headings=(headings,), rows=rows)


def numbered(*pages: tuple[PageItem, ...]) -> list[PageContent]:
    """Pages with these items; each has its frame."""
    return [
        PageContent(items=items, frame=f"{FRAME} {number} of {len(pages)}")
        for number, items in enumerate(pages, start=1)
    ]


FIRST: tuple[PageItem, ...] = (*OPENING, CHART, table(*ROWS[:2]))
SECOND: tuple[PageItem, ...] = (table(*ROWS[2:], TOTAL), *CLOSING)
PROOF: tuple[PageItem, ...] = ("Proof",)


def problem(
    pages: Sequence[PageContent],
    rows: tuple[tuple[str, ...], ...] = (*ROWS, TOTAL),
    *,
    after: tuple[str | ExpectedTable, ...] = (),
) -> str | None:
    shown = [ExpectedRow(f"row {number}", row) for number, row in enumerate(rows, start=1)]
    expected = (*OPENING, ExpectedTable("the rows", HEADERS, shown), *after, *CLOSING, "Proof")
    return page_problem(pages, expected, lambda number, of: f"{FRAME} {number} of {of}")


def test_pages_as_they_were_written_have_no_problem() -> None:
    assert problem(numbered(FIRST, SECOND, PROOF)) is None


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

    found = problem(numbered(FIRST, SECOND, PROOF), tuple(map(tuple, rows)))

    assert found is not None
    assert found.startswith(named)


@pytest.mark.parametrize("index", range(len(ROWS) + 1))
def test_a_row_too_few_or_too_many_is_found(index: int) -> None:
    pages, rows = numbered(FIRST, SECOND, PROOF), (*ROWS, TOTAL)

    assert problem(pages, rows[:index] + rows[index + 1 :]) is not None
    assert problem(pages, (*rows[:index], ROWS[0], *rows[index:])) is not None


@pytest.mark.parametrize("on_third", range(len(CLOSING) + 1))
def test_texts_after_the_rows_may_continue_on_the_next_page(on_third: int) -> None:
    second, third = SECOND[: 1 + on_third], SECOND[1 + on_third :]

    assert problem(numbered(FIRST, second, (*third, *PROOF))) is None


def test_a_text_may_continue_on_the_next_page() -> None:
    second = (*SECOND[:3], "All that", "Organiser")
    assert (
        problem(numbered(FIRST, (*SECOND[:3], "All that"), ("buyers pay", "Organiser"), PROOF))
        is None
    )
    assert problem(numbered(FIRST, second, PROOF)) == (
        "page 2 shows 'All that' in place of 'All that buyers pay'"
    )


@pytest.mark.parametrize(
    ("first", "second", "named"),
    [
        (FIRST, ("9", *SECOND), "page 2 shows '9' beside the rows"),
        ((*FIRST, "9"), SECOND, "page 1 shows '9' beside the rows"),
        (FIRST[1:], SECOND, "page 1 shows 'Period' in place of 'Tickets'"),
        (("Tickets", "9", *FIRST[1:]), SECOND, "page 1 shows '9' in place of 'Period'"),
        (FIRST[:2], SECOND, "row 2, column Ticket type, on page 2"),
        ((*OPENING, "9", *FIRST[2:]), SECOND, "page 1 shows '9' in place of the rows"),
        (FIRST, SECOND[1:], "page 2 shows 'Terms' beside the rows"),
        (FIRST, (*SECOND[:1], "Witness", *SECOND[1:]), "page 2 shows 'Witness' in place of 'Ter"),
        (FIRST, SECOND[:1], "page 3 shows 'Proof' in place of 'Terms'"),
        (
            FIRST,
            (table(*ROWS[2:], TOTAL, headings=("Ticket type", "Channel", "Void")), *CLOSING),
            "page 2 shows 'Void' in place of the heading 'Valid'",
        ),
        ((table(*ROWS[:2]), *OPENING), SECOND, "page 1 shows rows in place of 'Tickets'"),
    ],
)
def test_the_texts_around_the_rows_are_compared(
    first: tuple[PageItem, ...], second: tuple[PageItem, ...], named: str
) -> None:
    found = problem(numbered(first, second, PROOF))

    assert found is not None
    assert found.startswith(named)


def test_a_text_of_which_the_font_names_no_letter_is_no_difference() -> None:
    telugu = "\u0c1c\u0c4d\u0c1e"
    shown = [ExpectedRow("row 1", ROWS[0])]
    expected = (telugu, "", "7", ExpectedTable("the rows", HEADERS, shown), "Proof")
    pages = numbered(("", " ", "7", " ", table(ROWS[0]), "Proof", " "))
    frame = f"{FRAME} 1 of 1"

    assert page_problem(pages, expected, lambda *_: frame) is None
    assert page_problem(numbered(pages[0].items[2:]), expected, lambda *_: frame) == (
        f"page 1 shows '7' in place of {telugu!r}"
    )


def test_what_follows_the_end_and_what_is_missing_there_are_named() -> None:
    assert problem(numbered(FIRST, SECOND, (*PROOF, "9"))) == (
        "page 3 shows '9', which the report does not have"
    )
    assert problem(numbered(FIRST, SECOND)) == "'Proof' is on no page"
    assert problem(numbered(FIRST)) == "row 3 is on no page"


def test_texts_without_a_tag_and_another_frame_are_named() -> None:
    first, second, proof = numbered(FIRST, SECOND, PROOF)

    assert problem([first, replace(second, stray="9"), proof]) == "page 2 shows '9' beside the rows"
    found = problem([replace(first, frame=second.frame), second, proof])
    assert found is not None
    assert (
        found
        == "page 1 shows 'rsion 1 · Halle Page 2 of 3' around it, not 'rsion 1 · Halle Page 1 of 3'"
    )


def test_the_tables_of_blocks_may_share_a_page_but_not_their_order() -> None:
    other = ExpectedTable(
        "the rows of block other", ("Day",), [ExpectedRow("other: row 1", ("1",))]
    )
    shown = table(("1",), headings=("Day",))
    rows, after = SECOND[0], SECOND[1:]

    assert (
        problem(numbered(FIRST, (rows, "Other", shown, *after), PROOF), after=("Other", other))
        is None
    )
    assert problem(
        numbered(FIRST, (shown, "Other", rows, *after), PROOF), after=("Other", other)
    ) == ("page 2 shows 'Day' in place of the heading 'Ticket type'")
    assert problem(numbered(FIRST, SECOND, PROOF), after=("Other", other)) == (
        "page 2 shows 'Terms' in place of 'Other'"
    )
