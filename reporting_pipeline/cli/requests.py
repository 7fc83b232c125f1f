"""`reporting request` and `work`: requests a report, and generates the requested reports."""

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

_POLL_SECONDS = 0.5


@click.command()
@click.argument("slug", metavar="DEFINITION")
@click.option(
    "--organization",
    "organization_id",
    type=click.UUID,
    required=True,
    help="The organisation of the definition.",
)
@click.option(
    "--period",
    "token",
    required=True,
    metavar="PERIOD",
    help="2026-02-28, 2026-02, 2026-02-23_2026-03-01, or event-<id>_2026-02-28 up to that day.",
)
@click.option(
    "--format",
    "formats",
    type=click.Choice([each.value for each in ReportFormat]),
    multiple=True,
    help="One of the formats of the definition; may be repeated. Default: all of them.",
)
@click.option(
    "--provisional",
    is_flag=True,
    help="Also publish a financial report whose days are held, stamped PROVISIONAL.",
)
@click.option("--wait", is_flag=True, help="Wait for the file; generate it if no worker does.")
def request(
    *,
    slug: str,
    organization_id: UUID,
    token: str,
    formats: tuple[str, ...],
    provisional: bool,
    wait: bool,
) -> None:
    """Return the current report of DEFINITION, or queue a request for it.

    Equal requests are queued once. With --wait the exit code is 1 if a report failed; a report that
    is held is printed with its reasons, and is not a failure.
    """
    period = _period(token)
    with session() as settings:
        worker = _worker(settings)
        with warehouse_connection(settings.warehouse_url()) as connection:
            definition = definition_by_slug(connection, organization_id, slug)
        report_request = ReportRequest(
            definition=definition, period=period, is_provisional_allowed=provisional
        )
        context = AskContext(
            now=datetime.now(UTC), final_delay_seconds=settings.final_delay_seconds
        )
        results = [
            ask(settings.warehouse_url(), context, report_request, ReportFormat(each))
            for each in formats or definition.formats
        ]
        worker.publish()
        for each in results:
            _print_result(worker, each)
        open_requests = [each.request for each in results if each.request is not None]
        if wait and _failed_count(worker, open_requests):
            raise click.exceptions.Exit(1)


@click.command()
@click.option("--once", is_flag=True, help="End when no request waits.")
def work(*, once: bool) -> None:
    """Generate the requested reports until Ctrl-C, and finish those that have begun.

    Organisations are served in turn. Any number of workers may run, on any number of machines.
    """
    with session() as settings, _stopped_by_signals() as stop:
        worker = _worker(settings)
        click.echo(f"{worker.name} works on requests", err=True)
        for done in serve(worker, stop, once=once):
            click.echo(_outcome(worker, done))


def _worker(settings: Settings) -> Worker:
    return Worker.of(settings, Publisher.of(settings), f"{socket.gethostname()} {os.getpid()}")


def _period(token: str) -> Period:
    try:
        return Period.of_token(token)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--period") from error


def _failed_count(worker: Worker, requests: list[StoredRequest]) -> int:
    """Wait for the requests, and work on them if no worker does; return how many failed."""
    done = [_ended_request(worker, each) for each in requests]
    for each in done:
        click.echo(_outcome(worker, each))
    return sum(each.status in {"failed", "dead"} for each in done)


def _ended_request(worker: Worker, queued: StoredRequest) -> StoredRequest:
    pause = Event()
    while True:
        current = work_on_next(worker, among=[queued.id])
        if current is None:
            pause.wait(_POLL_SECONDS)
            with warehouse_connection(worker.publisher.warehouse) as connection:
                current = stored_request(connection, queued.id)
        if current.is_final:
            return current


def _print_result(worker: Worker, result: AskResult) -> None:
    if result.report is not None:
        click.echo(f"{_name(result.report)}: ready, edition {result.report.edition}, still current")
        click.echo(f"  {worker.publisher.store.location(result.report.storage_path or '')}")
    if result.request is not None:
        state = "queued" if result.is_new else f"already {result.request.status}"
        click.echo(f"{_name(result.request)}: {state}, request {result.request.id}")


def _outcome(worker: Worker, done: StoredRequest) -> str:
    text = f"{_name(done)} of {done.organization_id}: {done.status}"
    if done.status == "queued":
        text += f" again after attempt {done.attempts}"
    if done.failure_message is not None:
        return f"{text}: {done.failure_message}"
    with warehouse_connection(worker.publisher.warehouse) as connection:
        report = generated_report(connection, done.key.id)
    path = report.storage_path if report is not None else None
    location = "" if path is None else f"\n  {worker.publisher.store.location(path)}"
    return f"{text}, edition {done.edition}{location}"


def _name(report: GeneratedReport | StoredRequest) -> str:
    return f"{report.slug}, {report.period}, {report.format}"


@contextmanager
def _stopped_by_signals() -> Iterator[Event]:
    """An event that SIGTERM and Ctrl-C set, so that the current report is finished."""
    stop = Event()

    def set_stop(*_: Any) -> None:
        stop.set()

    former = {each: signal.signal(each, set_stop) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for each, handler in former.items():
            signal.signal(each, handler)
