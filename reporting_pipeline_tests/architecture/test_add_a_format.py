"""docs/how-to/add-a-format.md names the files in which formats are listed."""

import re

from reporting_pipeline.exports.formats import FORMATS
from reporting_pipeline.report_definitions.files import STARTER_SET
from reporting_pipeline_tests.architecture.repository import DOCS, ROOT

_ROW = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)
_MAX_FILES = 9
# The format of the example does not exist.
_NEW = re.compile(r"tsv")

FILES = set(_ROW.findall((DOCS / "how-to" / "add-a-format.md").read_text(encoding="utf-8")))


def test_a_format_touches_at_most_nine_files() -> None:
    assert 0 < len(FILES) <= _MAX_FILES


def test_every_file_of_the_page_that_is_not_new_exists() -> None:
    kept = [name for name in sorted(FILES) if not _NEW.search(name)]
    assert [name for name in kept if not (ROOT / name).is_file()] == []


def test_no_other_module_lists_all_formats() -> None:
    found = set()
    for path in (ROOT / "reporting_pipeline").rglob("*"):
        if path.suffix in {".py", ".sql", ".yaml"} and not path.is_relative_to(STARTER_SET):
            words = set(re.findall(r"[\"'](\w+)[\"']|\b([A-Z]+)\b", path.read_text("utf-8")))
            named = {a.lower() or b.lower() for a, b in words}
            if {str(name) for name in FORMATS} <= named:
                found.add(path.relative_to(ROOT).as_posix())

    migrations = {name for name in found if "/migrations/versions/" in name}
    assert found - migrations <= FILES
