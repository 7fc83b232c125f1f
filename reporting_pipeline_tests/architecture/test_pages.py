"""Links of the documentation work, and decision records have their number and form."""

import re
from pathlib import Path

import pytest

from reporting_pipeline.registry.report_tables import REPORT_TABLES
from reporting_pipeline_tests.architecture.repository import DOCS, ROOT, name_of, pages

DECISIONS = sorted((DOCS / "adr").glob("*.md"))
_LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")
_STATUS = re.compile(r"Status: (accepted \(\d{4}-\d\d-\d\d\)|replaced by \d{4})")
_SECTIONS = ("Question", "Decision", "Why", "Not chosen", "What would change it")
_MAX_LINES_OF_A_DECISION = 60


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_links_lead_to_pages_that_exist(page: Path) -> None:
    targets = _LINK.findall(page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_decisions_are_numbered_without_gap_or_double() -> None:
    numbers = [int(path.name[:4]) for path in DECISIONS]
    assert numbers == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_decisions_have_the_form_of_a_decision(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert re.fullmatch(rf"# {path.name[:4]}: .+[^.]", lines[0])
    assert _STATUS.fullmatch(lines[2])
    headings = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
    assert [heading for heading in headings if heading in _SECTIONS] == list(_SECTIONS)
    assert len(lines) <= _MAX_LINES_OF_A_DECISION


def test_changelog_begins_each_version_with_report_numbers() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    _, *versions = re.split(r"^## ", text, flags=re.MULTILINE)
    assert versions
    assert [
        each.splitlines()[0] for each in versions if "\n\n### Report numbers\n" not in each
    ] == []
    assert [table.name for table in REPORT_TABLES if f"`{table.name}`" not in text] == []
