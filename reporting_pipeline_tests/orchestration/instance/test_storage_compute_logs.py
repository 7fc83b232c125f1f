"""Compute logs go to the place of the setting, in the instance of `dagster.yaml`."""

import shutil
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.compute_log_manager import ComputeLogManager
from dagster_aws.s3 import S3ComputeLogManager
from sqlalchemy import URL

from reporting_pipeline import project_file
from reporting_pipeline.errors import SettingsError
from reporting_pipeline.orchestration.instance.storage import ComputeLogs

CONFIGURATION = project_file("dagster.yaml")


@pytest.fixture
def home(empty_database_url: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A DAGSTER_HOME with the configuration of the repository."""
    url = empty_database_url.set(drivername="postgresql+psycopg2")
    monkeypatch.setenv("REPORTING_DAGSTER_URL", url.render_as_string(hide_password=False))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    shutil.copy(CONFIGURATION, tmp_path)
    return tmp_path


def test_by_default_logs_are_below_the_home(home: Path) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        logs = instance.compute_log_manager
        assert isinstance(logs, ComputeLogs)
        path = logs.get_captured_local_path(["run", "step"], "out")
        assert path.startswith(str(home / "storage"))


def made() -> ComputeLogManager:
    return ComputeLogs.from_config_value(None, {})


def test_with_the_setting_logs_go_into_a_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPORTING_COMPUTE_LOGS_URL", "s3://logs/of/dagster")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")

    logs = made()

    assert isinstance(logs, S3ComputeLogManager)
    assert (logs._s3_bucket, logs._s3_prefix) == ("logs", "of/dagster")


def test_an_address_that_is_not_a_bucket_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPORTING_COMPUTE_LOGS_URL", "https://logs")

    with pytest.raises(SettingsError, match="expected s3://bucket/prefix"):
        made()
