"""Dagster's storage pools its connections, and its queue has the limits of `dagster.yaml`."""

import shutil
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.instance.config import PoolGranularity
from dagster_postgres import PostgresEventLogStorage
from sqlalchemy import URL, text

from reporting_pipeline import project_file
from reporting_pipeline.orchestration.run_requests import ONLY_MISSING_TAG

CONFIGURATION = project_file("dagster.yaml")


@pytest.fixture
def instance(
    tmp_path: Path, empty_database_url: URL, monkeypatch: pytest.MonkeyPatch
) -> dg.DagsterInstance:
    """The instance that `dagster.yaml` describes, over an empty database."""
    url = empty_database_url.set(drivername="postgresql+psycopg2")
    monkeypatch.setenv("REPORTING_DAGSTER_URL", url.render_as_string(hide_password=False))
    shutil.copy(CONFIGURATION, tmp_path)
    return dg.DagsterInstance.from_config(str(tmp_path))


def test_statements_share_one_connection(instance: dg.DagsterInstance) -> None:
    with instance:
        storage = instance.event_log_storage
        assert isinstance(storage, PostgresEventLogStorage)
        pids = []
        for _ in range(3):
            with storage.index_connection() as connection:
                pids.append(connection.execute(text("select pg_backend_pid()")).scalar())
        assert len(set(pids)) == 1


def test_runs_and_events_are_stored(instance: dg.DagsterInstance) -> None:
    @dg.asset
    def stored() -> None: ...

    with instance:
        assert dg.materialize([stored], instance=instance).success
        assert instance.get_latest_materialization_event(stored.key) is not None
        assert not instance.telemetry_enabled


def test_runs_wait_in_the_queue_and_are_repeated_if_their_process_died(
    instance: dg.DagsterInstance,
) -> None:
    with instance:
        limits = instance.get_concurrency_config()
        assert limits.pool_config.default_pool_limit == 1
        assert limits.pool_config.pool_granularity is PoolGranularity.RUN
        queue = limits.run_queue_config
        assert queue is not None
        assert queue.max_concurrent_runs == 4
        assert [each["key"] for each in queue.tag_concurrency_limits] == [ONLY_MISSING_TAG]
        assert instance.run_retries_max_retries == 1
        assert not instance.run_retries_retry_on_asset_or_op_failure
        assert instance.freshness_enabled
