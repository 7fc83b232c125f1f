"""The code location: all definitions, and runs of their jobs in this process.

The definitions are assembled explicitly: scanning folders for them costs every process seconds. The
demo runs jobs in its own process, because it needs neither a daemon nor a code server; such runs
are recorded in the Dagster instance like all others.
"""

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import dagster as dg
from dagster import ExecuteInProcessResult

from reporting_pipeline.due.due_reports import events_due
from reporting_pipeline.errors import BuildFailed
from reporting_pipeline.orchestration.assets.alerts import alert_asset
from reporting_pipeline.orchestration.assets.day_evaluations import is_of_all_days
from reporting_pipeline.orchestration.assets.export_results import COUNTS
from reporting_pipeline.orchestration.assets.exports import export_assets, restatement_asset
from reporting_pipeline.orchestration.assets.lake import lake_assets, lake_resources
from reporting_pipeline.orchestration.assets.landing import (
    landing_assets,
    landing_freshness,
    source_specs,
)
from reporting_pipeline.orchestration.assets.reports import nightly_freshness, report_assets
from reporting_pipeline.orchestration.assets.requests import requested_reports
from reporting_pipeline.orchestration.assets.seals import seal_asset
from reporting_pipeline.orchestration.assets.store_audit import store_audit
from reporting_pipeline.orchestration.assets.views import relation_specs
from reporting_pipeline.orchestration.checks import day_checks, report_checks
from reporting_pipeline.orchestration.executors import executor_of
from reporting_pipeline.orchestration.file_checks import file_checks
from reporting_pipeline.orchestration.instance.runs import failure_reason
from reporting_pipeline.orchestration.instance.timeline import show_in_timeline
from reporting_pipeline.orchestration.jobs import JOBS, WRITE_LAKE
from reporting_pipeline.orchestration.partitions import (
    ENDED_EVENTS_NAME,
    add_ended_events,
    range_tags,
    report_days,
)
from reporting_pipeline.orchestration.resources import resources_of
from reporting_pipeline.orchestration.schedules import schedules
from reporting_pipeline.orchestration.sensors import sensors
from reporting_pipeline.registry.report_tables import REPORT_TABLES
from reporting_pipeline.settings import Settings
from reporting_pipeline.warehouse.engine import warehouse_connection


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """The result of a run.

    Attributes:
        check_count: Results of checks, one per check and day.
        warned_count: Results that pass with a warning.
        failed_count: Results with an error; the run goes on.
        counts: Counts of report files, summed over all partitions: `ready_count` and so on.
    """

    run_id: str
    check_count: int
    warned_count: int
    failed_count: int
    counts: Mapping[str, int]


def build_definitions(settings: Settings, **overrides: object) -> dg.Definitions:
    """All assets, checks, jobs, schedules, sensors and resources.

    Args:
        settings: Addresses are used when a step needs them, not before.
        overrides: Resources by name that replace the usual ones (`resources_of`).
    """
    days, nightly = report_days(settings.first_day), nightly_freshness(settings)
    with warnings.catch_warnings():
        # Partitioned checks and virtual assets are previews, backfill policies a beta; the lock
        # pins all of them.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        warnings.simplefilter("ignore", dg.BetaWarning)
        is_shared = settings.executor != "in_process"
        exports = export_assets(
            settings.first_day, days, batch_reports=settings.batch_reports if is_shared else None
        )
        others = [restatement_asset(), requested_reports]
        return dg.Definitions(
            assets=dg.with_source_code_references(
                [
                    *source_specs(),
                    *relation_specs(),
                    landing_assets(landing_freshness(settings)),
                    report_assets(days, nightly),
                    seal_asset(days, nightly),
                    *exports,
                    *others,
                    alert_asset(exports),
                    store_audit,
                    *lake_assets(settings),
                ]
            ),
            asset_checks=[
                *(report_checks(table, days) for table in REPORT_TABLES),
                day_checks(),
                *map(file_checks, [*exports, *others]),
            ],
            jobs=JOBS if settings.lake_url is None else (*JOBS, WRITE_LAKE),
            schedules=schedules(settings, days),
            sensors=sensors(settings.first_day),
            resources=resources_of(
                settings, **{**_bucket(settings), **lake_resources(settings), **overrides}
            ),
            executor=executor_of(settings),
        )


def _bucket(settings: Settings) -> dict[str, object]:
    """The resources of a store in a bucket; a store in a folder has none of its own."""
    if not (settings.store_url or "").startswith("s3://"):
        return {}
    from reporting_pipeline.orchestration.s3_store import s3_resources

    return s3_resources(settings)


def run_assets(
    settings: Settings,
    job_name: str,
    groups: Sequence[str],
    partitions: tuple[str, str] | None = None,
) -> RunSummary:
    """Materialise the assets of a job in some groups, with checks, on the instance of DAGSTER_HOME.

    Args:
        settings: The settings, with all addresses.
        job_name: `daily_build` and others of `jobs`.
        groups: Names of asset groups: landing, reports, seals, exports.
        partitions: The first and the last partition, both included; None for assets without.

    Raises:
        BuildFailed: A step failed; the run is in the UI.
    """
    job = build_definitions(settings).resolve_job_def(job_name)
    of_groups = dg.AssetSelection.groups(*groups).resolve(job.asset_layer.asset_graph)
    selection = of_groups & set(job.asset_layer.executable_asset_keys)
    with dg.DagsterInstance.get() as instance:
        show_in_timeline(instance, job_name)
        result = job.execute_in_process(
            instance=instance,
            asset_selection=sorted(selection),
            tags={} if partitions is None else range_tags(*partitions),
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            raise_on_error=False,
        )
    return _summary(result, groups)


def ended_events(settings: Settings) -> list[str]:
    """The partitions of ended events in the instance of DAGSTER_HOME; adds those that are new."""
    with warehouse_connection(settings.warehouse_url()) as connection:
        ended = events_due(connection)
    with dg.DagsterInstance.get() as instance:
        add_ended_events(instance, ended)
        return list(instance.get_dynamic_partitions(ENDED_EVENTS_NAME))


def _summary(result: ExecuteInProcessResult, groups: Sequence[str]) -> RunSummary:
    # The checks over all days repeat the results of the days.
    of_days = [each for each in result.get_asset_check_evaluations() if not is_of_all_days(each)]
    if not result.success:
        failures = [event for event in result.all_events if event.is_step_failure]
        reasons = [f"step {event.step_key}: {failure_reason(event)}" for event in failures]
        message = (
            f"the run of {', '.join(groups)} failed: {'; '.join(reasons[:3])}; "
            f"see run {result.run_id} in the Dagster UI (`reporting exec -- dagster dev`)"
        )
        raise BuildFailed(message)
    return RunSummary(
        run_id=result.run_id,
        check_count=len(of_days),
        warned_count=sum(check.severity is dg.AssetCheckSeverity.WARN for check in of_days),
        failed_count=sum(not check.passed for check in of_days),
        counts=_counts(result),
    )


def _counts(result: ExecuteInProcessResult) -> Counter[str]:
    counts: Counter[str] = Counter()
    for event in result.get_asset_materialization_events():
        for name, metadata in event.materialization.metadata.items():
            if name in COUNTS and isinstance(metadata, dg.IntMetadataValue):
                counts[name] += metadata.value or 0
    return counts
