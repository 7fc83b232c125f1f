"""Bringing the warehouse's schema to this version, behind a lock, with Alembic.

What belongs here: when and how versions run. What does not: their SQL (`migrations/versions`).
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, text
from sqlalchemy.exc import DBAPIError, OperationalError

from reporting_pipeline.errors import SchemaMismatch, WarehouseUnavailable
from reporting_pipeline.warehouse.engine import warehouse_connection, warehouse_engine

_MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(url: URL) -> None:
    """Bring the warehouse's schema to this version; does nothing where it is there already.

    Raises:
        SchemaMismatch: The warehouse was made by a later version of this package, or holds
            something in the way; it stays as it was.
        WarehouseUnavailable: No connection could be had.
    """
    engine = warehouse_engine(url)
    try:
        with engine.begin() as connection:
            _upgrade(connection)
    except OperationalError as error:
        message = (
            f"the warehouse at {url.host}:{url.port}/{url.database} cannot be reached: {error}"
        )
        raise WarehouseUnavailable(message) from error
    except DBAPIError as error:
        reason = str(error.orig).strip().partition("\n")[0]
        message = (
            f"the warehouse at {url.host}:{url.port}/{url.database} could not be brought to this "
            f"version's schema and stays as it was: {reason}; look at what stands in its schemas "
            "`landing` and `reporting` that this package did not make"
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


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    script = ScriptDirectory.from_config(config)
    head = script.get_current_head()
    if _version(connection) == head:
        return
    connection.execute(text("select pg_advisory_xact_lock(hashtext('warehouse schema'))"))
    found = _version(connection)
    known = {revision.revision for revision in script.walk_revisions()}
    if found is not None and found not in known:
        message = (
            f"the warehouse's schema is version {found}, this package knows up to {head}: "
            "use the package that made it, or a later one"
        )
        raise SchemaMismatch(message)
    command.upgrade(config, "head")


def _version(connection: Connection) -> str | None:
    options = {"version_table": "schema_version", "version_table_schema": "public"}
    return MigrationContext.configure(connection, opts=options).get_current_revision()
