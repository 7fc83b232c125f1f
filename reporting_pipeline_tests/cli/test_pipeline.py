"""`reporting build` checks and seals the days that it builds."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from reporting_pipeline.cli import main
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline

# Days without rows are sealed too.
SEALED = (
    "select count(*) from reporting.sealed_days where date between '2025-09-08' and '2025-09-10'"
)


def test_built_days_are_sealed(
    season_pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REPORTING_DATABASE_URL", "REPORTING_DAGSTER_URL"):
        monkeypatch.setenv(name, season_pipeline.warehouse.render_as_string(False))
    monkeypatch.setenv("REPORTING_STORE_URL", str(tmp_path / "store"))
    monkeypatch.setenv("REPORTING_HOME", str(tmp_path))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    with warehouse_connection(season_pipeline.warehouse) as connection:
        connection.execute("delete from reporting.sealed_days")

    result = CliRunner().invoke(main, ["build", "--from", "2025-09-08", "--to", "2025-09-10"])

    assert result.exit_code == 0, result.output
    assert result.output.endswith("3 days are sealed; the checks found 0 errors\n")
    with warehouse_connection(season_pipeline.warehouse) as connection:
        assert connection.execute(SEALED).fetchone() == (3,)
