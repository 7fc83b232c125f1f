"""docs/how-to/mend-a-wrong-figure.md names every file that has the formula of its example."""

import re

from reporting_pipeline_tests.architecture.repository import DOCS, ROOT

_ROW = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)
_MAX_FILES = 6

PAGE = (DOCS / "how-to" / "mend-a-wrong-figure.md").read_text(encoding="utf-8")
FILES = _ROW.findall(PAGE)


def test_a_correction_touches_at_most_six_files() -> None:
    assert 0 < len(FILES) <= _MAX_FILES


def test_the_paths_of_the_page_exist() -> None:
    named = set(re.findall(r"\b([\w.]+/[\w/.]+\.\w+)\b", PAGE.replace("(../", "(docs/")))
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_no_other_file_has_the_formula() -> None:
    # The kinds of transactions in which money comes in: only the formula lists them together.
    formula = re.compile(r"""["']sale["'],\s*["']payment["'],\s*["']chargeback_reversal["']""")
    folders = ("dbt_project", "reporting_pipeline", "reporting_pipeline_tests/oracle")
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".sql", ".py", ".yml"} and formula.search(path.read_text("utf-8"))
    }

    assert len(found) == len({"model", "check", "oracle"})
    assert found <= set(FILES)
