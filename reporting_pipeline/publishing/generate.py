"""Generates a report: reads it once, writes each of its formats, and publishes them.

    one lock per definition and period -> one snapshot -> seals -> rows -> files -> editions

A format that fails does not stop the others. Rows are read in `snapshot`, the gate decides in
`gate`, files are put into the store and the catalogue in `publish`.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from psycopg import Connection
from sqlalchemy import URL

from reporting_pipeline.building.relations import ensure_relations, relations_are_current
from reporting_pipeline.catalogue.generated_reports import (
    GeneratedReport,
    generated_report,
    required_report,
    set_status,
)
from reporting_pipeline.catalogue.notices import ReportChange, write_report_notice
from reporting_pipeline.catalogue.report_keys import ReportKey
from reporting_pipeline.catalogue.report_lock import report_lock
from reporting_pipeline.errors import ReportingError
from reporting_pipeline.exports.formats import FORMATS
from reporting_pipeline.exports.report_document import ReportDocument
from reporting_pipeline.exports.signing import Signer
from reporting_pipeline.publishing.basis import Basis, basis_of
from reporting_pipeline.publishing.gate import Verdict, judge
from reporting_pipeline.publishing.publish import RenderedFile, publish, settle_report
from reporting_pipeline.publishing.replica import Replica, WrittenRow
from reporting_pipeline.publishing.signatures import signed_within
from reporting_pipeline.publishing.snapshot import (
    ReportRequest,
    ReportState,
    read_report,
    report_state,
    tenant_snapshot,
)
from reporting_pipeline.publishing.ties import broken_ties
from reporting_pipeline.report_definitions.definition import ReportFormat
from reporting_pipeline.settings import Settings
from reporting_pipeline.store import open_store
from reporting_pipeline.store.object_store import ObjectStore
from reporting_pipeline.telemetry.json_log import log_ids
from reporting_pipeline.telemetry.metric_store import Observation, record
from reporting_pipeline.telemetry.metrics import REPORT_BYTES, REPORT_DURATION, REPORT_ROWS
from reporting_pipeline.telemetry.spans import annotate_span, span
from reporting_pipeline.warehouse.engine import database_version

_HELD = "held"
_LOG = logging.getLogger(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """The warehouse that reports are read from, and the store that they are published to.

    Attributes:
        final_delay_seconds: How long after a day's end late rows are awaited.
        signer: The key that signs manifests; None: they are not signed.
        clock: The time now, with its zone; only the catalogue's own timestamps depend on it.
        replica: From which rows are read while it is as new as the warehouse; None: they are read
            from the warehouse.
    """

    warehouse: URL
    store: ObjectStore
    final_delay_seconds: int
    clock: Callable[[], datetime] = _utc_now
    signer: Signer | None = None
    replica: Replica | None = None

    @classmethod
    def of(cls, settings: Settings, clock: Callable[[], datetime] = _utc_now) -> "Publisher":
        """The publisher of the settings.

        Raises:
            SettingsError: An address is missing, or the signing key is not one.
            StoreError: The store's address is malformed.
        """
        pem = settings.signing_key_pem()
        return cls(
            warehouse=settings.warehouse_url(),
            store=open_store(settings.store_address()),
            final_delay_seconds=settings.final_delay_seconds,
            clock=clock,
            signer=None if pem is None else Signer.of_pem(pem),
            replica=Replica.of(settings),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of generating a report in one format.

    Attributes:
        report: The catalogue row afterwards.
        is_new_edition: Its bytes differ from the former edition's.
        location: The path or s3:// address of the file; None if none was published now.
        seconds: The duration; the time of reading is part of the first format's.
        is_unchanged: The report was current (`current`), so it was neither read nor written.
    """

    report: GeneratedReport
    is_new_edition: bool
    location: str | None
    seconds: float
    is_unchanged: bool = False


def generate(
    publisher: Publisher, request: ReportRequest, formats: Sequence[ReportFormat] = ()
) -> list[Outcome]:
    """Generate a report in `formats`; by default in all formats of its definition.

    It is read and written even if it is current: callers decide that (`current`).

    Returns:
        One outcome per format: ready, held with the reasons, failed with the cause, or empty.

    Raises:
        WarehouseUnavailable: The warehouse cannot be reached, or another process generates the
            report for too long.
    """
    definition = request.definition
    keys = [
        ReportKey.of(definition, request.period, each) for each in formats or definition.formats
    ]
    with (
        report_lock(publisher.warehouse, keys[0]) as connection,
        TemporaryDirectory(prefix="reporting-") as folder,
    ):
        generation = _Generation(
            publisher=publisher, request=request, connection=connection, folder=Path(folder)
        )
        with (
            log_ids(organization_id=definition.organization_id, definition_id=definition.id),
            span("report", slug=definition.slug, period=request.period.token),
        ):
            outcomes = generation.run(keys)
        record(connection, [each for outcome in outcomes for each in _observations(outcome)])
        return outcomes


def verdict_on(connection: Connection[Any], request: ReportRequest, state: ReportState) -> Verdict:
    """The gate's verdict; a final report that does not tie with the ledger is held too."""
    verdict = judge(
        request.subject, state.sealed, is_provisional_allowed=request.is_provisional_allowed
    )
    if verdict.held_by or verdict.is_provisional or not request.subject.is_reconciled:
        return verdict
    definition = request.definition
    broken = broken_ties(connection, definition.config, definition.organization_id, request.period)
    return Verdict(held_by=tuple(map(str, broken))) if broken else verdict


def _observations(outcome: Outcome) -> Iterator[Observation]:
    report = outcome.report
    format_ = {"format": report.format}
    yield Observation(REPORT_DURATION, {**format_, "status": report.status}, outcome.seconds)
    if outcome.location is not None:
        yield Observation(REPORT_ROWS, format_, report.row_count or 0)
        yield Observation(REPORT_BYTES, format_, report.byte_count or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """The content of a report and the state of its days, read in one snapshot.

    Attributes:
        document: None if the report is held.
        basis: The digest of its source rows; None if it depends on no report day.
        is_permitted: The seals hold it, and the caller allows a provisional file.
    """

    document: ReportDocument | None
    state: ReportState
    verdict: Verdict
    basis: Basis | None
    is_permitted: bool

    def basis_of(self, key: ReportKey) -> str | None:
        """The digest of the basis, for the format of a key."""
        if self.basis is None:
            return None
        return self.basis.digest(key.format, is_permitted=self.is_permitted)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Generation:
    """One report that is being generated; the connection holds its lock."""

    publisher: Publisher
    request: ReportRequest
    connection: Connection[Any]
    folder: Path

    def run(self, keys: Sequence[ReportKey]) -> list[Outcome]:
        """Read the report and publish it in each format."""
        begun = time.monotonic()
        if not relations_are_current(self.connection):
            ensure_relations(self.publisher.warehouse)
        formers = {key: self._begin(key) for key in keys}
        try:
            with span("report.read"):
                reading = self._read(keys[-1])
        except Exception as error:  # noqa: BLE001 - no error may leave a report "running"
            return [self._failed(formers[key], key, error, begun) for key in keys]
        document = reading.document
        if document is None:
            held = (_HELD, reading.verdict.reasons)
            return [
                self._unpublished(formers[key], key, held, begun, reading.basis_of(key))
                for key in keys
            ]
        if self._is_skipped(document, formers):
            return [self._empty(key, begun, reading.basis_of(key)) for key in keys]
        outcomes = []
        for key in keys:
            with log_ids(report_id=key.id), span("report.file", format=key.format):
                outcome = self._publish(formers[key], key, (document, reading), begun)
                annotate_span(status=outcome.report.status)
            outcomes.append(outcome)
            begun = time.monotonic()
        return outcomes

    def _begin(self, key: ReportKey) -> GeneratedReport | None:
        """Settle an interrupted publication, set the status to running; return the former row."""
        now = self.publisher.clock()
        settle_report(self.connection, self.publisher.store, key, now)
        with self.connection.transaction():
            former = generated_report(self.connection, key.id)
            set_status(
                self.connection, key, "running", version=self.request.definition.version, now=now
            )
        return former

    def _read(self, written: ReportKey) -> _Reading:
        """Read the report, from the replica or else the warehouse.

        Args:
            written: The report whose row was written last.
        """
        replica = self.publisher.replica
        if replica is not None:
            row = WrittenRow.of(self.connection, written)
            # The database decides about time zones, and is a part of what has made a file.
            version = database_version(self.connection)
            reading = replica.read(
                self.request.definition.organization_id,
                row.is_shown,
                self._read_in_snapshot,
                version=version,
            )
            annotate_span(read_from="primary" if reading is None else "replica")
            if reading is not None:
                return reading
        with tenant_snapshot(self.connection, self.request.definition.organization_id):
            return self._read_in_snapshot(self.connection)

    def _read_in_snapshot(self, connection: Connection[Any]) -> _Reading:
        """Basis, seals, verdict and rows in one snapshot; no document if the report is held."""
        delay_seconds = self.publisher.final_delay_seconds
        basis = basis_of(connection, self.request, delay_seconds=delay_seconds)
        state = report_state(connection, self.request, delay_seconds=delay_seconds)
        verdict = verdict_on(connection, self.request, state)
        document = None
        if not verdict.held_by:
            document = read_report(
                connection,
                self.request,
                state,
                is_provisional=verdict.is_provisional,
                spool_path=self.folder / "rows.csv",
            )
        strict = judge(self.request.subject, state.sealed, is_provisional_allowed=False)
        return _Reading(
            document=document,
            state=state,
            verdict=verdict,
            basis=basis,
            is_permitted=self.request.is_provisional_allowed and bool(strict.held_by),
        )

    def _is_skipped(
        self, document: ReportDocument, formers: Mapping[ReportKey, GeneratedReport | None]
    ) -> bool:
        """True if an empty report is not published; it is, where it replaces an edition."""
        is_empty = self.request.definition.config.skip_empty and not document.rows.row_count
        return is_empty and not any(each and each.edition for each in formers.values())

    def _empty(self, key: ReportKey, begun: float, basis: str | None) -> Outcome:
        now, version = self.publisher.clock(), self.request.definition.version
        with self.connection.transaction():
            set_status(self.connection, key, "empty", version=version, now=now, basis=basis)
            report = required_report(self.connection, key)
        return Outcome(
            report=report, is_new_edition=False, location=None, seconds=time.monotonic() - begun
        )

    def _publish(
        self,
        former: GeneratedReport | None,
        key: ReportKey,
        read: tuple[ReportDocument, _Reading],
        begun: float,
    ) -> Outcome:
        document, reading = read
        signer = self.publisher.signer
        current = None if former is None else former.current_manifest()
        manifest = signed_within(document.manifest, current, signer)
        document = replace(document, manifest=manifest)
        target = self.folder / f"report.{key.format}"
        try:
            format_ = FORMATS[key.format]
            format_.refuse_report(document)
            format_.write_report(document, target)
            rows = tuple(each.rows for each in document.parts)
            rendered = RenderedFile.of(
                key,
                target,
                document.manifest,
                rows,
                reading.state.landed_through,
                database_version(self.connection),
            )
            rendered = replace(rendered, basis=reading.basis_of(key))
            report = publish(
                self.connection,
                self.publisher.store,
                rendered,
                self.publisher.clock(),
                signer,
            )
        except Exception as error:  # noqa: BLE001 - one format must not stop the others
            return self._failed(former, key, error, begun)
        finally:
            target.unlink(missing_ok=True)
        return Outcome(
            report=report,
            is_new_edition=report.edition != (former.edition if former else 0),
            location=self.publisher.store.location(report.storage_path or ""),
            seconds=time.monotonic() - begun,
        )

    def _failed(
        self,
        former: GeneratedReport | None,
        key: ReportKey,
        error: Exception,
        begun: float,
    ) -> Outcome:
        if not isinstance(error, ReportingError):
            _LOG.error("%s of %s: unexpected error", key.slug, key.period, exc_info=error)
        return self._unpublished(former, key, (type(error).__name__, str(error)), begun)

    def _unpublished(
        self,
        former: GeneratedReport | None,
        key: ReportKey,
        failure: tuple[str, str],
        begun: float,
        basis: str | None = None,
    ) -> Outcome:
        status: Literal["held", "failed"] = "held" if failure[0] == _HELD else "failed"
        now, version = self.publisher.clock(), self.request.definition.version
        with self.connection.transaction():
            set_status(
                self.connection,
                key,
                status,
                version=version,
                now=now,
                failure=failure,
                basis=basis,
            )
            report = required_report(self.connection, key)
            if former is None or (former.status, former.failure_message) != (status, failure[1]):
                change = ReportChange(kind=status, edition=report.edition, reason=failure[1])
                write_report_notice(self.connection, key, change, now)
        return Outcome(
            report=report, is_new_edition=False, location=None, seconds=time.monotonic() - begun
        )
