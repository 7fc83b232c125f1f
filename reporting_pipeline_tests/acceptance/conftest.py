"""Pipelines that are ready to run, so that a test pays only for what it tries.

The dbt views, which are the same for all, stand in each warehouse already.
"""

import itertools
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest

from reporting_pipeline.embedded.postgres import Postgres
from reporting_pipeline_tests.acceptance.given import Databases, Pipeline
from reporting_pipeline_tests.oracle.books import Books

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def databases(postgres: Postgres, superuser: psycopg.Connection) -> Databases:
    """Where pipelines get their databases."""
    return Databases(postgres=postgres, superuser=superuser)


@pytest.fixture(scope="session")
def _empty(databases: Databases, _warehouse_template: str) -> Pipeline:
    """A pipeline without rows, whose warehouse has the dbt views."""
    pipeline = databases.pipeline("acceptance_empty", warehouse=_warehouse_template)
    pipeline.build([date(2025, 1, 1)])
    return pipeline


@pytest.fixture
def pipeline(databases: Databases, _empty: Pipeline) -> Iterator[Pipeline]:
    """A fresh pipeline without rows."""
    fresh = databases.copy(f"acceptance_{next(_numbers)}", _empty)
    yield fresh
    databases.drop(fresh)


@pytest.fixture(scope="module")
def shared_pipeline(databases: Databases, _empty: Pipeline) -> Iterator[Pipeline]:
    """A pipeline without rows, which the tests of a module fill once and share."""
    fresh = databases.copy(f"acceptance_{next(_numbers)}", _empty)
    yield fresh
    databases.drop(fresh)


@pytest.fixture(scope="session")
def season(season_dump: Path) -> Books:
    """The bundled season."""
    return Books.from_dump(season_dump)
