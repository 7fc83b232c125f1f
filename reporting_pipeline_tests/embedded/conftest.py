"""Fixtures for tests of the embedded servers: a new home, and a home with running servers."""

import fcntl
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from reporting_pipeline.embedded.account import Account
from reporting_pipeline.embedded.attachment import Attachment, attached
from reporting_pipeline.embedded.home import Home
from reporting_pipeline.settings import Settings

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def pg_bindir() -> Path | None:
    """The folder of REPORTING_PG_BINDIR, if it is set for the tests."""
    return Settings.from_environment().pg_bindir


@pytest.fixture
def home(servers_folder: Path, account: Account) -> Iterator[Home]:
    """A home without running servers, which their account can enter."""
    home = Home(servers_folder / f"home-{next(_numbers)}", account)
    yield home
    wait_for_the_end(home)


@pytest.fixture(scope="session")
def home_in_use(
    servers_folder: Path, account: Account, pg_bindir: Path | None
) -> Iterator[tuple[Home, Attachment]]:
    """A home with running servers, for tests that change nothing."""
    home = Home(servers_folder / "home-in-use", account)
    with attached(home, pg_bindir, durable=False) as attachment:
        yield home, attachment
    wait_for_the_end(home)


def wait_for_the_end(home: Home) -> None:
    """Wait until the supervisor of an unused home has stopped its servers."""
    with (home.folder / "owner.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
