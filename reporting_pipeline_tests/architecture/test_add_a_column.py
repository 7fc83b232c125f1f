"""docs/how-to/add-a-column.md names every file that a figure of a report table appears in."""

import re

from reporting_pipeline_tests.architecture.repository import DOCS, ROOT

_ROW = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)
_MAX_FILES = 6
# A figure that no shipped report shows and no other table uses: it is in one further file, a test.
_FIGURE = re.compile(r"\bpsp_fee_minor\b")
_TEST = "reporting_pipeline_tests/oracle/test_revenue.py"
_TEXTS = {".md", ".py", ".sql", ".yaml", ".yml"}
# The contract that the columns follow, and the tables of a former release.
_COPIES = {"docs/contract", "reporting_pipeline_tests/building/former_release"}

FILES = set(_ROW.findall((DOCS / "how-to" / "add-a-column.md").read_text(encoding="utf-8")))


def test_a_column_touches_at_most_six_files() -> None:
    assert 0 < len(FILES) <= _MAX_FILES


def test_every_file_of_the_page_exists() -> None:
    assert [name for name in sorted(FILES) if not (ROOT / name).is_file()] == []


def test_no_other_file_names_a_figure() -> None:
    this = "reporting_pipeline_tests/architecture/test_add_a_column.py"
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in ("dbt_project", "docs", "reporting_pipeline", "reporting_pipeline_tests")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in _TEXTS and _FIGURE.search(path.read_text(encoding="utf-8"))
    }

    others = {name for name in found if not any(name.startswith(copy) for copy in _COPIES)}
    assert others - {this, _TEST} == FILES - {"CHANGELOG.md"}
