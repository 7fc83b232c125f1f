"""The files of the repository that the architecture tests read."""

import tomllib
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ("reporting_pipeline", "reporting_pipeline_tests")
DOCS: Final = ROOT / "docs"


def modules() -> list[Path]:
    """Every Python module of the project and its tests."""
    return sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))


def pages() -> list[Path]:
    """Every page of documentation."""
    return sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


def project() -> dict[str, Any]:
    """The content of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    """A path relative to the repository's root."""
    return path.relative_to(ROOT).as_posix()
