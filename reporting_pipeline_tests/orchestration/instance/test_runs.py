"""A failed run is open until any run has done its work; causes with an own alert are left out."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import psycopg
import pytest
from sqlalchemy import URL

from reporting_pipeline.alerts.alert import AlertKind
from reporting_pipeline.alerts.alert_store import newest_alerts
from reporting_pipeline.errors import BuildFailed, ReportingError, SourceUnavailable
from reporting_pipeline.orchestration.assets.steps import step_failures
from reporting_pipeline.orchestration.instance.runs import FailedRun, open_failures
from reporting_pipeline.orchestration.resources import AlertEvaluator
from reporting_pipeline.orchestration.sensors import failure_sensor
from reporting_pipeline.settings import Settings

_DAYS = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-01-05")
_FAULT = BuildFailed("dbt is away")
_FIRST, _SECOND = "2026-01-01", "2026-01-02"


class _Fault(dg.ConfigurableResource[Any]):
    """The fault of a step: the error of that name, or none."""

    error: str = ""

    def meet(self) -> None:
        errors: dict[str, ReportingError] = {
            "build": _FAULT,
            "source": SourceUnavailable("source ledger is down", domain="ledger"),
        }
        if self.error:
            with step_failures():
                raise errors[self.error]


@dg.asset
def landed(fault: _Fault) -> None:
    fault.meet()


@dg.asset(partitions_def=_DAYS, backfill_policy=dg.BackfillPolicy.single_run(), deps=[landed])
def built(fault: _Fault) -> None:
    fault.meet()


_JOBS = {
    name: dg.define_asset_job(name, selection=dg.AssetSelection.assets(*of_job))
    for name, of_job in {"nightly": [built], "again": [built], "land": [landed]}.items()
}


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def run(
    instance: dg.DagsterInstance,
    job: str,
    error: str = "",
    *,
    day: str | None = None,
    tags: dict[str, str] | None = None,
) -> str:
    defs = dg.Definitions([landed, built], jobs=_JOBS.values(), resources={"fault": _Fault()})
    resources = {"fault": _Fault(error=error)} if error else {}
    result = defs.resolve_job_def(job).execute_in_process(
        instance=instance, partition_key=day, resources=resources, tags=tags, raise_on_error=False
    )
    assert result.success is not bool(error)
    return result.run_id


def open_runs(instance: dg.DagsterInstance, watched: tuple[str, ...] = ()) -> list[FailedRun]:
    return list(open_failures(instance, datetime.now(UTC), watched))


def test_of_runs_with_one_cause_only_the_newest_is_open(instance: dg.DagsterInstance) -> None:
    run(instance, "nightly", "build", day=_FIRST)
    newest = run(instance, "nightly", "build", day=_FIRST)
    other = run(instance, "nightly", "build", day=_SECOND)

    assert open_runs(instance) == [
        FailedRun(run_id=other, what="nightly", partitions=_SECOND, reason=_FAULT.message),
        FailedRun(run_id=newest, what="nightly", partitions=_FIRST, reason=_FAULT.message),
    ]


@pytest.mark.parametrize("job", ["nightly", "again"])
def test_a_failure_ends_when_any_run_makes_its_partition(
    instance: dg.DagsterInstance, job: str
) -> None:
    run(instance, "nightly", "build", day=_FIRST)
    run(instance, "nightly", "build", day=_SECOND)

    run(instance, job, day=_SECOND)

    assert [each.partitions for each in open_runs(instance)] == [_FIRST]


def test_without_partitions_a_failure_ends_with_the_next_success(
    instance: dg.DagsterInstance,
) -> None:
    run(instance, "land", "build")
    assert [each.what for each in open_runs(instance)] == ["land"]

    run(instance, "land")

    assert open_runs(instance) == []


def test_a_source_that_is_down_has_an_alert_of_its_own(instance: dg.DagsterInstance) -> None:
    run(instance, "land", "source")

    assert open_runs(instance) == []


def test_a_run_that_dagster_will_retry_is_not_open(instance: dg.DagsterInstance) -> None:
    run(instance, "land", "build", tags={"dagster/will_retry": "true"})

    assert open_runs(instance) == []


def test_the_reason_of_a_killed_run_is_that_of_its_code_server(
    instance: dg.DagsterInstance,
) -> None:
    job = dg.Definitions([landed], jobs=[_JOBS["land"]], resources={"fault": _Fault()})
    killed = instance.create_run_for_job(
        job.resolve_job_def("land"), status=dg.DagsterRunStatus.STARTED
    )
    instance.report_engine_event(
        "[DagsterApiServer] Run execution process was terminated by signal 9. Some advice.", killed
    )
    instance.report_run_failed(killed)
    instance.report_engine_event("a sensor acted on it", killed)

    assert [each.reason for each in open_runs(instance)] == [
        "Run execution process was terminated by signal 9"
    ]


def test_a_run_with_an_open_alert_is_watched_for_longer_than_a_day(
    instance: dg.DagsterInstance,
) -> None:
    run_id = run(instance, "land", "build")
    later = datetime.now(UTC) + timedelta(days=3)

    assert list(open_failures(instance, later, ())) == []
    assert [each.run_id for each in open_failures(instance, later, [run_id])] == [run_id]


def test_a_range_is_named_by_its_ends_and_ends_when_all_of_it_is_made(
    instance: dg.DagsterInstance,
) -> None:
    ends = {
        "dagster/asset_partition_range_start": _FIRST,
        "dagster/asset_partition_range_end": _SECOND,
    }
    run(instance, "nightly", "build", tags=ends)
    run(instance, "again", day=_FIRST)
    assert [each.partitions for each in open_runs(instance)] == [f"{_FIRST} to {_SECOND}"]

    run(instance, "again", day=_SECOND)

    assert open_runs(instance) == []


def test_the_sensor_opens_one_alert_and_an_evaluation_after_a_success_resolves_it(
    instance: dg.DagsterInstance, warehouse_url: URL
) -> None:
    address = warehouse_url.render_as_string(hide_password=False)
    evaluator = AlertEvaluator.of(Settings.model_validate({"database_url": address}))
    failed = run(instance, "nightly", "build", day=_FIRST)
    [end] = instance.get_records_for_run(failed, of_type=dg.DagsterEventType.RUN_FAILURE).records
    of_run = instance.get_run_by_id(failed)
    assert of_run is not None

    for _ in range(2):
        context = dg.build_run_status_sensor_context(
            "failed_runs",
            dagster_instance=instance,
            dagster_run=of_run,
            dagster_event=end.event_log_entry.get_dagster_event(),
            resources={"alert_evaluator": evaluator},
        )
        with context.for_run_failure() as of_failure:
            failure_sensor(of_failure)

    assert alerts(warehouse_url) == [
        (
            "run_failed:nightly:2026-01-01",
            f"run {failed} of nightly, 2026-01-01 failed: dbt is away; its committed work is "
            "kept: open it in the UI, fix the cause, and re-execute it there if no other run does "
            "its work",
            False,
        )
    ]
    run(instance, "again", day=_FIRST)
    evaluator.evaluate(instance)
    assert [is_resolved for _, _, is_resolved in alerts(warehouse_url)] == [True]


def alerts(warehouse: URL) -> list[tuple[str, str, bool]]:
    with psycopg.connect(warehouse.set(drivername="postgresql").render_as_string(False)) as opened:
        return [
            (each.alert.cause, each.alert.message, each.resolved_at is not None)
            for each in newest_alerts(opened, 10)
            if each.alert.kind is AlertKind.RUN_FAILED
        ]
