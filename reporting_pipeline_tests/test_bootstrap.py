"""From a fresh clone to an environment: what is up to date stays, what is missing is said."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

_ROOT = Path(__file__).parents[1]


@pytest.fixture
def bootstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module, on a repository of its own whose environment holds nothing yet."""
    spec = importlib.util.spec_from_file_location("bootstrap", _ROOT / "bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    texts = {"requirements.lock": "a==1\n", "pyproject.toml": "[project]\n", "setup.py": ""}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "LOCK", tmp_path / "requirements.lock")
    monkeypatch.setattr(module, "ENVIRONMENT", tmp_path / ".venv")
    return module


@pytest.fixture
def done(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The steps of the installation that were done, in order; none does anything here."""
    steps: list[str] = []
    for name in ("make_environment", "install_packages", "install_project"):
        monkeypatch.setattr(bootstrap, name, lambda name=name: steps.append(name))
    bootstrap.ENVIRONMENT.mkdir()
    return steps


def test_second_installation_does_nothing(bootstrap: ModuleType, done: list[str]) -> None:
    bootstrap.install()
    bootstrap.install()

    assert done == ["make_environment", "install_packages", "install_project"]


def test_changed_lock_makes_the_environment_anew(bootstrap: ModuleType, done: list[str]) -> None:
    bootstrap.install()
    done.clear()
    bootstrap.LOCK.write_text("a==2\n")

    bootstrap.install()

    assert done == ["make_environment", "install_packages", "install_project"]


def test_changed_project_is_installed_again_without_its_packages(
    bootstrap: ModuleType, done: list[str]
) -> None:
    bootstrap.install()
    done.clear()
    (bootstrap.ROOT / "pyproject.toml").write_text("[project]\nname = 'other'\n")

    bootstrap.install()

    assert done == ["install_project"]


def test_interrupted_installation_is_done_again(
    bootstrap: ModuleType, done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(bootstrap, "install_packages", fail)
        with pytest.raises(KeyboardInterrupt):
            bootstrap.install()
    done.clear()

    bootstrap.install()

    assert done == ["make_environment", "install_packages", "install_project"]


def test_missing_venv_module_is_named_with_the_package_that_brings_it(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)

    with pytest.raises(SystemExit, match="apt-get install python3-venv"):
        bootstrap.make_environment()


def test_python_that_does_not_fit_is_refused_in_words(
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


def test_lock_names_no_host_and_hashes_every_package() -> None:
    lines = (_ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()

    assert [line for line in lines if "://" in line or line.startswith("-")] == []
    assert [line for line in lines if "==" in line and not line.endswith("\\")] == []
