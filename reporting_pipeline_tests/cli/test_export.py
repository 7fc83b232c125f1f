"""`reporting export`: what a person sees, and what it refuses."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import URL

from reporting_pipeline.cli import main
from reporting_pipeline.warehouse.engine import warehouse_connection
from reporting_pipeline_tests.report_rows import DAY, ORGANIZATION, insert_row


@pytest.fixture
def _environment(warehouse_url: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("REPORTING_DATABASE_URL", warehouse_url.render_as_string(False))
    monkeypatch.setenv("REPORTING_DAGSTER_URL", warehouse_url.render_as_string(False))
    monkeypatch.setenv("REPORTING_STORE_URL", str(tmp_path / "store"))
    monkeypatch.setenv("REPORTING_HOME", str(home))
    monkeypatch.setenv("DAGSTER_HOME", str(home / "dagster"))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["export", *arguments])


@pytest.mark.usefixtures("_environment")
def test_files_are_written_and_counted(warehouse_url: URL, tmp_path: Path) -> None:
    with warehouse_connection(warehouse_url) as connection:
        insert_row(connection, "report_sales_daily", channel="web")
        insert_row(connection, "report_sales_daily", channel="api")
        insert_row(connection, "report_revenue_daily")

    result = run("--from", "2026-02-01", "--to", str(DAY))

    assert result.exit_code == 0, result.output
    (sales,) = (tmp_path / "store").rglob("report_sales_daily_*.csv")
    (revenue,) = (tmp_path / "store").rglob("report_revenue_daily_*.csv")
    assert sales.relative_to(tmp_path / "store").parts[0] == str(ORGANIZATION)
    assert [line.split() for line in result.output.splitlines()] == [
        ["table", "files", "rows", "bytes", "removed"],
        ["report_sales_daily", "1", "2", str(sales.stat().st_size), "0"],
        ["report_revenue_daily", "1", "1", str(revenue.stat().st_size), "0"],
        ["report_attendance_daily", "0", "0", "0", "0"],
        ["report_event_summary", "0", "0", "0", "0"],
        ["in", str(tmp_path / "store")],
    ]


@pytest.mark.usefixtures("_environment")
def test_one_table_may_be_chosen(warehouse_url: URL, tmp_path: Path) -> None:
    with warehouse_connection(warehouse_url) as connection:
        insert_row(connection, "report_sales_daily")
        insert_row(connection, "report_revenue_daily")

    result = run("--from", str(DAY), "--to", str(DAY), "--table", "report_revenue_daily")

    assert result.exit_code == 0, result.output
    (file,) = (tmp_path / "store").rglob("*.csv")
    assert file.name == f"report_revenue_daily_{DAY}.csv"


@pytest.mark.usefixtures("_environment")
def test_a_broken_store_is_one_line_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"x")
    monkeypatch.setenv("REPORTING_STORE_URL", str(tmp_path / "file"))

    result = run("--from", str(DAY), "--to", str(DAY))

    assert result.exit_code == 1
    assert result.output.startswith("Error: the store ")
    assert len(result.output.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from", "2026-02-28", "--to", "2026-02-27"], "--to 2026-02-27 is before --from"),
        (["--from", "2026-02-29", "--to", "2026-03-01"], "'2026-02-29' does not match"),
        (["--from", "28.02.2026", "--to", "2026-03-01"], "'28.02.2026' does not match"),
        (["--from", "2026-02-28"], "Missing option '--to'"),
        (
            ["--from", "2026-02-28", "--to", "2026-02-28", "--table", "report_payouts"],
            "'report_payouts' is not one of 'report_sales_daily'",
        ),
    ],
)
def test_bad_arguments_are_refused_before_any_server_starts(
    arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REPORTING_HOME", str(tmp_path / "home"))

    result = run(*arguments)

    assert result.exit_code == 2
    assert said in " ".join(result.output.split())
    assert not (tmp_path / "home").exists()
