"""Fixtures of requests."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from reporting_pipeline_tests.requests.sample_requests import Workers


@pytest.fixture
def workers() -> Iterator[Workers]:
    """Workers whose sessions end with the test."""
    with ExitStack() as sessions:
        yield Workers(sessions)
