"""Each shipped report has a page that explains each of its lines, with real rows as an example.

`make test ARGS="reporting_pipeline_tests/acceptance/test_report_pages.py --write-examples"` writes
the rows of the examples into the pages again, after a change of a definition or of the demo.
"""

import re
from decimal import Decimal

import pytest

from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.acceptance.report_pages import (
    REPORT_PAGES,
    STARTER,
    Example,
    ReportPage,
    headings_of,
    rows_of_example,
    with_new_examples,
)
from reporting_pipeline_tests.architecture.repository import DOCS

PAGES = [ReportPage.read(path) for path in sorted(REPORT_PAGES.glob("*.md"))]
_SECTIONS = ["", "Lines", "How it ties", "Example"]
_AMOUNT = re.compile(r"-?\d[\d,]*\.\d\d\b")
_SUM = re.compile(rf"{_AMOUNT.pattern}(?: [+-] {_AMOUNT.pattern})+ = {_AMOUNT.pattern}")
_ORGANIZER = "Lindenhof Konzerte GmbH"

of_each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path.stem)


def test_each_shipped_report_has_a_page_and_each_page_a_report() -> None:
    slugs = {page.path.stem for page in PAGES}
    assert slugs == set(STARTER)


def test_the_page_of_reports_leads_to_each_of_them() -> None:
    text = (DOCS / "reports.md").read_text(encoding="utf-8")
    slugs = [page.path.stem for page in PAGES]
    assert [slug for slug in slugs if f"[`{slug}`](reports/{slug}.md)" not in text] == []


@of_each_page
def test_a_page_has_the_form_of_a_report_s_page(page: ReportPage) -> None:
    assert list(page.sections) == _SECTIONS
    assert page.title == STARTER[page.path.stem].name
    assert page.text.splitlines()[2].startswith("For ")
    assert page.sections["How it ties"].strip()


@of_each_page
def test_a_page_explains_each_heading_once_and_else_only_rows_of_its_example(
    page: ReportPage,
) -> None:
    of_blocks = headings_of(STARTER[page.path.stem]).values()
    headings = list(dict.fromkeys(heading for each in of_blocks for heading in each))
    explained = [heading for heading, _ in page.meanings]
    shown = {cell for example in page.examples for row in example.table[1:] for cell in row}

    assert [each for each in explained if each in headings] == headings
    assert len(set(explained)) == len(explained)
    assert set(explained) - set(headings) <= shown
    assert all(meaning for _, meaning in page.meanings)


@of_each_page
def test_the_examples_of_a_page_are_the_rows_of_the_demo(
    page: ReportPage, request: pytest.FixtureRequest
) -> None:
    slug = page.path.stem
    expected = [
        rows_of_example(_pipeline(request, each).warehouse, slug, each) for each in page.examples
    ]
    if request.config.getoption("--write-examples"):
        page.path.write_text(with_new_examples(page, expected), encoding="utf-8")
        return
    assert {each.block for each in page.examples} == set(headings_of(STARTER[slug]))
    assert [each.table for each in page.examples] == expected


@of_each_page
def test_each_amount_in_the_text_of_a_page_is_in_its_examples(page: ReportPage) -> None:
    shown = {cell for example in page.examples for row in example.table for cell in row}
    prose = [line for line in page.text.splitlines() if not line.startswith("|")]
    amounts = {amount for line in prose for amount in _AMOUNT.findall(line)}
    assert {each for each in amounts if not shown & {each, f"-{each}"}} == set()


@of_each_page
def test_each_sum_in_the_text_of_a_page_is_right(page: ReportPage) -> None:
    text = " ".join(line for line in page.text.splitlines() if not line.startswith("|"))
    for sum_ in _SUM.findall(text):
        terms, total = sum_.replace(",", "").replace("+ ", "+").replace("- ", "-").split(" = ")
        assert sum(map(Decimal, terms.split())) == Decimal(total), sum_


def _pipeline(request: pytest.FixtureRequest, example: Example) -> Pipeline:
    name = "organizer" if example.organization == _ORGANIZER else "shared_season_pipeline"
    pipeline = request.getfixturevalue(name)
    assert isinstance(pipeline, Pipeline)
    return pipeline
