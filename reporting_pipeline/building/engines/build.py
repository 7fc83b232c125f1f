"""Builds report days on another engine than PostgreSQL.

All in one transaction of the warehouse: lock the days of the tables and take them off the queue;
copy landing into files; compute the rows on the engine; replace the days. A row that lands
meanwhile queues its day again. If a step fails, the former rows and the queue stay as they were.
"""

import secrets
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlalchemy import URL

from reporting_pipeline.building.dbt import compiled_statement, compute_models
from reporting_pipeline.building.engines.engine import Engine
from reporting_pipeline.building.engines.landing_files import copy_landing
from reporting_pipeline.building.engines.publish import copy_rows, rows_table
from reporting_pipeline.registry.report_tables import REPORT_TABLES
from reporting_pipeline.warehouse.engine import warehouse_connection


def build_on_engine(
    tables: Sequence[str], variables: Mapping[str, object], *, engine: Engine, warehouse: URL
) -> dict[str, float]:
    """Replace report days by what the engine computes.

    Args:
        tables: Names of report tables.
        variables: What `var()` gives in the models; `days` are the ranges of days.
        engine: The engine.
        warehouse: The address of the warehouse.

    Returns:
        Seconds that each table took on the engine.

    Raises:
        EnvironmentNotReady: The engine is not installed.
        BuildFailed: A table was not computed; all keep their former rows.
        WarehouseUnavailable: The warehouse cannot be reached.
    """
    engine.require()
    # Sealing locks the tables in this order too, so no two processes wait for each other.
    in_order = [table.name for table in REPORT_TABLES if table.name in tables]
    claim = compiled_statement(_claim(in_order), variables, warehouse=warehouse)
    publish = compiled_statement(_publish(in_order), variables, warehouse=warehouse)
    with engine.own_folder() as folder, warehouse_connection(warehouse) as connection:
        connection.execute(claim.encode())
        with tempfile.TemporaryDirectory(dir=folder, prefix="rows-") as scratch:
            seconds = _compute(in_order, variables, engine, warehouse, Path(scratch))
            for table in in_order:
                copy_rows(connection, table, Path(scratch, f"{table}.parquet"))
        connection.execute(publish.encode())
    return seconds


def _compute(
    tables: Sequence[str],
    variables: Mapping[str, object],
    engine: Engine,
    warehouse: URL,
    scratch: Path,
) -> dict[str, float]:
    landing = copy_landing(warehouse, engine.folder.absolute() / "landing")
    files = {
        table: [path.as_posix() for path in paths] for table, paths in landing.by_table.items()
    }
    # Others may use the same Spark: the schemas of a build have names of their own.
    prefix = f"reporting_{secrets.token_hex(8)}_"
    on_engine = {
        **variables,
        "landing_schema": f"{prefix}landing",
        "landing_files": files,
        "rows_folder": scratch.as_posix(),
    }
    with engine.session(prefix, scratch):
        return compute_models(
            tables, on_engine, target=engine.name, schema_prefix=prefix, scratch=scratch
        )


def _claim(tables: Sequence[str]) -> str:
    return f"{{{{ claim_days_of_tables({list(tables)!r}) }}}}"


def _publish(tables: Sequence[str]) -> str:
    calls = (f"{{{{ publish_days({table!r}, {rows_table(table)!r}) }}}}" for table in tables)
    return "\n".join(calls)
