"""The glossary defines each term once, has every figure, and names only things that exist."""

import re
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec

from sqlalchemy import CheckConstraint

from reporting_pipeline.registry.columns import ColumnKind
from reporting_pipeline.registry.report_tables import BREAK_KINDS, REPORT_TABLES
from reporting_pipeline.sources.contract import TABLES
from reporting_pipeline_tests.architecture.repository import DOCS, ROOT

TEXT = (DOCS / "glossary.md").read_text(encoding="utf-8")
_TERM = re.compile(r"\*\*(?P<terms>[^*]+)\*\*\. (?P<definition>.+)\.\sIn:\s(?P<places>.+)\.", re.S)
_CODE = re.compile(r"`([^`]+)`")
_ONE_OF = re.compile(r"(?P<column>\w+) in \((?P<values>.+)\)")

REPORT_COLUMNS = {name for table in REPORT_TABLES for name in table.column_names}
SOURCE_COLUMNS = {column.name for table in TABLES for column in table.columns}
SOURCE_PLACES = {table.fullname for table in TABLES} | {
    f"{table.fullname}.{column.name}" for table in TABLES for column in table.columns
}


def _entries() -> Iterator[tuple[str, str]]:
    """The terms of the glossary, each with the places that its entry lists."""
    for paragraph in TEXT.split("\n\n"):
        if paragraph.startswith("**"):
            match = _TERM.fullmatch(paragraph.strip())
            assert match is not None, f"not `**term**. Definition. In: places.`: {paragraph}"
            for term in match["terms"].split(", "):
                yield term, match["places"]


def _places() -> set[str]:
    return {code for _, places in _entries() for code in _CODE.findall(places)}


def test_each_term_is_defined_once() -> None:
    times = Counter(term for term, _ in _entries())
    assert [term for term, count in times.items() if count > 1] == []


def test_every_term_says_where_it_appears() -> None:
    silent = [term for term, places in _entries() if not _CODE.search(places)]
    assert silent == []


def test_every_figure_of_the_reports_belongs_to_a_term() -> None:
    figures = {
        column.name
        for table in REPORT_TABLES
        for column in table.columns
        if column.kind is not ColumnKind.KEY
    }
    assert figures - _places() == set()


def test_every_kind_of_break_is_a_term() -> None:
    assert set(BREAK_KINDS) - {term for term, _ in _entries()} == set()


def test_every_value_that_the_contract_allows_is_explained() -> None:
    explained = {term for term, _ in _entries()} | set(_CODE.findall(TEXT))
    assert _allowed_values() - explained == set()


def test_columns_that_the_glossary_names_exist() -> None:
    named = {
        code for code in _CODE.findall(TEXT) if re.fullmatch(r"[a-z]\w*_(minor|count|rate)", code)
    }
    assert named - REPORT_COLUMNS - SOURCE_COLUMNS == set()


def test_source_tables_that_the_glossary_names_exist() -> None:
    schemas = {table.schema for table in TABLES}
    named = {code for code in _CODE.findall(TEXT) if code.split(".")[0] in schemas and "." in code}
    assert named - SOURCE_PLACES == set()


def test_modules_and_files_that_the_glossary_names_exist() -> None:
    modules = {code for code in _places() if code.startswith("reporting_pipeline.")}
    files = {code for code in _places() if "/" in code}
    assert [name for name in sorted(modules) if find_spec(name) is None] == []
    assert [name for name in sorted(files) if not (ROOT / name).exists()] == []


def _allowed_values() -> set[str]:
    """The values of every column with a list of values, without statuses: no report shows these."""
    words: set[str] = set()
    for table in TABLES:
        for rule in (each for each in table.constraints if isinstance(each, CheckConstraint)):
            match = _ONE_OF.fullmatch(str(rule.sqltext))
            if match is not None and match["column"] != "status":
                words |= set(re.findall(r"'(\w+)'", match["values"]))
    return words
