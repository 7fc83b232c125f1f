"""`reporting build` checks and seals the days that it builds, and Dagster shows it."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import dagster as dg
import pytest
from click.testing import CliRunner

from reporting_pipeline import project_file
from reporting_pipeline.checks.checks import CHECKS
from reporting_pipeline.cli import main
from reporting_pipeline.orchestration.instance.runs import failure_reason, open_failures
from reporting_pipeline.registry.report_tables import REPORT_TABLES
from reporting_pipeline.sources.landed_names import LandedNames
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.sample_reports import BERLIN, REVENUE, TOKYO, define

# Days without rows are sealed too.
SEALED = (
    "select count(*) from reporting.sealed_days where date between '2025-09-08' and '2025-09-10'"
)

BERLIN_EVENT = "00000002-0000-4000-8000-000000000001"
DAYS = {"2025-09-08", "2025-09-09", "2025-09-10"}
BUILD = ("build", "--from", "2025-09-08", "--to", "2025-09-10")
TIES = dg.AssetCheckKey(dg.AssetKey("report_reconciliation_breaks"), "sales_tie_to_ledger")
UNRESOLVED = dg.AssetCheckKey(TIES.asset_key, "no_unresolved_day")
# Charges one sale of a day 100 minor units more than Ticketing booked.
OVERCHARGE = """
    update landing.ledger_entries
    set amount_minor = amount_minor {change}
    where id in (
        select distinct on (entry.direction) entry.id
        from landing.ledger_entries as entry
        where entry.transaction_id = (
            select id from landing.ledger_transactions
            where report_day = '2025-09-09' and kind = 'sale' order by id limit 1
        )
        order by entry.direction, entry.component, entry.id
    )
"""


@pytest.fixture
def environment(
    season_pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Pipeline:
    """The season, and a Dagster instance whose storage is in its warehouse."""
    for name in ("REPORTING_DATABASE_URL", "REPORTING_DAGSTER_URL"):
        monkeypatch.setenv(name, season_pipeline.warehouse.render_as_string(False))
    monkeypatch.setenv("REPORTING_STORE_URL", str(tmp_path / "store"))
    monkeypatch.setenv("REPORTING_HOME", str(tmp_path))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    (tmp_path / "dagster").mkdir()
    shutil.copyfile(project_file("dagster.yaml"), tmp_path / "dagster" / "dagster.yaml")
    return season_pipeline


def test_built_days_are_sealed(environment: Pipeline) -> None:
    with warehouse_connection(environment.warehouse) as connection:
        connection.execute("delete from reporting.sealed_days")

    result = CliRunner().invoke(main, BUILD)

    assert result.exit_code == 0, result.output
    assert result.output.endswith("3 days are sealed; the checks found 0 errors\n")
    with warehouse_connection(environment.warehouse) as connection:
        assert connection.execute(SEALED).fetchone() == (3,)


def _checked(instance: dg.DagsterInstance, key: dg.AssetCheckKey) -> dict[str | None, bool]:
    """Partition -> whether the check passed when it was evaluated last."""
    history = instance.event_log_storage.get_asset_check_execution_history(key, limit=1000)
    return {
        each.evaluation.partition: each.evaluation.passed
        for each in reversed(history)
        if each.evaluation is not None
    }


@pytest.mark.usefixtures("environment")
def test_a_build_is_a_run_in_dagster_with_its_tables_checks_and_seals() -> None:
    result = CliRunner().invoke(main, BUILD)

    assert result.exit_code == 0, result.output
    with dg.DagsterInstance.get() as instance:
        [run] = instance.get_run_records()
        assert run.dagster_run.job_name == "reporting build"
        assert run.dagster_run.status is dg.DagsterRunStatus.SUCCESS
        assert run.start_time is not None
        assert run.end_time is not None
        assert run.start_time < run.end_time
        # The timeline shows only runs of a code location.
        assert run.dagster_run.remote_job_origin is not None
        assert run.dagster_run.remote_job_origin.location_name == "reporting_pipeline"
        for name in (*(table.name for table in REPORT_TABLES), "report_seals"):
            assert instance.get_materialized_partitions(dg.AssetKey(name)) == DAYS, name
        for check in CHECKS:
            key = dg.AssetCheckKey(dg.AssetKey(check.report_table), check.name)
            assert _checked(instance, key) == dict.fromkeys(DAYS, True), key


def test_a_repaired_day_passes_in_dagster_after_a_build_by_hand(environment: Pipeline) -> None:
    found = []
    for change in ("+ 100", "- 100"):
        with warehouse_connection(environment.warehouse) as connection:
            connection.execute(OVERCHARGE.replace("{change}", change).encode())
        assert CliRunner().invoke(main, BUILD).exit_code == 0
        with dg.DagsterInstance.get() as instance:
            found.append((_checked(instance, TIES)["2025-09-09"], _checked(instance, UNRESOLVED)))

    assert found == [(False, {None: False}), (True, {None: True})]


def test_a_build_ends_well_without_dagsters_storage(
    environment: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = environment.warehouse.set(port=1).render_as_string(hide_password=False)
    monkeypatch.setenv("REPORTING_DAGSTER_URL", away)

    result = CliRunner().invoke(main, BUILD)

    assert result.exit_code == 0, result.output
    [line] = result.stderr.splitlines()
    assert line.startswith("the work is done, but Dagster's UI does not show it: ")
    assert result.stdout.endswith("3 days are sealed; the checks found 0 errors\n")


def test_a_command_that_fails_is_a_failed_run_in_dagster(
    environment: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = environment.sources["ledger"].set(port=1).render_as_string(hide_password=False)
    monkeypatch.setenv("REPORTING_SOURCE_LEDGER_URL", away)

    result = CliRunner().invoke(main, ["land", "ledger"])

    assert result.exit_code == 1
    with dg.DagsterInstance.get() as instance:
        [run] = instance.get_runs()
        assert (run.job_name, run.status) == ("reporting land", dg.DagsterRunStatus.FAILURE)
        [failure] = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
        reason = failure_reason(failure.get_dagster_event())
        assert result.output == f"Error: {reason}\n"
        assert "ledger" in reason
        # The daemon does not try to run a command.
        assert run.tags.get("dagster/will_retry") != "true"
        # The person at the terminal knows it; a source that is down has an alert of its own.
        assert list(open_failures(instance, datetime.now(UTC), ())) == []


@pytest.mark.usefixtures("environment")
def test_a_command_that_is_called_wrongly_is_no_run() -> None:
    assert (
        CliRunner().invoke(main, ["build", "--from", "2125-01-01", "--to", "2125-01-02"]).exit_code
        == 2
    )

    with dg.DagsterInstance.get() as instance:
        assert instance.get_runs() == []


def test_an_export_is_a_run_in_dagster_with_the_files_of_its_partitions(
    environment: Pipeline,
) -> None:
    for organization_id in (BERLIN, TOKYO):
        define(environment.warehouse, REVENUE, organization_id)

    result = CliRunner().invoke(main, ["export", "--from", "2025-09-08", "--to", "2025-09-09"])

    assert result.exit_code == 0, result.output
    daily = dg.AssetKey("daily_reports")
    with dg.DagsterInstance.get() as instance:
        [run] = instance.get_runs()
        assert (run.job_name, run.status) == ("reporting export", dg.DagsterRunStatus.SUCCESS)
        assert instance.get_materialized_partitions(daily) == {"2025-09-08", "2025-09-09"}
        event = instance.get_latest_materialization_event(daily)
    assert event is not None
    assert event.asset_materialization is not None
    assert event.asset_materialization.metadata["ready_count"].value == 2
    assert "| Revenue, by day |" in str(event.asset_materialization.metadata["files"].value)


def test_the_export_of_an_event_is_in_the_partition_of_the_event(environment: Pipeline) -> None:
    config = {**REVENUE["config"], "period": "event_to_date"}  # type: ignore[dict-item]
    define(environment.warehouse, {**REVENUE, "schedule": "post_event", "config": config})

    result = CliRunner().invoke(main, ["export", "--from", "2025-10-26", "--to", "2025-10-26"])

    assert result.exit_code == 0, result.output
    with warehouse_connection(environment.warehouse) as connection:
        event = LandedNames.read(connection, [UUID(BERLIN_EVENT)]).event(UUID(BERLIN_EVENT), BERLIN)
    assert f"{event}, to 2025-10-26" in result.output
    with dg.DagsterInstance.get() as instance:
        of_events = dg.AssetKey("event_reports")
        assert instance.get_materialized_partitions(of_events) == {BERLIN_EVENT}
        assert instance.get_dynamic_partitions("ended_events") == [BERLIN_EVENT]
