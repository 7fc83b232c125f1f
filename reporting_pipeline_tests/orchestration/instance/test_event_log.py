"""Events that are written in groups are the same rows as dagster-postgres writes one by one."""

import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster_postgres import PostgresEventLogStorage
from sqlalchemy import URL, event, text

from reporting_pipeline import project_file
from reporting_pipeline.orchestration.instance.event_log import GroupedEventLog
from reporting_pipeline.orchestration.partitions import range_tags

DAYS = dg.DailyPartitionsDefinition("2026-01-01", end_date="2027-01-01")
# More than two groups.
FIRST, LAST, DAY_COUNT = "2026-01-01", "2026-09-07", 250
FAILED = "2026-02-03"

EXECUTIONS = """
    select execution.asset_key, execution.check_name, execution.partition, execution_status,
        log.dagster_event_type, log.event = execution.evaluation_event, log.timestamp is not null,
        target.dagster_event_type, target.partition
    from asset_check_executions as execution
    inner join event_logs as log on execution.evaluation_event_storage_id = log.id
    left join event_logs as target on execution.materialization_event_storage_id = target.id
    where execution.run_id = :run order by execution.id
"""
LOG = """
    select dagster_event_type, step_key, asset_key, partition from event_logs
    where run_id = :run order by id
"""


@dg.asset(partitions_def=DAYS, backfill_policy=dg.BackfillPolicy.single_run())
def table() -> None: ...


@pytest.fixture
def job() -> dg.JobDefinition:
    """Makes the table, and checks each of its days."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)
        spec = dg.AssetCheckSpec("found", asset="table", partitions_def=DAYS)

        @dg.multi_asset_check(specs=[spec])
        def checks(
            context: dg.AssetCheckExecutionContext,
        ) -> Iterator[dg.AssetCheckEvaluation | dg.Output[None]]:
            for key in context.partition_keys:
                yield dg.AssetCheckEvaluation(
                    asset_key=table.key, check_name="found", passed=key != FAILED, partition=key
                )
            yield dg.Output(None, "table_found")

        jobs = [dg.define_asset_job("job", dg.AssetSelection.all())]
        found = dg.Definitions(assets=[table], asset_checks=[checks], jobs=jobs)
        return found.resolve_job_def("job")


@pytest.fixture
def instance(
    tmp_path: Path, empty_database_url: URL, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dg.DagsterInstance]:
    """The instance that `dagster.yaml` describes, over an empty database."""
    url = empty_database_url.set(drivername="postgresql+psycopg2")
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "500")
    monkeypatch.setenv("REPORTING_DAGSTER_URL", url.render_as_string(hide_password=False))
    shutil.copy(project_file("dagster.yaml"), tmp_path)
    with dg.DagsterInstance.from_config(str(tmp_path)) as opened:
        yield opened


def test_a_run_over_months_leaves_the_same_rows_with_fewer_statements(
    instance: dg.DagsterInstance, job: dg.JobDefinition
) -> None:
    grouped = instance.event_log_storage
    assert isinstance(grouped, GroupedEventLog)
    usual = PostgresEventLogStorage(grouped.postgres_url)
    usual.register_instance(instance)

    expected, usual_count = run(instance, job, usual)
    found, grouped_count = run(instance, job, grouped)

    for statement in (EXECUTIONS, LOG):
        assert rows(grouped, statement, found) == rows(grouped, statement, expected)
    statuses = [row[3] for row in rows(grouped, EXECUTIONS, found)]
    assert [statuses.count(each) for each in ("SUCCEEDED", "FAILED")] == [DAY_COUNT - 1, 1]
    assert usual_count - grouped_count > 3 * DAY_COUNT


def test_results_without_a_plan_are_stored_too(
    instance: dg.DagsterInstance, job: dg.JobDefinition
) -> None:
    grouped = instance.event_log_storage
    assert isinstance(grouped, GroupedEventLog)
    run_id, _ = run(instance, job, grouped)
    evaluations = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    with grouped.index_connection() as connection:
        connection.execute(text("delete from asset_check_executions"))

    for each in evaluations:
        grouped.store_event(each)
    grouped.dispose()

    assert len(rows(grouped, EXECUTIONS, run_id)) == DAY_COUNT


def run(
    instance: dg.DagsterInstance, job: dg.JobDefinition, storage: PostgresEventLogStorage
) -> tuple[str, int]:
    """Run the job over all days; returns the id of the run, and the number of statements."""
    statements: list[object] = []
    storage.optimize_for_webserver(60_000, 3_600, 1)
    event.listen(storage._engine, "before_cursor_execute", lambda *sent: statements.append(sent[2]))
    instance._event_storage = storage
    done = job.execute_in_process(instance=instance, tags=range_tags(FIRST, LAST))
    assert done.success
    return done.run_id, len(statements)


def rows(storage: PostgresEventLogStorage, statement: str, run_id: str) -> list[tuple[object, ...]]:
    with storage.index_connection() as connection:
        return [tuple(row) for row in connection.execute(text(statement), {"run": run_id})]
