"""Queues the report days that new rows touch, in the transaction that lands them.

Which days a report has to rebuild is SQL beside its model, in `dbt_project/models/reports`:

    all_reports.changed_keys.sql  keys that several reports read; runs once, before the merge
    all_reports.landed_rows.sql   landed rows of these keys; runs before the merge and after it
    <report>.changed_keys.sql     keys and views that only this report reads; the same
    <report>.touched_days.sql     the touched days; runs before the merge and after it, because a
                                  row can leave one day and enter another
    <report>.counted_once.sql     things that a report counts on one day only, such as a ticket's
                                  admission; if another row or day counts, both days are touched
    <report>.touched_after.sql    days that follow from the touched days of all tables; runs last

The last three are one query each, with the columns `organization_id`, `event_id` and `report_day`;
`counted_once` also has `id`, the thing, and `counted`, the row that counts it. They read the tables
of `landing` and the temporary tables that `sources.landing.land.MergeListener` describes.
"""

from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql

from reporting_pipeline.building.dbt import PROJECT
from reporting_pipeline.building.relations import queue_landed_days
from reporting_pipeline.registry.report_tables import REPORT_TABLES

_FOLDER = PROJECT / "models" / "reports"
_CREATE = """
    create temporary table touched (
        report_table text not null,
        organization_id uuid,
        event_id uuid,
        report_day date not null
    ) on commit drop;
    create temporary table counted_once (
        phase text not null,
        report_table text not null,
        id text not null,
        counted text not null,
        organization_id uuid,
        event_id uuid,
        report_day date not null
    ) on commit drop
"""
_ADD_TOUCHED = """
    insert into touched (report_table, organization_id, event_id, report_day)
    select {table}, found.organization_id, found.event_id, found.report_day from (
"""
_ADD_COUNTED = """
    insert into counted_once
        (phase, report_table, id, counted, organization_id, event_id, report_day)
    select {phase}, {table}, found.id, found.counted, found.organization_id, found.event_id,
        found.report_day
    from (
"""
# A row of only one phase is counted by another row, or on another day, in the other phase.
_ADD_MOVED = """
    insert into touched (report_table, organization_id, event_id, report_day)
    select moved.report_table, moved.organization_id, moved.event_id, moved.report_day
    from (
        select
            counted_once.*,
            count(*) over (
                partition by counted_once.report_table, counted_once.id, counted_once.counted
            ) as phase_count
        from counted_once
    ) as moved
    where moved.phase_count = 1
"""
_QUEUE = """
    insert into landing.touched_days
        (report_table, organization_id, event_id, report_day, touched_at)
    select distinct report_table, organization_id, event_id, report_day, now() from touched
"""
# As a set of rows it is hashed; count(distinct ...) sorts.
_COUNT = """
    select count(*)
    from (select distinct report_table, report_day from touched) as touched_table_days
"""
_HAS_LANDED = "select exists (select from landing.watermarks)"


class TouchedDays:
    """Queues the touched days of all report tables. See `sources.landing.land.MergeListener`.

    The first landing into an empty warehouse touches every landed day of every table, of all
    organisations and events together; nothing is compared.
    """

    def __init__(self) -> None:
        self._is_first = False

    def before_merge(self, connection: psycopg.Connection) -> None:
        """Find the changed keys, and the days on which the former rows are counted."""
        [(has_landed,)] = connection.execute(_HAS_LANDED).fetchall()
        self._is_first = not has_landed
        if self._is_first:
            return
        connection.execute(_CREATE)
        _run(connection, _FOLDER / "all_reports.changed_keys.sql")
        for _, path in _files("changed_keys"):
            _run(connection, path)
        _find_days(connection, "before")

    def after_merge(self, connection: psycopg.Connection) -> int:
        """Find the days on which the rows are counted now, and queue all touched days.

        Returns:
            How many pairs of report table and report day were queued.
        """
        if self._is_first:
            return queue_landed_days(connection)
        _find_days(connection, "after")
        connection.execute(_ADD_MOVED)
        _add_touched(connection, "touched_after")
        connection.execute(_QUEUE)
        [(day_count,)] = connection.execute(_COUNT).fetchall()
        return int(day_count)


def _find_days(connection: psycopg.Connection, phase: str) -> None:
    _run(connection, _FOLDER / "all_reports.landed_rows.sql")
    _add_touched(connection, "touched_days")
    for table, path in _files("counted_once"):
        insert = sql.SQL(_ADD_COUNTED).format(phase=sql.Literal(phase), table=sql.Literal(table))
        _insert(connection, insert, path)


def _add_touched(connection: psycopg.Connection, kind: str) -> None:
    for table, path in _files(kind):
        _insert(connection, sql.SQL(_ADD_TOUCHED).format(table=sql.Literal(table)), path)


def _files(kind: str) -> Iterator[tuple[str, Path]]:
    """The SQL files of one kind, each with the report table that it belongs to."""
    for table in REPORT_TABLES:
        path = _FOLDER / f"{table.name}.{kind}.sql"
        if path.is_file():
            yield table.name, path


def _insert(connection: psycopg.Connection, insert: sql.Composed, path: Path) -> None:
    connection.execute(insert.as_bytes(connection) + path.read_bytes() + b") as found")


def _run(connection: psycopg.Connection, path: Path) -> None:
    connection.execute(path.read_bytes())
