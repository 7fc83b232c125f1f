"""The session of Spark in which dbt runs its models.

dbt-spark creates a session for each statement, and sets `spark.sql.ansi.enabled` to false each
time: a sum that leaves 64 bits would then become another number. Here one session serves all
statements, with the settings that exact figures need.

Spark's own settings name its machines: SPARK_REMOTE a Spark Connect server, SPARK_CONF_DIR a folder
with `spark-defaults.conf`; without either, it runs on this machine.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from reporting_pipeline.settings import child_environment

_SETTINGS = {
    # An overflow and a cast that does not fit are errors.
    "spark.sql.ansi.enabled": "true",
    # `from_utc_timestamp` is right in this zone only.
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
}
_SCHEMAS = ("landing", "staging", "intermediate", "reporting")


@contextmanager
def one_session(prefix: str, scratch: Path) -> Iterator[None]:
    """All statements of dbt run in one session meanwhile, in schemas that end with it.

    dbt keeps its adapters in module globals, so only one invocation at a time may do this.

    Args:
        prefix: What the names of the schemas begin with; no other schema of that Spark does.
        scratch: A folder that Spark can reach; nothing is kept in it.
    """
    # By name: they are optional, and types are checked without them.
    of_dbt: Any = import_module("dbt.adapters.spark.session")
    builder = import_module("pyspark.sql").SparkSession.builder.appName("reporting")
    if "SPARK_REMOTE" not in child_environment({}):  # a server has a folder of its own
        builder = builder.config("spark.sql.warehouse.dir", f"{scratch.parent}/spark-warehouse")
    spark = builder.getOrCreate()
    for name, value in _SETTINGS.items():
        spark.conf.set(name, value)

    class InOneSession(of_dbt.Cursor):  # type: ignore[misc]
        def execute(self, sql: str, *parameters: Any) -> None:
            """Run a statement, with the parameters written into it."""
            self._df = spark.sql(sql % parameters if parameters else sql)

    former, of_dbt.Cursor = of_dbt.Cursor, InOneSession
    schemas = [f"{prefix}{name}" for name in _SCHEMAS]
    try:
        for schema in schemas:
            place = f"file://{scratch.as_posix()}/{schema}".replace("'", r"\'")
            spark.sql(f"create schema {schema} location '{place}'")
        yield
    finally:
        of_dbt.Cursor = former
        for schema in schemas:
            spark.sql(f"drop schema if exists {schema} cascade")
