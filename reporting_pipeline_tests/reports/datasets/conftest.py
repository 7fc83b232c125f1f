"""Books that are landed and built once for all tests of datasets, which only read."""

import pytest

from reporting_pipeline_tests.acceptance.given import Databases, Pipeline
from reporting_pipeline_tests.oracle.books import union
from reporting_pipeline_tests.oracle.random_books import dice, random_books

_SEEDS = range(40)


@pytest.fixture(scope="session")
def season(_built: Pipeline) -> Pipeline:
    """The season, landed and built; it is only read."""
    return _built


@pytest.fixture(scope="session")
def random_books_built(_databases: Databases, _warehouse_template: str) -> Pipeline:
    """Forty random books beside each other, landed and built; they are only read."""
    pipeline = _databases.pipeline("reports_random", warehouse=_warehouse_template)
    pipeline.arrive(union(random_books(dice(seed)) for seed in _SEEDS))
    pipeline.land()
    pipeline.build_all()
    return pipeline
