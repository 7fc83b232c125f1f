"""The season, landed and built, for tests that build it again."""

import pytest

from reporting_pipeline_tests.acceptance.given import Pipeline


@pytest.fixture
def built(season_pipeline: Pipeline) -> Pipeline:
    """The season, landed, built and sealed."""
    return season_pipeline
