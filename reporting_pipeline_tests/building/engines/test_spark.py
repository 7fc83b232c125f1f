"""Spark gives every cell that PostgreSQL gives; only where it is installed.

pyspark has no wheel, so it is in no lock file: `pip install 'reporting-pipeline[spark]'`.
"""

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from reporting_pipeline.building.build import build
from reporting_pipeline.building.engines.engine import Engine
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.building.engines.filled_tables import all_rows, empty_tables

_CONFIGURATION = """
spark.master local[2]
spark.ui.enabled false
spark.ui.showConsoleProgress false
spark.sql.shuffle.partitions 2
spark.sql.codegen.wholeStage false
spark.driver.extraJavaOptions -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m
"""


@pytest.mark.skipif(
    find_spec("pyspark") is None or find_spec("dbt.adapters.spark") is None,
    reason="pyspark has no wheel, so no lock file has it: pip install 'reporting-pipeline[spark]'",
)
@pytest.mark.skipif(
    shutil.which("java") is None,
    reason="Spark needs Java: install Debian's package `default-jre-headless`",
)
@pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # py4j's sockets
def test_every_cell_of_the_season_is_that_of_postgresql(
    built: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "spark-defaults.conf").write_text(_CONFIGURATION, encoding="utf-8")
    monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path))
    by_postgresql = all_rows(built.warehouse)
    empty_tables(built.warehouse)
    engine = Engine(name="spark", folder=tmp_path / "the engine's")

    build(built.known_days(), warehouse=built.warehouse, engine=engine)

    assert all_rows(built.warehouse) == by_postgresql
