"""Modules are small, and their names say what their subject is."""

import ast

from reporting_pipeline_tests.architecture.repository import ROOT, modules, name_of

MAX_LINES = 600
NAMES_OF_NOTHING = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "data"}


def test_no_module_has_more_than_600_lines() -> None:
    lengths = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in modules()}
    assert {name: length for name, length in lengths.items() if length > MAX_LINES} == {}


def test_no_module_or_folder_has_a_name_without_a_subject() -> None:
    parts = {part for path in modules() for part in path.relative_to(ROOT).with_suffix("").parts}
    assert parts & NAMES_OF_NOTHING == set()


def test_no_module_imports_annotations_from_future() -> None:
    found = [
        name_of(path)
        for path in modules()
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ImportFrom) and node.module == "__future__"
    ]
    assert found == []
