"""Waiting requests are given to one run, once; the run shows the result of each."""

from contextlib import ExitStack
from datetime import date, timedelta

import dagster as dg
import pytest
from sqlalchemy import URL

from reporting_pipeline.orchestration.assets.requests import BATCH_SIZE, requested_reports
from reporting_pipeline.orchestration.jobs import SERVE_REQUESTS
from reporting_pipeline.orchestration.resources import Reports
from reporting_pipeline.orchestration.sensors import requests_sensor
from reporting_pipeline.settings import Settings
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.requests.sample_requests import (
    HOLD,
    IdleWorkers,
    queued,
    seen,
)
from reporting_pipeline_tests.sample_reports import REVENUE, TOKYO, define

DAY = date(2025, 9, 10)


@pytest.fixture
def reports(settings: Settings) -> Reports:
    return Reports.of(settings)


@pytest.fixture
def url(settings: Settings) -> URL:
    return settings.warehouse_url()


def evaluate(instance: dg.DagsterInstance, reports: Reports) -> dg.RunRequest | dg.SkipReason:
    with dg.build_sensor_context(instance=instance, resources={"reports": reports}) as context:
        found = requests_sensor()(context)
    assert isinstance(found, dg.RunRequest | dg.SkipReason)
    return found


def must_request(instance: dg.DagsterInstance, reports: Reports) -> dg.RunRequest:
    found = evaluate(instance, reports)
    assert isinstance(found, dg.RunRequest)
    return found


def run(
    instance: dg.DagsterInstance, reports: Reports, request: dg.RunRequest
) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        [requested_reports],
        instance=instance,
        resources={"reports": reports},
        run_config=request.run_config,
        tags=request.tags,
        selection=[requested_reports],
    )


def test_a_batch_is_one_run_that_lists_each_result(reports: Reports, url: URL) -> None:
    first = queued(url, define(url, REVENUE), DAY)
    second = queued(url, define(url, REVENUE, TOKYO), DAY)
    with warehouse_connection(url) as connection:
        connection.execute(HOLD, (DAY, TOKYO))

    with dg.DagsterInstance.ephemeral() as instance:
        asked = must_request(instance, reports)
        assert must_request(instance, reports).run_key == asked.run_key
        assert seen(url, first).status == "queued"

        result = run(instance, reports, asked)
        assert isinstance(evaluate(instance, reports), dg.SkipReason)

    [event] = result.get_asset_materialization_events()
    shown = event.materialization.metadata
    counts = {
        name: shown[f"{name}_count"].value for name in ("named", "completed", "held", "failed")
    }
    assert counts == {"named": 2, "completed": 1, "held": 1, "failed": 0}
    table = shown["requests"]
    assert isinstance(table, dg.TableMetadataValue)
    records = [each.data for each in table.records]
    assert [(each["request"], each["status"]) for each in records] == [
        (str(first.id), "completed"),
        (str(second.id), "held"),
    ]
    assert records[1]["reason"] == f"{DAY}: order 4711 is 1 EUR short"


def test_requests_in_a_pending_run_are_not_in_another_run(reports: Reports, url: URL) -> None:
    revenue = define(url, REVENUE)
    queued(url, revenue, DAY)
    with dg.DagsterInstance.ephemeral() as instance:
        asked = must_request(instance, reports)
        job = dg.Definitions(
            assets=[requested_reports], jobs=[SERVE_REQUESTS], resources={"reports": reports}
        ).resolve_job_def(str(SERVE_REQUESTS.name))
        instance.create_run_for_job(
            job,
            run_config=asked.run_config,
            tags=asked.tags,
            status=dg.DagsterRunStatus.STARTED,
        )
        assert isinstance(evaluate(instance, reports), dg.SkipReason)

        later = queued(url, revenue, DAY + timedelta(days=1))
        named = must_request(instance, reports).run_config["ops"]["requested_reports"]["config"]
        assert named == {"request_ids": [str(later.id)]}


def test_requests_that_a_killed_run_left_are_in_the_next_run(reports: Reports, url: URL) -> None:
    queued(url, define(url, REVENUE), DAY)
    with dg.DagsterInstance.ephemeral() as instance, ExitStack() as sessions:
        workers = IdleWorkers(sessions)
        asked = must_request(instance, reports)
        taken = workers.must_take(url)
        run(instance, reports, dg.RunRequest(run_config={"ops": {}}, tags=asked.tags))
        assert isinstance(evaluate(instance, reports), dg.SkipReason)
        workers.die(taken)
        again = must_request(instance, reports)

    assert again.run_config == asked.run_config
    assert again.run_key != asked.run_key


def test_a_run_gets_at_most_one_batch(reports: Reports, url: URL) -> None:
    revenue, takings = define(url, REVENUE), define(url, REVENUE, TOKYO)
    for offset in range(BATCH_SIZE + 1):
        queued(url, revenue, date(2025, 3, 1) + timedelta(days=offset))
    last = queued(url, takings)
    with dg.DagsterInstance.ephemeral() as instance:
        config = must_request(instance, reports).run_config["ops"]["requested_reports"]["config"]
    assert len(config["request_ids"]) == BATCH_SIZE
    assert config["request_ids"][1] == str(last.id)
