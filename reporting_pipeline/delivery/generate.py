"""Generating a report: read once, written in each of its formats, published behind the gate.

    one lock per definition and period -> one snapshot -> seals -> rows -> files -> editions

A format that fails does not stop the others. What belongs here: that order, and what becomes of
failures. What does not: reading (`report_rows`), the gate's rule (`gate`), formats (`exports`), the
store and the catalogue (`publish`).
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import URL

from reporting_pipeline.delivery.catalogue.generated import (
    GeneratedReport,
    generated_report,
    note,
)
from reporting_pipeline.delivery.gate import Verdict, judge
from reporting_pipeline.delivery.notices import write_notice
from reporting_pipeline.delivery.publish import RenderedFile, publish, settle_report
from reporting_pipeline.delivery.report_keys import ReportKey
from reporting_pipeline.delivery.report_lock import report_lock
from reporting_pipeline.delivery.report_rows import (
    ReportRequest,
    Standing,
    read_report,
    report_snapshot,
    standing_of,
)
from reporting_pipeline.delivery.store.object_store import ObjectStore
from reporting_pipeline.errors import ReportingError
from reporting_pipeline.exports.formats import writer_of
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline.reports.build import ensure_views
from reporting_pipeline.reports.definitions.definition import ReportFormat
from reporting_pipeline.warehouse.engine import warehouse_connection

_HELD = "held"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Where reports are read and where they go.

    Attributes:
        clock: The time now, with its zone; only what the catalogue says of itself shows it.
        final_delay_seconds: How long after a day's end late rows are waited for.
    """

    warehouse: URL
    store: ObjectStore
    final_delay_seconds: int
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one report in one format.

    Attributes:
        report: As the catalogue has it afterwards.
        is_new_edition: Its bytes are others than before.
        location: The path or s3:// address of its file; None where none was published now.
        seconds: How long it took; reading is counted with the first format.
    """

    report: GeneratedReport
    is_new_edition: bool
    location: str | None
    seconds: float


def generate(
    delivery: Delivery, request: ReportRequest, formats: Sequence[ReportFormat] = ()
) -> list[Outcome]:
    """Generate a report in `formats`, all of its definition's by default.

    Returns:
        One outcome per format: ready, held with the reasons, or failed with the cause. What fails
        for all formats alike is raised.

    Raises:
        WarehouseUnavailable: The warehouse cannot be reached, or the report is being generated
            elsewhere for too long.
    """
    definition = request.definition
    keys = [
        ReportKey.of(definition, request.period, each) for each in formats or definition.formats
    ]
    ensure_views(delivery.warehouse)
    with (
        report_lock(delivery.warehouse, keys[0]),
        TemporaryDirectory(prefix="reporting-") as folder,
    ):
        _begin(delivery, request, keys)
        return _generate(delivery, request, keys, Path(folder))


def _generate(
    delivery: Delivery, request: ReportRequest, keys: Sequence[ReportKey], folder: Path
) -> list[Outcome]:
    begun = time.monotonic()
    try:
        document, standing, verdict = _read(delivery, request, folder / "rows.csv")
    except ReportingError as error:
        return [_failed(delivery, request, key, error, begun) for key in keys]
    if document is None:
        return [_held(delivery, request, key, verdict, begun) for key in keys]
    outcomes = []
    for key in keys:
        outcomes.append(_deliver(delivery, request, key, (document, standing), folder, begun))
        begun = time.monotonic()
    return outcomes


def _read(
    delivery: Delivery, request: ReportRequest, spool_path: Path
) -> tuple[ReportDocument | None, Standing, Verdict]:
    """The report, its standing and the gate's verdict; no report where it is held."""
    with report_snapshot(delivery.warehouse) as connection:
        standing = standing_of(connection, request, delay_seconds=delivery.final_delay_seconds)
        verdict = judge(
            request.definition.category,
            standing.sealed,
            is_provisional_allowed=request.is_provisional_allowed,
        )
        if verdict.held_by:
            return None, standing, verdict
        document = read_report(
            connection,
            request,
            standing,
            is_provisional=verdict.is_provisional,
            spool_path=spool_path,
        )
        return document, standing, verdict


def _deliver(
    delivery: Delivery,
    request: ReportRequest,
    key: ReportKey,
    read: tuple[ReportDocument, Standing],
    folder: Path,
    begun: float,
) -> Outcome:
    document, standing = read
    target = folder / f"report.{key.format}"
    try:
        writer = writer_of(key.format)
        writer.refuse(document)
        writer.write(document, target)
        rendered = RenderedFile.of(
            key, target, document.manifest, document.rows, standing.landed_through
        )
        former = _report(delivery, key)
        report = publish(delivery.warehouse, delivery.store, rendered, delivery.clock())
    except ReportingError as error:
        return _failed(delivery, request, key, error, begun)
    finally:
        target.unlink(missing_ok=True)
    return Outcome(
        report=report,
        is_new_edition=report.edition != former.edition,
        location=delivery.store.location(report.storage_path or ""),
        seconds=time.monotonic() - begun,
    )


def _begin(delivery: Delivery, request: ReportRequest, keys: Sequence[ReportKey]) -> None:
    now = delivery.clock()
    for key in keys:
        settle_report(delivery.warehouse, delivery.store, key, now)
        with warehouse_connection(delivery.warehouse) as connection:
            note(connection, key, "running", version=request.definition.version, now=now)


def _held(
    delivery: Delivery, request: ReportRequest, key: ReportKey, verdict: Verdict, begun: float
) -> Outcome:
    failure = (_HELD, "; ".join(verdict.held_by))
    return _unpublished(delivery, request, key, failure, begun)


def _failed(
    delivery: Delivery, request: ReportRequest, key: ReportKey, error: ReportingError, begun: float
) -> Outcome:
    return _unpublished(delivery, request, key, (type(error).__name__, error.message), begun)


def _unpublished(
    delivery: Delivery,
    request: ReportRequest,
    key: ReportKey,
    failure: tuple[str, str],
    begun: float,
) -> Outcome:
    status = _HELD if failure[0] == _HELD else "failed"
    now = delivery.clock()
    with warehouse_connection(delivery.warehouse) as connection:
        note(connection, key, status, version=request.definition.version, now=now, failure=failure)
        report = generated_report(connection, key.id)
        if report is None:  # just written
            raise AssertionError(key)
        write_notice(
            connection,
            key,
            "held" if status == _HELD else "failed",
            edition=report.edition,
            now=now,
            reason=failure[1],
        )
    return Outcome(
        report=report, is_new_edition=False, location=None, seconds=time.monotonic() - begun
    )


def _report(delivery: Delivery, key: ReportKey) -> GeneratedReport:
    with warehouse_connection(delivery.warehouse) as connection:
        report = generated_report(connection, key.id)
    if report is None:  # noted as running before
        raise AssertionError(key)
    return report
