"""The build step that pyproject.toml cannot express: the wheel carries the repository's top level.

`dbt_project/`, the Dagster configuration and the example settings stay at the top of the
repository, where their tools look for them. A wheel has no top level, so the step copies them to
`reporting_pipeline/project_files/`; `reporting_pipeline.project_file` finds them in both places.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
PROJECT_FILES = ("dbt_project", "docs/examples", "dagster.yaml", "workspace.yaml")
NOT_SHIPPED = shutil.ignore_patterns("target", "logs", "__pycache__", ".user.yml")


class BuildWithProjectFiles(build_py):  # type: ignore[misc] # setuptools has no types
    """Leaves the tests out of a wheel and puts the project files in."""

    packages: list[str] | None

    def finalize_options(self) -> None:
        """Choose the packages of this build."""
        super().finalize_options()
        if not self.editable_mode:
            self.packages = [
                each
                for each in self.packages or []
                if not each.startswith("reporting_pipeline_tests")
            ]

    def run(self) -> None:
        """Copy the packages, then the project files."""
        super().run()
        if not self.editable_mode:
            for name in PROJECT_FILES:
                copy(ROOT / name, Path(self.build_lib, "reporting_pipeline", "project_files", name))


def copy(source: Path, target: Path) -> None:
    """Copy a file or a folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=NOT_SHIPPED, dirs_exist_ok=True)
    else:
        shutil.copyfile(source, target)


setup(cmdclass={"build_py": BuildWithProjectFiles})
