"""Resources come from the settings, are described, can be changed per run, and show no secret."""

from typing import Any

import dagster as dg
import pytest
from dagster._core.remote_representation.external_data import RepositorySnap
from dagster._serdes import serialize_value

from reporting_pipeline.errors import SettingsError
from reporting_pipeline.orchestration.code_location import build_definitions
from reporting_pipeline.orchestration.resources import (
    AlertEvaluator,
    Reports,
    Sources,
    StoreAuditing,
    Timing,
    Warehouse,
    Webhooks,
    resources_of,
)
from reporting_pipeline.settings import Settings

SECRETS = {
    "database_url": "postgresql://writer:s3cret@warehouse/db",
    "redis_url": "redis://:s3cret@redis/0",
    "source_ticketing_url": "postgresql://reader:s3cret@ticketing/db",
    "source_seating_url": "postgresql://reader:s3cret@seating/db",
    "source_scanning_url": "postgresql://reader:s3cret@scanning/db",
    "source_ledger_url": "postgresql://reader:s3cret@ledger/db",
    "alert_channels": "slack://s3cret",
    "alert_signing_secret": "whsec_s3cret",
}
# Settings that no step and no sensor uses: servers, definitions and other commands read them.
NOT_FOR_RUNS = {
    *("home", "pg_bindir", "dagster_url", "compute_logs_url", "first_day"),
    *(f"source_{name}_admin_url" for name in ("ticketing", "seating", "scanning", "ledger")),
    *("landing_interval_minutes", "nightly_at", "schedule_zone", "log_format", "metrics_port"),
    *("executor", "celery_url", "batch_reports", "redelivery_seconds"),
    *("leftover_grace_seconds", "retention_alert_days", "retention_deletes", "store_audit_at"),
    *(f"retention_{name}_years" for name in ("financial", "sales", "operational")),
    *(f"hot_cache_{name}" for name in ("ttl_seconds", "entries", "bytes", "file_bytes")),
    *(f"api_{name}" for name in ("issuer_url", "keys_url", "audience", "calls_per_minute")),
    *("api_body_bytes", "lake_url"),
}


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings from the environment, as an entry point reads them."""
    for name, value in {**SECRETS, "store_url": "s3://reports/files"}.items():
        monkeypatch.setenv(f"REPORTING_{name.upper()}", value)
    return Settings.from_environment()


@pytest.mark.filterwarnings("ignore:.*environment_vars:DeprecationWarning")  # Dagster's own
def test_the_ui_gets_names_of_variables_in_place_of_secrets(settings: Settings) -> None:
    repository = build_definitions(settings).get_repository_def()

    shown = serialize_value(RepositorySnap.from_def(repository))

    assert "s3cret" not in shown
    assert all(f"REPORTING_{name.upper()}" in shown for name in SECRETS)


def test_no_resource_prints_its_secrets(settings: Settings) -> None:
    assert "s3cret" not in repr((AlertEvaluator.of(settings), Sources.of(settings)))


def test_each_resource_and_each_field_is_described() -> None:
    for name, resource in resources_of(Settings()).items():
        made: Any = resource
        described = made.get_resource_definition() if hasattr(made, "data") else made
        assert type(made).__doc__ or described.description, name
    for resource in (Warehouse, Sources, Timing, AlertEvaluator):
        fields = {name: f for name, f in resource.model_fields.items() if f.annotation is not Any}
        assert [name for name, field in fields.items() if not field.description] == []


def test_every_setting_that_a_run_uses_is_a_field_of_a_resource(settings: Settings) -> None:
    parts = [getattr(Reports.of(settings), each) for each in Reports.model_fields]
    fields = {name for each in parts if each for name in type(each).model_fields}
    fields |= {*Reports.model_fields, *AlertEvaluator.model_fields, *Sources.model_fields}
    fields |= {*StoreAuditing.model_fields, *Webhooks.model_fields}
    assert set(Settings.model_fields) - fields == NOT_FOR_RUNS


def test_a_run_may_have_another_warehouse_also_for_its_reports() -> None:
    found: list[str | None] = []

    @dg.asset
    def checks_warehouse(
        warehouse: Warehouse, reports: Reports, alert_evaluator: AlertEvaluator
    ) -> None:
        parts = (warehouse, reports.warehouse, alert_evaluator.warehouse)
        found.extend(each.database_url for each in parts)

    other = "postgresql://localhost/other"
    config = {"resources": {"warehouse": {"config": {"database_url": other}}}}
    resources = resources_of(Settings(), store=dg.ResourceDefinition.none_resource())
    dg.materialize([checks_warehouse], resources=resources, run_config=config)

    assert found == [other] * 3


def test_a_value_out_of_bounds_is_refused_before_any_work() -> None:
    @dg.asset
    def checks_timing(timing: Timing) -> None:
        pytest.fail("nothing is done")

    config = {"resources": {"timing": {"config": {"report_horizon_days": 0}}}}

    with pytest.raises(dg.DagsterResourceFunctionError) as raised:
        dg.materialize([checks_timing], resources=resources_of(Settings()), run_config=config)

    assert "report_horizon_days" in str(raised.value.__cause__)


def test_an_address_that_is_not_set_is_named_when_it_is_used() -> None:
    with pytest.raises(SettingsError, match="REPORTING_DATABASE_URL is not set"):
        Warehouse().address()
