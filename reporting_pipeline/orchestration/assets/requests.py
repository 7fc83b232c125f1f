"""Reports that people or programs requested, generated in batches.

The sensor `requested` takes nothing from the queue: it names waiting requests in a run. The run
leases them as any other worker does (`reporting work`), so a run that is launched twice, or beside
a worker, generates each report once. If a run ends early, its other requests go on waiting, and the
next evaluation names them again.
"""

import socket
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import dagster as dg
from pydantic import Field

from reporting_pipeline.orchestration.assets.lineage import DATASET_KEYS, SEALS
from reporting_pipeline.orchestration.assets.steps import (
    FILE_KINDS,
    REPORTING_TEAM,
    RETRIES,
    step_failures,
)
from reporting_pipeline.orchestration.assets.tables import (
    EVENT,
    ORGANIZATION,
    ORGANIZATION_ID,
    Names,
    period_text,
)
from reporting_pipeline.orchestration.resources import Reports
from reporting_pipeline.requests.request_queue import StoredRequest, waiting_requests
from reporting_pipeline.requests.worker import Worker, work_on_next
from reporting_pipeline.warehouse.engine import warehouse_connection

BATCH_SIZE = 50
"""The number of requests that a run is given at most."""

_SCHEMA = dg.TableSchema(
    columns=[
        dg.TableColumn("report"),
        ORGANIZATION,
        EVENT,
        *(dg.TableColumn(name) for name in ("period", "format", "status")),
        *(dg.TableColumn(name, type="int") for name in ("edition", "attempts")),
        dg.TableColumn("seconds", type="float"),
        dg.TableColumn("reason"),
        dg.TableColumn("request"),
        ORGANIZATION_ID,
    ]
)


class RequestBatch(dg.Config):
    """The requests that a run serves."""

    request_ids: list[str] = Field(
        default_factory=list,
        description=(
            "Ids of requests. Empty: the next waiting requests, in turn for each organisation."
        ),
    )


@dg.asset(
    deps=[dg.AssetDep(SEALS, partition_mapping=dg.AllPartitionMapping()), *DATASET_KEYS],
    retry_policy=RETRIES,
    group_name="exports",
    description="Files of the reports that were requested.",
    owners=[REPORTING_TEAM],
    kinds=FILE_KINDS,
)
def requested_reports(
    context: dg.AssetExecutionContext, config: RequestBatch, reports: Reports
) -> None:
    """Generate the requested reports, and show the result of each request."""
    with step_failures():
        worker = reports.worker(f"{socket.gethostname()} run {context.run.run_id}")
        named = [UUID(each) for each in config.request_ids] or waiting_ids(reports, BATCH_SIZE)
        done = _work_on(worker, named)
        with reports.warehouse.snapshot() as connection:
            names = Names.read(connection, {each.event_id for each in done if each.event_id})
    counts = Counter(each.status for each in done)
    context.add_output_metadata(
        {
            "named_count": len(named),
            **{f"{status}_count": counts[status] for status in ("completed", "held", "failed")},
            "dead_count": counts["dead"],
            "repeated_count": counts["queued"],
            "seconds": round(sum(map(_seconds, done)), 3),
            "requests": dg.MetadataValue.table(
                [_record(each, names) for each in done], schema=_SCHEMA
            ),
        }
    )
    for each in done:
        if each.failure_message is not None:
            context.log.warning("request %s: %s: %s", each.id, each.status, each.failure_message)


def waiting_ids(reports: Reports, limit: int) -> list[UUID]:
    """The next requests that wait, in turn for each organisation."""
    with warehouse_connection(reports.warehouse.address()) as connection:
        return [each.id for each in waiting_requests(connection, limit)]


def _work_on(worker: Worker, named: Sequence[UUID]) -> list[StoredRequest]:
    done = []
    while (each := work_on_next(worker, among=named)) is not None:
        done.append(each)
    return done


def _seconds(request: StoredRequest) -> float:
    if request.started_at is None or request.finished_at is None:
        return 0.0
    return (request.finished_at - request.started_at).total_seconds()


def _record(request: StoredRequest, names: Names) -> dg.TableRecord:
    return dg.TableRecord(
        {
            "request": str(request.id),
            "report": request.slug,
            **names.of_organization(request.organization_id),
            **names.of_event(request.event_id),
            "period": period_text(request.period),
            "format": request.format,
            "status": request.status,
            "edition": request.edition,
            "attempts": request.attempts,
            "seconds": round(_seconds(request), 3),
            "reason": request.failure_message,
        }
    )
