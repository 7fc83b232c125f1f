"""Reports that somebody asked for, generated in runs of many.

The sensor takes nothing: it looks at what waits and names it in a run. The run leases what it was
named, as any other worker does (`reporting work`), so a run that is launched twice, or beside a
worker, generates each report once. A run that ends before it has done all leaves the rest waiting,
and the next evaluation names it again.

What belongs here: requests as runs, and what a person sees of them. What does not: leases and the
work (`requests`).
"""

import hashlib
import logging
import socket
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, cast
from uuid import UUID

import dagster as dg
import redis
from pydantic import Field

from reporting_pipeline.orchestration.asset_keys import SEALS
from reporting_pipeline.orchestration.failures import RETRIES, step_failures
from reporting_pipeline.orchestration.report_assets import OWNER
from reporting_pipeline.orchestration.resources import Reports
from reporting_pipeline.publishing.generate import Delivery
from reporting_pipeline.requests.ask import Asking
from reporting_pipeline.requests.leases import give_back_lost
from reporting_pipeline.requests.lists import follow
from reporting_pipeline.requests.request import StoredRequest, waiting
from reporting_pipeline.requests.work import Worker, work_on_next
from reporting_pipeline.warehouse.engine import warehouse_connection

BATCH = 50
"""How many requests a run is named at most."""

BATCH_TAG = "reporting/requests"
"""Which requests a run was named, as a digest."""

_INTERVAL_SECONDS = 30
# One that is made and not even queued is a tick's that died; the daemon goes on with that first.
_NOT_ON_THEIR_WAY = {
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
}
_ON_THEIR_WAY = [each for each in dg.DagsterRunStatus if each not in _NOT_ON_THEIR_WAY]
_SCHEMA = dg.TableSchema(
    columns=[
        *(dg.TableColumn(name) for name in ("request", "report", "organization_id", "period")),
        *(dg.TableColumn(name) for name in ("format", "status")),
        *(dg.TableColumn(name, type="int") for name in ("edition", "attempts")),
        dg.TableColumn("seconds", type="float"),
        dg.TableColumn("reason"),
    ]
)


class RequestBatch(dg.Config):
    """What a run is named.

    Attributes:
        request_ids: None named: the next ones that wait, in turn for each organisation.
    """

    request_ids: list[str] = Field(default_factory=list)


@dg.asset(
    deps=[dg.AssetDep(SEALS, partition_mapping=dg.AllPartitionMapping())],
    retry_policy=RETRIES,
    group_name="exports",
    description="Files of the reports that somebody asked for.",
    owners=[OWNER],
    kinds={"csv", "xlsx", "pdf"},
)
def requested_reports(
    context: dg.AssetExecutionContext, config: RequestBatch, reports: dg.ResourceParam[Reports]
) -> None:
    """Generate what was asked for, and show what became of each request."""
    with step_failures():
        worker = _worker(reports, context.run.run_id)
        named = [UUID(each) for each in config.request_ids] or _waiting_ids(reports)
        done = _worked_on(worker, named)
    counts = Counter(each.status for each in done)
    context.add_output_metadata(
        {
            "named_count": len(named),
            **{f"{status}_count": counts[status] for status in ("completed", "held", "failed")},
            "dead_count": counts["dead"],
            "repeated_count": counts["queued"],
            "seconds": round(sum(map(_seconds, done)), 3),
            "requests": dg.MetadataValue.table([_record(each) for each in done], schema=_SCHEMA),
        }
    )
    for each in done:
        if each.failure_message is not None:
            context.log.warning("request %s: %s: %s", each.id, each.status, each.failure_message)


SERVE_REQUESTS = dg.define_asset_job(
    "serve_requests",
    selection=dg.AssetSelection.assets("requested_reports"),
    description="Generate the reports that somebody asked for.",
)


def requests_sensor(interval_seconds: int = _INTERVAL_SECONDS) -> dg.SensorDefinition:
    """The sensor that names what waits in runs."""

    @dg.sensor(
        job=SERVE_REQUESTS,
        minimum_interval_seconds=interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Names what waits in a run, in turn for each organisation; it takes nothing.",
    )
    def requested(
        context: dg.SensorEvaluationContext, reports: dg.ResourceParam[Reports]
    ) -> dg.RunRequest | dg.SkipReason:
        worker = _worker(reports, "sensor")
        _follow_lists(worker, context.log)
        with warehouse_connection(worker.delivery.warehouse) as connection:
            give_back_lost(connection, worker.times, reports.clock())
        named = _named(context.instance)
        ids = [each for each in _waiting_ids(reports, BATCH + len(named)) if str(each) not in named]
        if not ids:
            return dg.SkipReason("no request waits that is not in a run already")
        return _run_over(ids[:BATCH], context.instance)

    return requested


def _run_over(batch: Sequence[UUID], instance: dg.DagsterInstance) -> dg.RunRequest:
    digest = hashlib.sha256(" ".join(sorted(map(str, batch))).encode()).hexdigest()[:32]
    tried_count = instance.get_runs_count(dg.RunsFilter(tags={BATCH_TAG: digest}))
    config = RequestBatch(request_ids=[str(each) for each in batch])
    return dg.RunRequest(
        # A crash between the evaluation and the run leaves the count, and so the key, as it was.
        run_key=f"{digest}:{tried_count}",
        run_config=dg.RunConfig(ops={"requested_reports": config}),
        tags={BATCH_TAG: digest},
    )


def _worker(reports: Reports, run_id: str) -> Worker:
    delivery = Delivery.of(reports.settings, reports.clock)
    return Worker.of(reports.settings, delivery, f"{socket.gethostname()} run {run_id}")


def _worked_on(worker: Worker, named: Sequence[UUID]) -> list[StoredRequest]:
    done = []
    while (each := work_on_next(worker, among=named)) is not None:
        done.append(each)
    return done


def _waiting_ids(reports: Reports, limit: int = BATCH) -> list[UUID]:
    with warehouse_connection(reports.settings.warehouse_url()) as connection:
        return [each.id for each in waiting(connection, limit)]


def _follow_lists(worker: Worker, log: logging.Logger) -> None:
    """Take in what others pushed, where no worker does."""
    client, delivery = worker.client(), worker.delivery
    if client is None:
        return
    asking = Asking(now=delivery.clock(), final_delay_seconds=delivery.final_delay_seconds)
    try:
        with client:
            follow(delivery.warehouse, client, asking)
    except redis.RedisError as error:
        log.warning("Redis cannot be reached, requests are taken from the table: %s", error)


def _named(instance: dg.DagsterInstance) -> set[str]:
    """The requests that runs on their way were named."""
    on_their_way = instance.get_runs(
        dg.RunsFilter(job_name=SERVE_REQUESTS.name, statuses=_ON_THEIR_WAY)
    )
    named: set[str] = set()
    for run in on_their_way:
        steps = cast("Mapping[str, Any]", run.run_config.get("ops") or {})
        config = steps.get("requested_reports", {}).get("config", {})
        named.update(config.get("request_ids", ()))
    return named


def _seconds(request: StoredRequest) -> float:
    if request.started_at is None or request.finished_at is None:
        return 0.0
    return (request.finished_at - request.started_at).total_seconds()


def _record(request: StoredRequest) -> dg.TableRecord:
    return dg.TableRecord(
        {
            "request": str(request.id),
            "report": request.slug,
            "organization_id": str(request.organization_id),
            "period": request.period,
            "format": request.format,
            "status": request.status,
            "edition": request.edition,
            "attempts": request.attempts,
            "seconds": round(_seconds(request), 3),
            "reason": request.failure_message,
        }
    )
