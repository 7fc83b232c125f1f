"""A warehouse without rows, in which tests of telemetry count."""

import psycopg
import pytest


@pytest.fixture
def begun(rolled_back: psycopg.Connection) -> psycopg.Connection:
    """In a transaction already: outside one, figures are kept at once, and would stay."""
    rolled_back.execute("select 1")
    return rolled_back
