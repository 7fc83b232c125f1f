"""One landing: reads new rows of the sources, gives them their report days and merges them.

All steps run in one transaction of the warehouse, behind a lock. If a source is down, too slow or
differs from the contract, the warehouse stays unchanged, and the fault is stored until the source
can be read again.
"""

import logging
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Protocol, cast

import psycopg
from psycopg import sql
from sqlalchemy import URL, Table

from reporting_pipeline.errors import SourceError, WarehouseUnavailable
from reporting_pipeline.sources import contract
from reporting_pipeline.sources.landing.comparison import (
    ComparedTable,
    TableComparison,
    compare_tables,
)
from reporting_pipeline.sources.landing.dated_zones import note_changed_zones
from reporting_pipeline.sources.landing.dating import DATINGS, Dating, insert_dated, redate
from reporting_pipeline.sources.landing.incoming import (
    Incoming,
    ReadExtent,
    ReadStart,
    analyze_incoming,
    columns,
    incoming,
    landed,
    read_incoming,
    read_starts,
)
from reporting_pipeline.sources.landing.index_builds import indexes_built_after
from reporting_pipeline.sources.landing.late_rows import CLOCKS_PER_LANDING
from reporting_pipeline.sources.landing.lost_rows import refuse_replaced
from reporting_pipeline.sources.landing.row_findings import note_orphaned, settle_findings
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
_LOG = logging.getLogger(__name__)
_DATED = {dating.table.key for dating in DATINGS}
# Indexes are built with much memory. What few new rows concern is looked up: it is in memory, or on
# a disk without a moving head.
_SETTINGS = """
    select
        set_config(
            'maintenance_work_mem',
            greatest(pg_size_bytes(current_setting('maintenance_work_mem')) / 1024, 262144) || 'kB',
            true
        ),
        set_config(
            'random_page_cost',
            least(current_setting('random_page_cost')::double precision, 1.1)::text,
            true
        )
"""
_HAS_LANDED = "select exists (select from landing.watermarks)"
_RECORD_FAULT = """
    insert into landing.source_faults (domain, error, message, since, last_at, try_count)
    values (%s, %s, %s, now(), now(), 1)
    on conflict (domain) do update set
        error = excluded.error,
        message = excluded.message,
        since = case
            when source_faults.error = excluded.error then source_faults.since
            else excluded.since
        end,
        last_at = excluded.last_at,
        try_count = source_faults.try_count + 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLanding:
    """The landing of one source table.

    Attributes:
        read_count: Rows read from the source.
        new_count: Rows among them that are new or changed.
        seconds: Duration of reading the table.
    """

    domain: str
    table_name: str
    read_count: int
    new_count: int
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingResult:
    """The result of a landing.

    Attributes:
        tables: One item per source table, parents before children.
        touched_day_count: Pairs of report table and report day that the listener queued.
        seconds: Duration of the landing without its commit.
        comparisons: One item per table of which older rows were compared with the source.
    """

    tables: tuple[TableLanding, ...]
    touched_day_count: int
    seconds: float = 0.0
    comparisons: tuple[TableComparison, ...] = ()

    @property
    def new_count(self) -> int:
        """Number of new or changed rows, over all tables."""
        return sum(table.new_count for table in self.tables)

    @property
    def read_seconds(self) -> dict[str, float]:
        """Seconds of reading, by source domain."""
        seconds: dict[str, float] = {}
        for table in self.tables:
            seconds[table.domain] = seconds.get(table.domain, 0.0) + table.seconds
        return seconds


class MergeListener(Protocol):
    """Reads new rows in the transaction that lands them. An error rolls the landing back.

    Both calls see temporary tables, dropped at the end of the transaction:
        incoming_<domain>_<table>  new and changed rows of a source table, as they are in the source
        redated_events, redated_orders, redated_transactions
                                   ids whose rows can move to another report day
    """

    def before_merge(self, connection: psycopg.Connection) -> None:
        """The schema `landing` still has the former rows."""

    def after_merge(self, connection: psycopg.Connection) -> int:
        """The schema `landing` has the new rows.

        Returns:
            How many days of tables the listener has queued.
        """


def land(  # noqa: PLR0913 - each is a setting of its own
    sources: Mapping[str, URL],
    warehouse: URL,
    *,
    listener: MergeListener,
    overlap_seconds: int,
    timeout_seconds: int,
    read_all: bool = False,
    clock_count: int = CLOCKS_PER_LANDING,
    compared_count: int = 0,
    despite_losses: bool = False,
) -> LandingResult:
    """Land the new rows of some sources.

    Args:
        sources: The address of each domain to land.
        warehouse: The address of the warehouse.
        listener: Reads the new rows in the transaction of the landing, such as `TouchedDays`.
        overlap_seconds: How late a row can become visible under an older record clock.
        timeout_seconds: How long one statement can take in a source.
        read_all: Compare every row with the source, not only those that are new by the clock.
        clock_count: About how many record clocks to compare with the sources, in rotation, to find
            rows that are older than the overlap too.
        compared_count: About how many older rows to compare with the sources, in rotation.
        despite_losses: Land also if a source lacks most of the rows that were landed from it.

    Raises:
        SourceUnavailable: A source is down or too slow.
        SourceContractBroken: A source differs from the contract.
        SourceReplaced: A source lacks most of the rows that were landed from it.
        WarehouseUnavailable: The warehouse cannot be reached.
    """
    extent = ReadExtent(
        overlap=timedelta(seconds=overlap_seconds),
        read_all=read_all,
        clock_count=clock_count,
        compared_count=compared_count,
        despite_losses=despite_losses,
    )
    try:
        with span("land"), warehouse_connection(warehouse) as connection:
            return _land(connection, sources, extent, timeout_seconds, listener=listener)
    except SourceError as error:
        record_fault(warehouse, error)
        raise


def record_fault(warehouse: URL, error: SourceError) -> None:
    """Store that a source could not be landed, in a transaction of its own.

    If the warehouse cannot be reached either, this is only logged: the caller gets the error of the
    source.
    """
    domain = error.facts.get("domain")
    try:
        with warehouse_connection(warehouse) as connection:
            connection.execute(_RECORD_FAULT, (domain, type(error).__name__, error.message))
    except (WarehouseUnavailable, psycopg.Error):
        _LOG.exception("the fault of source %s could not be stored", domain)


def clear_faults(connection: psycopg.Connection, domains: list[str]) -> None:
    """Delete the faults of sources that were read, in the transaction of the landing."""
    connection.execute("delete from landing.source_faults where domain = any(%s)", (domains,))


def _land(
    connection: psycopg.Connection,
    sources: Mapping[str, URL],
    extent: ReadExtent,
    timeout_seconds: int,
    *,
    listener: MergeListener,
) -> LandingResult:
    connection.execute("select pg_advisory_xact_lock(hashtext('landing'))")
    connection.execute("set local work_mem = '64MB'")
    connection.execute("set local default_statistics_target = 25")
    connection.execute(_SETTINGS)
    # Rows are kept and compared as text: instants must have one form.
    connection.execute("set local timezone = 'UTC'; set local datestyle = 'ISO'")
    begun = time.monotonic()
    with (
        span("land.read", sources=", ".join(sources)),
        open_snapshots(
            sources, timeout_seconds=timeout_seconds, clock=partial(_present, connection)
        ) as snapshots,
    ):
        present = _present_columns(snapshots)
        if not extent.despite_losses:
            _refuse_replaced(connection, snapshots, present)
        starts = read_starts(connection, snapshots, present, extent)
        comparisons = _compare(connection, snapshots, present, starts, extent.compared_count)
        suspects = {f"{each.domain}.{each.table_name}": each.suspects for each in comparisons}
        tables = [
            read_incoming(
                connection,
                snapshots[table.info["domain"]],
                table,
                present[table.key],
                start=starts[table.key],
                suspects=suspects.get(table.key, ()),
            )
            for table in contract.TABLES
            if table.key in present
        ]
    _create_missing_incoming(connection, {each.table.key for each in tables})
    _record_reads(connection, snapshots, extent.overlap)
    touched_day_count = _merge(connection, tables, snapshots, listener)
    landed_names = {table.key: landed(table) for table in contract.TABLES}
    for each in tables:
        note_orphaned(connection, each.table, incoming(each.table), landed_names)
    settle_findings(connection, {each.table: landed(each.table) for each in tables})
    _record_optional_columns(connection, tables)
    result = LandingResult(
        tables=tuple(map(_table_landing, tables)),
        touched_day_count=touched_day_count,
        seconds=time.monotonic() - begun,
        comparisons=comparisons,
    )
    record(connection, list(_observations(result)))
    return result


def _present(connection: psycopg.Connection) -> datetime:
    """The time now by the clock of the warehouse."""
    [(present,)] = connection.execute("select clock_timestamp()").fetchall()
    return cast("datetime", present)


def _observations(result: LandingResult) -> Iterator[Observation]:
    yield Observation(LANDING_DURATION, {}, result.seconds)
    for domain, seconds in result.read_seconds.items():
        yield Observation(LANDING_READ_DURATION, {"source": domain}, seconds)
    for table in result.tables:
        labels = {"source": table.domain, "table": table.table_name}
        yield Observation(LANDING_READ_ROWS, labels, table.read_count)
        yield Observation(LANDED_ROWS, labels, table.new_count)


def _present_columns(snapshots: Mapping[str, SourceSnapshot]) -> dict[str, tuple[str, ...]]:
    """The contract's columns that each source table has."""
    present: dict[str, tuple[str, ...]] = {}
    for domain, snapshot in snapshots.items():
        present |= snapshot.present_columns(domain)
    return present


def _refuse_replaced(
    connection: psycopg.Connection,
    snapshots: Mapping[str, SourceSnapshot],
    present: Mapping[str, tuple[str, ...]],
) -> None:
    for domain, snapshot in snapshots.items():
        tables = [
            (table, landed(table)) for table in contract.tables_of(domain) if table.key in present
        ]
        refuse_replaced(connection, snapshot, domain, tables)


def _compare(
    connection: psycopg.Connection,
    snapshots: Mapping[str, SourceSnapshot],
    present: Mapping[str, tuple[str, ...]],
    starts: Mapping[str, ReadStart],
    row_count: int,
) -> tuple[TableComparison, ...]:
    """Compare landed rows with the sources, except in tables of which all rows are read."""
    if row_count == 0:
        return ()
    tables = [
        ComparedTable(
            table=table,
            snapshot=snapshots[table.info["domain"]],
            landed=landed(table),
            columns=present[table.key],
            since=since,
        )
        for table in contract.TABLES
        if table.key in starts and (since := starts[table.key].since) is not None
    ]
    with span("land.compare", rows=row_count):
        return tuple(compare_tables(connection, tables, row_count))


def _merge(
    connection: psycopg.Connection,
    tables: list[Incoming],
    snapshots: Mapping[str, SourceSnapshot],
    listener: MergeListener,
) -> int:
    has_changed_zones = note_changed_zones(connection)
    if not has_changed_zones and not any(each.new_count for each in tables):
        return 0
    with span("land.merge", rows=sum(each.new_count for each in tables)):
        touched_day_count = _merge_tables(connection, tables, listener)
    for each in tables:
        present_at = snapshots[each.table.info["domain"]].present_at
        _advance_watermark(connection, each.table, present_at)
    return touched_day_count


def _merge_tables(
    connection: psycopg.Connection, tables: list[Incoming], listener: MergeListener
) -> int:
    if connection.execute(_HAS_LANDED).fetchone() == (True,):
        for each in tables:
            analyze_incoming(connection, each.table)
    else:
        # A month of a new table is a small part of it: its statistics can be coarser.
        connection.execute("set local default_statistics_target = 10")
    _run_sql(connection, "redated.sql")
    listener.before_merge(connection)
    read = {each.table.key: each for each in tables}
    for table in contract.TABLES:
        if table.key not in _DATED:
            _merge_undated(connection, table, read.get(table.key))
    analyzed = _analyze_changed(connection)  # the others are dated by these
    for dating in DATINGS:
        _merge_dated(connection, dating, read.get(dating.table.key))
    _analyze_changed(connection, besides=analyzed)
    return listener.after_merge(connection)


def _merge_undated(connection: psycopg.Connection, table: Table, read: Incoming | None) -> None:
    if read is not None and read.is_first:
        with indexes_built_after(connection, landed(table), read.new_count):
            connection.execute(_insert(table))
    else:
        connection.execute(_upsert(table))


def _merge_dated(connection: psycopg.Connection, dating: Dating, read: Incoming | None) -> None:
    redate(connection, dating)
    if read is not None and read.completed_count:
        connection.execute(_delete_incoming(dating.table))
    if read is not None and read.is_first:
        with indexes_built_after(connection, landed(dating.table), read.new_count):
            insert_dated(connection, dating)
    else:
        insert_dated(connection, dating)


def _run_sql(connection: psycopg.Connection, name: str) -> None:
    connection.execute((_SQL / name).read_bytes())


def _analyze_changed(
    connection: psycopg.Connection, *, besides: Collection[str] = ()
) -> frozenset[str]:
    """Take the statistics of landed tables that have changed, besides some; return their names."""
    # A build joins the merged rows before autovacuum has analyzed them; planned without statistics,
    # a day with 1,000 scans took a minute instead of 13 ms.
    statement = (_SQL / "stale_statistics.sql").read_bytes()
    stale = {name for (name,) in connection.execute(statement).fetchall()}
    for name in sorted(stale.difference(besides)):
        connection.execute(sql.SQL("analyze {}").format(sql.Identifier("landing", name)))
    return frozenset(stale)


def _create_missing_incoming(connection: psycopg.Connection, read: set[str]) -> None:
    """Create empty `incoming_...` tables for the domains that are not landed this time."""
    for table in contract.TABLES:
        if table.key not in read:
            statement = "create temporary table {} (like {}) on commit drop"
            connection.execute(sql.SQL(statement).format(incoming(table), landed(table)))


def _insert(table: Table) -> sql.Composed:
    statement = "insert into {landed} ({columns}) select {columns} from {incoming}"
    return sql.SQL(statement).format(
        landed=landed(table), columns=columns(table), incoming=incoming(table)
    )


def _upsert(table: Table) -> sql.Composed:
    assignments = sql.SQL(", ").join(
        sql.SQL("{0} = excluded.{0}").format(sql.Identifier(column.name))
        for column in table.columns
        if not column.primary_key
    )
    on_conflict = sql.SQL(" on conflict (id) do update set {}").format(assignments)
    return _insert(table) + on_conflict


def _delete_incoming(table: Table) -> sql.Composed:
    statement = "delete from {} as landed using {} as incoming where landed.id = incoming.id"
    return sql.SQL(statement).format(landed(table), incoming(table))


def _advance_watermark(connection: psycopg.Connection, table: Table, present_at: datetime) -> None:
    """Store the newest landed record clock; those ahead of the present do not count."""
    statement = (
        "insert into landing.watermarks (domain, table_name, record_clock, landed_at)"
        " select {domain}, {name}, max({clock}), now() from {incoming} where {clock} <= {present}"
        " having count(*) > 0"
        " on conflict (domain, table_name) do update set record_clock ="
        " greatest(least(watermarks.record_clock, {present}), excluded.record_clock),"
        " landed_at = excluded.landed_at"
    )
    connection.execute(
        sql.SQL(statement).format(
            domain=sql.Literal(table.info["domain"]),
            name=sql.Literal(table.name),
            clock=sql.Identifier(table.info["record_clock"]),
            present=sql.Literal(present_at),
            incoming=incoming(table),
        )
    )


def _record_reads(
    connection: psycopg.Connection, snapshots: Mapping[str, SourceSnapshot], overlap: timedelta
) -> None:
    """Store that each source is complete through its snapshot's time minus the overlap.

    A source's clock that is ahead of the warehouse's moves nothing beyond the present. What an
    earlier clock of the warehouse has moved beyond it heals.
    """
    statement = (
        "insert into landing.source_reads"
        " (domain, read_at, complete_through, clock_ahead_seconds) values (%s, %s, %s, %s)"
        " on conflict (domain) do update set"
        " read_at = excluded.read_at,"
        " complete_through = greatest("
        "   least(source_reads.complete_through, excluded.read_at), excluded.complete_through"
        " ),"
        " clock_ahead_seconds = excluded.clock_ahead_seconds"
    )
    for domain, snapshot in snapshots.items():
        ahead = snapshot.clock_ahead.total_seconds()
        through = snapshot.present_at - overlap
        connection.execute(statement, (domain, snapshot.opened_at, through, ahead))
    clear_faults(connection, list(snapshots))


def _record_optional_columns(connection: psycopg.Connection, tables: list[Incoming]) -> None:
    """Store which optional columns each source has, so that a new one is read in all rows."""
    for each in tables:
        connection.execute(
            "update landing.watermarks set optional_columns = %(columns)s"
            " where domain = %(domain)s and table_name = %(table)s"
            " and optional_columns <> %(columns)s",
            {
                "columns": each.optional_columns,
                "domain": each.table.info["domain"],
                "table": each.table.name,
            },
        )


def _table_landing(incoming_table: Incoming) -> TableLanding:
    return TableLanding(
        domain=incoming_table.table.info["domain"],
        table_name=incoming_table.table.name,
        read_count=incoming_table.read_count,
        new_count=incoming_table.new_count,
        seconds=incoming_table.seconds,
    )
