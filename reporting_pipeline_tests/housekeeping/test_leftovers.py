"""Only this program's folders without recent changes count as abandoned."""

import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

import reporting_pipeline
from reporting_pipeline.housekeeping.leftovers import abandoned_folders, remove_folder

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SINCE = datetime(2021, 1, 1, tzinfo=UTC)


def folder(parent: Path, name: str, *, is_old: bool = True, inner_is_old: bool = True) -> Path:
    path = parent / name
    path.mkdir()
    (path / "rows").write_text("1,2")
    for each, age in ((path / "rows", inner_is_old), (path, is_old)):
        if age:
            os.utime(each, (LONG_AGO.timestamp(),) * 2)
    return path


def prefixes() -> set[str]:
    """The prefix of each temporary folder that the program makes."""
    package = Path(reporting_pipeline.__file__).parent
    texts = (path.read_text(encoding="utf-8") for path in package.rglob("*.py"))
    return {found for text in texts for found in re.findall(r'prefix="(reporting-[^"]*)"', text)}


@pytest.mark.parametrize("name", sorted(f"{prefix}a1b2c3_8" for prefix in prefixes()))
def test_an_abandoned_folder_is_removed_with_its_contents(name: str, tmp_path: Path) -> None:
    path = folder(tmp_path, name)

    assert abandoned_folders(tmp_path, SINCE) == [path]
    remove_folder(path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["reporting-tests-a1b2c3", "reporting-archive", "other-a1b2c3_8"])
def test_folders_of_other_programs_stay(name: str, tmp_path: Path) -> None:
    folder(tmp_path, name)

    assert abandoned_folders(tmp_path, SINCE) == []


def test_a_folder_with_a_recent_change_stays(tmp_path: Path) -> None:
    folder(tmp_path, "reporting-a1b2c3_8", inner_is_old=False)

    assert abandoned_folders(tmp_path, SINCE) == []


def test_every_temporary_folder_has_a_name_of_this_program() -> None:
    package = Path(reporting_pipeline.__file__).parent
    made = re.compile(r"(?:TemporaryDirectory|mkdtemp)\(([^)]*)")
    unnamed = [
        path.name
        for path in package.rglob("*.py")
        for arguments in made.findall(path.read_text(encoding="utf-8"))
        # A folder beside the file that it becomes is found with that file's folder.
        if 'prefix="reporting-' not in arguments and "dir=" not in arguments
    ]

    assert unnamed == []
    assert "reporting-dbt-" in prefixes()


def test_a_link_to_a_folder_stays(tmp_path: Path) -> None:
    elsewhere = folder(tmp_path, "elsewhere")
    (tmp_path / "reporting-a1b2c3_8").symlink_to(elsewhere)

    assert abandoned_folders(tmp_path, SINCE) == []
