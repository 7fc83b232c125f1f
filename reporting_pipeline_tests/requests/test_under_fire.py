"""Workers are killed and Redis is wiped: no request is lost or done twice, and all are served."""

from pathlib import Path

from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.bench.under_fire import WIPES, Environment, Fire, run_under_fire


def test_killed_workers_and_a_wiped_redis_lose_nothing(
    pipeline: Pipeline, redis_url: str, tmp_path: Path
) -> None:
    fire = Fire(organization_count=6, each=10, kill_seconds=0, kill_done=7, limit_seconds=120)
    place = Environment(warehouse=pipeline.warehouse, redis_url=redis_url, folder=tmp_path)

    found = run_under_fire(fire, place)

    assert found.statuses == {"completed": fire.request_count}
    assert (found.lost, found.doubled, found.unpublished) == (0, 0, 0)
    assert (found.kills >= 4, found.wipes) == (True, WIPES)
    assert found.jain >= 0.9
