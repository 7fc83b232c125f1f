"""The pages of reports of several blocks: titles, order, page breaks, and blocks without rows."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from reporting_pipeline.exports.manifest import EventPart, PeriodPart
from reporting_pipeline.exports.pdf import pdf_format
from reporting_pipeline.exports.pdf.page_reader import (
    PageChart,
    PageContent,
    contents_of_pages,
)
from reporting_pipeline.exports.pdf.pdf_format import PDF
from reporting_pipeline.exports.pdf.read import page_problems
from reporting_pipeline.exports.report_document import Chart, ReportDocument
from reporting_pipeline_tests.exports.documents import document_of_blocks
from reporting_pipeline_tests.exports.pdf.pages import SALES, report, sales_rows, with_totals

_ROWS_OF_A_PIECE = 40


def block(folder: Path, title: str, row_count: int, **manifest: Any) -> ReportDocument:
    """The rows of a block, with totals and a title."""
    plain = report(folder / title, SALES, sales_rows(row_count), **manifest)
    return replace(with_totals(plain), title=title)


def pages_of(document: ReportDocument, target: Path) -> list[PageContent]:
    """The pages of a report, after a check that they show its rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pdf_format, "CELLS_OF_A_PIECE", _ROWS_OF_A_PIECE * len(SALES))
        PDF.write_report(document, target)
    assert page_problems(target, document.manifest) == []
    return contents_of_pages(target)


def texts_on(page: PageContent) -> list[str]:
    """The texts of a page, and `rows` in place of a table."""
    return [item if isinstance(item, str) else "rows" for item in page.items]


def test_short_blocks_share_a_page_each_below_its_title(tmp_path: Path) -> None:
    blocks = (
        block(tmp_path, "Tickets", 3),
        block(tmp_path, "Payouts", 0),
        block(tmp_path, "Fees", 2),
    )

    [first] = pages_of(document_of_blocks(tmp_path, *blocks), tmp_path / "r.pdf")

    assert texts_on(first) == [
        *("Daily sales", "Halle", "Period", "2026-10-25"),
        *("Tickets", "rows", "Payouts", "rows", "Fees", "rows"),
    ]
    assert [len(each.rows) for each in first.tables] == [6, 1, 4]  # with totals
    assert first.tables[1].rows == (("There are no rows in this period.",),)


@pytest.mark.parametrize("row_count", [20, 22, 24, 26])
def test_a_title_is_never_the_last_text_of_a_page(tmp_path: Path, row_count: int) -> None:
    charted = replace(block(tmp_path, "Fees", 9), chart=Chart(x="date", y="gross_minor"))
    blocks = (block(tmp_path, "Tickets", row_count), block(tmp_path, "Payouts", 3), charted)

    pages = pages_of(document_of_blocks(tmp_path, *blocks), tmp_path / "r.pdf")

    for page in pages:
        assert not isinstance(page.items[-1], str) or page is pages[-1]
    shown = [item for page in pages for item in page.items]
    assert sum(isinstance(item, PageChart) for item in shown) == 3  # one for each currency


def test_a_long_block_is_rendered_in_pieces_and_the_next_one_follows_it(tmp_path: Path) -> None:
    blocks = (
        block(tmp_path, "Tickets", 2),
        block(tmp_path, "Orders", 100),
        block(tmp_path, "Fees", 2),
    )

    pages = pages_of(document_of_blocks(tmp_path, *blocks), tmp_path / "r.pdf")

    titles = [item for page in pages for item in page.items if isinstance(item, str)]
    assert titles[4:] == ["Tickets", "Orders", "Fees"]
    assert all(page.tables for page in pages)
    assert sum(len(table.rows) for page in pages for table in page.tables) == 4 + 103 + 4


def test_a_filter_is_named_below_the_title_of_its_block(tmp_path: Path) -> None:
    event = EventPart(
        name="Gala",
        start="2026-10-25 20:00",
        end="2026-10-25 23:00",
        status="sold_out",
        venue="Oper",
        city="Halle",
    )
    period = PeriodPart(
        first=None,
        end=date(2026, 10, 26),
        event_id=UUID(int=9),
        token="event",  # noqa: S106
    )
    of_event = {"event": event, "period": period}
    filtered = ("Event is Gala", "Currency is EUR", "Channel is web")
    blocks = (
        block(tmp_path, "All", 1, filters=("Event is Gala",), **of_event),
        block(tmp_path, "Some", 1, filters=filtered, **of_event),
    )

    [first] = pages_of(document_of_blocks(tmp_path, *blocks), tmp_path / "r.pdf")

    assert texts_on(first)[2:] == [
        *("Event", "Gala", "Venue", "Oper, Halle"),
        *("Date", "2026-10-25 20:00 to 2026-10-25 23:00", "Status", "sold out"),
        *("Period", "up to 2026-10-25"),
        *("All", "rows", "Some", "Filters: Currency is EUR; Channel is web", "rows"),
    ]


def test_an_exchanged_or_renamed_block_is_found_on_the_pages(tmp_path: Path) -> None:
    blocks = (block(tmp_path, "Tickets", 3), block(tmp_path, "Fees", 2))
    written = document_of_blocks(tmp_path, *blocks)
    pages_of(written, tmp_path / "r.pdf")
    first, second = written.manifest.blocks
    renamed = second.model_copy(update={"title": "Costs"})

    exchanged = written.manifest.model_copy(update={"blocks": (second, first)})
    other = written.manifest.model_copy(update={"blocks": (first, renamed)})

    assert page_problems(tmp_path / "r.pdf", exchanged) == [
        "page 1 shows 'Tickets' in place of 'Fees'"
    ]
    assert page_problems(tmp_path / "r.pdf", other) == ["page 1 shows 'Fees' in place of 'Costs'"]
