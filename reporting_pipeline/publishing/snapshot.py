"""Reads one report from the warehouse: its rows, totals, seals and names, all in one snapshot."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg import Connection, IsolationLevel, sql
from psycopg.rows import dict_row
from sqlalchemy import URL

from reporting_pipeline.checks.seals import SealedPeriod, SealScope, seals_of
from reporting_pipeline.domain.period import Period
from reporting_pipeline.errors import WarehouseUnavailable
from reporting_pipeline.exports.manifest import (
    ColumnPart,
    DefinitionPart,
    EventPart,
    Manifest,
    OrganizationPart,
    PeriodPart,
    TotalPart,
)
from reporting_pipeline.exports.report_document import NO_ROWS, Chart, ReportDocument
from reporting_pipeline.exports.row_spool import RowSpool, psycopg_statement, spool_rows
from reporting_pipeline.publishing.gate import accepted_parts, seal_parts, watermark_parts
from reporting_pipeline.registry.columns import ColumnKind
from reporting_pipeline.registry.datasets import dataset
from reporting_pipeline.registry.report_tables import LOGIC_VERSION
from reporting_pipeline.report_definitions.balances import depends_on_history
from reporting_pipeline.report_definitions.compile import (
    CompiledReport,
    ReportColumn,
    compile_report,
)
from reporting_pipeline.report_definitions.definition import ReportDefinition
from reporting_pipeline.report_definitions.filters import allowed_values
from reporting_pipeline.warehouse.engine import warehouse_connection


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRequest:
    """The report that is requested.

    Attributes:
        definition: The definition, in one version.
        is_provisional_allowed: A financial report over held days is published with the stamp
            PROVISIONAL.
    """

    definition: ReportDefinition
    period: Period
    is_provisional_allowed: bool = False


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
def report_snapshot(warehouse: URL) -> Iterator[Connection[Any]]:
    """A connection that reads one snapshot of the warehouse, and cannot write.

    Raises:
        WarehouseUnavailable: The warehouse cannot be reached, or fails meanwhile.
    """
    try:
        with warehouse_connection(warehouse) as connection, snapshot_of(connection):
            yield connection
    except psycopg.OperationalError as error:
        message = (
            f"the warehouse at {warehouse.host}:{warehouse.port}/{warehouse.database} failed while "
            f"a report was read: {error}; request the report again"
        )
        raise WarehouseUnavailable(message) from error


@contextmanager
def snapshot_of(connection: Connection[Any]) -> Iterator[None]:
    """Let a connection outside a transaction read one snapshot of the warehouse, read-only."""
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    try:
        with connection.transaction():
            yield
    finally:
        if not connection.closed:
            connection.isolation_level = None
            connection.read_only = None


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
    source = dataset(definition.config.dataset)
    return SealScope(
        organization_id=definition.organization_id,
        first=None if depends_on_history(definition.config) else period.first,
        end=period.end,
        report_tables=source.depends_on,
        event_ids=(period.event_id,) if period.event_id else _events_of(definition),
    )


def _events_of(definition: ReportDefinition) -> tuple[UUID, ...] | None:
    """The events that the definition's filters allow; None if they allow any."""
    allowed = allowed_values(definition.config.filters, "event_id")
    return None if allowed is None else tuple(UUID(str(each)) for each in sorted(allowed))


def read_report(
    connection: Connection[Any],
    request: ReportRequest,
    state: ReportState,
    *,
    is_provisional: bool,
    spool_path: Path,
) -> ReportDocument:
    """Read a report: its rows into a new file `spool_path`, the rest into the document.

    Raises:
        DefinitionInvalid: The definition uses something that its dataset does not have.
        ExportIncomplete: The rows differ from those of the snapshot.
    """
    config = request.definition.config
    report = compile_report(config, request.definition.organization_id, request.period)
    rows = spool_rows(connection, report, spool_path)
    chart = Chart(x=config.chart.x, y=config.chart.y) if config.chart else None
    return ReportDocument(
        title=request.definition.name,
        manifest=_manifest(connection, request, state, report, rows).model_copy(
            update={"is_provisional": is_provisional}
        ),
        rows=rows,
        currency=report.currency,
        notes=() if rows.row_count else (NO_ROWS,),
        time_zone=config.time_zone,
        locale=config.locale,
        csv_profile=config.csv_profile,
        has_totals=config.totals,
        chart=chart,
    )


def _manifest(
    connection: Connection[Any],
    request: ReportRequest,
    state: ReportState,
    report: CompiledReport,
    rows: RowSpool,
) -> Manifest:
    definition, period = request.definition, request.period
    organization_id = definition.organization_id
    name = _name(connection, "ticketing_organizations", organization_id) or str(organization_id)
    return Manifest(
        definition=DefinitionPart(
            id=definition.id,
            slug=definition.slug,
            name=definition.name,
            version=definition.version,
            category=definition.category,
            dataset=definition.config.dataset,
        ),
        organization=OrganizationPart(id=organization_id, name=name),
        period=PeriodPart(
            first=period.first, end=period.end, event_id=period.event_id, token=period.token
        ),
        logic_version=LOGIC_VERSION,
        time_zone=definition.config.time_zone,
        locale=definition.config.locale,
        csv_profile=definition.config.csv_profile,
        filters=(*_event_filter(connection, period), *report.filters),
        columns=tuple(map(_column_part, report.columns)),
        row_key=report.key,
        row_count=rows.row_count,
        rows_sha256=rows.sha256,
        totals=_totals(connection, report),
        watermarks=watermark_parts(state.sealed) if state.sealed else (),
        seals=seal_parts(state.sealed) if state.sealed else (),
        accepted_breaks=accepted_parts(state.sealed) if state.sealed else (),
        is_provisional=False,
        event=_event(connection, period),
    )


def _column_part(column: ReportColumn) -> ColumnPart:
    return ColumnPart(
        name=column.name,
        header=column.header,
        type=column.column.type,
        unit=column.column.unit,
        kind=column.column.kind_in_files,
    )


def _totals(connection: Connection[Any], report: CompiledReport) -> tuple[TotalPart, ...]:
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


def _event_filter(connection: Connection[Any], period: Period) -> tuple[str, ...]:
    if period.event_id is None:
        return ()
    name = _name(connection, "ticketing_events", period.event_id)
    return (f"Event is {name or period.event_id}",)


def _event(connection: Connection[Any], period: Period) -> EventPart | None:
    """What people know of the period's event."""
    statement = """
        select
            event_name as name, event_start as start, event_end as end, event_status as status,
            venue_name as venue, venue_city as city
        from intermediate.int_ticketing__named_events
        where event_id = %s
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(statement, (period.event_id,)).fetchone()
    return None if found is None else EventPart(**found)


def _name(connection: Connection[Any], table: str, row_id: UUID) -> str | None:
    statement = sql.SQL("select name from {} where id = %s").format(
        sql.Identifier("landing", table)
    )
    found = connection.execute(statement, (row_id,)).fetchone()
    return None if found is None else str(found[0])
