"""The wheel contains everything: installed without the checkout, it makes the same report files."""

import hashlib
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import URL

from reporting_pipeline.settings import child_environment
from reporting_pipeline_tests.acceptance.pipelines import Pipeline

_ROOT = Path(__file__).parents[1]
_NOT_BUILT_FROM = shutil.ignore_patterns(
    ".git", ".venv*", ".*_cache", ".hypothesis", "*.egg-info", "__pycache__", "build", "dist"
)
_REPORTS = ("--from", "2025-09-08", "--to", "2025-09-21", "--format", "csv")
_WEEKLY_REVENUE = ("--definition", "weekly-revenue")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the checkout so that the build leaves nothing behind."""
    copy = tmp_path_factory.mktemp("checkout") / "copy"
    shutil.copytree(_ROOT, copy, ignore=_NOT_BUILT_FROM)
    folder = tmp_path_factory.mktemp("wheel")
    _run(
        *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps"),
        *("--no-build-isolation", "--wheel-dir", folder, copy),
        cwd=folder,
    )
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel and this environment's libraries, but not the checkout."""
    environment = tmp_path_factory.mktemp("installed") / "environment"
    _run(sys.executable, "-m", "venv", "--without-pip", environment)
    python = environment / "bin" / "python"
    packages = Path(
        _run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    )
    # A line of a .pth file adds a folder to the path; the .pth files in that folder, such as the
    # one of the editable install, are not read.
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    _run(
        *(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index"),
        *("--no-deps", "--no-compile", wheel),
    )
    return environment


def test_the_wheel_contains_the_project_files_and_no_test(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()

    inside = "reporting_pipeline/project_files"
    for name in ("dagster.yaml", "workspace.yaml", "docs/examples/reporting.env"):
        assert f"{inside}/{name}" in names
    of_dbt = _tracked("dbt_project")
    assert [each for each in of_dbt if f"{inside}/{each}" not in names] == []
    of_package = [each for each in _tracked("reporting_pipeline") if not each.endswith(".md")]
    assert [each for each in of_package if each not in names] == []
    assert [each for each in names if each.startswith("reporting_pipeline_tests")] == []


def test_the_wheel_writes_a_production_project(installed: Path, tmp_path: Path) -> None:
    _run(installed / "bin" / "reporting", "init", tmp_path / "project", cwd=tmp_path)

    for name, source in (
        ("dagster.yaml", "dagster.yaml"),
        ("workspace.yaml", "docs/examples/workspace.yaml"),
    ):
        assert (tmp_path / "project" / name).read_bytes() == (_ROOT / source).read_bytes()
    assert "REPORTING_DATABASE_URL" in (tmp_path / "project" / "reporting.env").read_text("utf-8")


def test_the_season_from_the_wheel_is_the_season_from_the_checkout(
    installed: Path,
    season_pipeline: Pipeline,
    empty_database_url: URL,
    source_urls: Mapping[str, URL],
    season_dump: Path,
    tmp_path: Path,
) -> None:
    before = _files(installed)
    program = installed / "bin" / "reporting"
    variables = _variables(empty_database_url, source_urls, tmp_path / "from_wheel")
    for arguments in (("sources", "load", str(season_dump)), ("land",), ("build", "--all")):
        _run(program, *arguments, cwd=tmp_path, **variables)
    from_wheel = _published(program, variables, tmp_path / "from_wheel")

    assert _files(installed) == before
    assert (tmp_path / "from_wheel" / "dagster" / "dagster.yaml").exists()
    checkout = Path(sys.executable).with_name("reporting")
    variables = _variables(
        season_pipeline.warehouse, season_pipeline.sources, tmp_path / "from_checkout"
    )
    assert from_wheel
    assert from_wheel == _published(checkout, variables, tmp_path / "from_checkout")


def _published(program: Path, variables: Mapping[str, str], home: Path) -> dict[str, str]:
    """Publish two weeks of revenue reports: path in the store -> digest."""
    _run(program, "definitions", "apply", "--yes", cwd=home.parent, **variables)
    _run(program, "export", *_REPORTS, *_WEEKLY_REVENUE, cwd=home.parent, **variables)
    store = home / "store"
    return {
        path.relative_to(store).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in store.rglob("*")
        if path.is_file()
    }


def _variables(warehouse: URL, sources: Mapping[str, URL], home: Path) -> dict[str, str]:
    """The settings of one run; no file of it is outside `home`."""
    addresses = {f"REPORTING_SOURCE_{domain.upper()}_URL": url for domain, url in sources.items()}
    addresses["REPORTING_DATABASE_URL"] = warehouse
    return {
        "REPORTING_HOME": str(home),
        **{name: url.render_as_string(hide_password=False) for name, url in addresses.items()},
    }


def _files(environment: Path) -> set[Path]:
    """Every file of the installed environment, compiled modules left out."""
    return {
        path
        for path in environment.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def _tracked(folder: str) -> list[str]:
    """The files of a folder in the repository; hidden ones are only for developers."""
    paths = map(Path, _run("git", "ls-files", folder, cwd=_ROOT).splitlines())
    return [path.as_posix() for path in paths if not path.name.startswith(".")]


def _run(*arguments: str | Path, cwd: Path | None = None, **variables: str) -> str:
    """Run a program to its end; its output."""
    done = subprocess.run(  # noqa: S603 - programs of the environment
        arguments,
        cwd=cwd,
        env=child_environment(variables),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
