"""The steps from a fresh clone to an environment."""

import importlib.util
import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import pytest

_ROOT = Path(__file__).parents[1]


@pytest.fixture
def bootstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module, on a repository of its own whose environment is empty."""
    spec = importlib.util.spec_from_file_location("bootstrap", _ROOT / "bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    texts = dict.fromkeys(module.LOCKS, "a==1\n") | {
        "pyproject.toml": "[project]\n",
        "setup.py": "",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "ENVIRONMENT", tmp_path / ".venv")
    return module


@pytest.fixture
def done(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The steps of the installation that were done, in order; none does anything here."""
    steps: list[str] = []

    def make_environment() -> None:
        steps.append("make_environment")
        for stamp in bootstrap.ENVIRONMENT.iterdir():
            stamp.unlink()

    bootstrap.ENVIRONMENT.mkdir()
    monkeypatch.setattr(bootstrap, "make_environment", make_environment)
    monkeypatch.setattr(bootstrap, "install_packages", steps.extend)
    monkeypatch.setattr(bootstrap, "install_project", lambda: steps.append("install_project"))
    return steps


USERS = ("requirements.lock", "requirements-demo.lock")
DEVELOPERS = (*USERS, "requirements-dev.lock")


def test_second_installation_does_nothing(bootstrap: ModuleType, done: list[str]) -> None:
    bootstrap.install(DEVELOPERS)
    bootstrap.install(DEVELOPERS)

    assert done == ["make_environment", *DEVELOPERS, "install_project"]


def test_development_packages_are_added_to_the_environment_of_the_demo(
    bootstrap: ModuleType, done: list[str]
) -> None:
    bootstrap.install(USERS)
    assert done == ["make_environment", *USERS, "install_project"]
    done.clear()

    bootstrap.install(DEVELOPERS)
    bootstrap.install(USERS)

    assert done == ["requirements-dev.lock"]


@pytest.mark.parametrize("lock", DEVELOPERS)
def test_changed_lock_makes_a_new_environment(
    bootstrap: ModuleType, done: list[str], lock: str
) -> None:
    bootstrap.install(DEVELOPERS)
    done.clear()
    (bootstrap.ROOT / lock).write_text("a==2\n")

    bootstrap.install(DEVELOPERS)

    assert done == ["make_environment", *DEVELOPERS, "install_project"]


@pytest.mark.parametrize("name", ["pyproject.toml", "setup.py"])
def test_changed_project_is_installed_again_without_its_packages(
    bootstrap: ModuleType, done: list[str], name: str
) -> None:
    bootstrap.install(USERS)
    done.clear()
    (bootstrap.ROOT / name).write_text("name = 'other'\n")

    bootstrap.install(USERS)

    assert done == ["install_project"]


def test_interrupted_installation_is_done_again(
    bootstrap: ModuleType, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(locks: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(bootstrap, "install_packages", fail)
        with pytest.raises(KeyboardInterrupt):
            bootstrap.install(USERS)
    done.clear()

    bootstrap.install(USERS)

    assert done == ["make_environment", *USERS, "install_project"]


def test_missing_venv_module_is_named_with_the_package_that_installs_it(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)

    with pytest.raises(SystemExit, match="apt-get install python3-venv"):
        bootstrap.make_environment()


def test_python_that_does_not_fit_is_refused_with_its_version(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr(bootstrap, "OLDEST_PYTHON", (3, 99))

    with pytest.raises(SystemExit, match=f"this is Python {sys.version_info[0]}"):
        bootstrap.choose_python()


def test_unknown_command_shows_the_usage(
    bootstrap: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bootstrap.main(["unknown"]) == 2
    assert "usage: python3 bootstrap.py" in capsys.readouterr().err


@pytest.mark.parametrize("lock", DEVELOPERS)
def test_lock_names_no_host_and_hashes_every_package(lock: str) -> None:
    lines = (_ROOT / lock).read_text(encoding="utf-8").splitlines()

    assert lines
    assert [line for line in lines if "://" in line or line.startswith("-")] == []
    assert [line for line in lines if "==" in line and not line.endswith("\\")] == []


def test_every_dependency_is_locked_where_it_is_needed() -> None:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    groups = project["dependency-groups"]
    needed = {
        "requirements.lock": [*project["project"]["dependencies"], *extras["tracing"]],
        "requirements-demo.lock": [*extras["embedded"], *extras["client"], *groups["build"]],
        "requirements-dev.lock": groups["dev"],
    }

    locked: set[str] = set()
    for lock, requirements in needed.items():
        locked |= _locked(lock)
        assert _names(requirements) - locked == set(), lock


def _locked(lock: str) -> set[str]:
    lines = (_ROOT / lock).read_text(encoding="utf-8").splitlines()
    return _names(line for line in lines if "==" in line)


def _names(requirements: Iterable[str]) -> set[str]:
    return {re.split(r"[^\w.-]", each)[0] for each in requirements}
