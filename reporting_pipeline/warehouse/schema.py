"""Upgrades the warehouse's schema to this version with Alembic, behind a lock."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, text
from sqlalchemy.exc import DBAPIError

from reporting_pipeline.addresses import place
from reporting_pipeline.errors import SchemaMismatch
from reporting_pipeline.warehouse.engine import warehouse_connection, warehouse_engine
from reporting_pipeline.warehouse.failures import warehouse_failure
from reporting_pipeline.warehouse.roles import ensure_roles

_MIGRATIONS = Path(__file__).parent / "migrations"
# Tables that were restored under another owner, who sees no row of them until its policy names it.
_DISOWNED = "select relation::text, quote_ident(owner) from reporting.disowned_tables"


def upgrade(url: URL) -> bool:
    """Bring the schemas `landing`, `reporting` and `catalogue` to this version.

    dbt makes the report tables and views (`building.relations`).

    Returns:
        Whether something had to be done.

    Raises:
        SchemaMismatch: A later version of this package made the warehouse, or an object in it
            conflicts with a migration; the warehouse stays unchanged.
        RolesMissing: An administrator of the server has to make the role of readers first.
        WarehouseUnavailable: The warehouse cannot be reached.
    """
    if is_current(url):
        return False
    with warehouse_connection(url) as session:
        ensure_roles(session)
    engine = warehouse_engine(url)
    try:
        with engine.begin() as connection:
            return _upgrade(connection)
    except DBAPIError as error:
        failure = warehouse_failure(error, url)
        if failure is not None:
            raise failure from error
        reason = str(error.orig).strip().partition("\n")[0]
        message = (
            f"the warehouse at {place(url)} could not be upgraded to this "
            f"version's schema and stays unchanged: {reason}; check its schemas `landing` and "
            "`reporting` for objects that this package did not create"
        )
        raise SchemaMismatch(message) from error
    finally:
        engine.dispose()


def found_version(url: URL) -> str | None:
    """The version of the warehouse's schema; None if the warehouse has no schema yet.

    Raises:
        WarehouseUnavailable: No connection could be had.
    """
    with warehouse_connection(url) as connection:
        found = connection.execute("select to_regclass('public.schema_version')").fetchone()
        if found is None or found[0] is None:
            return None
        row = connection.execute("select version_num from public.schema_version").fetchone()
    return None if row is None else str(row[0])


def is_current(url: URL) -> bool:
    """True if the schema has this version, and the owner of its tables sees their rows.

    Raises:
        WarehouseUnavailable: The warehouse cannot be reached.
    """
    if found_version(url) != _newest_version():
        return False
    with warehouse_connection(url) as connection:
        return not connection.execute(_DISOWNED).fetchall()


@cache
def _newest_version() -> str | None:
    # Alembic runs every migration's module to find the last one, and each command asks for it.
    return ScriptDirectory.from_config(_configuration()).get_current_head()


def _upgrade(connection: Connection) -> bool:
    config = _configuration()
    config.attributes["connection"] = connection
    script = ScriptDirectory.from_config(config)
    head = script.get_current_head()
    connection.execute(text("select pg_advisory_xact_lock(hashtext('warehouse schema'))"))
    found = _version(connection)
    known = {revision.revision for revision in script.walk_revisions()}
    if found is not None and found not in known:
        message = (
            f"the warehouse's schema is version {found}, this package knows up to {head}: "
            "use the version that made it, or a later one"
        )
        raise SchemaMismatch(message)
    command.upgrade(config, "head")
    for relation, owner in connection.execute(text(_DISOWNED)).fetchall():
        connection.execute(text(f"alter policy pipeline on {relation} to {owner}"))
    return True


def _configuration() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def _version(connection: Connection) -> str | None:
    options = {"version_table": "schema_version", "version_table_schema": "public"}
    return MigrationContext.configure(connection, opts=options).get_current_revision()
