"""The resource `s3` of dagster-aws gives the store in a bucket its credentials and endpoint."""

from typing import Any

import dagster as dg
import pytest
from dagster._core.remote_representation.external_data import RepositorySnap
from dagster._serdes import serialize_value

from reporting_pipeline.errors import SettingsError, StoreError
from reporting_pipeline.orchestration.code_location import build_definitions
from reporting_pipeline.orchestration.resources import Reports, ReportStore
from reporting_pipeline.settings import Settings
from reporting_pipeline_tests.s3_servers import S3Server

KEY = "organisation/report.csv"


def stored(address: str, config: dict[str, Any]) -> list[str]:
    """Write an object in a run with this configuration of `s3`; the locations that it has."""
    locations: list[str] = []

    @dg.asset
    def writes_a_file(store: ReportStore, reports: Reports) -> None:
        for each in (store, reports.store):
            each.open().put(KEY, [b"content"])
            assert b"".join(each.open().get(KEY)) == b"content"
            locations.append(each.open().location(KEY))

    definitions = build_definitions(Settings.model_validate({"store_url": address}))
    dg.materialize(
        [writes_a_file],
        resources=dict(definitions.resources or {}),
        run_config={"resources": {"s3": {"config": config}}},
    )
    return locations


def test_the_variables_of_an_operator_give_access(bucket_address: str) -> None:
    assert stored(bucket_address, {}) == [f"{bucket_address}/{KEY}"] * 2


def test_the_launchpad_gives_a_run_other_credentials_and_another_endpoint(
    bucket_address: str, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another secret")
    config = {
        "endpoint_url": s3_server.endpoint,
        "aws_access_key_id": s3_server.access_key,
        "aws_secret_access_key": s3_server.secret_key,
        "region_name": "us-east-1",
    }

    assert stored(bucket_address, config) == [f"{bucket_address}/{KEY}"] * 2


def test_wrong_credentials_of_the_launchpad_are_used_and_refused(bucket_address: str) -> None:
    with pytest.raises(StoreError, match="the server answered 403"):
        stored(bucket_address, {"aws_secret_access_key": "another secret"})


def test_what_the_store_does_not_support_is_an_error(bucket_address: str) -> None:
    with pytest.raises(SettingsError, match="the store supports no profile_name"):
        stored(bucket_address, {"profile_name": "production"})


@pytest.mark.filterwarnings("ignore:.*environment_vars:DeprecationWarning")  # Dagster's own
def test_the_ui_shows_names_of_variables_in_place_of_credentials(
    bucket_address: str, s3_server: S3Server
) -> None:
    definitions = build_definitions(Settings.model_validate({"store_url": bucket_address}))

    shown = serialize_value(RepositorySnap.from_def(definitions.get_repository_def()))

    assert s3_server.secret_key not in shown
    assert "AWS_SECRET_ACCESS_KEY" in shown
    assert s3_server.endpoint in shown


def test_a_store_in_a_folder_needs_no_dagster_aws(store_url: str) -> None:
    definitions = build_definitions(Settings.model_validate({"store_url": store_url}))

    assert "s3" not in (definitions.resources or {})
