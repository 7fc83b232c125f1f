"""docs/how-to/add-a-source-domain.md names the files of the existing domains, at most ten."""

import re

import pytest

from reporting_pipeline.sources.contract import DOMAINS
from reporting_pipeline_tests.architecture.repository import DOCS, ROOT

_ROW = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)
_MAX_FILES = 10

PAGE = (DOCS / "how-to" / "add-a-source-domain.md").read_text(encoding="utf-8")
FILES = _ROW.findall(PAGE)


def test_a_domain_touches_at_most_ten_files() -> None:
    assert 0 < len(FILES) <= _MAX_FILES


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("file", FILES)
def test_every_domain_has_the_files_that_the_page_names(file: str, domain: str) -> None:
    pattern = re.sub(r"<\w+>", "*", file.replace("<domain>", domain))
    assert list(ROOT.glob(pattern)), pattern


def test_other_paths_that_the_page_names_exist() -> None:
    named = set(re.findall(r"`([\w/.]+/[\w.]+)`", PAGE))
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []
