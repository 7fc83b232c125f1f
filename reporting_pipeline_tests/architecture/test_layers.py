"""Imports follow the layers that the architecture page shows."""

import re
import subprocess
import sysconfig
from pathlib import Path

from reporting_pipeline_tests.architecture.repository import DOCS, ROOT, project


def test_no_import_breaks_a_contract() -> None:
    # A process of its own, because the linter disables all loggers.
    linter = Path(sysconfig.get_path("scripts"), "lint-imports")
    done = subprocess.run(  # noqa: S603 - our own program and arguments
        [linter, "--config", ROOT / "pyproject.toml", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


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
