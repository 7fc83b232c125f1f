"""Sensors: they request runs for missing, touched and stale data, and evaluate alerts.

    missing_reports    reports that should exist and do not; by partitions, oldest first
    touched_days       days for which late rows have landed; current days have a slot of their own,
                       so that they do not wait for a backlog
    stale_reports      generated reports whose days were rebuilt or have become final
    unsealed_days      days that are built and not sealed (`seal_sensor`)
    requested          waiting requests, named in runs of many; it takes nothing from the queue
    alerts             evaluates alerts every half minute, also while builds fail, sources are not
                       read or channels cannot be reached
    webhooks           sends the messages that wait for webhooks of organisations
    failed_runs        evaluates alerts soon after a run has failed. If that evaluation fails,
                       because the warehouse is down for example, `alerts` finds the run later

They look at the warehouse, not at past ticks: after any outage the next evaluation requests all
open work. `run_requests` says why they are no automation conditions.
"""

import hashlib
import logging
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast
from uuid import UUID

import dagster as dg

from reporting_pipeline.due.stale_reports import days_of_scans_alone, days_to_rebuild
from reporting_pipeline.orchestration.assets.alerts import alert_materializations
from reporting_pipeline.orchestration.assets.requests import (
    BATCH_SIZE,
    RequestBatch,
    waiting_ids,
)
from reporting_pipeline.orchestration.jobs import DELIVER, REBUILD, RESTATE, SERVE_REQUESTS
from reporting_pipeline.orchestration.partitions import (
    ENDED_EVENTS,
    ENDED_EVENTS_NAME,
    days_outside,
    report_days,
    report_months,
    report_weeks,
)
from reporting_pipeline.orchestration.resources import (
    AlertEvaluator,
    Reports,
    Timing,
    Warehouse,
    Webhooks,
)
from reporting_pipeline.orchestration.run_requests import (
    NeededRun,
    digest,
    missing_report_runs,
    rebuild_runs,
    requests_now,
)
from reporting_pipeline.orchestration.seal_sensor import unsealed_days_sensor
from reporting_pipeline.report_definitions.definition import Schedule
from reporting_pipeline.requests.leases import requeue_lost
from reporting_pipeline.requests.worker import Worker
from reporting_pipeline.warehouse.engine import warehouse_connection

BATCH_TAG = "reporting/requests"
"""A digest of the requests that a run was given."""

_BACKLOG_SECONDS = 60
_ALERTS_SECONDS = 30
_FAILED_RUN_SECONDS = 10
_REQUESTS_SECONDS = 30
_WEBHOOKS_SECONDS = 30
# A run that exists and is not queued belongs to a tick that died; the daemon resumes it first.
_NOT_PENDING = {
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
}
_PENDING = [each for each in dg.DagsterRunStatus if each not in _NOT_PENDING]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWork:
    """Open work in the warehouse, and the runs that do it.

    Attributes:
        summary: The open work, in words.
        new_events: Ended events that have no partition yet.
    """

    runs: Sequence[NeededRun]
    summary: str
    new_events: Sequence[str] = ()


def sensors(first_day: date) -> list[dg.SensorDefinition]:
    """All sensors; they run unless they are stopped in the UI."""
    return [
        _missing_reports_sensor(first_day),
        _touched_days_sensor(first_day),
        unsealed_days_sensor(first_day),
        stale_reports_sensor,
        requests_sensor(),
        alert_sensor,
        webhook_sensor,
        failure_sensor,
    ]


def _missing_reports_sensor(first_day: date) -> dg.SensorDefinition:
    @dg.sensor(
        name="missing_reports",
        jobs=list(DELIVER.values()),
        minimum_interval_seconds=_BACKLOG_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Requests every report that should exist and does not.",
    )
    def missing_reports(context: dg.SensorEvaluationContext, reports: Reports) -> dg.SensorResult:
        work = _missing_reports(first_day, reports, context.instance)
        return _result(context.instance, work, reports.timing)

    return missing_reports


def _touched_days_sensor(first_day: date) -> dg.SensorDefinition:
    @dg.sensor(
        name="touched_days",
        job=REBUILD,
        minimum_interval_seconds=_BACKLOG_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=(
            "Rebuilds the days for which late rows have landed, as far back as "
            "REPORTING_REBUILD_HORIZON_DAYS."
        ),
    )
    def touched_days(
        context: dg.SensorEvaluationContext, warehouse: Warehouse, timing: Timing
    ) -> dg.SensorResult:
        work = _touched_days(first_day, warehouse, timing)
        return _result(context.instance, work, timing)

    return touched_days


@dg.sensor(
    name="stale_reports",
    job=RESTATE,
    minimum_interval_seconds=_BACKLOG_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Generates the reports again whose days were rebuilt or have become final.",
)
def stale_reports_sensor(context: dg.SensorEvaluationContext, reports: Reports) -> dg.SensorResult:
    """Request one run for all stale reports."""
    return _result(context.instance, _stale_reports(reports), reports.timing)


def requests_sensor(interval_seconds: int = _REQUESTS_SECONDS) -> dg.SensorDefinition:
    """The sensor that gives waiting requests to runs."""

    @dg.sensor(
        name="requested",
        job=SERVE_REQUESTS,
        minimum_interval_seconds=interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=(
            "Gives waiting requests to a run, in turn for each organisation; the run leases them."
        ),
    )
    def requested(
        context: dg.SensorEvaluationContext, reports: Reports
    ) -> dg.RunRequest | dg.SkipReason:
        worker = reports.worker(f"{socket.gethostname()} run sensor")
        _sync_lists(worker, context.log)
        with warehouse_connection(worker.publisher.warehouse) as connection:
            requeue_lost(connection, worker.times, reports.timing.now())
        pending = _pending_ids(context.instance)
        waiting = waiting_ids(reports, BATCH_SIZE + len(pending))
        ids = [each for each in waiting if str(each) not in pending]
        if not ids:
            return dg.SkipReason("no request waits that is not in a run already")
        return _batch_run(ids[:BATCH_SIZE], context.instance)

    return requested


@dg.sensor(
    name="alerts",
    minimum_interval_seconds=_ALERTS_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Opens and resolves alerts and sends the changes to the channels; starts no run.",
)
def alert_sensor(
    context: dg.SensorEvaluationContext, alert_evaluator: AlertEvaluator
) -> dg.SensorResult:
    """Evaluate alerts, report the number of changes, and show the open alerts as an asset."""
    evaluation = alert_evaluator.evaluate(context.instance)
    counts = (
        f"{len(evaluation.opened)} alerts opened, {len(evaluation.updated)} updated, "
        f"{len(evaluation.resolved)} resolved"
    )
    return dg.SensorResult(
        skip_reason="; ".join((counts, *alert_evaluator.channel_faults())),
        asset_events=alert_materializations(context.instance, alert_evaluator, evaluation),
    )


@dg.sensor(
    name="webhooks",
    minimum_interval_seconds=_WEBHOOKS_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Sends the messages that wait for webhooks of organisations; starts no run.",
)
def webhook_sensor(webhooks: Webhooks) -> dg.SkipReason:
    """Send what is due, and show how many messages were accepted."""
    return dg.SkipReason(f"{webhooks.send()} messages of webhooks were accepted")


@dg.run_failure_sensor(
    name="failed_runs",
    minimum_interval_seconds=_FAILED_RUN_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Opens an alert for a failed run, unless its cause has an alert of its own.",
)
def failure_sensor(context: dg.RunFailureSensorContext, alert_evaluator: AlertEvaluator) -> None:
    """Evaluate alerts; the evaluation finds the failed run in the instance."""
    evaluation = alert_evaluator.evaluate(context.instance)
    context.log.info("%d alerts opened", len(evaluation.opened))


def _result(instance: dg.DagsterInstance, work: OpenWork, timing: Timing) -> dg.SensorResult:
    requests = requests_now(instance, work.runs, timing.now())
    if not requests:
        return dg.SensorResult(skip_reason=f"{work.summary}; no run is requested now")
    additions = [ENDED_EVENTS.build_add_request(work.new_events)] if work.new_events else []
    return dg.SensorResult(run_requests=requests, dynamic_partitions_requests=additions)


def _missing_reports(first_day: date, reports: Reports, instance: dg.DagsterInstance) -> OpenWork:
    missing, now = reports.requestable(), reports.timing.now()
    known = instance.get_dynamic_partitions(ENDED_EVENTS_NAME)
    ended = {str(each.period.event_id): None for each in missing if each.period.event_id}
    new = [key for key in ended if key not in known]
    keys = {
        Schedule.DAILY: report_days(first_day).get_partition_keys(current_time=now),
        Schedule.WEEKLY: report_weeks(first_day).get_partition_keys(current_time=now),
        Schedule.MONTHLY: report_months(first_day).get_partition_keys(current_time=now),
        Schedule.POST_EVENT: [*known, *new],
    }
    return OpenWork(
        runs=[
            run
            for schedule, of_schedule in keys.items()
            for run in missing_report_runs(schedule, missing, of_schedule)
        ],
        summary=f"{len(missing)} reports are missing",
        new_events=new,
    )


def _touched_days(first_day: date, warehouse: Warehouse, timing: Timing) -> OpenWork:
    with warehouse_connection(warehouse.address()) as connection:
        waiting, of_scans = days_to_rebuild(connection), days_of_scans_alone(connection)
    horizon = timing.first_day_to_rebuild()
    partitions = report_days(first_day)
    outside = set(days_outside(waiting, partitions, timing.now()))
    within = {day: mark for day, mark in waiting.items() if day >= horizon and day not in outside}
    beyond = len(waiting) - len(within)
    summary = f"{len(within)} days wait to be rebuilt, {beyond} more are beyond the horizon"
    of_devices = [day for day in of_scans if day in outside]
    if of_devices and not within:
        # Any run builds them too.
        within[timing.today()] = digest([f"{day} {waiting[day]}" for day in of_devices])
    return OpenWork(runs=rebuild_runs(within, timing.today()), summary=summary)


def _stale_reports(reports: Reports) -> OpenWork:
    stale = reports.stale()
    if not stale.due:
        reports.forget(stale)  # no report uses these days
    names = [f"{each.request.definition.id} {each.request.period.token}" for each in stale.due]
    cause = digest([*names, *map(str, stale.rebuilt_ids)])
    run = NeededRun(job_name=RESTATE.name, slot="restate", cause=cause)
    return OpenWork(
        runs=[run] if names else [], summary=f"{len(names)} reports are older than their days"
    )


def _batch_run(batch: Sequence[UUID], instance: dg.DagsterInstance) -> dg.RunRequest:
    of_batch = hashlib.sha256(" ".join(sorted(map(str, batch))).encode()).hexdigest()[:32]
    tried_count = instance.get_runs_count(dg.RunsFilter(tags={BATCH_TAG: of_batch}))
    config = RequestBatch(request_ids=[str(each) for each in batch])
    return dg.RunRequest(
        # A crash between the evaluation and the run does not change the count, nor the key.
        run_key=f"{of_batch}:{tried_count}",
        run_config=dg.RunConfig(ops={"requested_reports": config}),
        tags={BATCH_TAG: of_batch},
    )


def _pending_ids(instance: dg.DagsterInstance) -> set[str]:
    """The requests that pending runs were given."""
    runs = instance.get_runs(dg.RunsFilter(job_name=SERVE_REQUESTS.name, statuses=_PENDING))
    ids: set[str] = set()
    for run in runs:
        steps = cast("Mapping[str, Any]", run.run_config.get("ops") or {})
        config = steps.get("requested_reports", {}).get("config", {})
        ids.update(config.get("request_ids", ()))
    return ids


def _sync_lists(worker: Worker, log: logging.Logger) -> None:
    """Read the requests that others pushed to Redis, in case no worker does."""
    client = worker.client()
    if client is not None:
        with client:
            worker.sync_lists(client, log)
