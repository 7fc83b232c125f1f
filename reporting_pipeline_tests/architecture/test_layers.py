"""Imports go the way that the architecture page draws."""

import re

import pytest
from importlinter.cli import lint_imports

from reporting_pipeline_tests.architecture.repository import DOCS, ROOT, project


def test_no_import_breaks_a_contract(capsys: pytest.CaptureFixture[str]) -> None:
    status = lint_imports(str(ROOT / "pyproject.toml"), no_cache=True, no_logo=True)
    assert status == 0, capsys.readouterr().out


def test_architecture_page_draws_the_layers_that_are_enforced() -> None:
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    _, _, table = page.partition("| layer | what belongs there |")
    drawn = [re.findall(r"`(\w+)`", row.split("|")[1]) for row in _rows(table)]
    assert drawn == [re.findall(r"\w+", layer) for layer in _enforced_layers()]


def _rows(table: str) -> list[str]:
    """The rows of a Markdown table, below its header."""
    return [line for line in table.partition("\n\n")[0].splitlines() if line.startswith("| ")]


def _enforced_layers() -> list[str]:
    contracts = project()["tool"]["importlinter"]["contracts"]
    [layers] = [each["layers"] for each in contracts if each["type"] == "layers"]
    return list(layers)
