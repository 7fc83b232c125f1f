"""Who reads an organisation's rows reads them in a tenant session; a page has all attacks."""

import ast
from collections.abc import Iterator

import pytest

from reporting_pipeline_tests.architecture.repository import ROOT, name_of
from reporting_pipeline_tests.architecture.tenancy_page import PAGE, page

_SEES_ALL = frozenset({"warehouse_connection", "warehouse_engine", "platform_snapshot"})
# The functions of these packages that may see all organisations, and why.
_PERMITTED = {
    "serving/event_summaries.py:EventSummaries._version": "writes metrics, then enters the tenant",
    "serving/report_files.py:ReportFiles._current": "writes metrics, then enters the tenant",
    "serving/report_files.py:ReportFiles._require_file": "writes what the store has",
    "serving/report_desk.py:ReportDesk._request_again": "writes a request",
    "serving/api/deeds.py:DeedWriter._write": "writes the audit log",
    "serving/api/context.py:ApiContext.writing": "writes changes with their line in the audit log",
    "publishing/snapshot.py:report_snapshot": "enters the tenant",
    "publishing/replica.py:Replica.read": "enters the tenant",
    "publishing/publish.py:settle": "writes the catalogue",
    "publishing/restore.py:_write": "writes former files again, of all organisations",
    "publishing/current.py:current_reports": "compares the bases of all due reports",
    "publishing/store_audit.py:_Audit._connection": "audits the store, of all organisations",
    "publishing/verify_against_warehouse.py:verify_against_warehouse": "runs the checks of days",
}
_PACKAGES = ("serving", "exports", "publishing")


def _calls(package: str) -> Iterator[str]:
    """The functions of a package that open a connection which sees all organisations."""
    folder = ROOT / "reporting_pipeline"
    for path in sorted((folder / package).rglob("*.py")):
        place = name_of(path).removeprefix("reporting_pipeline/")
        yield from (f"{place}:{each}" for each in _callers(ast.parse(path.read_text("utf-8")), ""))


def _callers(node: ast.AST, within: str) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        name = within
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            name = f"{within}.{child.name}".lstrip(".")
        if isinstance(child, ast.Call) and _name(child.func) in _SEES_ALL:
            yield within
        yield from _callers(child, name)


def _name(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def test_only_the_named_functions_see_all_organisations() -> None:
    found = {each for package in _PACKAGES for each in _calls(package)}

    assert found == set(_PERMITTED)


@pytest.mark.parametrize(
    "code",
    [
        "def planted():\n    with warehouse_connection(url) as connection: pass",
        "def planted():\n    with engine.warehouse_connection(url) as connection: pass",
        "def planted():\n    return [platform_snapshot(each) for each in urls]",
    ],
)
def test_a_planted_connection_is_found(code: str) -> None:
    assert list(_callers(ast.parse(code), "")) == ["planted"]


def test_the_page_of_attacks_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"
