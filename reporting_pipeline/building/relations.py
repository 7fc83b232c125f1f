"""The tables and views that dbt makes in the warehouse.

Alembic makes the schemas `landing` and `catalogue` (`warehouse.schema`). dbt makes the report
tables and the views that they and reports are made of, and adds columns that are new in its YAML.
The views for BI tools (`bi_views`) are over these. All run once for each version.
"""

from collections.abc import Iterable
from datetime import date

import psycopg
from psycopg import sql
from sqlalchemy import URL

from reporting_pipeline.building.bi_views import bi_views_are_current, make_bi_views
from reporting_pipeline.building.dbt import project_digest, run_models
from reporting_pipeline.registry.report_tables import REPORT_TABLES, SCHEMA
from reporting_pipeline.warehouse import schema
from reporting_pipeline.warehouse.engine import warehouse_connection

_TICKET_DAYS = (
    "select landing.report_day(ticket.{}, event.timezone, event.day_cutoff)"
    " from landing.ticketing_tickets as ticket"
    " inner join landing.ticketing_events as event on ticket.event_id = event.id"
)
_ROW_DAYS = (
    "select report_day from landing.ticketing_order_line_movements",
    "select report_day from landing.seating_inventory_movements",
    "select report_day from landing.scanning_scans",
    "select report_day from landing.ledger_transactions",
    _TICKET_DAYS.format("issued_at"),
    _TICKET_DAYS.format("invalidated_at"),
)
# The table that has rows on the day of an end, and 30 days later.
_SUMMARY = "report_event_summary"
_END_DAYS = (
    "select landing.report_day(ends_at, timezone, day_cutoff) + days_later"
    " from landing.ticketing_events cross join (values (0), (30)) as days (days_later)",
)


def migrate(warehouse: URL) -> bool:
    """Bring the whole warehouse to this version: schemas, report tables and views.

    Rows stay as they are. If a column is new, the days built before are queued to be built again.
    If a report table is new, all days are queued for it.

    Returns:
        Whether something had to be done.

    Raises:
        SchemaMismatch: The warehouse belongs to a later version, or something is in the way.
        BuildFailed: dbt did not make a table or view.
        WarehouseUnavailable: The warehouse cannot be reached.
    """
    is_upgraded = schema.upgrade(warehouse)
    return ensure_relations(warehouse) or is_upgraded


def is_current(warehouse: URL) -> bool:
    """True if `migrate` has nothing to do.

    Raises:
        WarehouseUnavailable: The warehouse cannot be reached.
    """
    if not schema.is_current(warehouse):
        return False
    with warehouse_connection(warehouse) as connection:
        return relations_are_current(connection)


def ensure_relations(warehouse: URL) -> bool:
    """Make the report tables and views of this version, if they are of another one.

    Whoever reads report tables or datasets calls this first.

    Returns:
        Whether something had to be done.

    Raises:
        BuildFailed: dbt did not make a table or view.
        WarehouseUnavailable: The warehouse cannot be reached.
    """
    with warehouse_connection(warehouse) as connection:
        if relations_are_current(connection):
            return False
        connection.execute("select pg_advisory_xact_lock(hashtext('dbt views'))")
        if relations_are_current(connection):
            return False
        former = _report_tables(connection)
        run_models(["staging", "intermediate", "reports", "datasets"], {}, warehouse=warehouse)
        if former:
            queue_days(connection, _report_tables(connection) - former, all_days(connection))
        _comment_datasets(connection)
        make_bi_views(connection)
        comment = sql.SQL("comment on schema staging is {}").format(sql.Literal(project_digest()))
        connection.execute(comment)
    return True


def relations_are_current(connection: psycopg.Connection) -> bool:
    """True if the report tables and views are those of this version of the dbt project."""
    found = connection.execute(
        "select obj_description(to_regnamespace('staging'), 'pg_namespace')"
    ).fetchone()
    return found == (project_digest(),) and bi_views_are_current(connection)


def _report_tables(connection: psycopg.Connection) -> set[str]:
    rows = connection.execute(
        "select relname from pg_class"
        " where relkind = 'r' and relnamespace = to_regnamespace(%s) and relname = any(%s)",
        [SCHEMA, [table.name for table in REPORT_TABLES]],
    )
    return {name for (name,) in rows}


def queue_days(connection: psycopg.Connection, tables: Iterable[str], days: list[date]) -> int:
    """Queue days of tables to be built, for all organisations and events.

    Returns:
        How many pairs of table and day were queued.
    """
    queued = connection.execute(
        "insert into landing.touched_days (report_table, report_day, touched_at)"
        " select report_table, report_day, now()"
        " from unnest(%s::text[]) as report_table cross join unnest(%s::date[]) as report_day",
        [sorted(tables), days],
    )
    return queued.rowcount


def queue_landed_days(connection: psycopg.Connection) -> int:
    """Queue every day with a landed row for every table, and the ends of events for summaries.

    An event ends in the future: a day to come waits in the queue until it is built.

    Returns:
        How many pairs of table and day were queued.
    """
    row_days, end_days = _days(connection, _ROW_DAYS), _days(connection, _END_DAYS)
    queued = queue_days(connection, [table.name for table in REPORT_TABLES], row_days)
    return queued + queue_days(
        connection, [_SUMMARY], [day for day in end_days if day not in set(row_days)]
    )


def all_days(connection: psycopg.Connection) -> list[date]:
    """Every report day with a landed row, an end of an event, 30 days after it, or a built row."""
    built = [f"select date from reporting.{table.name}" for table in REPORT_TABLES]  # noqa: S608
    return _days(connection, [*_ROW_DAYS, *_END_DAYS, *built])


def _days(connection: psycopg.Connection, statements: Iterable[str]) -> list[date]:
    rows = connection.execute(" union ".join(statements).encode()).fetchall()
    return sorted(day for (day,) in rows if day is not None)


def _comment_datasets(connection: psycopg.Connection) -> None:
    """Write the registry's descriptions of datasets into the database.

    dbt's own comments lack the columns that a dataset takes over from a report table.
    """
    from reporting_pipeline.registry.datasets import DATASETS, SCHEMA  # 0.2 s, rarely needed

    for view in DATASETS:
        if view.schema != SCHEMA:
            continue
        named = {("view", view.relation): f"{view.grain} {view.description}"}
        named |= {("column", column.name): column.description for column in view.columns}
        for (kind, name), description in named.items():
            place = (view.relation,) if kind == "view" else (view.relation, name)
            connection.execute(
                sql.SQL("comment on {} {} is {}").format(
                    sql.SQL(kind), sql.Identifier(view.schema, *place), sql.Literal(description)
                )
            )
