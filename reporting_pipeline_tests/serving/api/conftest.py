"""Fixtures of the API: the application over the season, and callers of two organisations."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from reporting_pipeline.serving.api.app import create_app
from reporting_pipeline.serving.api.context import open_context
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.sample_reports import NOW
from reporting_pipeline_tests.serving.api.api_caller import ApiCaller, api_settings


@pytest.fixture
def api(shared_season_pipeline: Pipeline, tmp_path: Path) -> Iterator[ApiCaller]:
    """The API over the season of this module, without Redis."""
    settings = api_settings(shared_season_pipeline.warehouse, tmp_path)
    with (
        open_context(settings, clock=lambda: NOW) as context,
        TestClient(create_app(context), raise_server_exceptions=False) as client,
    ):
        yield ApiCaller(client=client, settings=settings)


@pytest.fixture
def connected_api(
    shared_season_pipeline: Pipeline, tmp_path: Path, redis_url: str
) -> Iterator[ApiCaller]:
    """The API over the season of this module, with Redis."""
    settings = api_settings(shared_season_pipeline.warehouse, tmp_path, redis_url=redis_url)
    with (
        open_context(settings, clock=lambda: NOW) as context,
        TestClient(create_app(context), raise_server_exceptions=False) as client,
    ):
        yield ApiCaller(client=client, settings=settings)
