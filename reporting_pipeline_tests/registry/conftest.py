"""Books that are landed and built once for all tests of datasets; the tests only read them."""

import pytest

from reporting_pipeline_tests.acceptance.pipelines import Databases, Pipeline
from reporting_pipeline_tests.oracle.books import union
from reporting_pipeline_tests.oracle.random_books import dice, random_books

_SEEDS = range(40)


@pytest.fixture(scope="session")
def season(_season_pipeline: Pipeline) -> Pipeline:
    """The season, landed and built; it is only read."""
    return _season_pipeline


@pytest.fixture(scope="session")
def random_books_built(databases: Databases, _empty_pipeline: Pipeline) -> Pipeline:
    """Forty random books in one warehouse, landed and built; they are only read."""
    pipeline = databases.copy("reports_random", _empty_pipeline)
    pipeline.arrive(union(random_books(dice(seed)) for seed in _SEEDS))
    pipeline.land()
    pipeline.build_all()
    return pipeline
