"""Fixtures of the command line: the program, a home with running servers, a fresh warehouse."""

import fcntl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL

from reporting_pipeline.embedded.account import Account
from reporting_pipeline.embedded.attachment import attached
from reporting_pipeline.embedded.home import Home
from reporting_pipeline.settings import Settings, child_environment

RunReporting = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def running_home(servers_folder: Path, account: Account) -> Iterator[Home]:
    """A home whose servers run, so that commands attach to them."""
    home = Home(servers_folder / "home-of-commands", account)
    with attached(home, Settings.from_environment().pg_bindir, durable=False):
        yield home
    with (home.folder / "owner.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)


@pytest.fixture
def own_warehouse(warehouse_url: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> URL:
    """A fresh warehouse, a store and a home, set in the environment of this process."""
    for name in ("REPORTING_DATABASE_URL", "REPORTING_DAGSTER_URL"):
        monkeypatch.setenv(name, warehouse_url.render_as_string(hide_password=False))
    monkeypatch.setenv("REPORTING_STORE_URL", str(tmp_path / "store"))
    monkeypatch.setenv("REPORTING_HOME", str(tmp_path))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    return warehouse_url


@pytest.fixture
def reporting() -> RunReporting:
    """Runs `reporting ARGUMENTS` as a process, with additional variables in its environment."""

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own program
            [program(), *arguments],
            capture_output=True,
            text=True,
            check=False,
            env=child_environment(variables),
        )

    return run


def program() -> str:
    """The console script of this virtual environment."""
    return str(Path(sys.executable).with_name("reporting"))
