"""The season, landed and built once for all tests of datasets, which only read."""

import pytest

from reporting_pipeline_tests.acceptance.given import Pipeline


@pytest.fixture(scope="session")
def season(_built: Pipeline) -> Pipeline:
    """The season, landed and built; it is only read."""
    return _built
