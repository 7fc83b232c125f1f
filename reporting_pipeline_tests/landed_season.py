"""Fixtures: the bundled season, loaded into its sources, and landed in a warehouse."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from reporting_pipeline.embedded.postgres import SOURCE_READER
from reporting_pipeline.sources.contract import DOMAINS
from reporting_pipeline.sources.dump import load_dump
from reporting_pipeline_tests.acceptance.pipelines import Databases, Pipeline

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def _loaded(databases: Databases, _warehouse_template: str, season_dump: Path) -> Pipeline:
    pipeline = databases.pipeline("landing_loaded", warehouse=_warehouse_template)
    readers = dict.fromkeys(DOMAINS, SOURCE_READER)
    load_dump(season_dump, pipeline.sources, reader_roles=readers)
    return pipeline


@pytest.fixture(scope="session")
def _landed(databases: Databases, _loaded: Pipeline) -> Pipeline:
    pipeline = databases.copy("landing_landed", _loaded)
    pipeline.land()
    return pipeline


@pytest.fixture
def loaded(databases: Databases, _loaded: Pipeline) -> Iterator[Pipeline]:
    """The season in its sources, with a role that can read them; nothing is landed."""
    fresh = databases.copy(f"landing_{next(_numbers)}", _loaded)
    yield fresh
    databases.drop(fresh)


@pytest.fixture
def landed(databases: Databases, _landed: Pipeline) -> Iterator[Pipeline]:
    """The season in its sources, and landed in the warehouse."""
    fresh = databases.copy(f"landing_{next(_numbers)}", _landed)
    yield fresh
    databases.drop(fresh)
