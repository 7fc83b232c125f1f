"""The season, landed, built and sealed by the pipeline; each test gets its own copy."""

from collections.abc import Iterator

import dagster as dg
import psycopg
import pytest
from sqlalchemy import URL

from reporting_pipeline.orchestration.code_location import build_definitions
from reporting_pipeline.settings import Settings
from reporting_pipeline.warehouse.engine import conninfo
from reporting_pipeline_tests.acceptance.pipelines import Pipeline


@pytest.fixture
def settings(season_pipeline: Pipeline, store_url: str) -> Settings:
    """Settings whose warehouse holds the season, landed, built and sealed."""
    sources = {f"source_{name}_url": _text(url) for name, url in season_pipeline.sources.items()}
    return Settings.model_validate(
        {"database_url": _text(season_pipeline.warehouse), "store_url": store_url, **sources}
    )


@pytest.fixture
def warehouse(settings: Settings) -> Iterator[psycopg.Connection]:
    """A connection to that warehouse, for planting faults; each statement is committed."""
    with psycopg.connect(conninfo(settings.warehouse_url()), autocommit=True) as connection:
        yield connection


@pytest.fixture
def defs(settings: Settings) -> dg.Definitions:
    """The definitions over those settings."""
    return build_definitions(settings)


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)
