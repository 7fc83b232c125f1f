"""Generates due reports in a batch, and lists the result of each file for people to read."""

import logging
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal, cast
from uuid import UUID

from psycopg import OperationalError

from reporting_pipeline import errors
from reporting_pipeline.addresses import place
from reporting_pipeline.building.relations import ensure_relations
from reporting_pipeline.catalogue.generated_reports import GeneratedReport
from reporting_pipeline.catalogue.notices import publish_notices
from reporting_pipeline.due.due_reports import DueReport
from reporting_pipeline.errors import ReportingError, StoreUnavailable, WarehouseUnavailable
from reporting_pipeline.publishing.current import WantedReport, current_reports
from reporting_pipeline.publishing.generate import Outcome, Publisher, generate
from reporting_pipeline.publishing.publish import settle
from reporting_pipeline.publishing.snapshot import ReportRequest
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.store.object_store import ObjectStore
from reporting_pipeline.warehouse.engine import KeptConnections

ALL_FORMATS = "all"
"""The format of the line of a report that failed before its formats."""

Status = Literal["ready", "empty", "held", "failed"]

# Reports wait for the warehouse, and for PDF pages, which child processes make.
_AT_ONCE = 2
# So many reports are compared with what they were read from last, in a few statements.
_COMPARED_AT_ONCE = 250
_STAMPED = "stamped PROVISIONAL: it depends on days that are not final"
_LOG = logging.getLogger(__name__)
_Current = Mapping[ReportFormat, GeneratedReport]


@dataclass(frozen=True, slots=True, kw_only=True)
class DueResult:
    """The result of one due report.

    Attributes:
        outcomes: One per format; empty if the report failed before its formats.
        error: The cause of that failure. An error that is no ReportingError is a bug.
    """

    due: DueReport
    outcomes: tuple[Outcome, ...] = ()
    error: Exception | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLine:
    """The result of one report in one format.

    Attributes:
        name: The name of the report's definition.
        period: As in the file's name.
        event_id: The event that it is about, if any.
        format: `all` if the report failed before its formats.
        edition: The current edition; 0 if there is none.
        row_count: Rows of that edition; None if there is none.
        byte_count: Bytes of that edition; None if there is none.
        location: The path or s3:// address of the file; None if no file was published now.
        storage_path: The key of that file.
        reason: Why the report is held, failed or stamped.
        is_retryable: It failed, and may succeed later without a change.
        is_fault: It failed because of a bug.
        is_unchanged: It was current, so it was neither read nor written.
    """

    slug: str
    name: str
    organization_id: UUID
    period: str
    format: str
    status: Status
    edition: int = 0
    is_new_edition: bool = False
    row_count: int | None = None
    byte_count: int | None = None
    seconds: float = 0.0
    location: str | None = None
    reason: str | None = None
    is_retryable: bool = False
    is_fault: bool = False
    is_unchanged: bool = False
    event_id: UUID | None = None
    storage_path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """The reason why a report is held, failed or stamped, with the formats that share it.

    Attributes:
        what: `held`, `failed` or `stamped`.
        event_id: The event that the report is about, if any.
    """

    what: str
    slug: str
    organization_id: UUID
    event_id: UUID | None
    period: str
    formats: str
    reason: str


def generate_batch(
    publisher: Publisher,
    due: Iterable[DueReport],
    *,
    formats: Collection[ReportFormat] = (),
    redis_url: str | None = None,
    are_all_rendered: bool = False,
) -> Iterator[DueResult]:
    """Generate reports, a few at a time, and yield the results in the order given.

    A report that is current is neither read nor written; its result is that of its last generation.
    Interrupted publications of other processes are settled first. The notices are published at the
    end, even if the caller stops early. Reports that have begun by then are finished. A store that
    cannot be reached ends the batch: it would fail every report in turn.

    Args:
        publisher: Where reports are read from and published to.
        due: The reports to generate.
        formats: Of the formats of each definition, only these; empty means all.
        redis_url: Where notices are published; without it they wait in the catalogue.
        are_all_rendered: Generate current reports too.

    Raises:
        StoreUnavailable: The store cannot be reached, at the beginning or from some report on.
        StoreError: The store refuses, or there is no such bucket.
    """
    ensure_relations(publisher.warehouse)
    publisher.store.require_reachable()
    settle(publisher.warehouse, publisher.store, publisher.clock())
    try:
        yield from _results(publisher, due, formats, are_all_rendered=are_all_rendered)
    finally:
        if redis_url is not None:
            publish_notices(publisher.warehouse, redis_url, publisher.clock())


def report_lines(result: DueResult) -> Iterator[ReportLine]:
    """The lines of one due report, in the order of its formats."""
    if result.error is not None:
        request, error = result.due.request, result.error
        is_fault = not isinstance(error, ReportingError)
        yield ReportLine(
            slug=request.definition.slug,
            name=request.definition.name,
            organization_id=request.definition.organization_id,
            period=request.period.token,
            format=ALL_FORMATS,
            status="failed",
            reason=f"{type(error).__name__}: {error}",
            is_retryable=isinstance(error, ReportingError) and error.retryable,
            is_fault=is_fault,
            event_id=request.period.event_id,
        )
    for outcome in result.outcomes:
        yield _line(outcome, result.due.request.definition.name)


def reasons(lines: Iterable[ReportLine]) -> list[Reason]:
    """The reasons why files are held, failed or stamped, in the order of the lines."""
    formats: dict[Reason, list[str]] = {}
    for line in lines:
        if line.reason is not None:
            reason = Reason(
                what="stamped" if line.status == "ready" else line.status,
                slug=line.slug,
                organization_id=line.organization_id,
                event_id=line.event_id,
                period=line.period,
                formats="",
                reason=line.reason,
            )
            formats.setdefault(reason, []).append(line.format)
    return [replace(reason, formats=", ".join(each)) for reason, each in formats.items()]


def _results(
    publisher: Publisher,
    due: Iterable[DueReport],
    formats: Collection[ReportFormat],
    *,
    are_all_rendered: bool,
) -> Iterator[DueResult]:
    wanted = [(each, _wanted(each.request, formats)) for each in due]
    waiting = iter([(each, of_report) for each, of_report in wanted if of_report.formats])
    with (
        closing(KeptConnections(publisher.warehouse)) as kept,
        ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="report") as pool,
    ):

        def begin(each: DueReport, of_report: WantedReport, current: _Current) -> Future[DueResult]:
            # A new thread does not inherit the log ids and the span of the caller.
            context = kept.context()
            return pool.submit(context.run, _generate, publisher, each, of_report.formats, current)

        while compared := list(islice(waiting, _COMPARED_AT_ONCE)):
            known: list[_Current] = [{} for _ in compared]
            if not are_all_rendered:
                known = [*current_reports(publisher, [of_report for _, of_report in compared])]
            work = (begin(*each, current) for each, current in zip(compared, known, strict=True))
            yield from _in_order(publisher.store, work)


def _in_order(store: ObjectStore, work: Iterable[Future[DueResult]]) -> Iterator[DueResult]:
    """The results in order; a few more pieces of work have begun than are yielded."""
    begun: deque[Future[DueResult]] = deque()
    for future in work:
        begun.append(future)
        if len(begun) > _AT_ONCE:
            result = begun.popleft().result()
            yield result
            _require_store(store, result)
    while begun:
        yield begun.popleft().result()


def _require_store(store: ObjectStore, result: DueResult) -> None:
    """End the batch if a file failed because of the store, and the store is still away."""
    classes = {each.report.failure_class for each in result.outcomes}
    if StoreUnavailable.__name__ not in classes:
        return
    try:
        store.require_reachable()
    except StoreUnavailable as error:
        message = f"{error}; the next reports were not begun: run the same again"
        raise StoreUnavailable(message) from error


def _wanted(request: ReportRequest, formats: Collection[ReportFormat]) -> WantedReport:
    own = request.definition.formats
    return WantedReport(
        request=request,
        formats=tuple(each for each in own if not formats or each in formats),
    )


def _generate(
    publisher: Publisher,
    due: DueReport,
    formats: Sequence[ReportFormat],
    current: Mapping[ReportFormat, GeneratedReport],
) -> DueResult:
    """Generate a report in the formats that are not current."""
    outcomes = {each: _unchanged(publisher, report) for each, report in current.items()}
    missing = [each for each in formats if each not in outcomes]
    try:
        if missing:
            generated = generate(publisher, due.request, missing)
            outcomes.update(zip(missing, generated, strict=True))
        return DueResult(due=due, outcomes=tuple(outcomes[each] for each in formats))
    except ReportingError as error:
        return DueResult(due=due, error=error)
    except OperationalError as error:
        url = publisher.warehouse
        message = f"the warehouse at {place(url)} failed: {error}"
        return DueResult(due=due, error=WarehouseUnavailable(message))
    except Exception as error:  # noqa: BLE001 - a bug in one report must not stop the others
        definition = due.request.definition
        _LOG.exception("%s of %s: unexpected error", definition.slug, definition.organization_id)
        return DueResult(due=due, error=error)


def _unchanged(publisher: Publisher, report: GeneratedReport) -> Outcome:
    """The outcome of a current report, with its file."""
    path = report.storage_path if report.status == "ready" else None
    return Outcome(
        report=report,
        is_new_edition=False,
        location=None if path is None else publisher.store.location(path),
        seconds=0.0,
        is_unchanged=True,
    )


def _line(outcome: Outcome, name: str) -> ReportLine:
    report = outcome.report
    status = cast("Status", report.status)
    is_failed = status == "failed"
    reason = report.failure_message
    if is_failed:
        reason = f"{report.failure_class}: {reason}"
    elif status == "ready" and report.is_provisional:
        reason = _STAMPED
    return ReportLine(
        slug=report.slug,
        name=name,
        organization_id=report.organization_id,
        period=report.period,
        format=report.format,
        status=status,
        edition=report.edition,
        is_new_edition=outcome.is_new_edition,
        row_count=report.row_count,
        byte_count=report.byte_count,
        seconds=outcome.seconds,
        location=outcome.location,
        reason=reason,
        is_unchanged=outcome.is_unchanged,
        is_retryable=is_failed and _is_retryable(report.failure_class),
        event_id=report.event_id,
        storage_path=report.storage_path if outcome.location else None,
    )


def _is_retryable(error_name: str | None) -> bool:
    """True if the error class of this name is retryable; the catalogue stores only names."""
    error = getattr(errors, error_name or "", None)
    return isinstance(error, type) and issubclass(error, ReportingError) and error.retryable
