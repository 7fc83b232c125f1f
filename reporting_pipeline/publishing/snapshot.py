"""Reads one report from the warehouse: its rows, totals, seals and names, all in one snapshot."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import psycopg
from psycopg import Connection, IsolationLevel, sql
from psycopg.rows import dict_row
from sqlalchemy import URL

from reporting_pipeline.checks.device_findings import clock_note
from reporting_pipeline.checks.seals import SealedPeriod, SealScope, seals_of
from reporting_pipeline.domain.period import Period
from reporting_pipeline.errors import FigureTooLarge
from reporting_pipeline.exports.manifest import (
    BlockPart,
    ColumnPart,
    DefinitionPart,
    EventPart,
    Manifest,
    OrganizationPart,
    PeriodPart,
    TermPart,
    TotalPart,
)
from reporting_pipeline.exports.report_document import NO_ROWS, Chart, ReportDocument
from reporting_pipeline.exports.row_spool import RowSpool, psycopg_statement, spool_rows
from reporting_pipeline.languages import shown_finding, translated
from reporting_pipeline.publishing.gate import (
    Subject,
    accepted_parts,
    seal_parts,
    watermark_parts,
)
from reporting_pipeline.publishing.shown_offsets import shown_offsets
from reporting_pipeline.registry.columns import ColumnKind
from reporting_pipeline.registry.datasets import dataset
from reporting_pipeline.registry.report_tables import LOGIC_VERSION
from reporting_pipeline.report_definitions.balances import depends_on_history
from reporting_pipeline.report_definitions.compile import (
    CompiledReport,
    compile_report,
)
from reporting_pipeline.report_definitions.config import ReportConfig
from reporting_pipeline.report_definitions.definition import ReportDefinition
from reporting_pipeline.report_definitions.filters import allowed_values
from reporting_pipeline.report_definitions.wording import in_language, shown_text
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline.warehouse.tenancy import tenant_transaction

# The report tables with figures of scans.
_WITH_SCANS = frozenset(
    {
        "report_attendance_daily",
        "report_attendance_quarter_hourly",
        "report_occupancy_daily",
        "report_event_summary",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRequest:
    """The report that is requested.

    Attributes:
        definition: The definition, in one version.
        is_provisional_allowed: A held report is published with the stamp PROVISIONAL.
    """

    definition: ReportDefinition
    period: Period
    is_provisional_allowed: bool = False

    @property
    def subject(self) -> Subject:
        """The facts by which the gate judges the report."""
        return Subject.of(self.definition.category, self.definition.config.datasets)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportState:
    """The state of the data that a report depends on, before its rows are read.

    Attributes:
        sealed: The seals of its days; None if it depends on no report day.
        landed_through: The greatest record clock landed of any source table; None if nothing has
            landed.
    """

    sealed: SealedPeriod | None
    landed_through: datetime | None


@contextmanager
def report_snapshot(warehouse: URL, organization_id: UUID) -> Iterator[Connection[Any]]:
    """A connection that reads one snapshot of an organisation's rows, and cannot write.

    Raises:
        WarehouseUnavailable: The warehouse cannot be reached, or fails meanwhile.
    """
    with (
        warehouse_connection(warehouse) as connection,
        tenant_snapshot(connection, organization_id),
    ):
        yield connection


@contextmanager
def tenant_snapshot(connection: Connection[Any], organization_id: UUID) -> Iterator[None]:
    """Let a connection outside a transaction read one snapshot of an organisation's rows.

    Raises:
        FigureTooLarge: A sum of the rows that are read leaves 64 bits.
    """
    level = IsolationLevel.REPEATABLE_READ
    with _sums_fit(), tenant_transaction(connection, organization_id, isolation_level=level):
        yield


@contextmanager
def platform_snapshot(connection: Connection[Any]) -> Iterator[None]:
    """Let a connection outside a transaction read one snapshot of all organisations, read-only.

    For what compares many reports at once, or checks the whole books; reports are never read so.

    Raises:
        FigureTooLarge: A sum of the rows that are read leaves 64 bits.
    """
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    try:
        with _sums_fit(), connection.transaction():
            yield
    finally:
        if not connection.closed:
            connection.isolation_level = None
            connection.read_only = None


@contextmanager
def _sums_fit() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.NumericValueOutOfRange as error:
        message = (
            "a sum of the report leaves 64 bits, so the report was not published: "
            f"{str(error).strip().partition(chr(10))[0]}; take a shorter period, or correct the "
            "amounts of its rows upstream"
        )
        raise FigureTooLarge(message) from error


def report_state(
    connection: Connection[Any], request: ReportRequest, *, delay_seconds: int
) -> ReportState:
    """The seals of the days that a report depends on, and how far the sources have landed."""
    scope = seal_scope(request)
    sealed = None
    if scope.report_tables:
        sealed = seals_of(connection, scope, delay_seconds=delay_seconds)
    clocks = connection.execute("select max(record_clock) from landing.watermarks").fetchone()
    return ReportState(sealed=sealed, landed_through=clocks[0] if clocks else None)


def seal_scope(request: ReportRequest) -> SealScope:
    """The days, tables and events that a report depends on.

    A balance depends on all days up to the last one; other figures only on the days of the period.
    """
    definition, period = request.definition, request.period
    sources = map(dataset, definition.config.datasets)
    return SealScope(
        organization_id=definition.organization_id,
        first=None if depends_on_history(definition.config) else period.first,
        end=period.end,
        report_tables=tuple(dict.fromkeys(table for each in sources for table in each.depends_on)),
        event_ids=(period.event_id,) if period.event_id else _events_of(definition),
        are_breaks_objections=request.subject.is_reconciled,
    )


def _events_of(definition: ReportDefinition) -> tuple[UUID, ...] | None:
    """The events that the definition's filters allow; None if a block allows any."""
    allowed = [allowed_values(each.filters, "event_id") for each in definition.config.parts]
    if any(each is None for each in allowed):
        return None
    return tuple(UUID(str(each)) for each in sorted({v for each in allowed for v in each or ()}))


def read_report(
    connection: Connection[Any],
    request: ReportRequest,
    state: ReportState,
    *,
    is_provisional: bool,
    spool_path: Path,
) -> ReportDocument:
    """Read a report: its rows into a new file `spool_path`, the rest into the document.

    A report of an event has a note if wrong clocks have dated scans outside the days of the event.

    Raises:
        DefinitionInvalid: The definition uses something that its dataset does not have.
        ExportIncomplete: The rows differ from those of the snapshot.
    """
    config = request.definition.config
    paths = [spool_path.with_name(f"{n}.{spool_path.name}") for n in range(len(config.parts))]
    parts = [
        _read_rows(connection, request, part, path)
        for part, path in zip(config.parts, paths, strict=True)
    ]
    manifest = _manifest(connection, request, state, parts).model_copy(
        update={"is_provisional": is_provisional}
    )
    notes = _clock_notes(connection, request)
    if not config.blocks:
        [(report, rows, _)] = parts
        document = _document(manifest.definition.name, config, manifest, (report, rows))
        return replace(document, notes=(*document.notes, *notes))
    blocks = tuple(
        _document(shown_text(block.title, request.definition), each, of_block, (report, rows))
        for block, each, of_block, (report, rows, _) in zip(
            config.blocks, config.parts, manifest.parts, parts, strict=True
        )
    )
    row_count = sum(each.rows.row_count for each in blocks)
    return replace(
        blocks[0],
        title=manifest.definition.name,
        manifest=manifest,
        rows=replace(
            blocks[0].rows,
            path=spool_path,
            columns=(),
            row_count=row_count,
            byte_count=sum(each.rows.byte_count for each in blocks),
            sha256=manifest.rows_sha256,
        ),
        currency=None,
        notes=(*(() if row_count else (translated(NO_ROWS, config.locale),)), *notes),
        has_totals=False,
        chart=None,
        blocks=blocks,
    )


_Rows: TypeAlias = tuple[CompiledReport, RowSpool, tuple[TotalPart, ...]]


def _read_rows(
    connection: Connection[Any], request: ReportRequest, config: ReportConfig, path: Path
) -> _Rows:
    report = compile_report(config, request.definition.organization_id, request.period)
    report = in_language(report, request.definition)
    rows = spool_rows(connection, report, path)
    return report, rows, total_parts(connection, report)


def _document(
    title: str, config: ReportConfig, manifest: Manifest, read: tuple[CompiledReport, RowSpool]
) -> ReportDocument:
    report, rows = read
    return ReportDocument(
        title=title,
        manifest=manifest,
        rows=rows,
        currency=report.currency,
        notes=() if rows.row_count else (translated(NO_ROWS, config.locale),),
        time_zone=config.time_zone,
        locale=config.locale,
        csv_profile=config.csv_profile,
        has_totals=config.totals,
        chart=Chart(x=config.chart.x, y=config.chart.y) if config.chart else None,
    )


def _clock_notes(connection: Connection[Any], request: ReportRequest) -> tuple[str, ...]:
    period = request.period
    sources = map(dataset, request.definition.config.datasets)
    tables = {table for each in sources for table in each.depends_on}
    if period.event_id is None or tables.isdisjoint(_WITH_SCANS):
        return ()
    note = clock_note(connection, period.event_id, end=period.end)
    return () if note is None else (shown_finding(note, request.definition.config.locale),)


def _manifest(
    connection: Connection[Any],
    request: ReportRequest,
    state: ReportState,
    parts: Sequence[_Rows],
) -> Manifest:
    definition, period = request.definition, request.period
    event = _event(connection, request)
    of_event = _event_filter(period, event, definition.config.locale)
    blocks = _blocks(request, of_event, parts)
    report, rows, totals = parts[0]
    organization_id = definition.organization_id
    name = _name(connection, "ticketing_organizations", organization_id) or str(organization_id)
    return Manifest(
        definition=DefinitionPart(
            id=definition.id,
            slug=definition.slug,
            name=shown_text(definition.name, definition),
            version=definition.version,
            category=definition.category,
            dataset=", ".join(definition.config.datasets),
        ),
        organization=OrganizationPart(id=organization_id, name=name),
        period=PeriodPart(
            first=period.first, end=period.end, event_id=period.event_id, token=period.token
        ),
        logic_version=LOGIC_VERSION,
        time_zone=definition.config.time_zone,
        time_offsets=shown_offsets(
            connection, definition.config.time_zone, [each for _, each, _ in parts]
        ),
        locale=definition.config.locale,
        csv_profile=definition.config.csv_profile,
        filters=of_event if blocks else (*of_event, *report.filters),
        columns=() if blocks else tuple(map(ColumnPart.of, report.columns)),
        row_key=() if blocks else report.key,
        row_count=sum(each.row_count for each in blocks) if blocks else rows.row_count,
        rows_sha256=Manifest.digest_of_blocks(each.rows_sha256 for each in blocks)
        if blocks
        else rows.sha256,
        totals=() if blocks else totals,
        watermarks=watermark_parts(state.sealed) if state.sealed else (),
        seals=seal_parts(state.sealed) if state.sealed else (),
        accepted_breaks=accepted_parts(state.sealed) if state.sealed else (),
        is_provisional=False,
        event=event,
        signatures=tuple(shown_text(each, definition) for each in definition.config.signatures),
        terms=tuple(
            TermPart(
                term=shown_text(each.term, definition),
                meaning=shown_text(each.meaning, definition),
            )
            for each in definition.config.terms
        ),
        blocks=blocks,
    )


def _blocks(
    request: ReportRequest, of_event: tuple[str, ...], parts: Sequence[_Rows]
) -> tuple[BlockPart, ...]:
    blocks = request.definition.config.blocks
    return tuple(
        BlockPart(
            name=block.name,
            title=shown_text(block.title, request.definition),
            dataset=block.dataset,
            filters=(*of_event, *report.filters),
            columns=tuple(map(ColumnPart.of, report.columns)),
            row_key=report.key,
            row_count=rows.row_count,
            rows_sha256=rows.sha256,
            totals=totals,
        )
        for block, (report, rows, totals) in zip(blocks, parts if blocks else (), strict=True)
    )


def total_parts(connection: Connection[Any], report: CompiledReport) -> tuple[TotalPart, ...]:
    """The totals of a report by currency; none if it shows no measure."""
    if report.totals is None:
        return ()
    statement, parameters = psycopg_statement(report.totals)
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(statement.encode(), parameters).fetchall()
    ratios = {each.name for each in report.columns if each.column.kind is ColumnKind.RATIO}
    return tuple(_total_part(row, ratios) for row in found)


def _total_part(row: dict[str, Any], ratios: set[str]) -> TotalPart:
    currency = row.pop("currency")
    known = {name: value for name, value in row.items() if value is not None}
    return TotalPart(
        currency=currency,
        values={name: int(value) for name, value in known.items() if name not in ratios},
        ratios={name: str(value) for name, value in known.items() if name in ratios},
    )


def _event_filter(period: Period, event: EventPart | None, locale: str) -> tuple[str, ...]:
    if period.event_id is None:
        return ()
    name = event.name if event else period.event_id
    return (translated("Event is {name}", locale, name=name),)


def _event(connection: Connection[Any], request: ReportRequest) -> EventPart | None:
    """The facts of the period's event that the organisation knows; none of another's event."""
    statement = """
        select
            event_name as name, event_start as start, event_end as end, event_status as status,
            venue_name as venue, venue_city as city
        from intermediate.int_ticketing__named_events as named
        where
            event_id = %(event_id)s
            and (
                organization_id = %(organization_id)s
                or exists (
                    select from intermediate.int_ticketing__former_events as former
                    where
                        former.event_id = named.event_id
                        and former.organization_id = %(organization_id)s
                )
                or not exists (
                    select from landing.ticketing_organizations where id = %(organization_id)s
                )
            )
    """
    bound = {
        "event_id": request.period.event_id,
        "organization_id": request.definition.organization_id,
    }
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(statement, bound).fetchone()
    return None if found is None else EventPart(**found)


def _name(connection: Connection[Any], table: str, row_id: UUID) -> str | None:
    statement = sql.SQL("select name from {} where id = %s").format(
        sql.Identifier("landing", table)
    )
    found = connection.execute(statement, (row_id,)).fetchone()
    return None if found is None else str(found[0])
