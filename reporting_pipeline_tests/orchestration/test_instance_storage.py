"""Dagster's storage keeps its connections, as `dagster.yaml` asks for."""

import shutil
from pathlib import Path

import dagster as dg
import pytest
from dagster_postgres import PostgresEventLogStorage
from sqlalchemy import URL, text

import reporting_pipeline

CONFIGURATION = Path(reporting_pipeline.__file__).parents[1] / "dagster.yaml"


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
    def kept() -> None: ...

    with instance:
        assert dg.materialize([kept], instance=instance).success
        assert instance.get_latest_materialization_event(kept.key) is not None
        assert not instance.telemetry_enabled
