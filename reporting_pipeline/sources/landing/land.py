"""One landing: read what is new in the sources, merge it, date it, and queue the days it touches.

Everything happens in one transaction of the warehouse, behind a lock: a source that is down, slow
or not what the contract promises leaves the warehouse as it was.

What belongs here: the order of the steps. What does not: the steps.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql
from sqlalchemy import URL, Table

from reporting_pipeline.errors import SourceContractBroken, SourceError
from reporting_pipeline.sources import contract
from reporting_pipeline.sources.landing.dating import DATINGS, insert_dated, redate
from reporting_pipeline.sources.landing.faults import forget_faults, remember_fault
from reporting_pipeline.sources.landing.incoming import (
    Incoming,
    columns,
    incoming,
    landed,
    read_incoming,
)
from reporting_pipeline.sources.landing.snapshot import SourceSnapshot, open_snapshots
from reporting_pipeline.telemetry.metric_store import Observation, record
from reporting_pipeline.telemetry.metrics import (
    LANDED_ROWS,
    LANDING_DURATION,
    LANDING_READ_DURATION,
    LANDING_READ_ROWS,
)
from reporting_pipeline.telemetry.spans import span
from reporting_pipeline.warehouse.engine import warehouse_connection

_SQL = Path(__file__).parent
_DATED = {dating.table.key for dating in DATINGS}


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLanding:
    """What landed of one source table: rows read from it, and of them new or changed.

    Attributes:
        seconds: How long reading it took.
    """

    domain: str
    table_name: str
    read_count: int
    new_count: int
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingResult:
    """What one landing did.

    Attributes:
        tables: One item per source table, parents before children.
        touched_day_count: Pairs of report table and report day that it queued for a rebuild.
        seconds: How long it took, less its commit.
    """

    tables: tuple[TableLanding, ...]
    touched_day_count: int
    seconds: float = 0.0

    @property
    def new_count(self) -> int:
        """Rows new or changed, over all tables."""
        return sum(table.new_count for table in self.tables)

    @property
    def read_seconds(self) -> dict[str, float]:
        """How long reading each source took."""
        seconds: dict[str, float] = {}
        for table in self.tables:
            seconds[table.domain] = seconds.get(table.domain, 0.0) + table.seconds
        return seconds


def land(
    sources: Mapping[str, URL],
    warehouse: URL,
    *,
    overlap_seconds: int,
    timeout_seconds: int,
    read_all: bool = False,
) -> LandingResult:
    """Land what is new in the given sources.

    Args:
        sources: The address of each domain to land.
        warehouse: The address of the warehouse.
        overlap_seconds: How late a row may become visible under an older record clock.
        timeout_seconds: How long one statement may take in a source.
        read_all: Compare every row with the source, instead of what is new by the record clock.

    Raises:
        SourceUnavailable: A source is down or too slow.
        SourceContractBroken: A source is not what the contract promises.
        WarehouseUnavailable: The warehouse cannot be reached.
    """
    overlap = timedelta(seconds=overlap_seconds)
    try:
        with span("land"), warehouse_connection(warehouse) as connection:
            return _land(connection, sources, overlap, timeout_seconds, read_all=read_all)
    except SourceError as error:
        remember_fault(warehouse, error)
        raise


def _land(
    connection: psycopg.Connection,
    sources: Mapping[str, URL],
    overlap: timedelta,
    timeout_seconds: int,
    *,
    read_all: bool,
) -> LandingResult:
    connection.execute("select pg_advisory_xact_lock(hashtext('landing'))")
    connection.execute("set local work_mem = '64MB'")
    begun = time.monotonic()
    with (
        span("land.read", sources=", ".join(sources)),
        open_snapshots(sources, timeout_seconds=timeout_seconds) as snapshots,
    ):
        came_in = _read(connection, snapshots, overlap, read_all=read_all)
    _stand_in(connection, {each.table.key for each in came_in})
    _refuse_unknown_zones(connection)
    _remember_reads(connection, snapshots, overlap)
    touched_day_count = _merge(connection, came_in) if any(e.new_count for e in came_in) else 0
    result = LandingResult(
        tables=tuple(map(_told, came_in)),
        touched_day_count=touched_day_count,
        seconds=time.monotonic() - begun,
    )
    record(connection, list(_observations(result)))
    return result


def _observations(result: LandingResult) -> Iterator[Observation]:
    yield Observation(LANDING_DURATION, {}, result.seconds)
    for domain, seconds in result.read_seconds.items():
        yield Observation(LANDING_READ_DURATION, {"source": domain}, seconds)
    for table in result.tables:
        labels = {"source": table.domain, "table": table.table_name}
        yield Observation(LANDING_READ_ROWS, labels, table.read_count)
        yield Observation(LANDED_ROWS, labels, table.new_count)


def _read(
    connection: psycopg.Connection,
    snapshots: Mapping[str, SourceSnapshot],
    overlap: timedelta,
    *,
    read_all: bool,
) -> list[Incoming]:
    for domain, snapshot in snapshots.items():
        snapshot.refuse_broken(domain)
    return [
        read_incoming(
            connection, snapshots[table.info["domain"]], table, overlap=overlap, read_all=read_all
        )
        for table in contract.TABLES
        if table.info["domain"] in snapshots
    ]


def _merge(connection: psycopg.Connection, came_in: list[Incoming]) -> int:
    with span("land.merge", rows=sum(each.new_count for each in came_in)):
        return _merged(connection, came_in)


def _merged(connection: psycopg.Connection, came_in: list[Incoming]) -> int:
    _run(connection, "changed.sql")
    _capture(connection, "before")
    for table in contract.TABLES:
        if table.key not in _DATED:
            connection.execute(_upsert(table))
    for dating in DATINGS:
        redate(connection, dating)
        insert_dated(connection, dating)
    _analyze_changed(connection)
    _capture(connection, "after")
    _run(connection, "queue.sql")
    for each in came_in:
        _advance(connection, each.table)
    count = (
        "select count(distinct (report_table, report_day)) from touched"
        " where report_table <> 'inventory'"
    )
    [(touched_day_count,)] = connection.execute(count).fetchall()
    return int(touched_day_count)


def _capture(connection: psycopg.Connection, phase: str) -> None:
    connection.execute("select set_config('reporting.phase', %s, true)", (phase,))
    _run(connection, "capture.sql")


def _run(connection: psycopg.Connection, name: str) -> None:
    connection.execute((_SQL / name).read_bytes())


def _analyze_changed(connection: psycopg.Connection) -> None:
    # A build joins what has just been merged, before autovacuum comes by; planned without
    # statistics, a day with 1,000 scans took a minute instead of 13 ms.
    statement = (_SQL / "stale_statistics.sql").read_bytes()
    for (name,) in connection.execute(statement).fetchall():
        connection.execute(sql.SQL("analyze {}").format(sql.Identifier("landing", name)))


def _stand_in(connection: psycopg.Connection, read: set[str]) -> None:
    """Empty `incoming_...` tables for the domains that are not landed this time."""
    for table in contract.TABLES:
        if table.key not in read:
            statement = "create temporary table {} (like {}) on commit drop"
            connection.execute(sql.SQL(statement).format(incoming(table), landed(table)))


def _upsert(table: Table) -> sql.Composed:
    assignments = sql.SQL(", ").join(
        sql.SQL("{0} = excluded.{0}").format(sql.Identifier(column.name))
        for column in table.columns
        if not column.primary_key
    )
    statement = (
        "insert into {landed} ({columns}) select {columns} from {incoming}"
        " on conflict (id) do update set {assignments}"
    )
    return sql.SQL(statement).format(
        landed=landed(table),
        columns=columns(table),
        incoming=incoming(table),
        assignments=assignments,
    )


def _advance(connection: psycopg.Connection, table: Table) -> None:
    statement = (
        "insert into landing.watermarks (domain, table_name, record_clock, landed_at)"
        " select {domain}, {name}, max({clock}), now() from {incoming}"
        " having count(*) > 0"
        " on conflict (domain, table_name) do update set"
        " record_clock = greatest(watermarks.record_clock, excluded.record_clock),"
        " landed_at = excluded.landed_at"
    )
    connection.execute(
        sql.SQL(statement).format(
            domain=sql.Literal(table.info["domain"]),
            name=sql.Literal(table.name),
            clock=sql.Identifier(table.info["record_clock"]),
            incoming=incoming(table),
        )
    )


def _remember_reads(
    connection: psycopg.Connection, snapshots: Mapping[str, SourceSnapshot], overlap: timedelta
) -> None:
    """A row whose clock is older than the snapshot by the overlap was in it, or never will be."""
    statement = (
        "insert into landing.source_reads (domain, read_at, complete_through) values (%s, %s, %s)"
        " on conflict (domain) do update set"
        " read_at = greatest(source_reads.read_at, excluded.read_at),"
        " complete_through = greatest(source_reads.complete_through, excluded.complete_through)"
    )
    for domain, snapshot in snapshots.items():
        read_at = snapshot.read_at
        connection.execute(statement, (domain, read_at, read_at - overlap))
    forget_faults(connection, list(snapshots))


def _refuse_unknown_zones(connection: psycopg.Connection) -> None:
    zones = connection.execute(
        "select 'ticketing.events', id, timezone from incoming_ticketing_events"
        " union all"
        " select 'ticketing.organizations', id, timezone from incoming_ticketing_organizations"
    ).fetchall()
    for name, row_id, zone in zones:
        try:
            ZoneInfo(zone)
        except (ValueError, OSError, KeyError) as error:
            message = (
                f"source ticketing breaks the contract in {name}: row {row_id} has timezone "
                f"{zone!r}, expected an IANA name; nothing was landed"
            )
            raise SourceContractBroken(message, domain="ticketing") from error


def _told(came_in: Incoming) -> TableLanding:
    return TableLanding(
        domain=came_in.table.info["domain"],
        table_name=came_in.table.name,
        read_count=came_in.read_count,
        new_count=came_in.new_count,
        seconds=came_in.seconds,
    )
