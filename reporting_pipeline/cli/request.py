"""`reporting request` and `reporting work`: asking for a report, and generating what is asked for.

What belongs here: arguments, signals and what a person reads. What does not: requests themselves
(`requests`).
"""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event
from typing import Any
from uuid import UUID

import click

from reporting_pipeline.catalogue.definition_store import definition_by_slug
from reporting_pipeline.catalogue.generated_reports import GeneratedReport, generated_report
from reporting_pipeline.cli.session import session
from reporting_pipeline.domain.period import Period
from reporting_pipeline.publishing.generate import Publisher
from reporting_pipeline.publishing.snapshot import ReportRequest
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.requests.ask import AskContext, AskResult, ask
from reporting_pipeline.requests.request_queue import StoredRequest, stored_request
from reporting_pipeline.requests.worker import Worker, serve, work_on_next
from reporting_pipeline.settings import Settings
from reporting_pipeline.warehouse.engine import warehouse_connection

_LOOK_SECONDS = 0.5


@click.command()
@click.argument("slug", metavar="DEFINITION")
@click.option(
    "--organization", "organization_id", type=click.UUID, required=True, help="Whose definition."
)
@click.option(
    "--period",
    "token",
    required=True,
    metavar="PERIOD",
    help="2026-02-28, 2026-02, 2026-02-23_2026-03-01 or event-<id>_2026-02-28 (all up to then).",
)
@click.option(
    "--format",
    "formats",
    type=click.Choice([each.value for each in ReportFormat]),
    multiple=True,
    help="Of those that the definition has; may be repeated; default: all.",
)
@click.option(
    "--provisional",
    is_flag=True,
    help="Publish a financial report over days that are held, stamped PROVISIONAL.",
)
@click.option("--wait", is_flag=True, help="Until it is there; generate it where nobody else does.")
def request(
    *,
    slug: str,
    organization_id: UUID,
    token: str,
    formats: tuple[str, ...],
    provisional: bool,
    wait: bool,
) -> None:
    """Ask for a report of DEFINITION: what stands is told, what does not is queued.

    The same request twice is one job. With --wait the command ends with code 1 if a report failed;
    one that is held is told with its reasons, and is no failure.
    """
    period = _period(token)
    with session() as settings:
        worker = _worker(settings)
        with warehouse_connection(settings.warehouse_url()) as connection:
            definition = definition_by_slug(connection, organization_id, slug)
        wanted = ReportRequest(
            definition=definition, period=period, is_provisional_allowed=provisional
        )
        asking = AskContext(now=datetime.now(UTC), final_delay_seconds=settings.final_delay_seconds)
        asked = [
            ask(settings.warehouse_url(), asking, wanted, ReportFormat(each))
            for each in formats or definition.formats
        ]
        worker.publish()
        for each in asked:
            _tell_asked(worker, each)
        open_requests = [each.request for each in asked if each.request is not None]
        if wait and _failed_count(worker, open_requests):
            raise click.exceptions.Exit(1)


@click.command()
@click.option("--once", is_flag=True, help="End when nothing waits any more.")
def work(*, once: bool) -> None:
    """Generate the reports that are requested, until Ctrl-C; what has begun is finished.

    Organisations are served in turn. Any number of workers may run, on any number of machines.
    """
    with session() as settings, _stopped_by_signals() as stop:
        worker = _worker(settings)
        click.echo(f"{worker.name} works on requests", err=True)
        for done in serve(worker, stop, once=once):
            click.echo(_line(worker, done))


def _worker(settings: Settings) -> Worker:
    return Worker.of(settings, Publisher.of(settings), f"{socket.gethostname()} {os.getpid()}")


def _period(token: str) -> Period:
    try:
        return Period.of_token(token)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--period") from error


def _failed_count(worker: Worker, requests: list[StoredRequest]) -> int:
    """Wait for the requests, and work on them where nobody else does; how many failed."""
    done = [_done(worker, each) for each in requests]
    for each in done:
        click.echo(_line(worker, each))
    return sum(each.status in {"failed", "dead"} for each in done)


def _done(worker: Worker, asked: StoredRequest) -> StoredRequest:
    pause = Event()
    while True:
        standing = work_on_next(worker, among=[asked.id])
        if standing is None:
            pause.wait(_LOOK_SECONDS)
            with warehouse_connection(worker.publisher.warehouse) as connection:
                standing = stored_request(connection, asked.id)
        if standing.is_final:
            return standing


def _tell_asked(worker: Worker, asked: AskResult) -> None:
    if asked.report is not None:
        click.echo(f"{_name(asked.report)}: ready, edition {asked.report.edition}, unchanged since")
        click.echo(f"  {worker.publisher.store.location(asked.report.storage_path or '')}")
    if asked.request is not None:
        words = "queued" if asked.is_new else f"{asked.request.status} already"
        click.echo(f"{_name(asked.request)}: {words}, request {asked.request.id}")


def _line(worker: Worker, done: StoredRequest) -> str:
    words = f"{_name(done)} of {done.organization_id}: {done.status}"
    if done.status == "queued":
        words += f" again after attempt {done.attempts}"
    if done.failure_message is not None:
        return f"{words}: {done.failure_message}"
    with warehouse_connection(worker.publisher.warehouse) as connection:
        report = generated_report(connection, done.key.id)
    path = report.storage_path if report is not None else None
    location = "" if path is None else f"\n  {worker.publisher.store.location(path)}"
    return f"{words}, edition {done.edition}{location}"


def _name(what: GeneratedReport | StoredRequest) -> str:
    return f"{what.slug}, {what.period}, {what.format}"


@contextmanager
def _stopped_by_signals() -> Iterator[Event]:
    """An event that SIGTERM and Ctrl-C set, so that what has begun is finished."""
    stop = Event()

    def set_stop(*_: Any) -> None:
        stop.set()

    former = {each: signal.signal(each, set_stop) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for each, handler in former.items():
            signal.signal(each, handler)
