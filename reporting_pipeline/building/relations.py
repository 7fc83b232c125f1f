"""The tables and views that dbt makes in the warehouse.

Alembic makes the schemas `landing` and `catalogue` (`warehouse.schema`). dbt makes the report
tables and all views, and adds columns that are new in its YAML. Both run once for each version.
"""

import psycopg
from psycopg import sql
from sqlalchemy import URL

from reporting_pipeline.building.dbt import project_digest, run_models
from reporting_pipeline.warehouse import schema
from reporting_pipeline.warehouse.engine import warehouse_connection


def migrate(warehouse: URL) -> bool:
    """Bring the whole warehouse to this version: schemas, report tables and views.

    Rows stay as they are. If a column is new, the days built before are queued to be built again.

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
        run_models(["staging", "intermediate", "reports", "datasets"], {}, warehouse=warehouse)
        _comment_datasets(connection)
        comment = sql.SQL("comment on schema staging is {}").format(sql.Literal(project_digest()))
        connection.execute(comment)
    return True


def relations_are_current(connection: psycopg.Connection) -> bool:
    """True if the report tables and views are those of this version of the dbt project."""
    found = connection.execute(
        "select obj_description(to_regnamespace('staging'), 'pg_namespace')"
    ).fetchone()
    return found == (project_digest(),)


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
