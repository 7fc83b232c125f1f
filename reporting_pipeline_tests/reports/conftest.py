"""The season, landed and built, for tests that build it again."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from reporting_pipeline.embedded.postgres import Postgres
from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline_tests.acceptance.given import Databases, Pipeline

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def _databases(postgres: Postgres, superuser: psycopg.Connection) -> Databases:
    return Databases(postgres=postgres, superuser=superuser)


@pytest.fixture(scope="session")
def _built(_databases: Databases, _warehouse_template: str, season_dump: Path) -> Pipeline:
    pipeline = _databases.pipeline("reports_built", warehouse=_warehouse_template)
    load_dump(season_dump, pipeline.sources)
    pipeline.land()
    pipeline.build_all()
    return pipeline


@pytest.fixture
def built(_databases: Databases, _built: Pipeline) -> Iterator[Pipeline]:
    """The season, landed and built."""
    fresh = _databases.copy(f"reports_{next(_numbers)}", _built)
    yield fresh
    _databases.drop(fresh)
