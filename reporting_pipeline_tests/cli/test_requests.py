"""`reporting request` and `reporting work`: output, exit codes and refusals."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reporting_pipeline.cli import main
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.acceptance.pipelines import Pipeline
from reporting_pipeline_tests.sample_reports import BERLIN, REVENUE, define

DAY = "2025-09-10"
REPORT = f"revenue, {DAY}, csv"
HOLD = (
    "insert into reporting.seal_objections"
    " (date, position, organization_id, report_table, check_name, message)"
    " values (%s, 1, %s, 'report_revenue_daily', 'a_check', 'order 4711 is 1 EUR short')"
)


@pytest.fixture
def one_definition(
    season_pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Pipeline:
    """The season with one definition, in the environment."""
    warehouse = season_pipeline.warehouse.render_as_string(False)
    monkeypatch.setenv("REPORTING_DATABASE_URL", warehouse)
    monkeypatch.setenv("REPORTING_DAGSTER_URL", warehouse)
    monkeypatch.setenv("REPORTING_STORE_URL", str(tmp_path / "store"))
    monkeypatch.setenv("REPORTING_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home" / "dagster"))
    define(season_pipeline.warehouse, REVENUE)
    return season_pipeline


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def request(*arguments: str, period: str = DAY) -> Result:
    asked = ("request", "revenue", "--organization", str(BERLIN), "--period", period)
    return run(*asked, *arguments)


def test_equal_requests_are_queued_once_and_generated(
    one_definition: Pipeline, tmp_path: Path
) -> None:
    first, second = request(), request("--format", "csv")
    assert first.output.startswith(f"{REPORT}: queued, request ")
    assert second.output == first.output.replace("queued", "already queued")

    worked = run("work", "--once")
    assert worked.exit_code == 0, worked.output
    file = tmp_path / "store" / str(BERLIN) / "revenue" / DAY / f"revenue_{DAY}.csv"
    assert f"{REPORT} of {BERLIN}: completed, edition 1\n  {file}" in worked.output
    assert file.exists()

    assert request().output == f"{REPORT}: ready, edition 1, still current\n  {file}\n"


def test_wait_prints_the_outcome(one_definition: Pipeline) -> None:
    with warehouse_connection(one_definition.warehouse) as connection:
        connection.execute(HOLD, (DAY, BERLIN))

    held, stamped = request("--wait"), request("--wait", "--provisional")

    reason = f"{REPORT} of {BERLIN}: held: {DAY}: order 4711 is 1 EUR short"
    assert (held.exit_code, held.output.splitlines()[1]) == (0, reason)
    assert "completed, edition 1" in stamped.output
    assert "_PROVISIONAL.csv" in stamped.output


def test_wait_for_a_failure_gives_exit_code_1(one_definition: Pipeline) -> None:
    assert request().exit_code == 0
    with warehouse_connection(one_definition.warehouse) as connection:
        connection.execute("alter table catalogue.report_definition_versions disable trigger user")
        connection.execute("update catalogue.report_definition_versions set config = '{}'")

    result = request("--wait")
    assert result.exit_code == 1
    assert f"{REPORT} of {BERLIN}: failed: " in result.output


@pytest.mark.parametrize(
    ("period", "format_", "code", "message"),
    [
        ("yesterday", "csv", 2, "'yesterday' is not a period"),
        (DAY, "pdf", 1, "it has no format pdf, but csv"),
        ("2125-01-01", "csv", 1, "has not begun"),
    ],
)
def test_impossible_requests_are_refused(
    one_definition: Pipeline, period: str, format_: str, code: int, message: str
) -> None:
    result = request("--format", format_, period=period)
    assert (result.exit_code, message in result.output) == (code, True), result.output
