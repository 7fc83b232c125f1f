"""A warehouse without rows, in which tests of telemetry count, and logs that are written."""

import logging

import psycopg
import pytest


@pytest.fixture
def begun(rolled_back: psycopg.Connection) -> psycopg.Connection:
    """In a transaction already: outside one, figures are kept at once, and would stay."""
    rolled_back.execute("select 1")
    return rolled_back


@pytest.fixture(autouse=True)
def _logs_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """The linter of imports, which is a test too, silences every logger that there is."""
    for name in logging.getLogger().manager.loggerDict:
        if name.startswith("reporting_pipeline"):
            monkeypatch.setattr(logging.getLogger(name), "disabled", False)
