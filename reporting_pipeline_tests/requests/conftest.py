"""Fixtures of requests."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from reporting_pipeline_tests.requests.sample_requests import IdleWorkers


@pytest.fixture
def workers() -> Iterator[IdleWorkers]:
    """Workers whose sessions end with the test."""
    with ExitStack() as sessions:
        yield IdleWorkers(sessions)
