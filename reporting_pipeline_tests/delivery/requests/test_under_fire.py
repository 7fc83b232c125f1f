"""Workers are killed and Redis is wiped: nothing is lost, nothing is done twice."""

from sqlalchemy import URL

from reporting_pipeline_tests.acceptance.given import Pipeline
from reporting_pipeline_tests.bench.requests import Fire, under_fire


def test_killed_workers_lose_nothing(pipeline: Pipeline, redis_url: str, store_url: str) -> None:
    fire = Fire(
        organization_count=6, big=12, small=6, kill_seconds=0, limit_seconds=90, kill_done=8
    )
    warehouse: URL = pipeline.warehouse

    found = under_fire(fire, warehouse, redis_url, store_url)

    assert found.statuses == {"completed": fire.request_count}
    assert (found.lost, found.doubled) == (0, 0)
    assert found.kills > 0
    assert found.jain >= 0.9
