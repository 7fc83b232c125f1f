"""`reporting request`, `requests` and `work`: requests reports, lists requests, works on them."""

import json
import os
import signal
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event
from typing import Any

import click

from reporting_pipeline.catalogue.definition_store import definition_by_slug
from reporting_pipeline.catalogue.directory import organization_called
from reporting_pipeline.catalogue.generated_reports import GeneratedReport, generated_report
from reporting_pipeline.catalogue.stored_files import FindingKind, StoreFinding
from reporting_pipeline.cli.choices import (
    EVENT,
    ORGANIZATION,
    chosen_event,
    chosen_organization,
    token_of,
)
from reporting_pipeline.cli.listing import listing, listing_console, say
from reporting_pipeline.cli.parameters import TEXT, WholeNumber
from reporting_pipeline.cli.session import announce, session
from reporting_pipeline.domain.period import Period
from reporting_pipeline.publishing.generate import Publisher
from reporting_pipeline.publishing.snapshot import ReportRequest
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.requests.ask import AskContext, AskResult, ask
from reporting_pipeline.requests.request_queue import (
    AnswerState,
    StoredRequest,
    listed_requests,
    shown_fields,
    stored_request,
)
from reporting_pipeline.requests.worker import Worker, serve, work_on_next
from reporting_pipeline.settings import Settings
from reporting_pipeline.sources.landed_names import LandedNames, organization_names
from reporting_pipeline.warehouse.engine import warehouse_connection

_POLL_SECONDS = 0.5
_LISTED = 200
_MAX_LISTED = 100_000
_COLUMNS = ("status", "report", "organisation", "period", "format", "age", "tries", "reason")


@click.command()
@click.argument("slug", type=TEXT, metavar="DEFINITION")
@click.option(
    "--organization",
    type=ORGANIZATION,
    required=True,
    help="The organisation of the definition.",
)
@click.option("--event", type=EVENT, help="The event, of a report about one; then DAY is enough.")
@click.option(
    "--period",
    "token",
    type=TEXT,
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
    help="Also publish a report whose days are held, stamped PROVISIONAL.",
)
@click.option("--wait", is_flag=True, help="Wait for the file; generate it if no worker does.")
def request(  # noqa: PLR0913 - one argument per option
    *,
    slug: str,
    organization: str,
    event: str | None,
    token: str,
    formats: tuple[str, ...],
    provisional: bool,
    wait: bool,
) -> None:
    """Return the current report of DEFINITION, or queue a request for it.

    Equal requests are queued once, and a report that is held is not queued again until something
    has changed: a day, a seal, the definition. The file of a current report is looked at in the
    store first; if it is gone or altered, it is generated again. With --wait the exit code is 1 if
    a report failed; a report that is held is printed with its reasons, and is not a failure.
    """
    if event is None:
        _period(token)
    with session() as settings:
        worker = _worker(settings)
        with warehouse_connection(settings.warehouse_url()) as connection:
            owner = organization_called(connection, organization)
            period = _period(token_of(token, chosen_event(connection, event, owner)))
            definition = definition_by_slug(connection, owner, slug)
            names = LandedNames.read(connection, [period.event_id])
        report_request = ReportRequest(
            definition=definition, period=period, is_provisional_allowed=provisional
        )
        context = AskContext(
            now=datetime.now(UTC),
            final_delay_seconds=settings.final_delay_seconds,
            store=worker.publisher.store,
        )
        results = [
            ask(settings.warehouse_url(), context, report_request, ReportFormat(each))
            for each in formats or definition.formats
        ]
        worker.publish()
        for each in results:
            _print_result(worker, each, names)
        asked = [each.request for each in results if each.request is not None]
        open_requests = [each for each in asked if not each.is_final]
        if wait and _failed_count(worker, open_requests):
            raise click.exceptions.Exit(1)


@click.command()
@click.option("--organization", type=ORGANIZATION, help="Only this organisation.")
@click.option("--all", "is_all", is_flag=True, help="List every request, completed ones too.")
@click.option(
    "--limit",
    type=WholeNumber(1, _MAX_LISTED),
    default=_LISTED,
    show_default=True,
    help="The most requests.",
)
@click.option("--json", "is_json", is_flag=True, help="Print JSON.")
def requests(*, organization: str | None, is_all: bool, limit: int, is_json: bool) -> None:
    """List the requests that have no file yet: running, waiting, then held or failed ones.

    Each has its report, organisation and period, its age, how often it was tried, and why it is
    held, failed or tried again. Requests whose report was published since are left out.
    """
    with session() as settings, warehouse_connection(settings.warehouse_url()) as connection:
        organization_id = chosen_organization(connection, organization)
        found = listed_requests(
            connection, organization_id, are_ended_included=is_all, limit=limit + 1
        )
        names = organization_names(connection)
    now = datetime.now(UTC)
    lines = [_listed(each, names.get(each.organization_id), now) for each in found[:limit]]
    if is_json:
        click.echo(json.dumps({"is_cut": len(found) > limit, "requests": lines}, indent=2))
        return
    console = listing_console()
    if lines:
        console.print(listing(_COLUMNS, map(_row, lines)))
    counts = Counter(each["state"] for each in lines)
    states = ", ".join(f"{counts[state]} {state}" for state in AnswerState if counts[state])
    more = "; there are more: --limit, or --organization" if len(found) > limit else ""
    console.print(f"{len(lines)} requests{': ' if states else ''}{states}{more}")


def _listed(each: StoredRequest, organization: str | None, now: datetime) -> dict[str, Any]:
    return {
        **shown_fields(each),
        "organization_id": str(each.organization_id),
        "organization": organization,
        "requested_at": f"{each.requested_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "age_seconds": max(0, int((now - each.requested_at).total_seconds())),
        "request_id": str(each.id),
        "report_id": str(each.key.id),
    }


def _row(line: dict[str, Any]) -> tuple[object, ...]:
    return (
        *(line["status"], line["report"], line["organization"] or line["organization_id"]),
        *(line["period"], line["format"], _age(line["age_seconds"]), line["tries"]),
        line["reason"],
    )


def _age(seconds: int) -> str:
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


@click.command()
@click.option("--once", is_flag=True, help="End when no request waits.")
def work(*, once: bool) -> None:
    """Generate the requested reports until Ctrl-C, and finish those that have begun.

    Organisations are served in turn. Any number of workers may run, on any number of machines.
    """
    with session() as settings, _stopped_by_signals() as stop:
        worker = _worker(settings)
        announce(f"{worker.name} works on requests")
        for done in serve(worker, stop, once=once):
            announce(_outcome(worker, done))


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
        say(_outcome(worker, each))
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


def _print_result(worker: Worker, result: AskResult, names: LandedNames) -> None:
    if result.report is not None:
        say(f"{_name(result.report, names)}: ready, edition {result.report.edition}, still current")
        say(f"  {worker.publisher.store.location(result.report.storage_path or '')}")
    if result.request is not None:
        if result.lost is not None:
            say(f"{_name(result.request, names)}: the file is {_fault(result.lost)}")
        say(f"{_name(result.request, names)}: {_request_text(result.request, result.is_new)}")


def _request_text(request: StoredRequest, is_new: bool) -> str:
    """The state of a request that was asked for, in words."""
    if request.state is AnswerState.HELD:
        return f"held, and nothing has changed since request {request.id}: {request.reason}"
    if request.state is AnswerState.EMPTY:
        return f"empty, and nothing has changed since request {request.id}"
    state = "queued" if is_new else f"already {request.status}"
    return f"{state}, request {request.id}"


def _fault(lost: StoreFinding) -> str:
    """The fault of a file, and the step that mends it."""
    state = "not in the store" if lost.finding is FindingKind.GONE else "altered in the store"
    return f"{state}, so it is generated again: {lost}"


def _outcome(worker: Worker, done: StoredRequest) -> str:
    with warehouse_connection(worker.publisher.warehouse) as connection:
        report = generated_report(connection, done.key.id)
        names = LandedNames.read(connection, [done.event_id])
    name = names.organization(done.organization_id)
    text = f"{_name(done, names)} of {name}: {done.status}"
    if done.status == "queued":
        text += f" again after attempt {done.attempts}"
    if done.failure_message is not None:
        return f"{text}: {done.failure_message}"
    path = report.storage_path if report is not None else None
    location = "" if path is None else f"\n  {worker.publisher.store.location(path)}"
    return f"{text}, edition {done.edition}{location}"


def _name(report: GeneratedReport | StoredRequest, names: LandedNames) -> str:
    """A report in words: its definition, its event with its name and id, its days, its format."""
    period = names.period(report.period, report.event_id, report.organization_id)
    return f"{report.slug}, {period}, {report.format}"


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
