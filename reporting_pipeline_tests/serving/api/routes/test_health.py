"""A process says whether it lives, and whether it can serve calls."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import URL

from reporting_pipeline.serving.api.app import create_app
from reporting_pipeline.serving.api.context import open_context
from reporting_pipeline_tests.serving.api.api_caller import api_settings


@pytest.fixture
def client(warehouse_url: URL, tmp_path: Path) -> Iterator[TestClient]:
    with (
        open_context(api_settings(warehouse_url, tmp_path)) as context,
        TestClient(create_app(context)) as client,
    ):
        yield client


def test_a_process_that_runs_is_alive(client: TestClient) -> None:
    assert client.get("/health/live").json() == {"status": "alive"}


def test_a_process_with_warehouse_and_store_is_ready(client: TestClient) -> None:
    found = client.get("/health/ready")

    assert (found.status_code, found.json()["status"]) == (200, "ready")


def test_a_process_without_a_part_is_not_ready(
    warehouse_url: URL, empty_database_url: URL, tmp_path: Path
) -> None:
    of_another_version = _readiness(empty_database_url, tmp_path / "a")
    unavailable = _readiness(warehouse_url.set(port=9), tmp_path / "b")

    assert of_another_version == (503, "of another version", "ready")
    assert unavailable == (503, "unavailable", "ready")


def _readiness(warehouse: URL, folder: Path) -> tuple[int, str, str]:
    with (
        open_context(api_settings(warehouse, folder)) as context,
        TestClient(create_app(context)) as client,
    ):
        found = client.get("/health/ready")
    return found.status_code, found.json()["warehouse"], found.json()["store"]
