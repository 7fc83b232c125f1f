"""The lake is an asset where it has an address; a run writes what has changed."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg

from reporting_pipeline.orchestration.assets.lake import lake_assets, lake_resources
from reporting_pipeline.orchestration.code_location import build_definitions
from reporting_pipeline.orchestration.resources import Warehouse
from reporting_pipeline.settings import Settings
from reporting_pipeline_tests.acceptance.pipelines import Pipeline

HOUR = datetime(2026, 1, 2, 3, 35, tzinfo=UTC)


def _run(pipeline: Pipeline, settings: Settings) -> dg.ExecuteInProcessResult:
    warehouse = Warehouse(database_url=pipeline.warehouse.render_as_string(hide_password=False))
    return dg.materialize(
        lake_assets(settings),
        resources={**lake_resources(settings), "warehouse": warehouse},
        instance=dg.DagsterInstance.ephemeral(),
        raise_on_error=False,
    )


def _facts(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    [event] = result.get_asset_materialization_events()
    return {name: value.value for name, value in event.materialization.metadata.items()}


def test_a_run_writes_what_changed_since_the_last_one(
    shared_season_pipeline: Pipeline, tmp_path: Path
) -> None:
    settings = Settings.model_validate({"lake_url": str(tmp_path / "lake")})

    first = _facts(_run(shared_season_pipeline, settings))
    second = _facts(_run(shared_season_pipeline, settings))

    assert first["written_count"] == len(list((tmp_path / "lake").rglob("rows.parquet"))) > 0
    assert (second["day_count"], second["written_count"]) == (0, 0)


def test_the_folder_of_the_report_files_is_no_lake(
    shared_season_pipeline: Pipeline, tmp_path: Path
) -> None:
    same = str(tmp_path)
    settings = Settings.model_validate({"lake_url": same, "store_url": same})

    result = _run(shared_season_pipeline, settings)

    assert not result.success
    assert list(tmp_path.iterdir()) == []


def test_the_lake_runs_each_hour_where_it_has_an_address(tmp_path: Path) -> None:
    settings = Settings.model_validate({"lake_url": str(tmp_path)})
    definitions = build_definitions(settings)
    schedule = definitions.resolve_schedule_def("lake")

    with (
        dg.instance_for_test() as instance,
        dg.build_schedule_context(instance, scheduled_execution_time=HOUR) as context,
    ):
        request = schedule(context)

    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    assert isinstance(request, dg.RunRequest)
    keys = definitions.resolve_job_def("write_lake").asset_layer.executable_asset_keys
    assert keys == {dg.AssetKey("lake")}


def test_without_an_address_nothing_of_the_lake_is_defined() -> None:
    definitions = build_definitions(Settings())

    assert dg.AssetKey("lake") not in definitions.resolve_all_asset_keys()
    assert "lake" not in {each.name for each in definitions.schedules or ()}
